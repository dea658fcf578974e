"""The sandbox's own SQLite file: one connection, autocommit, each row a JSON document beside what it is found by."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.sandbox.rows import Attempt, Customer, Delivery, Instance, Media, Message

SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS instance (name TEXT PRIMARY KEY, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customer (
    instance TEXT NOT NULL, id TEXT NOT NULL, phone TEXT NOT NULL, tail TEXT NOT NULL, lid TEXT NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY (instance, id));
CREATE INDEX IF NOT EXISTS customer_tail ON customer (instance, tail);
CREATE TABLE IF NOT EXISTS message (
    seq INTEGER PRIMARY KEY, instance TEXT NOT NULL, chat TEXT NOT NULL, id TEXT NOT NULL, doc TEXT NOT NULL,
    revision INTEGER NOT NULL, UNIQUE (instance, id));
CREATE INDEX IF NOT EXISTS message_revision ON message (revision);
CREATE INDEX IF NOT EXISTS message_chat ON message (instance, chat, seq);
CREATE TABLE IF NOT EXISTS receipt (
    seq INTEGER PRIMARY KEY, instance TEXT NOT NULL, message_id TEXT NOT NULL, status TEXT NOT NULL,
    row_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS receipt_message ON receipt (instance, message_id);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, instance TEXT NOT NULL, doc TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, instance TEXT NOT NULL, event TEXT NOT NULL, message_id TEXT NOT NULL, url TEXT NOT NULL,
    body BLOB NOT NULL, state TEXT NOT NULL, is_duplicate INTEGER NOT NULL, created_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_message ON delivery (instance, message_id);
CREATE TABLE IF NOT EXISTS attempt (
    delivery INTEGER NOT NULL, at REAL NOT NULL, status INTEGER, error TEXT NOT NULL, seconds REAL NOT NULL);
CREATE INDEX IF NOT EXISTS attempt_delivery ON attempt (delivery);
"""


