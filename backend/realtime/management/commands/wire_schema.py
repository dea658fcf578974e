"""`manage.py wire_schema`: one JSON Schema of everything the page hears and says, for its generated types."""

import json
from typing import Any, get_args

from django.core.management.base import BaseCommand
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from backend.realtime import wire

HEARD: list[type[BaseModel]] = [
    *get_args(wire.DurableEvent),
    *get_args(wire.PassingEvent),
]
SAID: list[type[BaseModel]] = [
    wire.Ack,
    wire.SaidTyping,
    wire.SaidViewing,
    wire.SaidProgress,
]
ANSWERED: list[type[BaseModel]] = [
    wire.Me,
    wire.Conversation,
    wire.Message,
    wire.Attachment,
    wire.Problem,
]


def schema() -> dict[str, Any]:
    """Definitions by class name, and the unions DurableEvent, PassingEvent and ClientMessage."""
    outbound: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in HEARD + ANSWERED]
    inbound: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in SAID]
    _, definitions = models_json_schema(outbound + inbound, ref_template="#/definitions/{model}")
    found: dict[str, Any] = definitions["$defs"]
    for shape in found.values():
        always = [name for name, field in shape.get("properties", {}).items() if "const" in field]
        if always:  # `type` has a default in Python, and is never absent on the wire
            shape["required"] = always + [name for name in shape.get("required", []) if name not in always]
    for union, members in (
        ("DurableEvent", get_args(wire.DurableEvent)),
        ("PassingEvent", get_args(wire.PassingEvent)),
        ("ClientMessage", SAID),
    ):
        found[union] = {
            "title": union,
            "anyOf": [{"$ref": f"#/definitions/{model.__name__}"} for model in members],
        }
    return {"title": "Wire", "type": "object", "definitions": found}


class Command(BaseCommand):
    help = "Print the JSON Schema of every shape, event and client message."
    requires_system_checks: list[str] = []

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(json.dumps(schema(), indent=2))
