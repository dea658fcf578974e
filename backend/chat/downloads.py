"""An incoming file, from WhatsApp to our storage: every way is tried, and "ready" is said when it can be read."""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections

from backend.chat import expiry, healing, present, sharing, terms
from backend.chat.models import InboundEvent, Message
from backend.gateways import evolution, evolution_media
from backend.gateways.base import MediaKind, MediaOffer
from backend.gateways.evolution_media import GatewayAccess
from backend.lib.errors import ChatError, Refused, TryLater
from backend.media import pipeline, sniff
from backend.media.models import Attachment, new_media_hash
from backend.media.pipeline import Paced
from backend.realtime import bell, log, wire
from backend.tenants.models import Instance

logger = logging.getLogger(__name__)

Status = Attachment.Status
MADE_ANEW = {"image", "sticker", "voice"}
"""By the gateway, of what we give it to send."""


def download(attachment_id: UUID) -> None:
    """Pending → completed. A second worker, or a second run, finds nothing to move and leaves.

    Raises TryLater when one of the ways may still give the file, Refused when none will.
    """
    message = _message_of(attachment_id)
    if message is None:
        return
    if not sharing.claim(_attachment(message)):
        expiry.take_back(_attachment(message), message.conversation_id)  # what an earlier try had no time for
        return
    began = time.monotonic()
    try:
        _bring(message, _attachment(message))
    finally:
        is_taken_back = expiry.take_back(_attachment(message), message.conversation_id)
    if is_taken_back:
        return
    _cut_inline(message)
    milliseconds = int((time.monotonic() - began) * 1000)
    logger.info("[STORAGE] attachment ready", extra={"attachment_id": attachment_id, "duration_ms": milliseconds})


def _bring(message: Message, attachment: Attachment) -> None:
    """Processing → completed, unless the row has moved on meanwhile."""
    if healing.is_back(attachment):
        _complete(message, attachment, {})
    elif not sharing.share(message, attachment):
        try:
            learned = _fetched(message, attachment)
        except TryLater:
            sharing.give_way(attachment)
            raise
        _complete(message, attachment, learned)


def _complete(message: Message, attachment: Attachment, learned: Mapping[str, object]) -> None:
    with log.unit(message.tenant_id):
        sharing.complete(message, attachment, learned)


def _fetched(message: Message, attachment: Attachment) -> dict[str, object]:
    """By the first way that gives the file; stored. Returns what its row learns."""
    progress = Paced(Progress(message))
    source = message.source or evolution_media.source_of(message.provider_id)
    ways = evolution_media.open_media(access_to(message.instance), _offer_of(message), source)
    # A key never changes its bytes: what the gateway made anew goes beside where the file was.
    key_id = f"{attachment.pk}-{new_media_hash()[:8]}" if _is_made_anew(message) else attachment.pk
    close_old_connections()  # nobody needs it while bytes move
    with pipeline.spool_first(ways, limit_bytes=sniff.limit_bytes(message.kind), on_progress=progress) as spooled:
        ingested = pipeline.store(
            spooled,
            kind=message.kind,
            file_name=attachment.file_name,
            key_for=lambda name: pipeline.chat_key(message.tenant_id, message.conversation_id, key_id, name),
            media_hash=attachment.media_hash,
            on_progress=progress,
        )
    return terms.completed(attachment, message.kind, ingested)


def gave_up(attachment_id: str, error: ChatError) -> None:
    """The last try has failed: the bubble says why, and offers another."""
    message = _message_of(UUID(attachment_id))
    if message is None:
        return
    error = healing.verdict(_attachment(message), error)
    with log.unit(message.tenant_id):
        failed = Attachment.objects.filter(pk=attachment_id, status__in=[Status.PENDING, Status.PROCESSING]).update(
            status=Status.FAILED, error_code=error.code, error_message=error.detail
        )
        if failed:
            row = Attachment.objects.get(pk=attachment_id)
            log.publish(
                wire.AttachmentFailed(
                    attachment=present.attachment(row),
                    message_id=str(message.pk),
                    conversation_id=str(message.conversation_id),
                )
            )


class Progress:
    """Tells the tenant how far a file is; kept to four times a second by whoever calls it."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __call__(self, stage: str, done: int, total: int) -> None:
        bell.pass_on(
            self._message.tenant_id,
            wire.UploadProgress(
                attachment_id=str(self._message.attachment_id),
                message_id=str(self._message.pk),
                conversation_id=str(self._message.conversation_id),
                direction="incoming" if self._message.direction == Message.Direction.INCOMING else "outgoing",
                stage=cast(wire.Stage, stage),
                bytes=done,
                total=max(total, done),
                percent=min(100, done * 100 // total) if total else 0,
            ),
        )


def access_to(instance: Instance) -> GatewayAccess:
    """How this number's gateway is reached. The sandbox's media come from the sandbox, and only in a playground."""
    return GatewayAccess(
        base_url=instance.base_url,
        api_key=instance.api_key,
        name=instance.name,
        is_sandbox=settings.SANDBOX and instance.provider == "sandbox",
    )


def _offer_of(message: Message) -> MediaOffer:
    offer = evolution.media_offer(message.source) or _offer_by_id(message)
    if offer is None:
        raise Refused("nothing_to_fetch", "The message says nothing of where its file is.")
    body = _body_of(evolution.inbound_event_of(message.source), message.tenant_id)
    return offer if body is None else replace(offer, inline_base64=evolution.inline_base64(body))


def _offer_by_id(message: Message) -> MediaOffer | None:
    """Of a file of ours that is gone: nobody announced it to us, but we know what it was. What the gateway makes anew
    before it sends it comes back as the customer has it: tests/contract/evolution.md 4.4."""
    attachment = _attachment(message)
    if not message.provider_id or not attachment.content_sha256:
        return None
    kind = cast(MediaKind, message.kind)
    if _is_made_anew(message):
        return MediaOffer(kind, attachment.file_type, attachment.file_name)
    sha256 = bytes.fromhex(attachment.content_sha256)
    return MediaOffer(kind, attachment.file_type, attachment.file_name, attachment.size_bytes, sha256)


def _is_made_anew(message: Message) -> bool:
    return not message.source and message.kind in MADE_ANEW


def _cut_inline(message: Message) -> None:
    """The file is stored: its base64 need not lie in the webhook's body as well."""
    event_id = evolution.inbound_event_of(message.source)
    body = _body_of(event_id, message.tenant_id)
    inline = evolution.inline_base64(body) if body is not None else None
    if body is not None and inline:
        InboundEvent.objects.filter(pk=event_id or 0).update(body=body.replace(inline.encode(), b"", 1))


def _body_of(event_id: int | None, tenant_id: UUID) -> bytes | None:
    if event_id is None:
        return None
    body = InboundEvent.objects.filter(pk=event_id, tenant_id=tenant_id).values_list("body", flat=True).first()
    return None if body is None else bytes(body)


def _message_of(attachment_id: UUID) -> Message | None:
    return Message.objects.select_related("attachment", "instance").filter(attachment_id=attachment_id).first()


def _attachment(message: Message) -> Attachment:
    assert message.attachment is not None
    return message.attachment
