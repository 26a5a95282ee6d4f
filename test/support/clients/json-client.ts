/** A client of a wire without a greeting: JSON in both directions, each message unchanged. */
import { type Bringing, RawClient } from './raw-client.ts';

export class JsonClient extends RawClient {
  static async open(url: string, bringing: Bringing = {}): Promise<JsonClient> {
    const client = new JsonClient(url, bringing);
    await client.opened();
    return client;
  }

  /** Waits for this many messages, and takes them out of the inbox. */
  async take(count: number): Promise<unknown[]> {
    await this.until(() => this.inbox.length >= count, `${count} messages`);
    return this.inbox.splice(0, count);
  }

  async takeOne(): Promise<unknown> {
    return (await this.take(1))[0];
  }
}
