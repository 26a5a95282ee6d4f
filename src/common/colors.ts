/** Colours, on terminals that support them and unless they are turned off (https://no-color.org). */

export type Color = 'dim' | 'bold' | 'red' | 'green' | 'cyan';

const codes: Readonly<Record<Color, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  cyan: [36, 39],
};

/** @param output where the text is written to */
export function hasColors(
  output: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

export function colored(text: string, color: Color): string {
  const [on, off] = codes[color];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}
