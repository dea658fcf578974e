"""A browser's socket, as far as a bench needs one: it hears every frame at once and acknowledges as it goes."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

ACK_EVERY = 32
Heard = Callable[[dict[str, Any]], None]


class Ear(WSListener):
    """Calls `heard` with each frame. `seq` is the number of the last durable event."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self.seq = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type != WSMsgType.TEXT:
            return
        said = json.loads(frame.get_payload_as_bytes())
        self._heard(said)
        if said["type"] not in ("hello", "resync", "tick") and "seq" in said:
            self.seq = said["seq"]
            if self.seq % ACK_EVERY == 0:
                transport.send(WSMsgType.TEXT, b'{"type":"ack","seq":%d}' % self.seq)


async def listen(
    url: str, tenant_id: str, headers: Mapping[str, str], heard: Heard, *, after: int | None = None
) -> WSTransport:
    """Open a tenant's socket at a process's address. Raises OSError when it cannot be reached."""
    cursor = "" if after is None else f"?after={after}"
    address = f"{url.replace('http', 'ws', 1)}/ws/tenant/{tenant_id}/{cursor}"
    transport, _ = await ws_connect(lambda: Ear(heard), address, extra_headers=dict(headers))
    return transport
