"""For what may be asked of the cache and is not worth failing for."""

import logging
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)


def quietly(call: Callable[[], T]) -> T | None:
    """What it returns; None while the cache is away, whatever its client raises then."""
    try:
        return call()
    except Exception as error:  # each cache has errors of its own
        logger.info("cache not asked", extra={"reason": type(error).__name__})
        return None
