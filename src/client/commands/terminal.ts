/**
 * A terminal on which lines arrive while someone types: after each line, the prompt is shown again with what was typed.
 */
import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline';
import { type Color, colored, hasColors } from '../../common/colors.ts';
import { printable } from '../../common/printable.ts';

const PROMPT = '> ';

export interface TerminalHandlers {
  readonly line: (text: string) => void;
  /** Ctrl+C, or the end of input. */
  readonly ended: () => void;
}

export class Terminal {
  readonly #readline: Interface;
  readonly #output: NodeJS.WriteStream;
  #isClosed = false;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream, handlers: TerminalHandlers) {
    this.#output = output;
    this.#readline = createInterface({ input, output, prompt: PROMPT, terminal: input.isTTY === true });
    this.#readline.on('line', (text) => {
      handlers.line(text.trim());
      if (!this.#isClosed) this.#readline.prompt();
    });
    // On a terminal, readline handles Ctrl+C itself.
    this.#readline.on('SIGINT', () => handlers.ended());
    this.#readline.on('close', () => {
      this.#isClosed = true;
      handlers.ended();
    });
  }

  /** Prints a line above the prompt. */
  print(line: string): void {
    const text = printable(line);
    const color = hasColors(this.#output) ? colorOf(line) : undefined;
    this.printPicture([color ? colored(text, color) : text]);
  }

  /** Prints lines above the prompt unchanged, including their colours; never used for other people's text. */
  printPicture(lines: readonly string[]): void {
    if (lines.length === 0) return;
    if (this.#output.isTTY) {
      cursorTo(this.#output, 0);
      clearLine(this.#output, 0);
    }
    this.#output.write(`${lines.join('\n')}\n`);
    if (!this.#isClosed) this.#readline.prompt(true);
  }

  close(): void {
    this.#isClosed = true;
    this.#readline.close();
    // The shell's own prompt then starts on a new line.
    this.#output.write('\n');
  }
}

/** Status lines are dimmed, so that messages stand out. */
function colorOf(line: string): Color | undefined {
  if (line.startsWith('< ')) return 'cyan';
  if (!line.startsWith('***')) return undefined;
  return /^\*\*\* (Server )?Error/.test(line) ? 'red' : 'dim';
}
