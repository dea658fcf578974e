"""What CPython, Django and Twisted do by default that this server pays for, turned off."""

import gc
import sys
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from twisted.internet.abstract import FileDescriptor

SWITCH_SECONDS = 0.0005
"""How long a thread that computes may keep the others waiting: 5 ms by default, and a webhook waits several times."""
COLLECT_AFTER = (10_000, 20, 20)
SEND_BYTES = 512 * 1024
"""A picture goes to the kernel in one go: Twisted's 128 KiB at a time costs a tenth more for each."""


def tune() -> None:
    """Once, when the process is about to serve.

    What is loaded by then stays: looking through it for garbage stopped every thread for 80 to 200 ms every few
    seconds. In development Django would write down every query of every thread, its parameters filled in.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    FileDescriptor.SEND_LIMIT = SEND_BYTES
    wrapper: Any = BaseDatabaseWrapper
    wrapper.queries_logged = property(lambda link: link.force_debug_cursor)
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
