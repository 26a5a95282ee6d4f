/** A QR code for a terminal: two rows of modules a line. */
import { hasColors } from '../../common/colors.ts';

/** Modules of white around the code: what scanners need at least on a screen. */
const QUIET_ZONE = 2;

/** By whether the upper and the lower module are drawn. */
const blocks = [' ', '▄', '▀', '█'] as const;

/** @returns its lines; on a terminal without colours it takes the ground to be dark */
export async function qrLines(text: string, output: { readonly isTTY?: boolean }): Promise<string[]> {
  const { default: encodeQR } = await import('qr');
  const modules = encodeQR(text, 'raw', { border: QUIET_ZONE });
  // Dark on white, whatever the colours of the terminal are; without colours the light modules are drawn.
  const isPainted = hasColors(output);
  const isDrawn = (y: number, x: number) => (modules[y]?.[x] ?? false) === isPainted;
  return modules.flatMap((row, y) => {
    if (y % 2 === 1) return [];
    const line = row.map((_, x) => blocks[(isDrawn(y, x) ? 2 : 0) + (isDrawn(y + 1, x) ? 1 : 0)]).join('');
    return [isPainted ? `\u001b[30;107m${line}\u001b[0m` : line];
  });
}
