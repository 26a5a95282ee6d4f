/** How a headless program reports events: in words, or as one JSON object per line for other programs. */
import { printable, printableJson } from '../../common/printable.ts';

export type Tell = (event: string, details: Record<string, unknown>) => void;

export const tellJson: Tell = (event, details) => {
  process.stdout.write(`${printableJson({ event, ...details })}\n`);
};

export const tellPeople: Tell = (event, details) => {
  const words = Object.entries(details).map(([name, value]) => `${name}: ${printable(String(value))}`);
  process.stdout.write(`${[event, ...words].join('  ')}\n`);
};
