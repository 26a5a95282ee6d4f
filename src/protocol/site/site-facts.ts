/** What the page at `/` cannot know by itself, at /site.json: whether there is a relay, and how others reach the page. */
export interface SiteFacts {
  /** Whether a pairing may go through a TURN server. */
  readonly hasTurn: boolean;
  /** URLs of this page for other devices in the network; only the server's own machine is told, which alone has use for them. */
  readonly lan?: readonly string[] | undefined;
}
