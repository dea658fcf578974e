"""The lane of one conversation: hands its messages to the gateway, one after the other, each exactly once or honestly.

A send cannot be repeated safely, so what is handed over is written down first (`sending`, `handed_at`). Whoever finds
a message in that state later (this process after a timeout, another one after a crash) does not send: the echo or the
gateway's own record says what became of it, and when neither does in time, the message fails as "may have been sent".
"""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from backend.chat import departures, outbox, parcels, present, receipts
from backend.chat.downloads import access_to
from backend.chat.models import Conversation, Message
from backend.gateways import evolution_records
from backend.gateways.base import Accepted, ArrivedEmpty, NotFetched, Uncertain
from backend.jobs.queue import Later
from backend.lib.errors import ChatError, Missing, Refused, TryLater
from backend.realtime import log

logger = logging.getLogger(__name__)

ECHO_SECONDS = 2.0
"""The echo usually comes within this of an answer that did not."""
LOOK_AGAIN_SECONDS = 5.0
PATIENCE_SECONDS = {"text": 60}
FILE_PATIENCE_SECONDS = 180
"""Longer than a call may last: until then somebody may still be waiting for the gateway's answer."""
RECORDS = 50
CLOCKS_APART = timedelta(seconds=5)
NOT_HANDED_OVER = {"gateway_unreachable", "instance_disconnected"}
WAIT_SECONDS = (5.0, 60.0)


def run(conversation_id: UUID) -> None:
    """Until nothing is left to send. Raises Later while something has to be waited for."""
    while not (lane := departures.look(conversation_id)).is_empty:
        now = timezone.now()
        if row := lane.handed_over:
            parcels.with_message(row.pk, _settle)
        elif away := lane.long_away(now):
            outbox.try_again(conversation_id, [row.pk for row in away])
        elif row := lane.next(now):
            parcels.with_message(row.pk, _send)
        elif seconds := lane.seconds_to_wait(now):
            raise Later(seconds)
        else:
            return


def _hand_over(message: Message) -> bool:
    """From here on nobody may send it blindly again. False when it is not to leave any more."""
    now = timezone.now()
    try:
        with log.unit(message.tenant_id):
            if not _as_it_was(message).update(status="sending", handed_at=now, error_code="", error_detail=""):
                return False
            message.status, message.handed_at = "sending", now
            message.error_code = message.error_detail = ""
            log.publish(present.message_status(message))
    except IntegrityError as error:  # another lane, that believes to hold our lease, was first
        raise Later(LOOK_AGAIN_SECONDS) from error
    return True


def _as_it_was(message: Message) -> QuerySet[Message]:
    """It may have been cancelled, erased or moved since it was read, or have been handed over by another lane."""
    return Message.objects.filter(
        pk=message.pk, status="queued", conversation=message.conversation_id, error_code=message.error_code
    )


def _send(message: Message) -> None:
    if message.error_code == outbox.MAY_HAVE_BEEN_SENT and _was_sent_before(message):
        return
    if not _hand_over(message):
        return
    try:
        accepted = parcels.hand_over(message)
    except Uncertain as error:
        logger.info("[CHAT] the gateway did not answer", extra={"message_id": message.pk, "code": error.code})
        raise Later(ECHO_SECONDS) from error
    except ArrivedEmpty as error:
        _failed(message, error, provider_id=error.provider_id)
    except (Refused, Missing) as error:  # Missing: its file is gone from the storage, which is read before the call
        _failed(message, error)
    except TryLater as error:
        _not_handed_over(message, error)
    else:
        sent(message, accepted)


def _was_sent_before(message: Message) -> bool:
    """An agent wants it sent again: not before the gateway has said that it does not have it."""
    try:
        return _found_at_the_gateway(message)
    except TryLater as error:
        raise Later(LOOK_AGAIN_SECONDS) from error


def _settle(message: Message) -> None:
    """It was handed over and nobody said what became of it."""
    assert message.handed_at is not None
    waited = (timezone.now() - message.handed_at).total_seconds()
    if waited < ECHO_SECONDS:
        raise Later(ECHO_SECONDS - waited)
    try:
        if _found_at_the_gateway(message):
            return
    except TryLater as error:
        logger.info("[CHAT] the gateway cannot be asked", extra={"message_id": message.pk, "code": error.code})
    if waited < PATIENCE_SECONDS.get(message.kind, FILE_PATIENCE_SECONDS):
        raise Later(LOOK_AGAIN_SECONDS)
    detail = "The gateway neither confirmed nor denied that it sent this message."
    _failed(message, Refused(outbox.MAY_HAVE_BEEN_SENT, detail))


