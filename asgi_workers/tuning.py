"""What CPython and Django do by default that a server with many threads pays for, turned off."""

import gc
import sys
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

SWITCH_SECONDS = 0.0005
"""How long a thread that computes may keep the others waiting: 5 ms by default, and a webhook waits several times."""
COLLECT_AFTER = (10_000, 20, 20)


def tune() -> None:
    """Once, when the process is about to serve.

    What is loaded by then stays: looking through it for garbage stopped every thread for 80 to 200 ms every few
    seconds. In development Django would write down every query of every thread, its parameters filled in.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    wrapper: Any = BaseDatabaseWrapper
    wrapper.queries_logged = property(lambda link: link.force_debug_cursor)
    import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
