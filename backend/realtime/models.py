"""The durable log: what happened to a tenant, numbered without holes in commit order."""

from django.db import models
from django.utils import timezone

from backend.tenants.models import Tenant


class TenantClock(models.Model):
    """The number of the tenant's newest event. No foreign key points here, so that its row lock blocks nobody else."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="clock")
    seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.tenant_id} at {self.seq}"


class Event(models.Model):
    """One durable event; `payload` is the frame exactly as browsers receive it."""

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    type = models.CharField(max_length=32)
    payload = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "seq"], name="one_event_per_number")]

    def __str__(self) -> str:
        return f"{self.tenant_id} #{self.seq} {self.type}"
