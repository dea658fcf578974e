"""When there is nothing left to do: no webhook to understand, no file on its way, no job that is due."""

import time

import psycopg

SETTLE_SECONDS = 150
LOOK_SECONDS = 0.2
LEFT = """
SELECT (SELECT count(*) FROM chat_inboundevent WHERE processed_at IS NULL) AS webhooks,
       (SELECT count(*) FROM media_attachment WHERE status IN ('pending', 'processing')) AS files,
       (SELECT count(*) FROM jobs_job WHERE finished_at IS NULL AND kind IN ('inbox', 'inbox_event', 'download_media'))
           AS jobs
"""
FAILED = "SELECT error_code FROM media_attachment WHERE status = 'failed' UNION SELECT error FROM jobs_job WHERE failed"


def wait_until_idle(database_url: str, *, seconds: float = SETTLE_SECONDS) -> float:
    """Returns how long it took. Raises TimeoutError with what is left, RuntimeError with what failed for good."""
    began = time.monotonic()
    with psycopg.connect(database_url, autocommit=True) as link:
        while (left := link.execute(LEFT).fetchone()) != (0, 0, 0):
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"left after {seconds} s (webhooks, files, jobs): {left}")
            time.sleep(LOOK_SECONDS)
        waited = time.monotonic() - began
        if failed := link.execute(FAILED).fetchall():
            raise RuntimeError(f"failed: {failed[:5]}")
    return waited
