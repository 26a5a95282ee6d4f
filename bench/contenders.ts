/**
 * The contenders: how each server is started, and what its clients send. The load generator itself knows no protocol.
 */

/** What clients send and wait for; `{n}` is a client's number, `{peer}` its neighbour's id. */
export interface Dialect {
  readonly path: string;
  /** Sent once the WebSocket is open. */
  readonly hello: string;
  /** Text in the message that completes the connection. */
  readonly greeting: string;
  /** The text before the client's id in the greeting; empty if clients choose their ids themselves: `c{n}`. */
  readonly idMarker: string;
  /** Asks for the neighbour; empty if the server does not pair clients. */
  readonly pair: string;
  /** Text in the message that tells a client of its pairing. */
  readonly paired: string;
  /**
   * A message of that many bytes for the neighbour, sent by the client that requested the pairing or by the other one.
   */
  readonly message: (bytes: number, from: 'asker' | 'asked') => string;
  /** How a client resumes its session, and answers pings; left out: it does neither. */
  readonly back?: {
    /** The text before its secret in the greeting. */
    readonly secretMarker: string;
    readonly path: string;
    /** Its first message; `{id}`, `{secret}` and `{received}` are filled in. */
    readonly hello: string;
    readonly ping: string;
    readonly pong: string;
  };
}

export interface Contender {
  readonly name: string;
  /** The file in bench/servers. */
  readonly server: string;
  readonly dialect: Dialect;
}

type Signal = { type: string; [field: string]: unknown };

/** A realistic message of that many bytes: a candidate has about 200, an offer or an answer 2,000. */
function signal(bytes: number, from: 'asker' | 'asked'): Signal {
  if (bytes < 1_000) {
    const candidate = { candidate: '', sdpMid: '0', sdpMLineIndex: 0 };
    candidate.candidate = CANDIDATE.repeat(9).slice(0, bytes - sizeOf({ type: 'candidate', candidate }));
    return { type: 'candidate', candidate };
  }
  const type = from === 'asker' ? 'offer' : 'answer';
  // An escaped line break takes two bytes on the wire: add whole lines, then fill up.
  let sdp = '';
  while (sizeOf({ type, sdp: sdp + SDP_LINE }) <= bytes) sdp += SDP_LINE;
  return { type, sdp: sdp + 'x'.repeat(bytes - sizeOf({ type, sdp })) };
}

const CANDIDATE =
  'candidate:842163049 1 udp 1677729535 192.0.2.17 46154 typ srflx raddr 10.0.0.17 rport 46154 ';
const SDP_LINE = 'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n';
const sizeOf = (message: object) => JSON.stringify(message).length;

export const json: Dialect = {
  path: '/',
  hello: '',
  greeting: '"your_id"',
  idMarker: '"id":"',
  pair: '{"type":"pair_request","target_id":"{peer}"}',
  paired: '"paired"',
  message: (bytes, from) => JSON.stringify(signal(bytes, from)),
};

const socketIo: Dialect = {
  ...json,
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: '40',
  greeting: '["your_id"',
  pair: '42["pair_request",{"target_id":"{peer}"}]',
  message: (bytes, from) =>
    fitted(bytes, from, ({ type, ...fields }) => `42${JSON.stringify([type, fields])}`),
};

const peerJs: Dialect = {
  ...json,
  path: '/peerjs?key=peerjs&id=c{n}&token=t{n}&version=1.5.5',
  greeting: '"OPEN"',
  idMarker: '',
  pair: '',
  message: (bytes, from) => fitted(bytes, from, peerJsMessage),
};

/** The same fields in the same order as `peerjs` 1.5.5 sends them from Chromium, for a data connection. */
function peerJsMessage({ type, candidate, sdp }: Signal): string {
  const connection = { type: 'data', connectionId: 'dc_m5c3mahh0db' };
  const about = {
    candidate: { candidate: { ...(candidate as object), usernameFragment: 'j2am' }, ...connection },
    offer: {
      sdp: { sdp, type },
      ...connection,
      label: connection.connectionId,
      reliable: false,
      serialization: 'binary',
    },
    answer: { sdp: { sdp, type }, ...connection },
  };
  return JSON.stringify({
    type: type.toUpperCase(),
    payload: about[type as keyof typeof about],
    dst: '{peer}',
  });
}

/** How Pairlane's clients answer pings, and come back if they can. */
const back: Dialect['back'] = {
  secretMarker: '"resume":"',
  path: '/?resume=back',
  hello: '{"type":"resume","id":"{id}","token":"{secret}","received":{received}}',
  ping: '"ping"',
  pong: '{"type":"pong"}',
};

/** Pairlane's clients for as long as a server pings them. */
export const lasting: Dialect = { ...json, back };

/** Pairlane's clients that come back after they have lost their sockets. */
export const resumable: Dialect = {
  ...json,
  path: '/?resume=1',
  pair: '[1,0,{"type":"pair_request","target_id":"{peer}"}]',
  back,
};

/** Makes the signal longer or shorter, so that the message has the given size including its envelope. */
function fitted(bytes: number, from: 'asker' | 'asked', wrap: (message: Signal) => string): string {
  return wrap(signal(2 * bytes - wrap(signal(bytes, from)).length, from));
}

export const contenders: readonly Contender[] = [
  { name: 'Pairlane', server: 'pairlane', dialect: json },
  { name: 'bare uWebSockets.js', server: 'bare', dialect: { ...json, pair: '{peer}' } },
  { name: 'ws with JSON', server: 'ws', dialect: json },
  { name: 'Pairlane, PeerJS', server: 'pairlane', dialect: peerJs },
  { name: 'PeerServer', server: 'peer-js', dialect: peerJs },
  { name: 'socket.io', server: 'socket-io', dialect: socketIo },
];
