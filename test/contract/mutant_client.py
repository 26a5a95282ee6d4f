"""The reference client with one promise of coming back broken: mutant_client.py MUTANT URL."""
import asyncio
import sys

from pairlane_client import Peer
from pairlane_client.signaling import Signaling


class Mutant(Signaling):
    async def _welcome(self, message):
        if MUTANT == "old-token" and self._secret:
            message = {**message, "resume": self._secret}
        if MUTANT == "renumbers" and "received" in message and self._unacked:
            self._forget(message["received"])
            self._unacked = [(seq + 1, unacked) for seq, unacked in self._unacked]
            self._sent += 1
            message = {**message, "received": 0}
        await super()._welcome(message)

    async def _take(self, frame):
        if MUTANT == "twice" and isinstance(frame, list):
            self._received = frame[0] - 1
        await super()._take(frame)


async def main(url):
    async with Peer(url, ice_servers=[]) as peer:
        peer._signaling.__class__ = Mutant
        await peer.wait_closed()


MUTANT = sys.argv[1]
asyncio.run(main(sys.argv[2]))
