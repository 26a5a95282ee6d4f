/** The page at `/` as people use it: two browsers, a phone, a terminal. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import decodeQR from 'qr/decode.js';
import { lanHosts } from '../../src/server/lan-addresses.ts';
import { violationsOf } from '../support/peers/axe.ts';
import { httpUrl, openPage } from '../support/peers/browser.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** The page's key, once it shows one. */
async function keyOf(page: Page): Promise<string> {
  await page.locator('#invitation[data-is-ready=true]').waitFor();
  return (await page.getByLabel('Your key').textContent()) as string;
}

const inState = (page: Page, state: string) => page.locator(`#lane[data-state=${state}]`).waitFor();

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/** Waits until the conversation is this. */
async function conversation(page: Page, ...lines: string[]): Promise<void> {
  await page
    .getByRole('log')
    .getByRole('listitem')
    .nth(lines.length - 1)
    .waitFor();
  expect(await page.getByRole('log').getByRole('listitem').allTextContents()).toEqual(lines);
}

/** What a camera would read from what is on the screen. */
async function scannedQr(page: Page): Promise<string> {
  const png = await page.getByRole('img', { name: 'QR code' }).screenshot();
  // As text, because the tests are checked without the browser's types.
  const { width, height, data } = await page.evaluate<{ width: number; height: number; data: string }>(
    `(async () => {
      const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (char) => char.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
      canvas.drawImage(image, 0, 0);
      const { width, height, data } = canvas.getImageData(0, 0, image.width, image.height);
      return { width, height, data: btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join('')) };
    })()`,
  );
  return decodeQR({ width, height, data: Buffer.from(data, 'base64') });
}

