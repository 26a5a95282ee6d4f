/** A QR code for a terminal: two rows of modules per line. */
import { hasColors } from '../../common/colors.ts';

/** White modules around the code; scanners need at least this many on a screen. */
const QUIET_ZONE = 2;

/** Indexed by whether the upper and the lower module are drawn. */
const blocks = [' ', '▄', '▀', '█'] as const;

/** @returns its lines; on a terminal without colours, a dark background is assumed */
export async function qrLines(text: string, output: { readonly isTTY?: boolean }): Promise<string[]> {
  const { default: encodeQR } = await import('qr');
  const modules = encodeQR(text, 'raw', { border: QUIET_ZONE });
  // Dark on white, whatever the terminal's colours are; without colours, the light modules are drawn.
  const isPainted = hasColors(output);
  const isDrawn = (y: number, x: number) => (modules[y]?.[x] ?? false) === isPainted;
  return modules.flatMap((row, y) => {
    if (y % 2 === 1) return [];
    const line = row.map((_, x) => blocks[(isDrawn(y, x) ? 2 : 0) + (isDrawn(y + 1, x) ? 1 : 0)]).join('');
    return [isPainted ? `\u001b[30;107m${line}\u001b[0m` : line];
  });
}
