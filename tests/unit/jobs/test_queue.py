"""Jobs: one open job per thing, a lease that can be lost, and no wish forgotten."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from backend.jobs import queue, runner
from backend.jobs.models import Job
from backend.jobs.queue import Kind
from backend.lib.errors import ChatError, Refused, TryLater

pytestmark = pytest.mark.django_db(transaction=True)

PHOTO = Kind("test_photo", queue="media_download")
ME, OTHER = "worker-1", "worker-2"


def take(worker: str = ME) -> queue.Claim:
    held = queue.claim("media_download", worker)
    assert held is not None
    return held


def expire_lease(held: queue.Claim) -> None:
    Job.objects.filter(pk=held.id).update(leased_until=timezone.now() - timedelta(seconds=1))


def test_wanting_a_thing_twice_makes_one_job() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.enqueue(PHOTO, "a", tenant_id=None)

    assert Job.objects.values_list("subject", "wanted").get() == ("a", 2)


def test_the_earlier_of_two_times_counts() -> None:
    later = timezone.now() + timedelta(hours=1)
    queue.enqueue(PHOTO, "a", tenant_id=None, run_at=later)
    assert queue.claim("media_download", ME) is None

    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.enqueue(PHOTO, "a", tenant_id=None, run_at=later)

    assert take().subject == "a"


def test_a_job_in_hand_is_nobody_elses() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    take()

    assert queue.claim("media_download", OTHER) is None


def test_what_is_wanted_between_the_read_and_the_finish_is_done_again() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    held = take()
    queue.enqueue(PHOTO, "a", tenant_id=None)

    assert queue.finish(held) is False
    again = take()
    assert queue.finish(again) is True
    assert queue.claim("media_download", ME) is None


def test_a_finished_job_can_be_wanted_anew() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.finish(take())
    queue.enqueue(PHOTO, "a", tenant_id=None)

    assert take().subject == "a"
    assert Job.objects.count() == 2


def test_a_dead_workers_job_is_taken_up_after_its_lease() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    expire_lease(take(ME))

    assert take(OTHER).subject == "a"


def test_a_worker_that_lost_its_lease_cannot_finish() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    lost = take(ME)
    expire_lease(lost)
    mine = take(OTHER)

    assert queue.finish(lost) is False
    assert queue.renew(lost) is False
    assert queue.fail(lost, "late") is False
    assert Job.objects.get(pk=mine.id).leased_by == OTHER
    assert queue.finish(mine) is True


def test_a_renewed_lease_is_kept() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    held = take(ME)
    expire_lease(held)

    assert queue.renew(held) is True
    assert queue.claim("media_download", OTHER) is None


def test_a_released_job_is_due_at_once_and_the_attempt_does_not_count() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.release(take(ME))

    assert take(OTHER).attempts == 1


def test_tries_are_spaced_and_then_it_fails_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []

    def photo(_: str) -> None:
        raise TryLater("media_host_down")

    def say(subject: str, error: ChatError) -> None:
        told.append((subject, error.code))

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    monkeypatch.setitem(queue._gave_up, PHOTO.name, say)
    queue.enqueue(PHOTO, "a", tenant_id=None)
    waits = []
    row = Job.objects.get()
    for _ in range(4):
        assert runner.run_next("media_download", ME, runner.InHand())
        row = Job.objects.get()
        waits.append((row.run_at - timezone.now()).total_seconds())
        Job.objects.update(run_at=timezone.now())

    assert [
        round(wait / expected, 1) for wait, expected in zip(waits[:3], settings.JOB_RETRY_SECONDS, strict=True)
    ] == [pytest.approx(1, abs=queue.RETRY_JITTER + 0.1)] * 3
    assert (row.failed, row.error) == (True, "media_host_down: media_host_down")
    assert told == [("a", "media_host_down")]


def test_what_is_refused_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def photo(_: str) -> None:
        raise Refused("type_not_allowed")

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    queue.enqueue(PHOTO, "a", tenant_id=None)
    runner.run_next("media_download", ME, runner.InHand())

    assert Job.objects.values_list("failed", "attempts").get() == (True, 1)


def test_a_bug_in_one_job_does_not_stop_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def photo(subject: str) -> None:
        if subject == "bad":
            raise ZeroDivisionError
        done.append(subject)

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    queue.enqueue(PHOTO, "bad", tenant_id=None)
    queue.enqueue(PHOTO, "good", tenant_id=None)
    while runner.run_next("media_download", ME, runner.InHand()):
        pass

    assert done == ["good"]
    assert Job.objects.get(subject="bad").error == "internal_error: ZeroDivisionError"


def test_an_operator_can_run_a_failed_job_again() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.fail(take(), "broken", final=True)

    assert queue.run_again(list(Job.objects.filter(failed=True))) == 1
    assert take().subject == "a"


def test_old_finished_jobs_are_pruned_and_open_ones_stay() -> None:
    queue.enqueue(PHOTO, "old", tenant_id=None)
    queue.finish(take())
    Job.objects.update(finished_at=timezone.now() - timedelta(days=8))
    queue.enqueue(PHOTO, "open", tenant_id=None)

    assert queue.prune() == 1
    assert Job.objects.get().subject == "open"


def test_who_lost_the_lease_gives_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setitem(queue._gave_up, PHOTO.name, lambda subject, error: told.append(subject))

    def photo(_: str) -> None:
        expire_lease(queue.Claim(Job.objects.get().pk, "", "", "", 0, 0, ""))
        take(OTHER)
        raise Refused("type_not_allowed")

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    queue.enqueue(PHOTO, "a", tenant_id=None)
    runner.run_next("media_download", ME, runner.InHand())

    assert told == []
    assert Job.objects.get().leased_by == OTHER


def test_what_is_wanted_while_the_last_try_fails_is_tried_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    def photo(_: str) -> None:
        queue.enqueue(PHOTO, "a", tenant_id=None)
        raise Refused("type_not_allowed")

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    queue.enqueue(PHOTO, "a", tenant_id=None)
    runner.run_next("media_download", ME, runner.InHand())

    assert take().attempts == 1


def test_a_job_that_kills_its_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setitem(queue._gave_up, PHOTO.name, lambda subject, error: told.append(error.code))
    monkeypatch.setitem(queue._runners, PHOTO.name, lambda _: pytest.fail("it was run once more"))
    queue.enqueue(PHOTO, "a", tenant_id=None)
    for _ in range(len(settings.JOB_RETRY_SECONDS) + 1):
        expire_lease(take())
    runner.run_next("media_download", ME, runner.InHand())

    assert told == ["worker_died"]
    assert queue.claim("media_download", OTHER) is None


def test_a_wish_does_not_hurry_a_job_that_is_failing() -> None:
    queue.enqueue(PHOTO, "a", tenant_id=None)
    queue.fail(take(), "media_host_down")
    queue.enqueue(PHOTO, "a", tenant_id=None)

    assert queue.claim("media_download", ME) is None


def test_a_job_that_waits_uses_up_no_try(monkeypatch: pytest.MonkeyPatch) -> None:
    def photo(_: str) -> None:
        raise queue.Later(0)

    monkeypatch.setitem(queue._runners, PHOTO.name, photo)
    queue.enqueue(PHOTO, "a", tenant_id=None)
    for _ in range(10):
        assert runner.run_next("media_download", ME, runner.InHand())

    assert Job.objects.get().attempts == 0
