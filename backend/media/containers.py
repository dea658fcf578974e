"""Looks into containers, only as far as their kind shows, in bounded memory: this runs beside the server's threads, so
nothing here decodes, decompresses or trusts a length."""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO

UNKNOWN = "application/octet-stream"
CHUNK_BYTES = 64 * 1024
MAX_BOXES = 256
MAX_MOOV_BYTES = 4 * 1024 * 1024
MAX_DIRECTORY_BYTES = 1024 * 1024
MAX_NAMES = 4096

OGG_PICTURES = re.compile(rb"\x80theora|\x80kate|fishead\x00|BBCD\x00")
_LENGTH = rb"(?:[\x81-\xff]|\x01\x00{6}[\x01-\xff])"
_WEBM = re.compile(rb"\x42\x82" + _LENGTH + rb"webm")
_WEBM_PICTURES = re.compile(rb"\x86" + _LENGTH + rb"V_")
_WEBM_SOUND = re.compile(rb"\x86" + _LENGTH + rb"A_(?:OPUS|VORBIS)")
_HANDLER = re.compile(rb"hdlr.{8}(vide|soun)", re.S)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
_TEXT_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


# --- ISO base media: MP4, MOV, M4A, 3GP, HEIC ------------------------------------------------------------------------


def iso_media(file: BinaryIO) -> str:
    """By the brands of `ftyp`, and where they say nothing by what the tracks are."""
    file.seek(0)
    size = min(max(struct.unpack(">I", file.read(4))[0], 16), 4096)
    body = file.read(size - 4)[4:]
    brands = [body[:4], *(body[start : start + 4] for start in range(8, len(body) - 3, 4))]
    if any(brand in _HEIC_BRANDS for brand in brands):
        return "image/heic"
    if brands[0] in {b"avif", b"avis", b"mif1", b"msf1", b"crx ", b"jp2 "}:
        return UNKNOWN
    handlers = iso_handlers(file)
    if handlers == {"soun"} or (not handlers and brands[0] in {b"M4A ", b"M4B "}):
        return "audio/mp4"
    if brands[0] == b"qt  ":
        return "video/quicktime"
    return "video/3gpp" if brands[0][:3] in {b"3gp", b"3g2"} else "video/mp4"


def iso_handlers(file: BinaryIO) -> set[str]:
    """Which kinds of track the file's `moov` box lists."""
    position = 0
    for _ in range(MAX_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            break
        size, name = struct.unpack(">I", header[:4])[0], header[4:8]
        if name == b"moov":
            file.seek(position)
            found: list[bytes] = _HANDLER.findall(file.read(MAX_MOOV_BYTES if size == 0 else min(size, MAX_MOOV_BYTES)))
            return {handler.decode() for handler in found}
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if size < 8:
            break
        position += size
    return set()


# --- WebM ------------------------------------------------------------------------------------------------------------


def webm(head: bytes) -> str:
    """Sound alone, as browsers record it: by the codecs that its tracks name. Pictures are not taken in this form."""
    if not _WEBM.search(head[:64]) or _WEBM_PICTURES.search(head):
        return UNKNOWN
    return "audio/webm" if _WEBM_SOUND.search(head) else UNKNOWN


# --- Archives: zip, OOXML, ODF ---------------------------------------------------------------------------------------


def archive(file: BinaryIO) -> str:
    """OOXML and ODF by the names inside; programs and macro documents are UNKNOWN; everything else is a zip."""
    if odf := _odf(file):
        return odf
    names = set(_names(file))
    if names & {b"AndroidManifest.xml", b"META-INF/MANIFEST.MF"}:
        return UNKNOWN
    if b"animation/animation.json" in names:
        return "application/was"
    if b"[Content_Types].xml" not in names:
        return "application/zip"
    if any(name.lower().endswith(b"vbaproject.bin") for name in names):
        return UNKNOWN
    kinds = {"word/": "wordprocessingml.document", "xl/": "spreadsheetml.sheet", "ppt/": "presentationml.presentation"}
    for folder, kind in kinds.items():
        if any(name.startswith(folder.encode()) for name in names):
            return f"application/vnd.openxmlformats-officedocument.{kind}"
    return "application/zip"


def _odf(file: BinaryIO) -> str:
    # OpenDocument puts the uncompressed entry `mimetype` first, for readers like this one.
    file.seek(0)
    head = file.read(160)
    mark = b"mimetypeapplication/vnd.oasis.opendocument."
    if head[30 : 30 + len(mark)] != mark:
        return ""
    rest = head[30 + len(mark) :]
    for kind in ("text", "spreadsheet", "presentation"):
        if rest.startswith(kind.encode()) and not rest[len(kind) :].startswith(b"-"):
            return f"application/vnd.oasis.opendocument.{kind}"
    return "application/zip"


def _names(file: BinaryIO) -> Iterator[bytes]:
    """Of the central directory, at most MAX_NAMES (`zipfile` would make an object of each, a million if told so)."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 20:
        return
    size, offset = struct.unpack("<II", tail[at + 12 : at + 20])
    file.seek(offset)
    directory = file.read(min(size, MAX_DIRECTORY_BYTES))
    position = 0
    for _ in range(MAX_NAMES):
        entry = directory[position : position + 46]
        if len(entry) < 46 or not entry.startswith(b"PK\x01\x02"):
            return
        lengths = struct.unpack("<HHH", entry[28:34])
        yield directory[position + 46 : position + 46 + lengths[0]]
        position += 46 + sum(lengths)


# --- Compound files: DOC, XLS, PPT -----------------------------------------------------------------------------------

_STREAMS = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_ENDS = 0xFFFFFFFA


def compound(file: BinaryIO) -> str:
    """By the names of the streams in its directory. (An installer, .msi, is a compound file too, and UNKNOWN.)"""
    file.seek(0)
    header = file.read(512)
    if len(header) < 512:
        return UNKNOWN
    shift = struct.unpack("<H", header[30:32])[0]
    if shift not in {9, 12}:
        return UNKNOWN
    table = [sector for sector in struct.unpack("<109I", header[76:512]) if sector < _ENDS]
    sector = struct.unpack("<I", header[48:52])[0]
    for _ in range(MAX_BOXES):
        if sector >= _ENDS:
            break
        for name in _stream_names(_sector(file, sector, shift)):
            if name in _STREAMS:
                return _STREAMS[name]
        sector = _next_sector(file, sector, shift, table)
    return UNKNOWN


def _sector(file: BinaryIO, number: int, shift: int) -> bytes:
    file.seek((number + 1) << shift)
    return file.read(1 << shift)


def _next_sector(file: BinaryIO, number: int, shift: int, table: list[int]) -> int:
    which, at = divmod(number, (1 << shift) // 4)
    if which >= len(table):
        return _ENDS
    entry = _sector(file, table[which], shift)[at * 4 : at * 4 + 4]
    return int(struct.unpack("<I", entry)[0]) if len(entry) == 4 else _ENDS


def _stream_names(sector: bytes) -> Iterator[str]:
    for start in range(0, len(sector) - 127, 128):
        length = struct.unpack("<H", sector[start + 64 : start + 66])[0]
        yield sector[start : start + max(0, min(length, 64) - 2)].decode("utf-16-le", "ignore")


# --- Text ------------------------------------------------------------------------------------------------------------


def is_text(file: BinaryIO) -> bool:
    """Whether the whole file is text: UTF-16 with its mark, or an ASCII superset without control characters."""
    file.seek(0)
    if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        if _TEXT_CONTROL.search(chunk):
            return False
    return True
