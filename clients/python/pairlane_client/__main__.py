"""A peer for the shell: what happens is a JSON object a line."""
import argparse
import asyncio
import json

from .peer import Peer


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


async def run(options):
    async with Peer(options.url, ice_servers=[] if options.no_ice else None) as peer:
        def received(data):
            tell("message", text=data if isinstance(data, str) else data.hex())
            if options.echo and not str(data).startswith("echo: "):
                peer.send(f"echo: {data}" if isinstance(data, str) else data)

        def opened():
            tell("open")
            if options.say:
                peer.send(options.say)

        peer.on_message, peer.on_open = received, opened
        peer.on_paired = lambda peer_id, is_initiator: tell("paired", peer_id=peer_id, initiator=is_initiator)
        peer.on_unpaired = lambda reason: tell("unpaired", reason=reason)
        peer.on_error = lambda error: tell("error", code=error.code, message=str(error))
        tell("ready", id=await peer.ready())
        if options.id or options.key:
            await peer.pair(id=options.id, key=options.key)
        await peer.wait_closed()


def main():
    parser = argparse.ArgumentParser(prog="pairlane-peer", description=__doc__)
    parser.add_argument("url", help="ws://HOST:PORT/")
    parser.add_argument("--id", help="the peer to ask for")
    parser.add_argument("--key", help="a key that the peer made")
    parser.add_argument("--say", metavar="TEXT", help="what to say when the channel is open")
    parser.add_argument("--echo", action="store_true", help="say each message back")
    parser.add_argument("--no-ice", action="store_true", help="ask no ICE server")
    try:
        asyncio.run(run(parser.parse_args()))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
