"""What the webhooks lost is read back from the gateway and enters as a stored event, like everything else.

Asked for when a connection opens, when this program starts and every five minutes: the gateway's own record of the
last messages is compared with ours. Where we know a message already only what it lacks is told anew: how far it came,
a text that was edited. How far back is the instance's `read_back_to`, the newest message that the last reading saw:
while nothing comes it stands still, so what a phone sends late, with its old time, is looked for from there.
"""

import contextlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from backend.chat import forgotten, outbox, present, silence, webhooks, work
from backend.chat.downloads import access_to
from backend.chat.models import ErasedId, Message
from backend.chat.receipts import RANK
from backend.gateways import evolution_records, evolution_send
from backend.gateways.base import Record
from backend.gateways.evolution_base64 import GatewayAccess
from backend.jobs import queue
from backend.jobs.queue import Later
from backend.lib.errors import ChatError, Refused, TryLater
from backend.lib.quiet import quietly
from backend.realtime import log, wire
from backend.tenants.models import Instance

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=2)
FIRST_TIME = timedelta(days=1)
"""How far back an instance is read that was never read before."""
MOST_RECORDS = 10_000
AFTER_OPENING = timedelta(seconds=5)
"""What was kept for the phone comes first, each with its own webhook."""
IN_HAND = timedelta(minutes=3)
"""A send of ours that is younger is its lane's to settle."""
CLOCKS_APART = timedelta(seconds=5)
AWAY_SECONDS = 60.0
VERSION_SECONDS = 3600
KNOWN_BATCH = 500
ERASED_MARGIN = timedelta(hours=1)
"""Between the gateway's clock and ours, and for what is in hand."""


def want(instance: Instance) -> None:
    """Its connection is open again: read it back soon. Joins the caller's transaction."""
    run_at = timezone.now() + AFTER_OPENING
    queue.enqueue(work.RECONCILE, instance.pk, tenant_id=instance.tenant_id, run_at=run_at)


def want_all() -> None:
    """Read every instance back: at our own start and every five minutes. A closed one may have opened unheard."""
    for instance_id, tenant_id in Instance.objects.values_list("pk", "tenant_id"):
        queue.enqueue(work.RECONCILE, instance_id, tenant_id=tenant_id)


def reconcile(instance_id: str) -> None:
    """The job of kind RECONCILE. Raises Later while the gateway is away."""
    instance = Instance.objects.filter(pk=UUID(instance_id)).first()
    if instance is None:
        return
    try:
        _tell_of_its_state(instance)
        _tell_of_its_version(instance)
        _read_back(instance)
    except Refused as error:
        logger.warning("[RECONCILE] the gateway refuses", extra={"instance_id": instance.pk, "code": error.code})
    except TryLater as error:
        logger.info("[RECONCILE] the gateway is away", extra={"instance_id": instance.pk, "code": error.code})
        raise Later(AWAY_SECONDS) from error
    finally:
        _tell_of_silence(instance)


def _tell_of_its_state(instance: Instance) -> None:
    """Most disconnections have no webhook, and an `open` may be lost: tests/contract/evolution.md 3."""
    state = evolution_send.connection_state(access_to(instance))
    if state != instance.state:
        news = {"instance": instance.name, "state": state, "at": timezone.now().isoformat()}
        _store(instance, [_body(instance, "connection.update", json.dumps(news))])


def _tell_of_its_version(instance: Instance) -> None:
    """Asked once in VERSION_SECONDS, since the gateway asks others for its answer. One that hides it may still send."""
    if not quietly(lambda: cache.add(f"gateway-version:{instance.pk}", 1, VERSION_SECONDS)):
        return
    with contextlib.suppress(ChatError):
        _tell(instance, gateway_version=evolution_send.version(access_to(instance)))


def _tell_of_silence(instance: Instance) -> None:
    _tell(instance, silent_since=silence.since(instance, timezone.now()))


def _tell(instance: Instance, **facts: object) -> None:
    """Write it down, and tell the tenant if it is news."""
    if all(getattr(instance, name) == value for name, value in facts.items()):
        return
    with log.unit(instance.tenant_id):
        if Instance.objects.filter(pk=instance.pk).update(**facts):
            log.publish(wire.InstanceUpdated(instance=present.instance(Instance.objects.get(pk=instance.pk))))


