"""The rows as they are, in the form in which a story expects them, and where the two differ."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.rows import dict_row

Read = Callable[[str], bytes]
"""The bytes of a storage key."""

CONTACTS = """
SELECT contact.name, contact.is_group, right(contact.phone, 8) AS phone, array_agg(address.address) AS addresses
FROM chat_contact contact JOIN chat_contactaddress address ON address.contact_id = contact.id
WHERE contact.tenant_id = %s GROUP BY contact.id
"""
CONVERSATIONS = """
SELECT contact.name, talk.unread, last.provider_id AS last_message, talk.status
FROM chat_conversation talk JOIN chat_contact contact ON contact.id = talk.contact_id
LEFT JOIN chat_message last ON last.id = talk.last_message_id WHERE talk.tenant_id = %s
"""
MESSAGES = """
SELECT message.id::text AS key, message.provider_id, contact.name AS chat, direction, kind, text, message.status,
    sender_name AS sender, edited_at IS NOT NULL AS is_edited, deleted_at IS NOT NULL AS is_deleted, reactions,
    coalesce(quote->>'provider_id', '') AS quotes, file.content_sha256 AS sha256, file.status AS file_status,
    file.storage_key
FROM chat_message message JOIN chat_conversation talk ON talk.id = message.conversation_id
JOIN chat_contact contact ON contact.id = talk.contact_id
LEFT JOIN media_attachment file ON file.id = message.attachment_id WHERE message.tenant_id = %s
"""
EVENTS = "SELECT seq, type, payload FROM realtime_event WHERE tenant_id = %s ORDER BY seq"
COUNTS = """
SELECT (SELECT count(*) FROM chat_inboundevent WHERE tenant_id = %(tenant)s AND processed_at IS NOT NULL
            AND event <> 'reconciled') AS webhooks,
       (SELECT count(*) FROM chat_inboundevent WHERE tenant_id = %(tenant)s AND error <> '') AS unreadable,
       (SELECT count(*) FROM chat_parked WHERE tenant_id = %(tenant)s) AS parked,
       (SELECT count(*) FROM jobs_job WHERE tenant_id = %(tenant)s AND failed) AS failed_jobs,
       (SELECT state FROM tenants_instance WHERE tenant_id = %(tenant)s) AS state
"""


def events_of(database_url: str, tenant_id: str) -> list[tuple[int, str]]:
    """The durable log: `(seq, type)`."""
    with psycopg.connect(database_url) as link:
        return [(seq, kind) for seq, kind, _ in link.execute(EVENTS, [tenant_id])]


def rows_of(database_url: str, tenant_id: str, read: Read) -> dict[str, Any]:
    """As `Story.expected`. A file counts as what can be read of it."""
    with psycopg.connect(database_url, row_factory=dict_row) as link:
        contacts = link.execute(CONTACTS, [tenant_id]).fetchall()
        talks = link.execute(CONVERSATIONS, [tenant_id]).fetchall()
        messages = link.execute(MESSAGES, [tenant_id]).fetchall()
        told = [json.loads(row["payload"]) for row in link.execute(EVENTS, [tenant_id])]
        counts = link.execute(COUNTS, {"tenant": tenant_id}).fetchone() or {}
    received = [one for one in told if one["type"] in ("message_received", "message_sent")]
    announced = Counter(one["message"]["id"] for one in received)
    ready = Counter(one["message_id"] for one in told if one["type"] == "attachment_ready")
    return {
        "contacts": _by_name(contacts, addresses=sorted),
        "conversations": _by_name(talks),
        "messages": {row["provider_id"]: _message(row, announced, ready, read) for row in messages},
        **counts,
    }


def differences(expected: Any, actual: Any, *, at: str = "") -> list[str]:
    """One line for each place where they differ."""
    if not (isinstance(expected, dict) and isinstance(actual, dict)):
        return [] if expected == actual else [f"{at}: expected {expected!r}, found {actual!r}"]
    found = []
    for key in expected.keys() | actual.keys():
        found += differences(expected.get(key, "nothing"), actual.get(key, "nothing"), at=f"{at}/{key}")
    return sorted(found)


def _by_name(rows: list[dict[str, Any]], **changes: Callable[[Any], Any]) -> dict[str, Any]:
    """Two of one name are a difference, not one."""
    found: dict[str, Any] = {}
    for row in rows:
        name = row.pop("name")
        while name in found:
            name += " (again)"
        found[name] = row | {field: change(row[field]) for field, change in changes.items()}
    return found


def _message(row: dict[str, Any], announced: Counter[str], ready: Counter[str], read: Read) -> dict[str, Any]:
    key, storage_key, file_status = row.pop("key"), row.pop("storage_key"), row.pop("file_status")
    row.pop("provider_id")
    row["reactions"] = sorted(one["emoji"] for one in row["reactions"] if one["emoji"])
    row["sha256"] = row["sha256"] or ""
    if file_status is not None:
        content = read(storage_key) if file_status == "completed" else b""
        row["sha256"] = row["sha256"] if hashlib.sha256(content).hexdigest() == row["sha256"] else file_status
    return row | {"announced": announced[key], "ready": ready[key]}
