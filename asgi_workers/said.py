"""What a browser tells its colleagues through the socket: checked, throttled, passed on."""

import time
from typing import Any
from uuid import UUID

from backend.chat import presence, uploads
from backend.lib.errors import Refused
from backend.realtime import wire
from backend.tenants.access import Caller

SAID_A_SECOND = 20
"""More than this from one socket is refused: a person does not type that fast."""


class Speaker:
    """One socket's voice in its tenant."""

    def __init__(self, caller: Caller, tenant_id: UUID, database: Any) -> None:
        self._caller = caller
        self._tenant_id = tenant_id
        self._database = database
        self._viewing: str | None = None
        self._allowance = float(SAID_A_SECOND)
        self._counted_at = time.monotonic()

    async def hear(self, said: wire.SaidTyping | wire.SaidViewing | wire.SaidProgress) -> None:
        """Pass it on to the tenant. Raises Refused when there is too much of it, Missing for a stranger's thing."""
        self._spend()
        if isinstance(said, wire.SaidTyping):
            await self._database(presence.typing, self._tenant_id, self._caller.user, said)
        if isinstance(said, wire.SaidProgress):
            await self._database(uploads.progress, self._tenant_id, self._caller.user, said)
        if isinstance(said, wire.SaidViewing):
            await self._database(presence.here, self._tenant_id, self._caller.user, said.conversation_id)
            self._viewing = said.conversation_id

    async def came(self) -> None:
        """The socket is live: the colleagues see its owner, and its owner sees them."""
        await self._database(presence.here, self._tenant_id, self._caller.user, None)

    async def stays(self) -> None:
        await self._database(presence.still_here, self._tenant_id, self._caller.user, self._viewing)

    async def left(self) -> None:
        await self._database(presence.gone, self._tenant_id, self._caller.user)

    def _spend(self) -> None:
        now = time.monotonic()
        self._allowance = min(SAID_A_SECOND, self._allowance + (now - self._counted_at) * SAID_A_SECOND)
        self._counted_at = now
        if self._allowance < 1:
            raise Refused("too_fast")
        self._allowance -= 1
