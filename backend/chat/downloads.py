"""An incoming file, from WhatsApp to our storage: every way is tried, and "ready" is said when it can be read."""

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from django.conf import settings

from backend.chat import present
from backend.chat.models import InboundEvent, Message
from backend.gateways import evolution, evolution_media
from backend.gateways.base import MediaOffer
from backend.gateways.evolution_media import GatewayAccess
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.media import pipeline, sniff
from backend.media.models import Attachment
from backend.media.pipeline import Spooled
from backend.realtime import bell, log, wire
from backend.tenants.models import Instance

logger = logging.getLogger(__name__)

Status = Attachment.Status
PROGRESS_SECONDS = 0.25


def download(attachment_id: UUID) -> None:
    """Pending → completed. A second worker, or a second run, finds nothing to move and leaves.

    Raises TryLater when one of the ways may still give the file, Refused when none will.
    """
    moved = Attachment.objects.filter(pk=attachment_id, status__in=[Status.PENDING, Status.PROCESSING]).update(
        status=Status.PROCESSING
    )
    message = _message_of(attachment_id)
    if not moved or message is None:
        return
    began = time.monotonic()
    progress = Progress(message)
    with contextlib.closing(_fetch(message, progress)) as spooled:
        ingested = pipeline.store(
            spooled,
            attachment_id=attachment_id,
            prefix=f"chat/{message.tenant_id}/{message.conversation_id}",
            kind=message.kind,
            file_name=_attachment(message).file_name,
            on_progress=progress,
        )
    with log.unit(message.tenant_id):
        completed = Attachment.objects.filter(pk=attachment_id, status=Status.PROCESSING).update(
            status=Status.COMPLETED,
            error_code="",
            error_message="",
            **ingested.row(known=_attachment(message).metadata),
        )
        if completed:
            row = Attachment.objects.get(pk=attachment_id)
            log.publish(
                wire.AttachmentReady(
                    attachment=present.attachment(row),
                    message_id=str(message.pk),
                    conversation_id=str(message.conversation_id),
                )
            )
    milliseconds = int((time.monotonic() - began) * 1000)
    logger.info(
        "[STORAGE] attachment ready",
        extra={"attachment_id": attachment_id, "file_size": ingested.size_bytes, "duration_ms": milliseconds},
    )


def gave_up(attachment_id: str, error: ChatError) -> None:
    """The last try has failed: the bubble says why, and offers another."""
    message = _message_of(UUID(attachment_id))
    if message is None:
        return
    with log.unit(message.tenant_id):
        failed = Attachment.objects.filter(
            pk=attachment_id, status__in=[Status.PENDING, Status.PROCESSING]
        ).update(status=Status.FAILED, error_code=error.code, error_message=error.detail)
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
    """Tells the tenant how far a file is: at most four times a second, and at the end of each stage."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._told_at = 0.0

    def __call__(self, stage: wire.Stage, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at < PROGRESS_SECONDS and done < total:
            return
        self._told_at = now
        bell.pass_on(
            self._message.tenant_id,
            wire.UploadProgress(
                attachment_id=str(self._message.attachment_id),
                message_id=str(self._message.pk),
                conversation_id=str(self._message.conversation_id),
                direction="incoming" if self._message.direction == Message.Direction.INCOMING else "outgoing",
                stage=stage,
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


def _fetch(message: Message, on_progress: Callable[[wire.Stage, int, int], None]) -> Spooled:
    """Down the ladder until a way holds. What may still work later outweighs what never will."""
    offer = _offer_of(message)
    limit = sniff.limit_bytes(message.kind)
    if offer.size_bytes is not None and offer.size_bytes > limit:
        raise Refused("file_too_large", f"{offer.size_bytes} bytes, at most {limit} are taken")
    reasons: list[ChatError] = []
    for way in evolution_media.open_media(access_to(message.instance), offer, message.source):
        try:
            with way.open(limit) as chunks:
                return pipeline.spool(
                    chunks,
                    limit_bytes=limit,
                    expected_sha256=way.sha256,
                    total_bytes=way.size_bytes,
                    on_progress=on_progress,
                )
        except (Refused, Missing, TryLater) as error:
            logger.info(
                "[MEDIA] a way failed",
                extra={"attachment_id": message.attachment_id, "way": way.way, "code": error.code},
            )
            if error.code in {"file_too_large"}:
                raise
            reasons.append(error)
    if not reasons:
        raise Refused("nothing_to_fetch", "The message says nothing of where its file is.")
    raise next((reason for reason in reasons if isinstance(reason, TryLater)), reasons[0])


def _offer_of(message: Message) -> MediaOffer:
    offer = evolution.media_offer(message.source)
    if offer is None:
        raise Refused("nothing_to_fetch", "The message says nothing of where its file is.")
    event_id = evolution.inbound_event_of(message.source)
    if event_id is None:
        return offer
    body = InboundEvent.objects.filter(pk=event_id, tenant_id=message.tenant_id).values_list("body", flat=True).first()
    inline = evolution.inline_base64(bytes(body)) if body is not None else None
    return replace(offer, inline_base64=inline)


def _message_of(attachment_id: UUID) -> Message | None:
    return (
        Message.objects.select_related("attachment", "instance").filter(attachment_id=attachment_id).first()
    )


def _attachment(message: Message) -> Attachment:
    assert message.attachment is not None
    return message.attachment
