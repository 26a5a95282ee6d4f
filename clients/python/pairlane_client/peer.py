"""A peer: paired by the server, connected by aiortc. Perfect negotiation is not needed: only the initiator offers."""
import asyncio

from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp

from .signaling import Signaling


class PairlaneError(Exception):
    """What the server refused, by `code`, which is `server_error` where it says none."""

    def __init__(self, message):
        super().__init__(message.get("message", "refused"))
        self.code = message.get("code", "server_error")


def ignore(*_args):
    """What a callback does that nobody set."""


class Peer:
    """One peer at a time. Callbacks: `on_message(text or bytes)`, `on_paired(peer_id, is_initiator)`, `on_unpaired(reason)`,
    `on_error(PairlaneError)`, and `on_open()` when the channel is."""

    def __init__(self, url, *, ice_servers=None, ssl=None):
        """ice_servers: a list of aiortc's RTCIceServer; None: those that the server gives."""
        self.on_message = self.on_paired = self.on_unpaired = self.on_error = self.on_open = ignore
        self.peer_id = None
        self._ice_servers = ice_servers
        self._offered_ice_servers = []
        self._epoch = {}
        self._connection = None
        self._channel = None
        self._id = asyncio.get_event_loop().create_future()
        self._opened = asyncio.Event()
        self._paired = None  # the future of a pair() that is under way
        self._signaling = Signaling(url, self._handle, ssl=ssl)
        self._work = asyncio.Queue()
        self._tasks = []

    async def __aenter__(self):
        self._tasks = [asyncio.ensure_future(self._run()), asyncio.ensure_future(self._work_off())]
        await self.ready()
        return self

    async def __aexit__(self, *_exception):
        await self.close()

    async def _run(self):
        try:
            await self._signaling.run()
        except Exception as error:
            if not self._id.done():
                self._id.set_exception(error)

    async def ready(self):
        """The id of this peer. Raises OSError when the server cannot be reached."""
        return await asyncio.shield(self._id)

    async def pair(self, *, id=None, key=None):
        """Asks for a peer. Raises PairlaneError when that is refused."""
        self._paired = asyncio.get_running_loop().create_future()
        target = {"target_id": id} if key is None else {"key": key}
        await self._signaling.send(type="pair_request", **target)
        await self._paired

    async def opened(self):
        """Waits until there is a channel that is open."""
        await self._opened.wait()

    def send(self, data):
        """Raises ConnectionError when no channel is open."""
        if not self._opened.is_set():
            raise ConnectionError("no channel is open")
        self._channel.send(data)

    async def unpair(self):
        await self._signaling.send(type="unpair", **self._epoch)
        await self._drop()

    async def close(self):
        await self._drop()
        await self._signaling.close()
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self):
        """Until the session is over for good."""
        await self._tasks[0]

    def _handle(self, message):
        self._work.put_nowait(message)

    async def _work_off(self):
        """One message after the other: what aiortc has begun, it ends before the next."""
        while True:
            message = await self._work.get()
            handler = getattr(self, f"_on_{message.get('type')}", None)
            if handler is None:
                continue  # Of a newer protocol.
            try:
                await handler(message)
            except Exception as error:  # A signal that aiortc does not take must not end the peer.
                self.on_error(PairlaneError({"code": "bad_signal", "message": f"{message['type']}: {error}"}))

    async def _on_your_id(self, message):
        await self._drop()  # Of an earlier session, where there was one.
        self._offered_ice_servers = message.get("ice_servers", [])
        if not self._id.done():
            self._id.set_result(message["id"])

    async def _on_paired(self, message):
        await self._drop()
        self.peer_id = message["peer_id"]
        self._epoch = {"epoch": message["epoch"]} if "epoch" in message else {}
        servers = message.get("ice_servers", self._offered_ice_servers)
        self._connection = self._new_connection(servers)
        if self._paired and not self._paired.done():
            self._paired.set_result(None)
        self.on_paired(self.peer_id, message["initiator"])
        if message["initiator"]:
            self._use(self._connection.createDataChannel("chat"))
            await self._describe(await self._connection.createOffer())

    def _new_connection(self, servers):
        chosen = self._ice_servers
        if chosen is None:
            fields = ("urls", "username", "credential")
            chosen = [RTCIceServer(**{key: one[key] for key in fields if key in one}) for one in servers]
        connection = RTCPeerConnection(RTCConfiguration(iceServers=chosen))
        connection.on("datachannel", self._use)

        @connection.on("connectionstatechange")
        async def _report():
            if connection is self._connection and connection.connectionState in ("connected", "failed"):
                await self._signaling.send(type="report", state=connection.connectionState, **self._epoch)

        return connection

    def _use(self, channel):
        self._channel = channel
        channel.on("message", lambda data: self.on_message(data))
        if channel.readyState == "open":
            self._open()
        else:
            channel.on("open", self._open)

    def _open(self):
        self._opened.set()
        self.on_open()

    async def _describe(self, description):
        """aiortc gathers all candidates first: they are in the description."""
        await self._connection.setLocalDescription(description)
        local = self._connection.localDescription
        await self._signaling.send(type=local.type, sdp=local.sdp, **self._epoch)

    def _is_current(self, message):
        """Whether it is of the pairing that there is: nothing of an earlier one is taken."""
        return self._connection is not None and message.get("epoch", self._epoch.get("epoch")) == self._epoch.get("epoch")

    async def _on_offer(self, message):
        if self._is_current(message):
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=message["sdp"], type="offer"))
            await self._describe(await self._connection.createAnswer())

    async def _on_answer(self, message):
        if self._is_current(message):
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=message["sdp"], type="answer"))

    async def _on_candidate(self, message):
        init = message["candidate"]
        if not self._is_current(message) or not init or not init.get("candidate"):
            return  # All candidates are there.
        candidate = candidate_from_sdp(init["candidate"].split(":", 1)[1])
        candidate.sdpMid, candidate.sdpMLineIndex = init.get("sdpMid"), init.get("sdpMLineIndex")
        await self._connection.addIceCandidate(candidate)

    async def _on_peer_disconnected(self, message):
        if message.get("epoch", self._epoch.get("epoch")) == self._epoch.get("epoch"):
            await self._drop()
            self.on_unpaired(message.get("reason"))

    async def _on_error(self, message):
        error = PairlaneError(message)
        if self._paired and not self._paired.done():
            self._paired.set_exception(error)
        else:
            self.on_error(error)

    async def _drop(self):
        connection, self._connection, self._channel = self._connection, None, None
        self.peer_id = None
        self._opened.clear()
        if connection is not None:
            await connection.close()
