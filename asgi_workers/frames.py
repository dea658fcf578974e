"""Websocket frames that are built once, however many sockets they go to, and written past Daphne's own queues."""

from typing import Any

FRAMES_EXTENSION = "chat.frames"
"""In a websocket's ASGI scope: its FrameWriter."""


class FrameWriter:
    """Writes frames that were built once, header included, straight to a socket's transport."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    def write(self, frame: bytes) -> None:
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            protocol.transport.write(frame)

    def abort(self) -> None:
        """Drop the connection and what waits in its buffers, which a full garbage collection would keep till then."""
        transport = self._protocol.transport
        transport._tempDataBuffer, transport._tempDataLen = [], 0
        transport.dataBuffer, transport.offset = b"", 0
        transport.abortConnection()


def text_frame(payload: bytes) -> bytes:
    """An unmasked, unfragmented text frame, as a server sends it (RFC 6455 5.2)."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes([size]) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
