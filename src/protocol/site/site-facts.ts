/**
 * What the page at `/` cannot know by itself, served at /site.json: whether there is a TURN server, and how others
 * reach the page.
 */
export interface SiteFacts {
  /** Whether a connection may go through a TURN server. */
  readonly hasTurn: boolean;
  /**
   * URLs of this page for other devices in the network; only sent to the server's own machine, which alone can use
   * them.
   */
  readonly lan?: readonly string[] | undefined;
}
