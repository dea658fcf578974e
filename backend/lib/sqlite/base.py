"""SQLite has no queue: with `BEGIN IMMEDIATE` a web request beside busy jobs polls for the lock and was seen to wait
2 to 6 s. In one process a plain lock is the queue: whoever begins holds it until COMMIT or ROLLBACK."""

import threading
from typing import Any, cast

from django.db.backends.sqlite3 import base

_turn = threading.RLock()


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes the turn before BEGIN IMMEDIATE and gives it back when the transaction is over, however it ends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._holds_turn = False

    def _start_transaction_under_autocommit(self) -> None:
        _turn.acquire()
        self._holds_turn = True
        try:
            cast(Any, super())._start_transaction_under_autocommit()  # django-stubs leave the inner ones out
        except BaseException:
            self._give_back()
            raise

    def _commit(self) -> None:
        cast(Any, super())._commit()
        self._give_back()

    def _rollback(self) -> None:
        try:
            cast(Any, super())._rollback()
        finally:
            self._give_back()

    def _close(self) -> None:
        try:
            cast(Any, super())._close()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._holds_turn:
            self._holds_turn = False
            _turn.release()