describe('the page', () => {
  it('pairs by the link that its QR code holds, and both chat', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const key = await keyOf(host);
    const link = await scannedQr(host);
    expect(link).toBe(`${httpUrl(server)}#${key}`);
    const guest = await openPage(link, PHONE);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    // The key is used up: a reload must not try it again.
    expect(guest.url()).toBe(httpUrl(server));
    await say(host, 'hello');
    await conversation(guest, 'Peer: hello');
    await say(guest, '<b>not bold</b>');
    await conversation(host, 'You: hello', 'Peer: <b>not bold</b>');
  });

  it.each(['key', 'id', 'link'])('pairs by the %s that somebody types', async (what) => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const guest = await openPage(httpUrl(server));
    const key = await keyOf(host);
    const typed = {
      key: key.toLowerCase().replaceAll('-', ''),
      id: (await host.locator('#own-id').textContent()) as string,
      link: `${httpUrl(server)}#${key}`,
    }[what] as string;
    await guest.getByLabel('Their key or link').fill(typed);
    await guest.keyboard.press('Enter');
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
  });

  it('is ready for the next one, with a new key, when the other one leaves', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const first = await keyOf(host);
    const guest = await openPage(`${httpUrl(server)}#${first}`);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    await guest.getByRole('button', { name: 'Leave' }).click();
    await Promise.all([inState(host, 'unpaired'), inState(guest, 'unpaired')]);
    await conversation(guest, 'You left.');
    const second = await keyOf(host);
    expect(second).not.toBe(first);
    const next = await openPage(`${httpUrl(server)}#${second}`);
    await Promise.all([inState(host, 'connected'), inState(next, 'connected')]);
  });

  it('calls each of two by the same name on both sides, and names of two differ', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const guest = await openPage(`${httpUrl(server)}#${await keyOf(host)}`);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    const own = async (page: Page) =>
      ((await page.locator('#own-name').textContent()) ?? '').replace('You, ', '');
    const [hostName, guestName] = [await own(host), await own(guest)];
    expect(await host.locator('#peer').textContent()).toBe(guestName);
    expect(await guest.locator('#peer').textContent()).toBe(hostName);
    expect(hostName).toMatch(/^[a-z]+ [a-z]+$/);
    expect(hostName).not.toBe(guestName);
  });

  it('leaves a wrong key in the field, and says that a code for this device only leads nowhere else', async () => {
    const { server } = await startTestServer();
    const page = await openPage(httpUrl(server));
    await inState(page, 'unpaired');
    await page.getByText('This address is good on this device only').waitFor();
    await page.getByLabel('Their key or link').fill('AAAA-BBBB-CCCC');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').filter({ hasText: 'There is no such key.' }).waitFor();
    expect(await page.getByLabel('Their key or link').inputValue()).toBe('AAAA-BBBB-CCCC');
  });

  it('opened by the address that this device alone has, invites to the one that others reach', async () => {
    const { server } = await startTestServer({ host: ['0.0.0.0'] });
    const page = await openPage(`http://127.0.0.1:${server.port}/`);
    const key = await keyOf(page);
    const [lan] = lanHosts(['0.0.0.0']);
    const reached = lan ? `http://${lan}:${server.port}/` : `http://127.0.0.1:${server.port}/`;
    expect(await scannedQr(page)).toBe(`${reached}#${key}`);
    if (lan) await page.getByText(`The code leads to ${lan}:${server.port}`).waitFor();
  });

  it('sends files whole, by the button and dropped, and refuses one over 64 MB', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const guest = await openPage(`${httpUrl(server)}#${await keyOf(host)}`);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    await guest.getByRole('button', { name: 'Send a file' }).waitFor();
    const bytes = Buffer.from(Array.from({ length: 100_001 }, (_, i) => i % 251));
    await guest
      .locator('#files')
      .setInputFiles({ name: 'some <b>bytes</b>.bin', mimeType: 'text/html', buffer: bytes });
    await conversation(host, 'Peer: some <b>bytes</b>.bin (98 KB)');
    const download = host.waitForEvent('download');
    await host.getByRole('link', { name: 'some <b>bytes</b>.bin' }).click();
    expect(readFileSync(await (await download).path()).equals(bytes)).toBe(true);
    // As the browser would, with what was dropped.
    const drop = (size: number) =>
      host.evaluate(`(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([new Uint8Array(${size})], 'dropped.bin'));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      })()`);
    await drop(3);
    await conversation(guest, 'You: some <b>bytes</b>.bin (98 KB)', 'Peer: dropped.bin (3 bytes)');
    await drop(64 * 1024 * 1024 + 1);
    await host.getByText('dropped.bin is larger than 64 MB.').waitFor();
    await say(host, 'and on');
    await guest.getByText('and on').waitFor();
  });

  it.each([
    ['names no relay', {}, 'ask whoever runs this server to add a relay (TURN)'],
    [
      'names one',
      { turnUrl: ['turn:127.0.0.1:9'], turnSecret: 'x'.repeat(20) },
      'The relay of this server was out of reach',
    ],
  ])(
    'without a way to each other hints after 8 s, gives up after 30 s, and says why to both; the server %s',
    async (_name, options, advice) => {
      const { server } = await startTestServer(options);
      const [host, guest] = [await openPage(httpUrl(server)), await openPage(httpUrl(server))];
      for (const page of [host, guest]) {
        // No candidate is found: only those of a relay are asked for, of none. A page makes its first one as it loads.
        await page.addInitScript(`globalThis.RTCPeerConnection = class extends RTCPeerConnection {
          constructor() { super({ iceTransportPolicy: 'relay' }); }
          setConfiguration() {}
        }`);
        await page.reload();
      }
      const key = await keyOf(host);
      await inState(guest, 'unpaired');
      // Theirs is the only clock that is stepped: the guest gives up, and the host is told.
      await guest.clock.install();
      await guest.getByLabel('Their key or link').fill(key);
      await guest.getByRole('button', { name: 'Pair' }).click();
      await Promise.all([inState(host, 'checking'), inState(guest, 'checking')]);
      expect(await guest.getByText('This takes longer than usual.').count()).toBe(0);
      await guest.clock.fastForward(8_000);
      await guest.getByText('This takes longer than usual.').waitFor();
      expect(await violationsOf(guest)).toEqual([]);
      await guest.clock.fastForward(22_000);
      for (const page of [guest, host]) {
        await inState(page, 'unpaired');
        await page.getByRole('alert').filter({ hasText: advice }).waitFor();
        await page.getByText('No way to each other was found.').waitFor();
      }
    },
  );

  it('dims the key while the server is away, for nobody could use it', async () => {
    const { server } = await startTestServer();
    const page = await openPage(httpUrl(server));
    await keyOf(page);
    await server.stop();
    await page.locator('#invitation[data-is-ready=false]').waitFor();
    expect(await page.getByRole('button', { name: 'Copy key' }).isDisabled()).toBe(true);
  });

  it('keeps what was said above the next invitation, and breaks no rule of axe in any state', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const guest = await openPage(`${httpUrl(server)}#${await keyOf(host)}`, PHONE);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    await say(host, 'hello');
    await conversation(guest, 'Peer: hello');
    for (const page of [host, guest]) expect(await violationsOf(page)).toEqual([]);
    await guest.getByRole('button', { name: 'Leave' }).click();
    await keyOf(host);
    expect(await violationsOf(host)).toEqual([]);
    const [chat, start] = await Promise.all([
      host.locator('#chat').boundingBox(),
      host.locator('#start').boundingBox(),
    ]);
    expect(chat?.y).toBeLessThan(start?.y ?? 0);
    await conversation(
      host,
      'You: hello',
      `${await guest.locator('#own-name').textContent()} left.`.replace('You, ', ''),
    );
  });

  it('says what is wrong with a key that is none, and takes the next', async () => {
    const { server } = await startTestServer();
    const host = await openPage(httpUrl(server));
    const guest = await openPage(`${httpUrl(server)}#AAAA-BBBB-CCCC`);
    await guest.getByRole('alert').filter({ hasText: 'There is no such key.' }).waitFor();
    await guest.getByLabel('Their key or link').fill(await keyOf(host));
    await guest.getByRole('button', { name: 'Pair' }).click();
    await inState(guest, 'connected');
    expect(await guest.getByRole('alert').count()).toBe(0);
  });

  it.each(['the page', 'the bot'])('chats with pairlane bot, when %s is the initiator', async (initiator) => {
    const { server } = await startTestServer();
    const page = await openPage(httpUrl(server));
    const key = await keyOf(page);
    const args = ['bot', '--echo', '--url', server.url, '--no-ice', '--ice-host-address', '127.0.0.1'];
    const bot = pairlane([...args, ...(initiator === 'the bot' ? ['--key', key] : ['--new-key'])]);
    if (initiator === 'the page') {
      const [, botKey = ''] = await bot.printed(/key: (\S+)/);
      await page.getByLabel('Their key or link').fill(botKey);
      await page.keyboard.press('Enter');
    }
    await inState(page, 'connected');
    await say(page, 'is there an echo?');
    await conversation(page, 'You: is there an echo?', 'Peer: is there an echo?');
    bot.child.kill('SIGTERM');
    await inState(page, 'unpaired');
  });

  it('shows that the server is gone while the chat goes on, and that it is back', async () => {
    // Only a port that was asked for can be had again at once: that of `port: 0` stays taken for a while.
    const { server: probe } = await startTestServer();
    const port = Number(new URL(probe.url).port);
    await probe.stop();
    const { server } = await startTestServer({ port });
    const host = await openPage(httpUrl(server));
    const guest = await openPage(`${httpUrl(server)}#${await keyOf(host)}`);
    await Promise.all([inState(host, 'connected'), inState(guest, 'connected')]);
    const alone = await openPage(httpUrl(server));
    await keyOf(alone);
    await host.getByText('Server online').waitFor();
    await server.stop();
    await host.getByText('Server offline, trying again').waitFor();
    await alone.getByText('Server offline, trying again').waitFor();
    expect(await violationsOf(alone)).toEqual([]);
    await say(host, 'still here?');
    await conversation(guest, 'Peer: still here?');
    await startTestServer({ port });
    await host.getByText('Server online').waitFor();
    await inState(host, 'connected');
  });

  it('fits a phone: nothing is wider than its screen, and every control is as large as a finger', async () => {
    const { server } = await startTestServer();
    const page = await openPage(httpUrl(server), PHONE);
    const guest = await openPage(`${httpUrl(server)}#${await keyOf(page)}`, PHONE);
    const check = async () => {
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      expect(width).toBeLessThanOrEqual(PHONE.viewport.width);
      for (const control of await page.locator('button:visible, input:visible').all()) {
        expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44);
      }
    };
    await inState(page, 'connected');
    await say(page, 'w'.repeat(500));
    await check();
    await guest.getByRole('button', { name: 'Leave' }).click();
    await keyOf(page);
    await check();
  });

  it('can be used by keyboard alone: every control has a name, and shows that it has the focus', async () => {
    const { server } = await startTestServer();
    const page = await openPage(httpUrl(server));
    await keyOf(page);
    const names: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press('Tab');
      names.push(
        await page.evaluate<string>(
          `(() => {
            const { activeElement: at } = document;
            if (getComputedStyle(at).outlineStyle === 'none') return 'no outline';
            return at.labels?.[0]?.textContent || at.textContent.trim();
          })()`,
        ),
      );
    }
    expect(names).toEqual([
      'Copy link',
      'Copy key',
      'Their key or link',
      'Pair',
      'For programs and terminals',
    ]);
  });

  it.each(['light', 'dark'] as const)(
    'is readable in %s: text stands out from its ground by 4.5 to 1',
    async (colorScheme) => {
      const { server } = await startTestServer();
      const page = await openPage(httpUrl(server), { colorScheme });
      await keyOf(page);
      await page.getByLabel('Their key or link').fill('nobody');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(luminance(ground) > 0.5).toBe(colorScheme === 'light');
      const faint = await page.evaluate<{ text: string; color: string; ground: string }[]>(
        `[...document.querySelectorAll('body *')]
        .filter((at) => at.checkVisibility() && [...at.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((at) => {
          let behind = at;
          while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)') behind = behind.parentElement;
          return { text: at.textContent.trim(), color: getComputedStyle(at).color, ground: getComputedStyle(behind).backgroundColor };
        })`,
      );
      expect(faint.length).toBeGreaterThan(10);
      expect(faint.filter(({ color, ground }) => contrast(color, ground) < 4.5)).toEqual([]);
    },
  );
});

/** WCAG 2.2: relative luminance of a colour like `rgb(1, 2, 3)`. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [...color.matchAll(/[\d.]+/g)].map(([part]) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2: contrast ratio. */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}
