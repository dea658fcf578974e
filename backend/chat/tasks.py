"""How each kind of job is done. Every function takes a subject, re-reads the row, and makes only what is missing."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from backend.chat import (
    abandoned,
    changes,
    downloads,
    erasure,
    expiry,
    lane,
    outgoing,
    pictures,
    reconcile,
    sending,
    terms,
    work,
)
from backend.chat.models import InboundEvent, Parked
from backend.jobs import queue
from backend.jobs.queue import runs
from backend.lib.errors import ChatError
from backend.media import orphans
from backend.media.decoders import decoders
from backend.media.spool import sweep
from backend.media.storages import media_storage
from backend.realtime import log

logger = logging.getLogger(__name__)

PRUNE_BATCH = 500
WEEK = timedelta(days=7)


def warm() -> None:
    """Start what takes a while before it is needed: the decoder processes, and the bucket on a new machine."""
    decoders().warm()
    try:
        media_storage().ensure_bucket()
    except ChatError as error:
        logger.warning("[S3] storage not ready", extra={"code": error.code, "reason": error.detail})


def cool() -> None:
    """The process is going."""
    decoders().close()


@runs(work.INBOX)
def inbox(tenant_id: str) -> None:
    lane.run_inbox(tenant_id)


@runs(work.INBOX_EVENT, gave_up=lane.gave_up)
def inbox_event(event_id: str) -> None:
    lane.run_event(event_id)


@runs(work.DOWNLOAD_MEDIA, gave_up=downloads.gave_up)
def download_media(attachment_id: str) -> None:
    downloads.download(UUID(attachment_id))


@runs(work.RECONCILE)
def read_back(instance_id: str) -> None:
    reconcile.reconcile(instance_id)


@runs(work.SEND, gave_up=sending.gave_up)
def send(conversation_id: str) -> None:
    sending.run(UUID(conversation_id))


@runs(work.MARK_READ)
def mark_read(conversation_id: str) -> None:
    changes.mark_read(conversation_id)


@runs(work.PROCESS_UPLOAD, gave_up=outgoing.gave_up)
def process_upload(attachment_id: str) -> None:
    abandoned.settle(UUID(attachment_id))
    outgoing.process(UUID(attachment_id))


@runs(work.PROFILE_PICTURE)
def profile_picture(contact_id: str) -> None:
    pictures.copy(UUID(contact_id))


@runs(work.HOUSEKEEPING)
def housekeeping(_: str) -> None:
    """Drop what is past its retention. Trouble in one thing keeps no other from being done, and is raised after."""
    if not queue.is_open(work.ORPHANS, "weekly"):
        queue.enqueue(work.ORPHANS, "weekly", tenant_id=None, run_at=timezone.now() + WEEK)
    done, troubles = {}, []
    for name, piece in _pieces().items():
        try:
            done[name] = piece()
        except (OperationalError, InterfaceError):  # the database: nothing else would fare better
            raise
        except Exception as error:  # raised below, when the others are done
            troubles.append(error)
    logger.info("pruned", extra=done)
    if troubles:
        raise ExceptionGroup("housekeeping", troubles)


@runs(work.TAKE_BACK)
def take_back(tenant_and_conversation: str) -> None:
    erasure.take_back(tenant_and_conversation)


@runs(work.ORPHANS)
def orphans_weekly(_: str) -> None:
    """Look, and tell; `manage.py sweep_media` removes."""
    report = orphans.look()
    is_amiss = report.orphans or report.unfinished or report.lost
    logger.log(
        logging.WARNING if is_amiss else logging.INFO,
        "[STORAGE] objects without a row, files without their object: see sweep_media",
        extra={
            "objects": report.objects,
            "orphans": len(report.orphans),
            "bytes": report.orphan_bytes,
            "unfinished": len(report.unfinished),
            "lost": len(report.lost),
        },
    )


def _pieces() -> dict[str, Callable[[], int]]:
    return {
        "warnings": terms.check_the_bucket,
        "events": log.prune,
        "jobs": queue.prune,
        "webhooks": prune_webhooks,
        "spooled": sweep,
        "uploads": abandoned.sweep,
        "erased": reconcile.prune,
        "expired": _expire,
        "parked": prune_parked,
    }


def _expire() -> int:
    """In this order: what a rule keeps longer must know it before anything goes."""
    failed: set[UUID] = set()
    terms.apply_all(failed)
    return expiry.sweep(but_for=failed)


def prune_webhooks() -> int:
    """Stored webhooks older than WEBHOOK_RETENTION_DAYS that are done with. Returns how many."""
    dropped = 0
    old = InboundEvent.objects.filter(received_at__lt=_horizon(), processed_at__isnull=False)
    while ids := list(old.values_list("pk", flat=True)[:PRUNE_BATCH]):
        dropped += InboundEvent.objects.filter(pk__in=ids).delete()[0]
    return dropped


def prune_parked() -> int:
    return Parked.objects.filter(created_at__lt=_horizon()).delete()[0]


def _horizon() -> datetime:
    return timezone.now() - timedelta(days=settings.WEBHOOK_RETENTION_DAYS)
