import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type AnyMachineSnapshot, initialTransition, transition } from 'xstate';
import { redactEvent } from '../../../src/common/redact.ts';
import { parseRecord } from '../../../src/inspector/records/record.ts';
import { replay } from '../../../src/inspector/records/replay.ts';
import { isStep } from '../../../src/protocol/index.ts';
import fc from '../../support/fast-check.ts';
import { machineCases } from '../../support/machines/machine-cases.ts';
import { pairlane } from '../../support/servers/cli-process.ts';

const fixture = 'test/fixtures/connected-pairing.jsonl';
const text = readFileSync(fixture, 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'pairlane-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (content: string) => {
  const path = join(folder, `${content.length}.jsonl`);
  writeFileSync(path, content);
  return path;
};

describe('replaying a record', () => {
  it('takes every step of the server to the recorded state, and leaves out what peers told', () => {
    const record = parseRecord(text);
    const { steps, parting } = replay(record);
    expect(parting).toBeUndefined();
    expect(steps).toBe(record.lines.filter(isStep).filter(({ of }) => !of.startsWith('peer_')).length);
    expect(steps).toBeGreaterThan(15);
  });

  it('says at which line, whose machine and which event it parts from the record', () => {
    const record = parseRecord(text);
    const at = record.lines.findIndex((line) => isStep(line) && line.event.type === 'ANSWER_RECEIVED');
    const lines = record.lines.map((line, i) =>
      i === at ? { ...line, to: { negotiating: 'offered' } } : line,
    );
    expect(replay({ ...record, lines } as never).parting).toMatchObject({
      line: at + 2,
      of: 'pairing',
      event: 'ANSWER_RECEIVED',
      recorded: { state: { negotiating: 'offered' } },
      replayed: { state: { negotiating: 'answered' }, effects: ['relayToPeer'] },
    });
  });

  it('parts where the state is right and an effect is not', () => {
    const record = parseRecord(text);
    const lines = record.lines.map((line) =>
      isStep(line) && line.event.type === 'OFFER_RECEIVED' ? { ...line, effects: [] } : line,
    );
    expect(replay({ ...record, lines }).parting).toMatchObject({ event: 'OFFER_RECEIVED' });
  });

  it('names the machines that have changed since', () => {
    const record = parseRecord(text);
    const header = { ...record.header, machines: { ...record.header.machines, pairing: '0' } };
    expect(replay({ ...record, header }).changedMachines).toContain('pairing');
  });

  it.each(machineCases.filter(([name]) => name === 'session' || name === 'pairing'))(
    'does to the %s machine what the events did, though their secrets are not in it',
    (_name, { machine, inputs, events }) => {
      fc.assert(
        fc.property(
          fc.constantFrom(...inputs),
          fc.array(fc.constantFrom(...events), { maxLength: 30 }),
          (input, walk) => {
            let [snapshot] = initialTransition(machine, input as never) as [AnyMachineSnapshot, unknown];
            for (const event of walk) {
              const [real, realActions] = transition(machine, snapshot as never, event as never);
              const [redacted, actions] = transition(machine, snapshot as never, redactEvent(event) as never);
              expect(redacted.value).toEqual(real.value);
              expect(actions.map(({ type }) => type)).toEqual(realActions.map(({ type }) => type));
              snapshot = real as AnyMachineSnapshot;
            }
          },
        ),
      );
    },
  );
});

describe('pairlane replay', () => {
  it('with --print says what the record shows, and each step with its time', async () => {
    const run = pairlane(['replay', fixture, '--print']);
    expect(await run.exited()).toBe(0);
    const [title, ...lines] = run.stdout.split('\n');
    expect(title).toMatch(/^Pairing \d+$/);
    expect(lines[0]).toMatch(/^ {2}\+ Both clients reported that they are connected, /);
    expect(run.stdout).toMatch(
      /\n\d:\d\d\.\d{3} +client A → server: offer · .*\n +server → client B: offer · /,
    );
    expect(run.stdout).toContain('pairing: forming → paired');
  });

  it('ends with 0 when every state is the recorded one', async () => {
    const run = pairlane(['replay', fixture]);
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toMatch(/\d+ steps: every state and effect is the recorded one\.\n$/);
  });

  it('ends with 1 and says where they part', async () => {
    const run = pairlane(['replay', file(text.replace('"to":"connected"', '"to":"disconnected"'))]);
    expect(await run.exited()).toBe(1);
    expect(run.stdout).toMatch(/Line \d+: they part at REPORT_RECEIVED \(pairing\)/);
  });

  it.each([
    ['', 'it is no record of a pairing'],
    ['{"format":"pairlane-record","version":99}', 'it is a record of version 99; this reads version 1'],
    [`${text.split('\n')[0]}\nnonsense`, 'line 2 is no JSON object'],
    [`${text.split('\n')[0]}\n{"t":1,"of":"nobody"}`, 'line 2 is no line of a record'],
  ])('ends with 1 and says why for a file that is no record (%#)', async (content, why) => {
    const run = pairlane(['replay', file(content)]);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toContain(why);
  });

  it.each([
    ['version', (lines: string[]) => lines.with(0, '{"format":"pairlane-record","version":"\\u001b[2J"}')],
    [
      'state',
      (lines: string[]) => lines.map((line) => line.replace('"to":"connected"', '"to":"\u202e\\u001b[2J"')),
    ],
    [
      'effect',
      (lines: string[]) => lines.map((line) => line.replace('"type":"relayToPeer"', '"type":"\u009b2J"')),
    ],
  ])('prints no control character of a record that has some in its %s', async (_field, mutate) => {
    const run = pairlane(['replay', file(mutate(text.split('\n')).join('\n'))]);
    expect(await run.exited()).toBe(1);
    expect(run.stdout + run.stderr).toContain('\ufffd');
    expect((run.stdout + run.stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('ends with 1 and says why for a record that starts in a state that is none', async () => {
    const run = pairlane([
      'replay',
      file(text.replace('"first":{"value":{"present"', '"first":{"value":{"nowhere"')),
    ]);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toMatch(/^pairlane replay: .*no state of the \w+ machine\n$/);
  });

  it('ends with 1 for a file that is not there', async () => {
    const run = pairlane(['replay', join(folder, 'nowhere')]);
    expect(await run.exited()).toBe(1);
    expect(run.stderr).toMatch(/cannot read .*nowhere \(ENOENT\)/);
  });

  it('prints the test that stands in this suite', async () => {
    const run = pairlane(['replay', fixture, '--as-test', '--import', '../../src/inspector/index.ts']);
    expect(await run.exited()).toBe(0);
    const bare = (code: string) => code.replace(/[\s"',]/g, '');
    expect(bare(run.stdout)).toBe(
      bare(
        readFileSync('test/inspector/records/recorded-pairing.test.ts', 'utf8').replace(
          '../../../src',
          '../../src',
        ),
      ),
    );
  });
});