def _found_at_the_gateway(message: Message) -> bool:
    """Whether the gateway has a record of it; then it is sent. Raises TryLater when it cannot be asked."""
    assert message.handed_at is not None
    since = message.handed_at - CLOCKS_APART
    addresses = parcels.addresses_of(message)
    records = evolution_records.find_records(
        access_to(message.instance), addresses=addresses, since=since, limit=RECORDS
    )
    ours = [record for record in records if record.from_me]
    known = set(
        Message.objects.filter(
            instance=message.instance, provider_id__in=[record.provider_id for record in ours]
        ).values_list("provider_id", flat=True)
    )
    new = [record for record in ours if record.provider_id not in known]
    found = evolution_records.settle(new, parcels.kind_of(message), parcels.mark_of(message), since)
    if found is None:
        return False
    sent(message, Accepted(provider_id=found.provider_id, address=addresses[0], at=found.at))
    return True


def sent(message: Message, accepted: Accepted) -> None:
    """The gateway has it. The echo may have said so already; it may even stand beside it as a row of its own."""
    try:
        with log.unit(message.tenant_id):
            _mark_sent(message, accepted)
    except IntegrityError:
        with log.unit(message.tenant_id):
            _merge(message, accepted)
    receipts.catch_up(message.instance_id, accepted.provider_id)


def _mark_sent(message: Message, accepted: Accepted) -> None:
    """Raises IntegrityError when another row has the provider's id."""
    conversation = parcels.lock(message)
    unknown = Message.objects.filter(pk=message.pk, provider_id="")
    known = {"status": "sent", "provider_id": accepted.provider_id, "error_code": "", "error_detail": ""}
    if not unknown.update(**known):
        return
    for name, value in known.items():
        setattr(message, name, value)
    log.publish(parcels.told(message, conversation))


def _merge(message: Message, accepted: Accepted) -> None:
    conversation = parcels.lock(message)
    row = present.messages().select_for_update(of=("self",)).get(pk=message.pk)
    twin = Message.objects.filter(instance=message.instance, provider_id=accepted.provider_id).first()
    if row.provider_id or twin is None:
        return
    _absorb(row, twin)
    conversation.refresh_from_db(fields=["last_message"])
    row.status, row.provider_id, row.error_code, row.error_detail = twin.status, accepted.provider_id, "", ""
    row.save(update_fields=["status", "provider_id", "error_code", "error_detail", "reactions"])
    log.publish(parcels.told(row, conversation))


def _absorb(row: Message, twin: Message) -> None:
    """The echo was not recognised and became a message of its own: it was this one all along."""
    row.reactions = twin.reactions
    Conversation.objects.filter(last_message=twin).update(last_message=row)
    twin.deleted_at = timezone.now()
    log.publish(parcels.gone(twin))
    twin.delete()


def _failed(message: Message, error: ChatError, *, provider_id: str = "") -> None:
    _leave(message, "failed", error.code, error.detail, provider_id=provider_id)
    logger.warning("[CHAT] message not sent", extra={"message_id": message.pk, "code": error.code})


def _not_handed_over(message: Message, error: TryLater) -> None:
    """The gateway does not have it: it stays the next to leave. Raises what the job waits for."""
    if isinstance(error, NotFetched):
        parcels.send_bytes_from_now_on(message.instance)
        _leave(message, "queued", "", "")
        return
    is_away = error.code in NOT_HANDED_OVER
    _leave(message, "waiting" if error.code == outbox.DISCONNECTED else "queued", error.code, error.detail)
    if not is_away:
        raise error
    since_ready = (timezone.now() - (message.ready_at or message.created_at)).total_seconds()
    least, most = WAIT_SECONDS
    if error.code == outbox.DISCONNECTED:
        return
    raise Later(min(most, max(least, since_ready / 4)))


def _leave(message: Message, status: str, code: str, detail: str, *, provider_id: str = "") -> None:
    """Out of `sending`, unless the echo was quicker; with a `provider_id`, the echo to come is recognised as its."""
    with log.unit(message.tenant_id):
        moved = Message.objects.filter(pk=message.pk, status="sending", provider_id="").update(
            status=status, error_code=code, error_detail=detail, provider_id=provider_id
        )
        if moved:
            message.status, message.error_code, message.error_detail = status, code, detail
            log.publish(present.message_status(message))


def gave_up(conversation_id: str, error: ChatError) -> None:
    """The job's last try has failed: the message that it stood at fails, and the lane goes on with the next.

    One that was in the gateway's hands may have been sent, whatever it was that failed here.
    """
    conversation = Conversation.objects.filter(pk=conversation_id).first()
    if conversation is None:
        return
    with log.unit(conversation.tenant_id):
        Conversation.objects.select_for_update().get(pk=conversation.pk)
        lane = departures.look(conversation.pk)
        row = lane.handed_over or lane.next(timezone.now())
        if row is None:
            return
        is_uncertain = row is lane.handed_over or row.error_code == outbox.MAY_HAVE_BEEN_SENT
        stuck = Message.objects.select_for_update().get(pk=row.pk)
        stuck.status, stuck.error_detail = "failed", error.detail
        stuck.error_code = outbox.MAY_HAVE_BEEN_SENT if is_uncertain else error.code
        stuck.save(update_fields=["status", "error_code", "error_detail"])
        log.publish(present.message_status(stuck))
        outbox.want(stuck)
