/** Our own key, as text, link and QR code, and a new one when it is used up. */
import encodeQR from 'qr';
import type { Peer } from '../client/browser/index.ts';
import type { SiteFacts } from '../protocol/site/site-facts.ts';
import { element } from './dom.ts';
import { linkFor } from './pairing-target.ts';

const KEY_TTL_S = 600;

/** A key that is shown can still be typed in. */
const RENEW_EARLIER_S = 30;

/** Modules of white around the code, as ISO/IEC 18004 asks for. */
const QUIET_ZONE = 4;

const MAX_QR_PX = 256;

export class Invitation {
  readonly #peer: Peer;
  /** Where others reach this page, if not where we do. */
  #page: string | undefined;
  #isLive = false;
  #key: string | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  /** The one that was asked for last; an answer to an earlier question is passed over. */
  #asked = 0;
  /** Which question has no answer yet, if it is the last one. */
  #pending: number | undefined;

  constructor(peer: Peer, { lan }: SiteFacts) {
    this.#peer = peer;
    const isHere = isLoopback(location.hostname);
    // A code that leads to the device itself is in vain on any other.
    if (isHere) this.#page = lan?.[0];
    copies('copy-link', () => this.#key && linkFor(this.#key, this.#page));
    copies('copy-key', () => this.#key);
    element('only-here').hidden = !isHere || this.#page !== undefined;
    if (this.#page !== undefined) {
      element('leads-to').textContent =
        `The code leads to ${new URL(this.#page).host}, which is this computer in your network.`;
      element('leads-to').hidden = false;
    }
  }

  /** Whether the server is there to be asked for whom the key is; without it the key is of no use for now. */
  set isLive(isLive: boolean) {
    this.#isLive = isLive;
    this.#showReady();
  }

  /** Asks for a key unless one is shown. */
  async show(): Promise<void> {
    if (this.#key !== undefined || this.#pending === this.#asked) return;
    this.#asked += 1;
    const asked = this.#asked;
    this.#pending = asked;
    // When the link to the server was lost meanwhile, this is called again the next time that it is online.
    const made = await this.#peer.createKey({ ttlS: KEY_TTL_S }).catch(() => undefined);
    if (asked !== this.#asked) return;
    this.#pending = undefined;
    if (made) this.#use(made.key);
  }

  /** The key is used, or its session is gone. */
  drop(): void {
    this.#asked += 1;
    this.#key = undefined;
    clearTimeout(this.#expiry);
    this.#showReady();
  }

  #use(key: string): void {
    this.#key = key;
    this.#expiry = setTimeout(
      () => {
        this.drop();
        this.show();
      },
      (KEY_TTL_S - RENEW_EARLIER_S) * 1000,
    );
    element('key').textContent = key;
    element('qr').replaceChildren(drawn(encodeQR(linkFor(key, this.#page), 'raw', { border: QUIET_ZONE })));
    element('command').textContent = ['pairlane chat', `--url ${serverUrl()}`, `--key ${key}`].join(
      ' \\\n  ',
    );
    this.#showReady();
  }

  #showReady(): void {
    const isReady = this.#isLive && this.#key !== undefined;
    element('invitation').dataset.isReady = String(isReady);
    for (const id of ['copy-link', 'copy-key']) element(id, HTMLButtonElement).disabled = !isReady;
  }
}

/** Nobody else reaches a page at such an address, and a code that leads there is in vain. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Beside the page, wherever a proxy put that. */
function serverUrl(): string {
  return new URL('.', location.origin + location.pathname).href.replace(/^http/, 'ws');
}

/** One path over all dark modules, a square each. */
function drawn(modules: readonly (readonly boolean[])[]): SVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', `0 0 ${modules.length} ${modules.length}`);
  // Whole pixels a module, and no seams between them.
  svg.setAttribute('width', String(modules.length * Math.floor(MAX_QR_PX / modules.length)));
  svg.setAttribute('shape-rendering', 'crispEdges');
  const path = document.createElementNS(namespace, 'path');
  const squares = modules.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  path.setAttribute('d', squares.join(''));
  svg.append(path);
  return svg;
}

const COPIED_MS = 1_500;

/** Makes a button copy a text. Without https there is no clipboard to write to, and no button. */
function copies(id: string, text: () => string | undefined): void {
  const button = element(id);
  const name = button.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(text() ?? '');
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = name;
    }, COPIED_MS);
  });
}
