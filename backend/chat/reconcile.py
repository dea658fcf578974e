"""What the webhooks lost is read back from the gateway and enters as a stored event, like everything else."""

from datetime import datetime
from uuid import UUID

from backend.tenants.models import Instance


def want(instance_id: UUID, tenant_id: UUID) -> None:
    """Read this instance back soon. Joins the caller's transaction."""
    raise NotImplementedError


def want_all() -> None:
    """Read every connected instance back soon; asked at our own start and every five minutes."""
    raise NotImplementedError


def reconcile(instance_id: str) -> None:
    """The job of kind RECONCILE. Raises TryLater when the gateway is away."""
    raise NotImplementedError


def silent_since(instance: Instance, now: datetime) -> datetime | None:
    """Since when a connected instance has been unusually quiet; None when it is not."""
    raise NotImplementedError
