/** The server that a served module came from. */

/**
 * The WebSocket URL of the Pairlane server that this file was loaded from, with the path under which a proxy serves it.
 * In a bundle from elsewhere, whose URL says nothing: the root of the page's server.
 */
export function serverOfModule(): string {
  const isServed = /^https?:[^?#]*\/pairlane(-watch)?\.js([?#]|$)/.test(import.meta.url);
  const base = isServed ? new URL('.', import.meta.url).href : `${location.origin}/`;
  return base.replace(/^http/, 'ws');
}
