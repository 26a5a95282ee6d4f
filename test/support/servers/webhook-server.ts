/** A user's webhook: a real HTTP server that keeps what it receives and answers as a test says. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from '@jest/globals';
import { until } from '../until.ts';

export interface WebhookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a request has, each test says.
  readonly body: any;
}

export type WebhookAnswer = (res: ServerResponse, request: WebhookRequest) => void;

const running: Server[] = [];

export class WebhookServer {
  readonly requests: WebhookRequest[] = [];
  readonly url: string;
  answer: WebhookAnswer;

  private constructor(server: Server, answer: WebhookAnswer) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    this.answer = answer;
    server.on('request', async (req, res) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      const request = { headers: req.headers, text, body: JSON.parse(text) };
      this.requests.push(request);
      this.answer(res, request);
    });
  }

  static async start(answer: WebhookAnswer): Promise<WebhookServer> {
    const server = createServer();
    running.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new WebhookServer(server, answer);
  }

  /** Waits until it was called this often. */
  asked(times: number): Promise<void> {
    return until(() => this.requests.length >= times, `request ${times}`);
  }
}

/** Answers with that status and JSON. */
export const answering =
  (status: number, body: unknown = {}, headers: Record<string, string> = {}): WebhookAnswer =>
  (res) =>
    res.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
