"""What goes wrong on purpose, and the dice that decide when. Everything is off until the control API turns it on."""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MediaTrouble = Literal[
    "none", "delay", "slow", "status", "html", "truncated", "cut", "longer", "corrupt", "redirect", "hang"
]
GatewayTrouble = Literal[
    "none", "slow", "accept_then_hang", "disconnected", "upload_failed", "not_on_whatsapp", "status"
]


class Trouble(BaseModel):
    """Strikes with `probability`, at most `count` times (null: for ever)."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    probability: float = Field(1.0, ge=0, le=1)
    count: int | None = Field(None, ge=0)


class WebhookFaults(BaseModel):
    """Each of the first three is a probability; `events` limits them to some wire names (empty: all).

    A dropped event is lost for good, as when Evolution restarts; a reordered one waits up to `reorder_seconds`.
    """

    model_config = ConfigDict(extra="forbid")

    drop: float = Field(0.0, ge=0, le=1)
    duplicate: float = Field(0.0, ge=0, le=1)
    reorder: float = Field(0.0, ge=0, le=1)
    reorder_seconds: float = Field(3.0, ge=0)
    slow_seconds: float = Field(0.0, ge=0)
    events: list[str] = Field(default_factory=list)


class MediaFaults(Trouble):
    """How WhatsApp's media host fails.

    delay: `seconds` before the first byte. slow: `bytes_per_second`. status: answers `status`. html: 200 with a page.
    truncated: ends early. cut: the connection dies half-way. longer: goes on after the file. corrupt: one byte is
    wrong. redirect: 302 to `location`. hang: nothing at all for `seconds`, then the connection ends. With
    `also_gateway` the gateway's own download (getBase64FromMediaMessage) fails too.
    """

    mode: MediaTrouble = "none"
    seconds: float = Field(5.0, ge=0)
    bytes_per_second: int = Field(16_384, ge=1)
    status: int = Field(404, ge=100, le=599)
    location: str = ""
    also_gateway: bool = False


class GatewayFaults(Trouble):
    """How the gateway fails when an agent sends; seconds are real ones, here and for media.

    slow: answers after `seconds`. accept_then_hang: sends, then says nothing for `seconds` (the caller times out).
    disconnected: "Connection Closed". upload_failed: WhatsApp's hosts refuse the file. not_on_whatsapp: exists false.
    status: answers `status` with a bare error. `hide_echo` keeps send.message back, `hide_record` keeps the message out
    of findMessages; both hold for every send while they are on.
    """

    mode: GatewayTrouble = "none"
    seconds: float = Field(5.0, ge=0)
    status: int = Field(502, ge=400, le=599)
    hide_echo: bool = False
    hide_record: bool = False


class Faults(BaseModel):
    """All faults of one instance; with a `seed` the same calls meet the same luck."""

    model_config = ConfigDict(extra="forbid")

    seed: int | None = None
    webhooks: WebhookFaults = Field(default_factory=WebhookFaults)
    media: MediaFaults = Field(default_factory=MediaFaults)
    gateway: GatewayFaults = Field(default_factory=GatewayFaults)


class Dice:
    """The faults of every instance and the luck they are drawn with."""

    def __init__(self) -> None:
        self._faults: dict[str, Faults] = {}
        self._luck: dict[str, random.Random] = {}

    def of(self, instance: str) -> Faults:
        return self._faults.setdefault(instance, Faults())

    def set(self, instance: str, faults: Faults) -> None:
        self._faults[instance] = faults
        self._luck[instance] = random.Random(faults.seed)

    def clear(self) -> None:
        self._faults.clear()
        self._luck.clear()

    def luck(self, instance: str) -> random.Random:
        return self._luck.setdefault(instance, random.Random(self.of(instance).seed))

    def media(self, instance: str) -> MediaFaults | None:
        """The trouble that strikes this fetch, if one does."""
        faults = self.of(instance).media
        return faults if faults.mode != "none" and self._strikes(instance, faults) else None

    def gateway(self, instance: str, *, has_file: bool) -> GatewayFaults | None:
        """The trouble that strikes this send, if one does; without a file no upload can fail."""
        faults = self.of(instance).gateway
        if faults.mode == "none" or (faults.mode == "upload_failed" and not has_file):
            return None
        return faults if self._strikes(instance, faults) else None

    def _strikes(self, instance: str, trouble: Trouble) -> bool:
        if trouble.count == 0 or self.luck(instance).random() >= trouble.probability:
            return False
        if trouble.count is not None:
            trouble.count -= 1
        return True
