"""What a camera wrote beside a film (where, when, with what) is blanked where it lies: no box moves."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SAID_BESIDE = {b"udta", b"meta", b"uuid"}
LOOKED_INTO = {b"moov", b"trak"}
MAX_BOXES = 4096
MAX_DEPTH = 2
CHUNK_BYTES = 64 * 1024


def blank(path: Path) -> int:
    """Of an MP4, MOV or 3GP. Returns how many boxes said something."""
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        found = list(_boxes_beside(file, 0, end))
        for start, header, size in found:
            file.seek(start + 4)
            file.write(b"free")
            _fill(file, start + header, size - header)
    return len(found)


def _boxes_beside(file: BinaryIO, start: int, end: int, depth: int = 0) -> Iterator[tuple[int, int, int]]:
    """`(start, bytes of header, size)` of each."""
    for _ in range(MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        size, name, header = struct.unpack(">I", head[:4])[0], head[4:8], 8
        if size == 1 and len(head) == 16:
            size, header = struct.unpack(">Q", head[8:])[0], 16
        size = end - start if size == 0 else size
        if size < header or start + size > end:
            return
        if name in SAID_BESIDE:
            yield start, header, size
        elif name in LOOKED_INTO and depth < MAX_DEPTH:
            yield from _boxes_beside(file, start + header, start + size, depth + 1)
        start += size


def _fill(file: BinaryIO, start: int, length: int) -> None:
    file.seek(start)
    while length > 0:
        length -= file.write(bytes(min(CHUNK_BYTES, length)))
