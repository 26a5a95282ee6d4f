#!/usr/bin/python3
"""A peer that knows only the seed protocol, on aiortc: it says what happens as a JSON object a line.

    aiortc_peer.py URL [TARGET_ID] [--say TEXT]

With a target it asks to pair and offers; without one it waits. Every message it receives is echoed with "echo: "
before it, but for those that are echoes themselves. It ends when its peer is gone, or its input is closed.
"""
import asyncio
import json
import sys

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
import websockets


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


class Peer:
    def __init__(self, socket, say):
        self.socket = socket
        self.say = say
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("datachannel", self.use)

    async def send(self, **message):
        await self.socket.send(json.dumps(message))

    def use(self, channel):
        channel.on("message", lambda text: self.received(channel, text))
        if channel.readyState == "open":
            self.opened(channel)
        else:
            channel.on("open", lambda: self.opened(channel))

    def opened(self, channel):
        tell("open", label=channel.label)
        if self.say:
            channel.send(self.say)

    def received(self, channel, text):
        tell("message", text=text)
        if not text.startswith("echo: "):
            channel.send("echo: " + text)

    async def offer(self):
        self.use(self.connection.createDataChannel("chat"))
        await self.connection.setLocalDescription(await self.connection.createOffer())
        await self.send(type="offer", sdp=self.connection.localDescription.sdp)

    async def handle(self, message):
        kind = message["type"]
        if kind == "ping":
            await self.send(type="pong")
        elif kind == "paired":
            tell("paired", peer_id=message["peer_id"], initiator=message["initiator"])
            if message["initiator"]:
                await self.offer()
        elif kind in ("offer", "answer"):
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp=message["sdp"], type=kind))
            if kind == "offer":
                await self.connection.setLocalDescription(await self.connection.createAnswer())
                await self.send(type="answer", sdp=self.connection.localDescription.sdp)
        elif kind == "candidate" and message["candidate"] and message["candidate"]["candidate"]:
            init = message["candidate"]
            candidate = candidate_from_sdp(init["candidate"].split(":", 1)[1])
            candidate.sdpMid = init.get("sdpMid")
            candidate.sdpMLineIndex = init.get("sdpMLineIndex")
            await self.connection.addIceCandidate(candidate)
        elif kind == "error":
            tell("error", message=message["message"])
        elif kind == "peer_disconnected":
            tell("peer_disconnected", peer_id=message["peer_id"])
            return False
        return True


async def until_input_ends():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def main(url, target, say):
    async with websockets.connect(url) as socket:
        peer = Peer(socket, say)
        tell("ready", id=json.loads(await socket.recv())["id"])
        if target:
            await peer.send(type="pair_request", target_id=target)

        async def talk():
            async for frame in socket:
                if not await peer.handle(json.loads(frame)):
                    return

        await asyncio.wait(
            [asyncio.create_task(talk()), asyncio.create_task(until_input_ends())],
            return_when=asyncio.FIRST_COMPLETED,
        )
        await peer.connection.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    said = arguments[arguments.index("--say") + 1] if "--say" in arguments else None
    others = [a for a in arguments if a not in ("--say", said)]
    asyncio.run(main(others[0], others[1] if len(others) > 1 else None, said))
