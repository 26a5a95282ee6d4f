/** Runs the conformance cases against a server: all of them, or the selected ones. */
import { CommandError } from '../../common/command.ts';
import type { Case, Level } from './case.ts';
import { fullCases } from './full-cases.ts';
import { runCases, type Verdict } from './run-cases.ts';
import { schemaCases } from './schema-cases.ts';
import { pingCases, seedCases } from './seed-cases.ts';
import { walkCases } from './walk-cases.ts';
import { Wire } from './wire.ts';

const USAGE_STATUS = 2;

export interface ServerTrial {
  readonly url: string;
  readonly level: Level;
  readonly only: string | undefined;
  readonly walks: number;
  readonly seed: number;
  readonly patienceMs: number;
  readonly pingIntervalMs: number | undefined;
}

/** Runs every selected case. */
export async function judgeServer(
  { url, only, walks, pingIntervalMs, ...options }: ServerTrial,
  told: (verdict: Verdict) => void,
): Promise<Verdict[]> {
  const all: readonly Case[] = [
    ...seedCases,
    ...pingCases(pingIntervalMs),
    ...fullCases,
    ...schemaCases,
    ...walkCases(walks),
  ];
  const chosen = all.filter(({ name }) => only === undefined || name.includes(only));
  if (chosen.length === 0) throw new CommandError(`no case has '${only}' in its name`, USAGE_STATUS);
  return runCases(chosen, { ...options, url: await reachable(url, options.patienceMs) }, told);
}

/** @throws CommandError if nobody answers there, rather than letting every case fail */
async function reachable(url: string, patienceMs: number): Promise<string> {
  if (!/^wss?:\/\//.test(url) || !URL.canParse(url))
    throw new CommandError(
      `'${url}' is no URL of a WebSocket; it should be like ws://127.0.0.1:8765/`,
      USAGE_STATUS,
    );
  const wire = new Wire({ url, patienceMs });
  try {
    await wire.opened('');
  } catch {}
  const isOpen = wire.isOpen;
  await wire.close();
  if (!isOpen) throw new CommandError(`no WebSocket server answers at ${url}`);
  return url;
}