class Store:
    """Rows in, rows out. Media files lie in the directory `{database}.media`."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self.media_dir = database.with_name(database.name + ".media")
        self.media_dir.mkdir(exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._lay_tables()

    def _lay_tables(self) -> None:
        """A file of another schema is emptied: nothing in it is anybody's."""
        if self._connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            names = self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (name,) in names:
                self._connection.execute(f"DROP TABLE {name}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def forget(self, instance: str | None = None, *, keep_deliveries: bool = False) -> None:
        """Everything, or everything of one instance, its files included."""
        for row in self._all("SELECT id FROM media WHERE instance = ? OR ? IS NULL", instance, instance):
            for suffix in (".enc", ".plain"):
                (self.media_dir / f"{row['id']}{suffix}").unlink(missing_ok=True)
        if not keep_deliveries:
            mine = "SELECT id FROM delivery WHERE instance = ? OR ? IS NULL"
            self._run(f"DELETE FROM attempt WHERE delivery IN ({mine})", instance, instance)
            self._run("DELETE FROM delivery WHERE instance = ? OR ? IS NULL", instance, instance)
        self._run("DELETE FROM instance WHERE name = ? OR ? IS NULL", instance, instance)
        for table in ("media", "receipt", "message", "customer"):
            self._run(f"DELETE FROM {table} WHERE instance = ? OR ? IS NULL", instance, instance)

    def meta(self, name: str) -> str:
        row = self._one("SELECT value FROM meta WHERE name = ?", name)
        return "" if row is None else str(row["value"])

    def set_meta(self, name: str, value: str) -> None:
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", name, value)

    def instance(self, name: str) -> Instance | None:
        row = self._one("SELECT doc FROM instance WHERE name = ?", name)
        return None if row is None else Instance.model_validate_json(row["doc"])

    def instances(self) -> list[Instance]:
        return [Instance.model_validate_json(row["doc"]) for row in self._all("SELECT doc FROM instance ORDER BY name")]

    def save_instance(self, instance: Instance) -> Instance:
        self._run("INSERT OR REPLACE INTO instance VALUES (?, ?)", instance.name, instance.model_dump_json())
        return instance

    def customers(self, instance: str) -> list[Customer]:
        rows = self._all("SELECT doc FROM customer WHERE instance = ? ORDER BY rowid", instance)
        return [Customer.model_validate_json(row["doc"]) for row in rows]

    def customer(self, instance: str, customer_id: str) -> Customer | None:
        row = self._one("SELECT doc FROM customer WHERE instance = ? AND id = ?", instance, customer_id)
        return None if row is None else Customer.model_validate_json(row["doc"])

    def customer_at(self, instance: str, address: str) -> Customer | None:
        """By JID or digits. Brazilian numbers match with or without the ninth digit: area code and last eight."""
        digits, _, host = address.partition("@")
        if host == "lid":
            row = self._one("SELECT doc FROM customer WHERE instance = ? AND lid = ?", instance, digits)
        else:
            row = self._one("SELECT doc FROM customer WHERE instance = ? AND phone = ?", instance, digits)
            if row is None and (tail := brazilian_tail(digits)):
                row = self._one("SELECT doc FROM customer WHERE instance = ? AND tail = ?", instance, tail)
        return None if row is None else Customer.model_validate_json(row["doc"])

    def save_customer(self, customer: Customer) -> Customer:
        self._run(
            "INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (instance, id) DO UPDATE SET"
            " phone = excluded.phone, tail = excluded.tail, lid = excluded.lid, doc = excluded.doc",
            customer.instance,
            customer.id,
            customer.phone,
            brazilian_tail(customer.phone),
            customer.lid,
            customer.model_dump_json(),
        )
        return customer

    def message(self, instance: str, message_id: str) -> Message | None:
        row = self._one("SELECT doc FROM message WHERE instance = ? AND id = ?", instance, message_id)
        return None if row is None else Message.model_validate_json(row["doc"])

    def messages(self, instance: str, *, chat: str | None = None, after_seq: int = 0) -> Iterator[tuple[int, Message]]:
        """With their place in the ledger, oldest first."""
        query = "SELECT seq, doc FROM message WHERE instance = ? AND (chat = ? OR ? IS NULL) AND seq > ? ORDER BY seq"
        for row in self._all(query, instance, chat, chat, after_seq):
            yield row["seq"], Message.model_validate_json(row["doc"])

    def has_messages(self, instance: str, chat: str) -> bool:
        return self._one("SELECT 1 FROM message WHERE instance = ? AND chat = ? LIMIT 1", instance, chat) is not None

    def count(self, table: str, instance: str) -> int:
        row = self._one(f"SELECT count(*) AS n FROM {table} WHERE instance = ?", instance)
        return 0 if row is None else int(row["n"])

    def save_message(self, message: Message) -> Message:
        self._run(
            "INSERT INTO message (instance, chat, id, doc, revision)"
            " VALUES (?, ?, ?, ?, (SELECT coalesce(max(revision), 0) + 1 FROM message))"
            " ON CONFLICT (instance, id) DO UPDATE SET doc = excluded.doc, revision = excluded.revision",
            message.instance,
            message.chat,
            message.id,
            message.model_dump_json(),
        )
        return message

    def changed_messages(self, instance: str, *, after_revision: int) -> list[tuple[int, Message]]:
        """With the revision of their last change, oldest change first."""
        query = "SELECT revision, doc FROM message WHERE instance = ? AND revision > ? ORDER BY revision"
        rows = self._all(query, instance, after_revision)
        return [(row["revision"], Message.model_validate_json(row["doc"])) for row in rows]

    def add_receipt(self, instance: str, message_id: str, status: str, row_id: str) -> None:
        self._run("INSERT INTO receipt VALUES (NULL, ?, ?, ?, ?)", instance, message_id, status, row_id)

    def receipts(self, instance: str, message_id: str) -> list[tuple[str, str]]:
        """(row id, status) in the order they came."""
        query = "SELECT row_id, status FROM receipt WHERE instance = ? AND message_id = ? ORDER BY seq"
        return [(row["row_id"], row["status"]) for row in self._all(query, instance, message_id)]

    def media(self, media_id: str) -> Media | None:
        row = self._one("SELECT doc FROM media WHERE id = ?", media_id)
        return None if row is None else Media.model_validate_json(row["doc"])

    def media_at(self, path: str) -> Media | None:
        row = self._one("SELECT doc FROM media WHERE path = ?", path)
        return None if row is None else Media.model_validate_json(row["doc"])

    def save_media(self, media: Media) -> Media:
        self._run(
            "INSERT INTO media VALUES (?, ?, ?, ?)", media.id, media.path, media.instance, media.model_dump_json()
        )
        return media

    def add_delivery(self, delivery: Delivery, body: bytes) -> Delivery:
        """Its `id` is given here; the one it comes with is ignored."""
        cursor = self._run(
            "INSERT INTO delivery VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
            delivery.instance,
            delivery.event,
            delivery.message_id,
            delivery.url,
            body,
            delivery.state,
            delivery.is_duplicate,
            delivery.created_at,
        )
        return delivery.model_copy(update={"id": cursor.lastrowid})

    def add_attempt(self, delivery_id: int, attempt: Attempt, *, state: str) -> None:
        values = (delivery_id, attempt.at, attempt.status, attempt.error, attempt.seconds)
        self._run("INSERT INTO attempt VALUES (?, ?, ?, ?, ?)", *values)
        self._run("UPDATE delivery SET state = ? WHERE id = ?", state, delivery_id)

    def delivery_body(self, delivery_id: int) -> bytes | None:
        row = self._one("SELECT body FROM delivery WHERE id = ?", delivery_id)
        return None if row is None else bytes(row["body"])

    def deliveries(
        self,
        instance: str,
        *,
        event: str | None = None,
        message_id: str | None = None,
        after_id: int = 0,
        limit: int = 500,
    ) -> list[Delivery]:
        query = (
            "SELECT * FROM delivery WHERE instance = ? AND (event = ? OR ? IS NULL)"
            " AND (message_id = ? OR ? IS NULL) AND id > ? ORDER BY id LIMIT ?"
        )
        rows = self._all(query, instance, event, event, message_id, message_id, after_id, limit)
        return [self._delivery(row) for row in rows]

    def delivery_counts(self, instance: str) -> dict[str, int]:
        """How many posts are in which state."""
        rows = self._all("SELECT state, count(*) AS n FROM delivery WHERE instance = ? GROUP BY state", instance)
        return {row["state"]: row["n"] for row in rows}

    def lose_pending(self) -> None:
        """Retries live in the process's memory (contract 1.4): a new process knows nothing of them."""
        self._run("UPDATE delivery SET state = 'lost' WHERE state = 'pending'")

    def _delivery(self, row: sqlite3.Row) -> Delivery:
        attempts = self._all("SELECT * FROM attempt WHERE delivery = ? ORDER BY rowid", row["id"])
        return Delivery.model_validate({**dict(row), "attempts": [dict(attempt) for attempt in attempts]})

    def _run(self, query: str, *values: Any) -> sqlite3.Cursor:
        with self._lock:
            return self._connection.execute(query, values)

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None


def brazilian_tail(digits: str) -> str:
    """Area code and the last eight digits of a Brazilian number, else empty."""
    if digits.startswith("55") and len(digits) in (12, 13):
        return digits[2:4] + digits[-8:]
    return ""
