"""An agent's file on its way to us: a ticket, the bytes (past this server), and a word when all is there.

The row's `upload` says how: `key` is where the bytes are PUT as they are, outside `chat/`; with `multipart_id` they
come in parts of `part_bytes`. `chat/outgoing.py` makes the sendable file of them. `key` is gone from it once nothing of
the upload is left in the storage.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import close_old_connections
from django.utils import timezone

from backend.chat import outbox, work
from backend.chat.downloads import Progress
from backend.chat.models import Conversation, Message
from backend.chat.outgoing import fail
from backend.chat.wanted import Wanted
from backend.jobs import queue
from backend.lib.errors import Conflict, Missing, Refused
from backend.lib.text import safe_name, shown_name
from backend.media.local import LocalMediaStorage, read_ticket
from backend.media.models import Attachment
from backend.media.storages import TICKET_SECONDS, Part, Ticket, media_storage
from backend.realtime import log, wire
from backend.tenants.models import User

logger = logging.getLogger(__name__)

Status = Attachment.Status
MiB = 1024 * 1024
PART_BYTES = 8 * MiB
QUIET = timedelta(minutes=10)
"""A browser that has not asked for anything so long may be gone: its ticket ended five minutes ago. A job looks then:
`chat/abandoned.py`."""
TOLD_SECONDS = 0.25
_told: dict[tuple[UUID, str], float] = {}


@dataclass(frozen=True, slots=True)
class Begun:
    """Neither a ticket nor parts: this upload is over, and the rows say how it went."""

    message: Message
    attachment: Attachment
    ticket: Ticket | None = None
    part_bytes: int = 0

    @property
    def part_count(self) -> int:
        return -(-self.attachment.size_bytes // self.part_bytes) if self.part_bytes else 0


@dataclass(frozen=True, slots=True)
class PartTickets:
    """`urls` for the parts that were asked for and are not here; `done`: number → etag of those that are."""

    urls: dict[int, str]
    done: dict[int, str]
    expires_in: int = TICKET_SECONDS


def begin(conversation: Conversation, author: User, wanted: Wanted) -> Begun:
    """The optimistic message and its pending file; the same `client_id` again is the same message, with a fresh ticket.

    Raises Refused (`empty_file`, `file_too_large`, `type_not_allowed`) before a byte leaves, and as `outbox.draft`.
    """
    message = wanted.known_in(conversation) or _drafted(conversation, author, wanted)
    attachment = message.attachment
    if attachment is None:
        raise Conflict("client_id_taken", "This client_id is that of a message without a file.")
    if attachment.status != Status.PENDING:
        return Begun(message, attachment)
    _touch(attachment)
    if part_bytes := attachment.upload.get("part_bytes", 0):
        return Begun(message, attachment, part_bytes=part_bytes)
    upload = attachment.upload
    return Begun(message, attachment, media_storage().upload_ticket(upload["key"], upload["mime"], upload["size"]))


def part_tickets(attachment: Attachment, numbers: Iterable[int]) -> PartTickets:
    """A part of the wrong length is not done. Raises Conflict(`upload_over`), Refused(`not_in_parts`, `bad_part`)."""
    upload = attachment.upload
    if attachment.status != Status.PENDING:
        raise Conflict("upload_over", f"This file is {attachment.status}.")
    if not upload.get("part_bytes"):
        raise Refused("not_in_parts", "This file is PUT whole.")
    _touch(attachment)
    storage, sizes = media_storage(), _part_sizes(upload)
    parts_id = upload.get("multipart_id") or _begin_parts(attachment)
    done = _done(storage.parts(upload["key"], parts_id), sizes)
    if unknown := set(numbers) - sizes.keys():
        raise Refused("bad_part", f"There is no part {min(unknown)}: they are 1 to {len(sizes)}.")
    urls = {
        number: storage.part_ticket(upload["key"], parts_id, number, sizes[number]).url
        for number in sorted(set(numbers) - done.keys())
    }
    return PartTickets(urls, done)


def receive(ticket: str, mime: str, length: int, chunks: Iterable[bytes]) -> Part:
    """A PUT to our own storage: the ticket alone is the right to it.

    Raises Refused (`ticket_expired`, `ticket_invalid`, `size_mismatch`, `type_mismatch`), Conflict(`upload_over`).
    """
    storage = media_storage()
    if not isinstance(storage, LocalMediaStorage):
        raise Missing("not_found", "Files are PUT to the storage itself.")
    facts = read_ticket(ticket)
    if length != facts.size:
        raise Refused("size_mismatch", f"{facts.size} bytes were announced, {length} are sent.")
    if facts.mime and mime != facts.mime:
        raise Refused("type_mismatch", f"{facts.mime} was announced.")
    if not Attachment.objects.filter(pk=_attachment_id(facts.key), status=Status.PENDING).exists():
        raise Conflict("upload_over", "Nobody waits for this file any more.")
    return storage.receive(facts, chunks)


def complete(attachment: Attachment) -> Attachment:
    """All of it is in the storage: it is processed now. Called again it changes nothing.

    Raises Conflict(`upload_missing`, `size_mismatch`) and TryLater.
    """
    if attachment.status == Status.PENDING:
        _check_arrived(attachment.upload)
        with log.unit(attachment.tenant_id):
            moved = Attachment.objects.filter(pk=attachment.pk, status=Status.PENDING).update(status=Status.PROCESSING)
            if moved:
                queue.enqueue(work.PROCESS_UPLOAD, attachment.pk, tenant_id=attachment.tenant_id)
    attachment.refresh_from_db()
    return attachment


def cancel(attachment: Attachment) -> bool:
    """An agent changed their mind: whatever was uploaded is removed. Joins the open unit; False when it is too late."""
    open_states = [Status.PENDING, Status.PROCESSING]
    with log.unit(attachment.tenant_id):
        return fail(attachment, Refused(outbox.CANCELLED, "An agent cancelled this upload."), among=open_states)


def progress(tenant_id: UUID, user: User, said: wire.SaidProgress) -> None:
    """What a browser says of its PUT, passed on to the colleagues; kept to four times a second.

    Raises Missing for what is not the tenant's; what is no longer on its way is not news.
    """
    if not _is_time(tenant_id, said.attachment_id):
        return
    try:
        key = UUID(said.attachment_id)
    except ValueError:
        raise Missing("no_such_attachment") from None
    message = Message.objects.select_related("attachment").filter(tenant_id=tenant_id, attachment_id=key).first()
    if message is None or message.attachment is None:
        raise Missing("no_such_attachment")
    if message.attachment.status == Status.PENDING:
        size = message.attachment.size_bytes
        Progress(message)("uploading", min(said.bytes, size), size)


def _drafted(conversation: Conversation, author: User, wanted: Wanted) -> Message:
    mime, kind = wanted.checked()
    storage_type = media_storage().storage_type
    with log.unit(conversation.tenant_id):
        attachment = Attachment(
            tenant_id=conversation.tenant_id,
            file_name=shown_name(wanted.file_name) or kind,
            file_type=mime,
            size_bytes=wanted.size_bytes,
            storage_type=storage_type,
        )
        key = f"uploads/{conversation.tenant_id}/{attachment.pk}_{safe_name(wanted.file_name)}"
        attachment.upload = {"key": key, "mime": mime, "size": wanted.size_bytes}
        if wanted.is_voice:
            attachment.upload["voice"] = True
        if wanted.size_bytes > PART_BYTES:
            attachment.upload["part_bytes"] = PART_BYTES
        attachment.save(force_insert=True)
        message, is_new = outbox.draft(
            conversation,
            author,
            client_id=wanted.client_id,
            kind=kind,
            text=wanted.caption,
            attachment=attachment,
            quoted_id=wanted.quoted_id,
        )
        if not is_new:
            attachment.delete()
            return message
        soon = timezone.now() + QUIET
        queue.enqueue(work.PROCESS_UPLOAD, attachment.pk, tenant_id=attachment.tenant_id, run_at=soon)
    return message


def _touch(attachment: Attachment) -> None:
    """Somebody still works at this upload."""
    Attachment.objects.filter(pk=attachment.pk).update(updated_at=timezone.now())


def _begin_parts(attachment: Attachment) -> str:
    """Of two that begin at once, one is dropped."""
    upload, storage = attachment.upload, media_storage()
    parts_id = storage.begin_parts(upload["key"], upload["mime"])
    rows = Attachment.objects.filter(pk=attachment.pk, status=Status.PENDING, upload=upload)
    if rows.update(upload=upload | {"multipart_id": parts_id}):
        return parts_id
    storage.drop_parts(upload["key"], parts_id)
    attachment.refresh_from_db()
    if not (known := attachment.upload.get("multipart_id")):
        raise Conflict("upload_over", f"This file is {attachment.status}.")
    return str(known)


def _part_sizes(upload: dict[str, Any]) -> dict[int, int]:
    size, part = upload["size"], upload["part_bytes"]
    return {number: min(part, size - start) for number, start in enumerate(range(0, size, part), 1)}


def _done(parts: dict[int, Part], sizes: dict[int, int]) -> dict[int, str]:
    return {number: part.etag for number, part in sorted(parts.items()) if part.size == sizes.get(number)}


def _check_arrived(upload: dict[str, Any]) -> None:
    """The storage itself says what is there; parts are joined first."""
    close_old_connections()  # it may be slow to say so
    storage, key, size = media_storage(), upload["key"], upload["size"]
    if upload.get("part_bytes"):
        _join(upload)
    try:
        found = storage.stat(key)
    except Missing as error:
        raise Conflict("upload_missing", "The file is not (or not whole) in the storage.") from error
    if found.size != size:
        raise Conflict("size_mismatch", f"{size} bytes were announced, {found.size} are there.")


def _join(upload: dict[str, Any]) -> None:
    storage, key, parts_id = media_storage(), str(upload["key"]), str(upload.get("multipart_id", ""))
    if not parts_id:
        raise Conflict("upload_missing", "None of its parts is there.")
    try:
        parts = storage.parts(key, parts_id)
    except Missing:
        return  # joined before: the object is there
    sizes = _part_sizes(upload)
    if len(_done(parts, sizes)) < len(sizes):
        raise Conflict("upload_missing", f"{len(_done(parts, sizes))} of {len(sizes)} parts are there.")
    storage.join_parts(key, parts_id)


def _is_time(tenant_id: UUID, attachment_id: str) -> bool:
    """Of each upload once in TOLD_SECONDS, by this process: a browser speaks through one socket."""
    now, about = time.monotonic(), (tenant_id, attachment_id)
    if now - _told.get(about, -TOLD_SECONDS) < TOLD_SECONDS:
        return False
    for former in [former for former, at in list(_told.items()) if now - at > TOLD_SECONDS]:
        _told.pop(former, None)
    _told[about] = now
    return True


def _attachment_id(key: str) -> UUID:
    return UUID(key.rsplit("/", 1)[-1].partition("_")[0])
