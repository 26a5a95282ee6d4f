/** Our own key as text, link and QR code, replaced by a new one when it is used up. */
import encodeQR from 'qr';
import type { Peer } from '../client/browser/index.ts';
import type { SiteFacts } from '../protocol/site/site-facts.ts';
import { element } from './dom.ts';
import { linkFor } from './pairing-target.ts';

const KEY_TTL_S = 600;

/** Leaves time to type in a key that is being shown. */
const RENEW_EARLIER_S = 30;

/** White modules around the code, as ISO/IEC 18004 requires. */
const QUIET_ZONE = 4;

const MAX_QR_PX = 256;

export class Invitation {
  readonly #peer: Peer;
  /** Where others reach this page, if that differs from this page's own URL. */
  #page: string | undefined;
  #isLive = false;
  #key: string | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  /** The latest request; answers to earlier ones are ignored. */
  #asked = 0;
  /** The request that has no answer yet, if it is the latest. */
  #pending: number | undefined;

  constructor(peer: Peer, { lan }: SiteFacts) {
    this.#peer = peer;
    const isHere = isLoopback(location.hostname);
    // A link to a loopback address is useless on any other device.
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

  /** Whether the server can be reached; without it the key is of no use for now. */
  set isLive(isLive: boolean) {
    this.#isLive = isLive;
    this.#showReady();
  }

  /** Asks for a key, unless one is shown. */
  async show(): Promise<void> {
    if (this.#key !== undefined || this.#pending === this.#asked) return;
    this.#asked += 1;
    const asked = this.#asked;
    this.#pending = asked;
    // If the link to the server was lost meanwhile, this is called again when it is back.
    const made = await this.#peer.createKey({ ttlS: KEY_TTL_S }).catch(() => undefined);
    if (asked !== this.#asked) return;
    this.#pending = undefined;
    if (made) this.#use(made.key);
  }

  /** The key is used up, or its session is gone. */
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

/** Nobody else can reach a page at such an address, so a QR code for it is useless. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Next to the page, wherever a proxy has put it. */
function serverUrl(): string {
  return new URL('.', location.origin + location.pathname).href.replace(/^http/, 'ws');
}

/** One path with a square for each dark module. */
function drawn(modules: readonly (readonly boolean[])[]): SVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  svg.setAttribute('viewBox', `0 0 ${modules.length} ${modules.length}`);
  // Whole pixels per module, without seams between them.
  svg.setAttribute('width', String(modules.length * Math.floor(MAX_QR_PX / modules.length)));
  svg.setAttribute('shape-rendering', 'crispEdges');
  const path = document.createElementNS(namespace, 'path');
  const squares = modules.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  path.setAttribute('d', squares.join(''));
  svg.append(path);
  return svg;
}

const COPIED_MS = 1_500;

/** Makes a button copy a text. Without https there is no clipboard API, so the button is removed. */
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
