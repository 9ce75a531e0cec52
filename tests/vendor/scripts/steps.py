"""What the scripts share: saying how a step went, a small picture, downloads."""

import asyncio
import struct
import urllib.request
import zlib

PNG = b"\x89PNG\r\n\x1a\n"


def ok(step, trap=""):
    """Say that a step went well, or that the SDK fell into a trap of its own where it was expected to."""
    print("ok", f"{step}: {trap}" if trap else step, flush=True)


def small_png(side=64):
    """A red picture."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xc0\x20\x20" * side) * side)
    return PNG + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def png_size(data):
    """Width and height, and whether it has an alpha channel."""
    assert data.startswith(PNG), data[:32]
    return (*struct.unpack(">II", data[16:24]), data[25] in (4, 6))


async def download(url):
    """The bytes at a URL."""

    def get():
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    return await asyncio.to_thread(get)
