"""Work that must happen: outbox, schedule, lease and dead letter in one row."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from backend.tenants.models import Tenant


class Job(models.Model):
    """One open job per thing (`kind`, `subject`). A process that wants it again adds to `wanted`.

    Open: `finished_at` is empty. Leased: `leased_until` is in the future. Failed for good: finished with `failed`.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="jobs", null=True, blank=True)
    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    queue = models.CharField(max_length=20)
    wanted = models.BigIntegerField(default=1)
    attempts = models.PositiveIntegerField(default=0)
    run_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=80, blank=True, default="")
    error = models.TextField(blank=True, default="")
    failed = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(finished_at__isnull=True), name="one_open_job_per_thing"
            ),
        ]
        indexes = [
            models.Index(F("queue"), F("run_at"), condition=Q(finished_at__isnull=True), name="jobs_due"),
            models.Index(F("finished_at"), condition=Q(finished_at__isnull=False), name="jobs_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
