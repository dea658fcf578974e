"""Django's sessions in the database, for cookies of any shape."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A quoted cookie may hold a NUL, which PostgreSQL takes in no query: it names no session."""

    def _validate_session_key(self, key: Any) -> bool:
        return isinstance(key, str) and len(key) >= 8 and "\0" not in key
