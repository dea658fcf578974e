"""Whether an instance is quieter than it should be: its webhooks may have gone astray.

What is usual is looked up, not guessed: how many events came in this hour of the day on the days before. The usual gap
is that hour divided by the median of the days' counts, and three of them without a sound are silence; never less than
QUIET, and never for an instance that is too new or has quiet hours at this time of day anyway.
"""

from datetime import datetime, timedelta
from statistics import median

from django.db.models import QuerySet

from backend.chat.models import InboundEvent
from backend.tenants.models import Instance

RECONCILED = "reconciled"
"""The event's name of what we have read back ourselves: it is no sound of the gateway's."""
HOUR = timedelta(hours=1)
QUIET = timedelta(minutes=10)
DAYS = 6
"""Webhooks are kept for seven."""
LEAST_DAYS = 2
USUAL_GAPS = 3


def since(instance: Instance, now: datetime) -> datetime | None:
    """Since when a connected instance has been unusually quiet; None when it has not, or when nobody can say."""
    heard = _heard(instance)
    if instance.state != Instance.State.OPEN or heard.filter(received_at__gt=now - QUIET).exists():
        return None
    gap = _usual_gap(instance, now)
    if gap is None:
        return None
    last = heard.order_by("-received_at").values_list("received_at", flat=True).first() or instance.state_since
    quiet_from = max(last, instance.state_since)
    return quiet_from if now - quiet_from > max(QUIET, USUAL_GAPS * gap) else None


def _usual_gap(instance: Instance, now: datetime) -> timedelta | None:
    days = min(DAYS, (now - instance.created_at).days)
    if days < LEAST_DAYS:
        return None
    counts = [_count(instance, now - timedelta(days=day)) for day in range(1, days + 1)]
    usual = median(counts)
    return HOUR / usual if usual else None


def _count(instance: Instance, until: datetime) -> int:
    return _heard(instance).filter(received_at__gt=until - HOUR, received_at__lte=until).count()


def _heard(instance: Instance) -> QuerySet[InboundEvent]:
    return InboundEvent.objects.filter(instance=instance).exclude(event=RECONCILED)
