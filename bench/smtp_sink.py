"""`python -m bench.smtp_sink PORT FILE`: a mail server that takes everything, and leaves the first mail in FILE."""

import asyncio
import sys
from pathlib import Path

import uvloop

from bench.load import HOST

_END = b"\r\n.\r\n"
_LARGEST = 2**20
# What mail servers offer.
_EHLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


async def _serve(port: int, first: Path) -> None:
    kept: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ESMTP\r\n")
        while line := await _line(reader):
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                content = await reader.readuntil(_END)
                if not kept:
                    kept.append(first.write_bytes(content[: -len(_END)]))  # noqa: ASYNC240  (once)
            elif verb == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            writer.write(_EHLO if verb == b"EHLO" else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(talk, HOST, port, limit=_LARGEST)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
