/** What the server tells this page at /site.json: whether there is a relay, and how other devices reach the page. */

export interface SiteFacts {
  readonly hasTurn: boolean;
  /** URLs of this page for other devices in the network; undefined: the page was not opened on the server's machine. */
  readonly lan: readonly string[] | undefined;
}

/** A server that does not say has neither. */
const UNKNOWN: SiteFacts = { hasTurn: false, lan: undefined };

export async function loadSiteFacts(): Promise<SiteFacts> {
  try {
    const { hasTurn, lan } = await (await fetch('site.json')).json();
    return {
      hasTurn: hasTurn === true,
      lan: Array.isArray(lan) ? lan.filter((url) => /^https?:\/\//.test(url)) : undefined,
    };
  } catch {
    return UNKNOWN;
  }
}
