/**
 * werift's DTLS client, so that it survives a slow network or a busy peer: what is not answered within half a second it
 * sends again, and then it is answered twice. The second answer to its first message made it fail, without a word, and
 * not even an ICE restart would bring the connection back.
 */

/** RFC 6347 section 4.2.1: the server's answer to the first message, to which the client repeats it with a cookie. */
const HELLO_VERIFY_REQUEST = 3;
const FLIGHT_OF_ANSWER = 3;

/** What this file uses of werift's DTLS transport beyond its typings. */
export interface DtlsTransport {
  dtls?: DtlsSocket | undefined;
}

interface DtlsSocket {
  /** How far the handshake is. */
  readonly dtls: { readonly flight: number };
  onHandleHandshakes(handshakes: readonly { readonly msg_type: number }[]): Promise<void>;
}

/** Mends the client that the transport is going to make when it starts. */
export function patchDtls(transport: DtlsTransport): void {
  let socket: DtlsSocket | undefined;
  Object.defineProperty(transport, 'dtls', {
    get: () => socket,
    set(made: DtlsSocket | undefined) {
      socket = made;
      if (made) passOverRepeated(made);
    },
  });
}

function passOverRepeated(socket: DtlsSocket): void {
  const { onHandleHandshakes } = socket;
  socket.onHandleHandshakes = (handshakes) =>
    onHandleHandshakes(
      handshakes.filter(
        ({ msg_type }) => msg_type !== HELLO_VERIFY_REQUEST || socket.dtls.flight < FLIGHT_OF_ANSWER,
      ),
    );
}
