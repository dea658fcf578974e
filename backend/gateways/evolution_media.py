"""Every way to a received file's bytes, best first. The caller goes down the ladder until one holds.

    for way in open_media(gateway, offer, source):
        with way.open(limit_bytes) as chunks:      # iterator of bytes, at most 64 KiB each
            ...                                     # and check way.sha256, where it is known

1. `inline`           base64 that came in the webhook;
2. `whatsapp`         WhatsApp's `.enc` file, decrypted here while it arrives; the host is always mmg.whatsapp.net, or
                      the gateway's own (base_url + directPath) when the gateway is the sandbox;
3. `media_url`        the gateway's copy, on a public host or one of MEDIA_FETCH_HOSTS;
4. `gateway_id`       getBase64FromMediaMessage by id (needs the gateway's database);
5. `gateway_message`  the same with the whole message (needs nothing but WhatsApp).

`open` raises Refused when this way will never give the file (`media_gone`, `address_not_allowed`, `file_too_large`, …)
and TryLater when it may (`media_host_down`, `media_too_slow`, `not_a_file`, `gateway_unauthorized`, …): the next way is
tried either way. No file is ever whole in memory, the base64 of the gateway's answer included.
tests/contract/evolution.md 2.5.
"""

import binascii
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from django.conf import settings

from backend.gateways import evolution_base64
from backend.gateways.base import MediaOffer
from backend.gateways.evolution_base64 import GatewayAccess
from backend.gateways.whatsapp_media import OVERHEAD_BYTES, decrypted
from backend.lib import safe_fetch
from backend.lib.errors import Refused, TryLater

__all__ = ["Candidate", "GatewayAccess", "open_media", "source_of"]

WHATSAPP_HOST = "https://mmg.whatsapp.net"
DOWNLOAD_SECONDS = 300.0
SILENCE_SECONDS = 60.0
CHUNK_BYTES = 64 * 1024
GONE = {401, 403, 404, 410}

Opener = Callable[[int], AbstractContextManager[Iterator[bytes]]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way. `open(limit_bytes)` gives the plain bytes; `sha256` is what they must have, when it was announced."""

    way: str
    open: Opener
    sha256: bytes | None
    size_bytes: int | None


def open_media(gateway: GatewayAccess, offer: MediaOffer, source: str) -> Iterator[Candidate]:
    """The ways of this offer, in order. `source` is the provider's `{key, message}` as JSON text, or empty."""

    def candidate(way: str, opener: Opener) -> Candidate:
        return Candidate(way=way, open=opener, sha256=offer.sha256, size_bytes=offer.size_bytes)

    if offer.inline_base64:
        yield candidate("inline", lambda limit: _inline(offer.inline_base64 or "", limit))
    if offer.direct_path and offer.media_key:
        yield candidate("whatsapp", lambda limit: _whatsapp(gateway, offer, limit))
    if offer.media_url:
        yield candidate("media_url", lambda limit: _media_url(offer.media_url, limit))
    for way, body in evolution_base64.bodies(source):
        yield candidate(way, partial(evolution_base64.opened, gateway, body))


def source_of(provider_id: str) -> str:
    """A source that says nothing but the message's id: the gateway's own database may still know the rest."""
    return json.dumps({"key": {"id": provider_id}}) if provider_id else ""


@contextmanager
def _inline(text: str, limit_bytes: int) -> Iterator[Iterator[bytes]]:
    if len(text) // 4 * 3 > limit_bytes + 2:
        raise Refused("file_too_large", f"more than {limit_bytes} bytes")
    yield _decoded(text)


def _decoded(text: str) -> Iterator[bytes]:
    step = CHUNK_BYTES // 3 * 4
    try:
        for start in range(0, len(text), step):
            yield binascii.a2b_base64(text[start : start + step])
    except ValueError as error:
        raise TryLater("bad_answer", "the base64 in the webhook cannot be read") from error


@contextmanager
def _whatsapp(gateway: GatewayAccess, offer: MediaOffer, limit_bytes: int) -> Iterator[Iterator[bytes]]:
    if not offer.direct_path.startswith("/"):
        raise Refused("bad_url", "a direct path begins with a slash")
    base = gateway.base_url.rstrip("/") if gateway.is_sandbox else WHATSAPP_HOST
    private = [safe_fetch.host_and_port(base)] if gateway.is_sandbox else []
    with _downloaded(base + offer.direct_path, limit_bytes + OVERHEAD_BYTES, private) as chunks:
        yield decrypted(
            chunks,
            media_key=offer.media_key or b"",
            kind=offer.kind,
            enc_sha256=offer.enc_sha256,
            sha256=offer.sha256,
        )


@contextmanager
def _media_url(url: str, limit_bytes: int) -> Iterator[Iterator[bytes]]:
    with _downloaded(url, limit_bytes, settings.MEDIA_FETCH_HOSTS) as chunks:
        yield chunks


@contextmanager
def _downloaded(url: str, max_bytes: int, private_hosts: list[str]) -> Iterator[Iterator[bytes]]:
    with safe_fetch.fetch(
        url,
        max_bytes=max_bytes,
        total_seconds=DOWNLOAD_SECONDS,
        read_seconds=SILENCE_SECONDS,
        private_hosts=private_hosts,
    ) as answer:
        if answer.status in GONE:
            raise Refused("media_gone", f"the media host answered {answer.status}")
        if answer.status != 200:
            raise TryLater("media_host_down", f"the media host answered {answer.status}")
        if answer.headers.get("content-type", "").lower().startswith("text/html"):
            raise TryLater("not_a_file", "the media host answered with a web page")
        yield answer.chunks
