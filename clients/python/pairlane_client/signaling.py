"""The way to the server: a session that outlives its socket, by the frames that docs/protocol.md calls numbered."""
import asyncio
import json
import random

import websockets

# A goodbye, a broken limit, a place that was taken, an id that another client has now: after these nobody comes back.
FINAL_CODES = {1000, 1008, 4410}
# What has no number, in either direction.
UNNUMBERED = {"resume", "ack", "pong"}
ACK_AFTER = 16
BASE_DELAY_S, MAX_DELAY_S = 0.25, 10.0


class Signaling:
    """Tells `on_message(message)` of each message, once and in order; `your_id` only of a new session."""

    def __init__(self, url, on_message, *, ssl=None):
        """url: ws://HOST:PORT/, with a query or without. ssl: an SSLContext for wss://, where the default will not do."""
        self.url = url
        self.on_message = on_message
        self.id = None
        self._ssl = {} if ssl is None else {"ssl": ssl}
        self._socket = None
        self._secret = None
        self._attempts = 0
        self._start_anew()

    def _start_anew(self):
        self._sent = 0
        self._unacked = []  # (seq, message), the oldest first
        self._received = 0
        self._acked = 0  # the last one that the server knows to be here

    async def run(self):
        """Connects, and comes back, until the session is over. Raises OSError when the first connection fails."""
        while True:
            try:
                query = "resume=back" if self._secret else "resume=1"
                joint = "&" if "?" in self.url else "?"
                async with websockets.connect(f"{self.url}{joint}{query}", **self._ssl) as socket:
                    await self._use(socket)
                    code = socket.close_code
            except (OSError, websockets.InvalidHandshake, asyncio.TimeoutError):
                if self.id is None:
                    raise
                code = None
            self._socket = None
            if code in FINAL_CODES:
                return
            await asyncio.sleep(self._delay())

    def _delay(self):
        """Full jitter: many clients that lost one server do not come back at the same moment."""
        self._attempts += 1
        return random.uniform(0, min(MAX_DELAY_S, BASE_DELAY_S * 2**self._attempts))

    async def _use(self, socket):
        if self._secret:
            # Back on a new socket: this first, and alone.
            frames = [json.dumps(message) for _, message in self._unacked]
            await socket.send(json.dumps({
                "type": "resume", "id": self.id, "token": self._secret, "received": self._received,
                "unacked": len(frames), "unacked_bytes": sum(len(frame.encode()) for frame in frames),
            }))
        self._socket = socket
        try:
            async for text in socket:
                await self._take(json.loads(text))
        except websockets.ConnectionClosed:
            pass

    async def _take(self, frame):
        if isinstance(frame, dict):
            if frame.get("type") == "your_id":
                await self._welcome(frame)
            elif frame.get("type") == "ack":
                self._forget(frame["received"])
            elif frame.get("type") == "ping":
                await self.send(type="pong")
            else:
                self.on_message(frame)
            return
        seq, ack, message = frame[:3]
        self._forget(ack)
        if seq <= self._received:
            return  # It came before the socket was lost.
        self._received = seq
        self.on_message(message)
        if self._received - self._acked >= ACK_AFTER:
            await self.send(type="ack", received=self._received)

    async def _welcome(self, message):
        self._attempts = 0
        self._secret = message.get("resume")
        self.id = message["id"]
        if "received" in message and not message.get("restarted"):
            self._acked = self._received
            self._forget(message["received"])
            for seq, unacked in list(self._unacked):
                await self._write([seq, self._received, unacked])
            return
        self._start_anew()
        self.on_message(message)

    def _forget(self, seq):
        self._unacked = [(number, message) for number, message in self._unacked if number > seq]

    async def send(self, **message):
        """What cannot be sent now goes when the session is back."""
        if message["type"] == "ack":
            self._acked = message["received"]
        if self._secret is None or message["type"] in UNNUMBERED:
            await self._write(message)
            return
        self._sent += 1
        self._unacked.append((self._sent, message))
        self._acked = self._received
        await self._write([self._sent, self._received, message])

    async def _write(self, frame):
        if self._socket is None:
            return
        try:
            await self._socket.send(json.dumps(frame))
        except websockets.ConnectionClosed:
            pass  # It is unacked, and goes again.

    async def close(self):
        """Says goodbye: the session ends at once."""
        if self._socket is not None:
            await self._socket.close(1000)
