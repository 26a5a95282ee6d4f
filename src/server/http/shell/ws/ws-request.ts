/** A Node request behind the seam's interface. Socket.IO also writes fields of its own onto it. */
import type { IncomingMessage } from 'node:http';
import type { HttpRequest } from '../shell.ts';

export class WsRequest implements HttpRequest {
  /** Whether its route leaves the answer to another one; set anew for each route. */
  hasYielded: boolean | undefined;
  readonly #request: IncomingMessage;
  readonly #path: string;
  readonly #query: string;
  #fields: URLSearchParams | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
    const url = request.url ?? '';
    const at = `${url}?`.indexOf('?');
    this.#path = url.slice(0, at);
    this.#query = url.slice(at + 1);
  }

  getHeader(name: string): string {
    const { rawHeaders } = this.#request;
    for (let at = 0; at < rawHeaders.length; at += 2)
      if (rawHeaders[at]?.toLowerCase() === name) return rawHeaders[at + 1] ?? '';
    return '';
  }

  forEach(each: (name: string, value: string) => void): void {
    const { rawHeaders } = this.#request;
    for (let at = 0; at < rawHeaders.length; at += 2)
      each((rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '');
  }

  getMethod(): string {
    return (this.#request.method ?? '').toLowerCase();
  }

  getUrl(): string {
    return this.#path;
  }

  getQuery(): string;
  getQuery(name: string): string | undefined;
  getQuery(name?: string): string | undefined {
    if (name === undefined) return this.#query;
    this.#fields ??= new URLSearchParams(this.#query);
    return this.#fields.get(name) ?? undefined;
  }

  setYield(hasYielded: boolean): void {
    this.hasYielded = hasYielded;
  }
}
