"""The people of every demo, invented: numbers of a range nobody uses."""

import time
from pathlib import Path
from typing import Any

from backend.sandbox import registry
from backend.sandbox.rows import Customer, Instance
from backend.sandbox.store import Store

PEOPLE: tuple[dict[str, Any], ...] = (
    {"name": "Maria Souza", "phone": "5517999990001", "lid": "120000000000001", "picture": "maria.jpg"},
    {
        "name": "João Pereira",
        "phone": "5517999990002",
        "lid": "120000000000002",
        "picture": "joao.jpg",
        "device": "ios",
    },
    # Only the hidden identity is known: contract 2.4, "phone unknown".
    {"name": "Beatriz", "lid": "120000000000005", "addressing": "lid", "picture": "beatriz.jpg"},
    # Addressed by LID, but the phone is known: Evolution 2.3.7 shows the phone and loses the LID.
    {"name": "Paula Nogueira", "phone": "5517999990006", "lid": "120000000000006", "addressing": "lid"},
    # WhatsApp knows this mobile without its ninth digit.
    {"name": "Carlos Andrade", "phone": "558599990003", "lid": "120000000000003", "picture": "carlos.jpg"},
    {"name": "Dona Lourdes", "phone": "551733330004", "device": "ios", "auto_read": True},
)
GROUP: dict[str, Any] = {
    "id": "familia-souza",
    "name": "Família Souza",
    "phone": "120363000000000001",
    "participants": ("maria-souza", "joao-pereira", "beatriz"),
    "is_group": True,
}


def seed(
    database: Path | Store, *, instance_name: str, api_key: str, webhook_url: str, owner: str, base_url: str = ""
) -> Instance:
    """The instance, wired and open, and its customers; the same call again changes nothing but the wiring.

    Works on the SQLite file alone: the sandbox may be running beside it, or not yet. `base_url` is where the server
    reaches the sandbox; without it the first request tells.
    """
    store = Store(database) if isinstance(database, Path) else database
    try:
        known = store.instance(instance_name)
        profile_name = known.profile_name if known else ""
        instance = registry.wire(
            store,
            instance_name,
            api_key=api_key,
            webhook_url=webhook_url,
            owner=owner,
            profile_name=profile_name or "Clínica Exemplo",
            at=time.time(),
        )
        people(store, instance_name)
        if base_url:
            store.set_meta("base_url", base_url.rstrip("/"))
        return instance
    finally:
        if isinstance(database, Path):
            store.close()


def people(store: Store, instance: str) -> list[Customer]:
    """The cast of one instance; those who are there already stay as they are."""
    found = []
    for facts in (*PEOPLE, GROUP):
        known = store.customer(instance, facts.get("id") or registry.slug(facts["name"]))
        found.append(known or registry.add_customer(store, instance, **facts))
    return found
