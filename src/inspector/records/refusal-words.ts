/** Refusals before there is a session that could be told: each kind in a sentence, with what to do. */

const words: Readonly<Record<string, string>> = {
  origin:
    'A page of another origin tried to connect: --allow-origin ORIGIN lets its pages in, --public-host NAME this server’s own under that name.',
  host: 'A request named another host than this server’s: --public-host NAME allows it.',
  peerjs_off: 'A client of PeerJS came, and PeerJS is not served: start the server with --peerjs.',
  topics_off:
    'A client of y-webrtc or Trystero came, and they are not served: start the server with --topics.',
  rooms_off: 'A client of Socket.IO came, and game rooms are not served: start the server with --rooms.',
  token: 'A client came without a valid token: look at its `aud`, `iss` and `exp`, and at the clocks.',
  inspect_token: 'Somebody tried to look without the right --inspect-token.',
  admin_token: 'Somebody asked the admin API without the right --admin-token.',
  too_many_messages:
    'A client sent more messages than --max-messages-per-second, or all of its address more than --max-messages-per-address.',
  too_many_bytes: 'A client sent more bytes than --max-bytes-per-second.',
  too_many_key_guesses: 'An address tried more wrong keys than --max-key-guesses-per-minute.',
  connections: 'As many clients are connected as may be: --max-connections.',
  connections_per_address: 'One address has as many clients as it may: --max-connections-per-address.',
  upgrades: 'One address opens connections faster than --max-upgrades-per-second.',
  http_connections: 'As many TCP connections are open as may be: --max-http-connections.',
  headers: 'A request had larger headers than are read.',
  draining: 'The server is going away, and takes nobody any longer.',
  unsent_bytes: 'A client does not read what it is sent: --max-unsent-bytes.',
  waiting_bytes: 'More waits for clients than --max-waiting-bytes.',
  delivered_bytes: 'One address publishes more than --max-delivered-bytes-per-second.',
  flood: 'A client of Socket.IO sent more packets than it may.',
  first_message: 'A client did not say who it is within --first-message-timeout-ms.',
  viewers: 'As many pages look into this server as may.',
};

/** @returns undefined for an error code: it was sent to a session, whose trail says what to do */
export function refusalWords(kind: string): string | undefined {
  return Object.hasOwn(words, kind) ? words[kind] : undefined;
}
