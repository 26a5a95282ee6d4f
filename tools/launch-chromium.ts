/** Debian's Chromium, for tests and benches. */
import { type Browser, chromium } from 'playwright-core';

/**
 * Disables everything that uses the network by itself; enables WebRTC over loopback, without mDNS names for addresses.
 */
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
}
