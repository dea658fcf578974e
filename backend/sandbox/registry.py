"""Instances and customers as the control API, the cast and the gateway make them."""

import re
import secrets
import unicodedata
import uuid
from typing import Any

from backend.sandbox.rows import Customer, Instance, Json, Webhook
from backend.sandbox.store import Store
from backend.sandbox.wire import cuid, iso

EVENTS = """
    APPLICATION_STARTUP QRCODE_UPDATED MESSAGES_SET MESSAGES_UPSERT MESSAGES_EDITED MESSAGES_UPDATE MESSAGES_DELETE
    SEND_MESSAGE SEND_MESSAGE_UPDATE CONTACTS_SET CONTACTS_UPSERT CONTACTS_UPDATE PRESENCE_UPDATE CHATS_SET CHATS_UPSERT
    CHATS_UPDATE CHATS_DELETE GROUPS_UPSERT GROUP_UPDATE GROUP_PARTICIPANTS_UPDATE CONNECTION_UPDATE LABELS_EDIT
    LABELS_ASSOCIATION CALL TYPEBOT_START TYPEBOT_CHANGE_STATUS REMOVE_INSTANCE LOGOUT_INSTANCE INSTANCE_CREATE
    INSTANCE_DELETE STATUS_INSTANCE
""".split()  # noqa: SIM905  (the contract prints them so: 1.2)
SETTINGS: Json = {
    "rejectCall": False,
    "msgCall": "",
    "groupsIgnore": False,
    "alwaysOnline": False,
    "readMessages": False,
    "readStatus": False,
    "syncFullHistory": False,
    "wavoipToken": "",
}


def new_webhook(url: str, *, at: float, **more: Any) -> Webhook:
    """No events means all of them."""
    facts = {"id": cuid(), "url": url, "created_at": iso(at), "updated_at": iso(at)} | more
    return Webhook.model_validate(facts | {"events": facts.get("events") or EVENTS})


def new_instance(name: str, *, at: float, **more: Any) -> Instance:
    """Unpaired unless `more` says otherwise; the token is made up when none is given."""
    facts = {"name": name, "id": str(uuid.uuid4()), "token": secrets.token_hex(16).upper(), "settings": dict(SETTINGS)}
    return Instance.model_validate(facts | {"created_at": iso(at), "updated_at": iso(at)} | more)


def paired(instance: Instance, *, number: str = "", profile_name: str = "") -> Instance:
    """Open, with the webhook's base64 flag as it is now: contract 1.3."""
    facts = {
        "state": "open",
        "was_connected": True,
        "number": number or instance.number,
        "profile_name": profile_name or instance.profile_name or instance.name,
        "base64_active": bool(instance.webhook and instance.webhook.base64),
    }
    return instance.model_copy(update=facts)


def wire(
    store: Store,
    name: str,
    *,
    api_key: str,
    webhook_url: str,
    owner: str,
    at: float,
    profile_name: str = "",
    **more: Any,
) -> Instance:
    """A paired instance that posts to `webhook_url`; made, or changed if it is there. `more` is the webhook's rest."""
    known = store.instance(name) or new_instance(name, at=at)
    webhook = new_webhook(webhook_url, at=at, **more) if webhook_url else None
    changed = known.model_copy(update={"token": api_key, "webhook": webhook, "updated_at": iso(at)})
    return store.save_instance(paired(changed, number=owner, profile_name=profile_name))


def slug(name: str) -> str:
    """`Maria Souza` becomes `maria-souza`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or secrets.token_hex(4)


def add_customer(store: Store, instance: str, *, name: str | None, **more: Any) -> Customer:
    """Made, or replaced if the id is there. `more` is any field of Customer."""
    facts = {"instance": instance, "name": name, "id": slug(name or "")} | more
    return store.save_customer(Customer.model_validate(facts))
