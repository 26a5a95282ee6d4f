/** A key as a link and a QR code, read back by a decoder that is not ours. */
import { describe, expect, it } from '@jest/globals';
import decodeQR from 'qr/decode.js';
import { invitationLines, invitationLink } from '../../../src/client/commands/invitation.ts';
import { qrLines } from '../../../src/client/commands/qr-code.ts';
import { lanHosts } from '../../../src/server/lan-addresses.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const KEY = 'ABCD-EFGH-JKLM';
const PAINTED = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const MODULE_PX = 4;

/** What a camera would see of the terminal: black or white, from half blocks. */
function seen(lines: readonly string[], isPainted: boolean) {
  const rows = lines
    .map((line) => line.replace(PAINTED, ''))
    .flatMap((line) => [
      [...line].map((block) => block === '▀' || block === '█'),
      [...line].map((block) => block === '▄' || block === '█'),
    ]);
  const [width, height] = [(rows[0]?.length ?? 0) * MODULE_PX, rows.length * MODULE_PX];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isDrawn = rows[Math.floor(y / MODULE_PX)]?.[Math.floor(x / MODULE_PX)] ?? false;
      if (isDrawn === isPainted) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  return { width, height, data };
}

describe('a key on a terminal', () => {
  it.each([
    ['with colours', { isTTY: true }],
    ['without colours', { isTTY: false }],
  ])('%s is a QR code that a scanner reads', async (_name, output) => {
    const link = `http://192.168.178.21:8765/#${KEY}`;
    const lines = await qrLines(link, output);
    expect(decodeQR(seen(lines, output.isTTY))).toBe(link);
  });

  it('is a link to the page of a server that others reach', async () => {
    expect(await invitationLink('wss://signal.example.com/pairlane/?x=1', KEY)).toBe(
      `https://signal.example.com/pairlane/#${KEY}`,
    );
  });

  it('of a server on this machine is a link to its address in the network, and none where it has none', async () => {
    const { server: open } = await startTestServer({ host: ['0.0.0.0'] });
    const url = `ws://127.0.0.1:${open.port}/`;
    const [lan] = lanHosts(['0.0.0.0']);
    expect(await invitationLink(url, KEY)).toBe(lan && `http://${lan}:${open.port}/#${KEY}`);
    const { server: closed } = await startTestServer();
    expect(await invitationLink(closed.url, KEY)).toBeUndefined();
    expect(await invitationLink('ws://127.0.0.1:1/', KEY)).toBeUndefined();
  });

  it('is text alone in a pipe, and where the code is wider than the terminal', async () => {
    const url = 'ws://192.168.178.21:8765/';
    expect(await invitationLines(url, KEY, { isTTY: false })).toEqual([]);
    expect(await invitationLines(url, KEY, { isTTY: true, columns: 20 })).toEqual([
      `    http://192.168.178.21:8765/#${KEY}`,
    ]);
  });
});
