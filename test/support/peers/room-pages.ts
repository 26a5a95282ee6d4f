/**
 * Players in a browser: pages with the official socket.io-client and `WebRTCManager`, both as the server serves them.
 */
import type { Page } from 'playwright-core';
import { httpUrl, openPage } from './browser.ts';

export interface PagePlayer {
  readonly page: Page;
  readonly id: number | string;
  connect(peerId: number | string): Promise<void>;
  /** Waits until the channel to that player is open. */
  ready(peerId: number | string): Promise<void>;
  /** Sends until it has arrived, since the channel may lose messages. */
  say(text: string, to: PagePlayer): Promise<void>;
  /** The received messages, as text. */
  messages(): Promise<{ from: number | string; text: string }[]>;
  events(): Promise<string[]>;
}

/** What the page's script keeps, by player. */
interface InPage {
  players: Record<
    string,
    {
      manager: {
        connectToPeer(id: unknown): void;
        isReady(id?: unknown): boolean;
        send(data: unknown, id?: unknown): boolean;
        close(): Promise<void>;
      };
      socket: { disconnect(): void; io: { engine: { transport: { name: string } } } };
      messages: { from: number | string; text: string }[];
      events: string[];
      lines: string[];
    }
  >;
}

/** Opens an empty page of the server. */
export async function openRoomPage(server: { url: string }): Promise<Page> {
  return openPage(`${httpUrl(server)}healthz`);
}

/** A player in that page, joined to the game. */
export async function joinInPage(page: Page, game: string, id: number | string): Promise<PagePlayer> {
  await page.evaluate(
    async ([game, id, origin]) => {
      const { io } = await import(`${origin}/socket.io/socket.io.esm.min.js`);
      const module = await import(`${origin}/webrtc-manager.js`);
      if (module.default !== module.WebRTCManager) throw new Error('the default export is another one');
      const socket = io(origin, { forceNew: true });
      await new Promise((resolve) => socket.once('connect', resolve));
      const mine = { socket, messages: [] as object[], events: [] as string[], lines: [] as string[] };
      const manager = new module.WebRTCManager(socket, game, id, {
        iceServers: [],
        logger: {
          log: (line: string) => mine.lines.push(line),
          warn: (line: string) => mine.lines.push(line),
        },
      });
      manager.onDataChannelOpen = (peer: unknown) => mine.events.push(`open ${peer}`);
      manager.onDataChannelClose = (peer: unknown) => mine.events.push(`close ${peer}`);
      manager.onConnectionFailed = (peer: unknown, { code }: { code: string }) =>
        mine.events.push(`failed ${peer} ${code}`);
      manager.onDataChannelMessage = (data: string | ArrayBuffer, from: unknown) =>
        mine.messages.push({ from, text: typeof data === 'string' ? data : `[${new Uint8Array(data)}]` });
      const answer = await socket.emitWithAck('join_game', { game_id: game, player_id: id });
      if (!answer.players) throw new Error(answer.error);
      const all = (globalThis as unknown as InPage).players ?? {};
      (globalThis as unknown as InPage).players = { ...all, [String(id)]: { ...mine, manager } as never };
    },
    [game, id, new URL(page.url()).origin] as const,
  );
  const self: PagePlayer = {
    page,
    id,
    connect: (peerId) =>
      page.evaluate(
        ([id, peerId]) => (globalThis as unknown as InPage).players[id]?.manager.connectToPeer(peerId),
        [String(id), peerId] as const,
      ),
    async ready(peerId) {
      await page.waitForFunction(
        ([id, peerId]) =>
          (globalThis as unknown as InPage).players[id as string]?.manager.isReady(peerId) === true,
        [String(id), peerId] as const,
      );
    },
    async say(text, to) {
      for (let tries = 0; tries < 20; tries += 1) {
        await page.evaluate(
          ([id, text, to]) => (globalThis as unknown as InPage).players[id as string]?.manager.send(text, to),
          [String(id), text, to.id] as const,
        );
        if ((await to.messages()).some((message) => message.from === id && message.text === text)) return;
        await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
      }
      throw new Error(`${text} did not arrive`);
    },
    messages: () =>
      page.evaluate((id) => (globalThis as unknown as InPage).players[id]?.messages ?? [], String(id)),
    events: () =>
      page.evaluate((id) => (globalThis as unknown as InPage).players[id]?.events ?? [], String(id)),
  };
  return self;
}
