"""A client of Pairlane for asyncio and aiortc. See README.md."""
from .peer import Peer, PairlaneError
from .signaling import Signaling

__all__ = ["PairlaneError", "Peer", "Signaling"]
