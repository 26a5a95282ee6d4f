/** Asks the server for what the page cannot know by itself. */
import type { SiteFacts } from '../protocol/site/site-facts.ts';

/** For a server that does not answer. */
const UNKNOWN: SiteFacts = { hasTurn: false };

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