# --- Reading back -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we have of a message."""

    status: str
    text: str
    is_outgoing: bool
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message of ours of which nobody has said what became of it."""

    kind: str
    text: str
    handed_at: datetime | None


def _read_back(instance: Instance) -> None:
    now = timezone.now()
    read_back_to = _read_back_to(instance, now)
    records = _records(access_to(instance), read_back_to - OVERLAP)
    ours, unanswered = _known(instance, records), _unanswered(instance)
    in_hand = [record for record in records if record.provider_id not in ours and _is_in_hand(record, now)]
    news = {
        record.provider_id: body
        for record in reversed(records)
        if record not in in_hand and (body := _news(instance, record, ours.get(record.provider_id), unanswered))
    }
    erased = forgotten.among(instance.tenant_id, news.keys())  # the last question: somebody may just be erased
    bodies = [body for provider_id, body in news.items() if provider_id not in erased]
    if bodies:
        _store(instance, bodies)
    seen_to = max([read_back_to, *(record.at for record in records if record.at and record.at <= now)])
    unsettled = min((record.at for record in in_hand if record.at), default=seen_to)
    Instance.objects.filter(pk=instance.pk).update(read_back_to=min(seen_to, unsettled))
    logger.info(
        "[RECONCILE] read back",
        extra={"instance_id": instance.pk, "records": len(records), "stored": len(bodies), "in_hand": len(in_hand)},
    )


def prune() -> int:
    """What was erased before all that will be read: nobody need know it any more. Returns how much."""
    now, dropped = timezone.now(), 0
    for tenant_id in ErasedId.objects.order_by().values_list("tenant", flat=True).distinct():
        reached = [_read_back_to(instance, now) for instance in Instance.objects.filter(tenant=tenant_id)]
        dropped += forgotten.drop(tenant_id, min(reached, default=now) - ERASED_MARGIN)
    return dropped


def _read_back_to(instance: Instance, now: datetime) -> datetime:
    return instance.read_back_to or max(instance.created_at, now - FIRST_TIME)


def _records(gateway: GatewayAccess, since: datetime) -> list[Record]:
    """Newest first."""
    found = list(evolution_records.find_records(gateway, since=since, limit=MOST_RECORDS))
    if len(found) == MOST_RECORDS:
        logger.warning("[RECONCILE] there is more than is read back at once", extra={"records": len(found)})
    return found


def _known(instance: Instance, records: Sequence[Record]) -> dict[str, _Ours]:
    ids = [record.provider_id for record in records]
    found: dict[str, _Ours] = {}
    for start in range(0, len(ids), KNOWN_BATCH):
        rows = Message.objects.filter(instance=instance, provider_id__in=ids[start : start + KNOWN_BATCH])
        for provider_id, status, text, direction, deleted_at in rows.values_list(
            "provider_id", "status", "text", "direction", "deleted_at"
        ):
            is_outgoing = direction == Message.Direction.OUTGOING
            found[provider_id] = _Ours(status, text, is_outgoing, is_deleted=deleted_at is not None)
    return found


def _unanswered(instance: Instance) -> list[_Sent]:
    """What we handed over and gave up, or are about to: the echo of such a message is recognised by the inbox."""
    rows = Message.objects.filter(
        Q(status="sending") | Q(error_code=outbox.MAY_HAVE_BEEN_SENT),
        instance=instance,
        direction=Message.Direction.OUTGOING,
        provider_id="",
        handed_at__isnull=False,
    )
    return [_Sent(kind, text, handed_at) for kind, text, handed_at in rows.values_list("kind", "text", "handed_at")]


def _is_the_same(sent: _Sent, record: Record) -> bool:
    """It says the same, through the gateway, after we had handed it over."""
    if record.is_typed or not record.from_me or record.at is None:
        return False
    is_after = sent.handed_at is not None and sent.handed_at <= record.at + CLOCKS_APART
    return is_after and (sent.kind, sent.text) == (record.kind, record.text)


def _is_in_hand(record: Record, now: datetime) -> bool:
    return record.from_me and not record.is_typed and record.at is not None and record.at > now - IN_HAND


def _news(instance: Instance, record: Record, ours: _Ours | None, unanswered: list[_Sent]) -> bytes | None:
    """The webhook that we have missed, if there is one."""
    if ours is None:
        is_echo = any(_is_the_same(sent, record) for sent in unanswered)
        return _body(instance, "send.message" if is_echo else "messages.upsert", record.raw)
    if ours.is_outgoing and record.progress and RANK.get(record.progress, 0) > RANK.get(ours.status, 0):
        return _body(instance, "messages.upsert", record.raw)
    if record.text and record.text != ours.text and not ours.is_deleted:
        return _edit(instance, record)
    return None


def _edit(instance: Instance, record: Record) -> bytes:
    """An edit that we know of and that is newer than the record wins."""
    edited = {
        "key": {"id": record.provider_id},
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": record.text},
        "timestampMs": int(record.at.timestamp() * 1000) if record.at else None,
    }
    return _body(instance, "messages.edited", json.dumps(edited))


def _body(instance: Instance, event: str, data: str) -> bytes:
    """As the gateway would have posted it. The same news twice is the same bytes, and so stored once."""
    sender = f"{instance.address}@s.whatsapp.net" if instance.address.isdigit() else None
    envelope = json.dumps({"event": event, "instance": instance.name, "sender": sender})
    return f'{envelope[:-1]}, "data": {data}}}'.encode("utf-8", "replace")


def _store(instance: Instance, bodies: Iterable[bytes]) -> None:
    """All in one INSERT, oldest first; named for what they are, since silence is told by what the gateway posts."""
    webhooks.store([webhooks.Delivery(instance.secret, silence.RECONCILED, body) for body in bodies])
