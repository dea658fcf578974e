"""/instance, /webhook and /settings: tests/contract/evolution.md 4.6."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.sandbox import connection, registry
from backend.sandbox.answers import GatewayError, bad_request, bare, require
from backend.sandbox.registry import EVENTS
from backend.sandbox.rest import GLOBAL_KEY, answer, body_of, for_anyone, for_instance
from backend.sandbox.rows import Instance, Json
from backend.sandbox.wire import cuid, iso
from backend.sandbox.world import World

INTEGRATIONS = ("WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION")
SETTING_NAMES = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")


async def create(world: World, request: Request) -> Response:
    if request.headers.get("apikey") != GLOBAL_KEY:
        raise GatewayError(401, "Unauthorized")
    body, at = await body_of(request), world.clock.now()
    name = str(body.get("instanceName", ""))
    if world.store.instance(name):
        raise GatewayError(403, [f'This name "{name}" is already in use.'])
    if body.get("integration") not in INTEGRATIONS:
        raise bad_request("Invalid integration")
    asked = body.get("webhook") or {}
    hook = registry.new_webhook(asked["url"], at=at, **_hook_fields(asked)) if asked.get("url") else None
    facts: Json = {"webhook": hook, "integration": body["integration"], "number": str(body.get("number") or "")}
    if body.get("token"):
        facts["token"] = body["token"]
    if body["integration"] == "EVOLUTION":
        facts |= {"state": "open", "was_connected": True}
    instance = world.store.save_instance(registry.new_instance(name, at=at, **facts))
    world.post(name, "instance.create", {"instanceName": name, "instanceId": instance.id})
    return answer(_created(instance), 201)


async def connect(world: World, instance: Instance, request: Request) -> Response:
    """Shows a QR code that only the control API can scan (`connection` open)."""
    if instance.state == "open":
        return answer({"instance": {"instanceName": instance.name, "state": "open"}})
    connection.change(world, instance, "connecting")
    qr = connection.qr_code(instance, with_number=bool(request.query_params.get("number")))
    world.post(instance.name, "qrcode.updated", {"qrcode": qr})
    return answer({name: qr[name] for name in ("pairingCode", "code", "base64")} | {"count": 1})


async def connection_state(world: World, instance: Instance, request: Request) -> Response:
    return answer({"instance": {"instanceName": instance.name, "state": instance.state}})


async def fetch_instances(world: World, request: Request) -> Response:
    """With an instance's own key, only that one."""
    key, query = request.headers.get("apikey"), request.query_params
    name = query.get("instanceName")
    if name and world.store.instance(name) is None:
        raise GatewayError(404, [f'Instance "{name}" not found'])
    found = [
        instance
        for instance in world.store.instances()
        if key in (GLOBAL_KEY, instance.token)
        and name in (None, "", instance.name)
        and query.get("instanceId") in (None, "", instance.id)
    ]
    return answer([_listed(world, instance) for instance in found])


async def restart(world: World, instance: Instance, request: Request) -> Response:
    if instance.state != "open":
        return answer({"error": True, "message": "[object Object]"})
    connection.change(world, instance, "connecting")
    connection.opened(world, instance)
    return answer({"instance": {"instanceName": instance.name, "state": "open"}})


async def logout(world: World, instance: Instance, request: Request) -> Response:
    if instance.state != "open":
        raise bad_request(f'The "{instance.name}" instance is not connected')
    connection.logged_out(world, instance)
    world.post(instance.name, "logout.instance", None)
    return answer({"status": "SUCCESS", "error": False, "response": {"message": "Instance logged out"}})


async def delete(world: World, instance: Instance, request: Request) -> Response:
    world.post(instance.name, "instance.delete", {"instanceName": instance.name, "instanceId": instance.id})
    world.post(instance.name, "remove.instance", None)
    world.store.forget(instance.name, keep_deliveries=True)
    return answer({"status": "SUCCESS", "error": False, "response": {"message": "Instance deleted"}})


async def set_webhook(world: World, instance: Instance, request: Request) -> Response:
    """What is not said stays as it was, headers too; an empty list of events means all of them."""
    body, at = await body_of(request), world.clock.now()
    require(body, "webhook")
    asked = body["webhook"]
    require(asked, "enabled", "url", of="webhook")
    for index, event in enumerate(asked.get("events") or ()):
        if event not in EVENTS:
            raise bad_request([f"webhook.events[{index}] is not one of enum values: {','.join(EVENTS)}"])
    if "events" not in asked:
        raise bare(500, "Cannot read properties of undefined (reading 'length')")
    known = instance.webhook or registry.new_webhook("", at=at)
    webhook = known.model_copy(update=_hook_fields(asked) | {"url": asked["url"], "updated_at": iso(at)})
    world.store.save_instance(instance.model_copy(update={"webhook": webhook}))
    return answer(_webhook_row(instance.model_copy(update={"webhook": webhook})), 201)


async def find_webhook(world: World, instance: Instance, request: Request) -> Response:
    return answer(_webhook_row(instance))


async def set_settings(world: World, instance: Instance, request: Request) -> Response:
    body = await body_of(request)
    require(body, *SETTING_NAMES)
    world.store.save_instance(instance.model_copy(update={"settings": instance.settings | body}))
    return answer({"settings": {"instanceName": instance.name, "settings": body}}, 201)


def _hook_fields(asked: Json) -> Json:
    """Our names for the fields that are there."""
    fields: Json = {"enabled": bool(asked.get("enabled", True))}
    for theirs, ours in (("byEvents", "by_events"), ("base64", "base64"), ("headers", "headers")):
        if asked.get(theirs) is not None:
            fields[ours] = asked[theirs]
    events = list(asked.get("events") or EVENTS)
    return fields | {"events": events if fields["enabled"] else []}


def _webhook_row(instance: Instance) -> Json | None:
    hook = instance.webhook
    if hook is None:
        return None
    return {
        "id": hook.id,
        "url": hook.url,
        "headers": hook.headers,
        "enabled": hook.enabled,
        "events": hook.events,
        "webhookByEvents": hook.by_events,
        "webhookBase64": hook.base64,
        "createdAt": hook.created_at,
        "updatedAt": hook.updated_at,
        "instanceId": instance.id,
    }


def _created(instance: Instance) -> Json:
    hook = instance.webhook
    nothing: Json = {"websocket": {}, "rabbitmq": {}, "nats": {}, "sqs": {}}
    shown: dict[str, Any] = {}
    if hook is not None:
        shown = {"webhookUrl": hook.url, "webhookHeaders": hook.headers}
        shown |= {"webhookByEvents": hook.by_events, "webhookBase64": hook.base64}
    who: Json = {"instanceName": instance.name, "instanceId": instance.id, "integration": instance.integration}
    who |= {"webhookWaBusiness": None, "accessTokenWaBusiness": "", "status": instance.state}
    return {"instance": who, "hash": instance.token, "webhook": shown, **nothing, "settings": instance.settings}


def _listed(world: World, instance: Instance) -> Json:
    is_known = instance.was_connected and bool(instance.number)
    nothing = ("disconnectionReasonCode", "disconnectionObject", "disconnectionAt")
    unused = ("Chatwoot", "Proxy", "Rabbitmq", "Nats", "Sqs", "Websocket")
    times = {"createdAt": instance.created_at, "updatedAt": instance.updated_at}
    counted = {"Message": "message", "Contact": "customer", "Chat": "customer"}
    return {
        "id": instance.id,
        "name": instance.name,
        "connectionStatus": instance.state,
        "ownerJid": instance.jid if is_known else None,
        "profileName": instance.profile_name if is_known else None,
        "profilePicUrl": f"{world.base_url}/pps/owner.jpg" if is_known else None,
        "integration": instance.integration,
        "number": None,
        "businessId": None,
        "token": instance.token,
        "clientName": "sandbox",
        **dict.fromkeys(nothing),
        **times,
        **dict.fromkeys(unused),
        "Setting": {"id": cuid(), **instance.settings, **times, "instanceId": instance.id},
        "_count": {shown: world.store.count(table, instance.name) for shown, table in counted.items()},
    }


ROUTES = [
    Route("/instance/create", for_anyone(create), methods=["POST"]),
    Route("/instance/fetchInstances", for_anyone(fetch_instances), methods=["GET"]),
    Route("/instance/connect/{instance}", for_instance(connect), methods=["GET"]),
    Route("/instance/connectionState/{instance}", for_instance(connection_state), methods=["GET"]),
    Route("/instance/restart/{instance}", for_instance(restart), methods=["POST"]),
    Route("/instance/logout/{instance}", for_instance(logout), methods=["DELETE"]),
    Route("/instance/delete/{instance}", for_instance(delete), methods=["DELETE"]),
    Route("/webhook/set/{instance}", for_instance(set_webhook), methods=["POST"]),
    Route("/webhook/find/{instance}", for_instance(find_webhook), methods=["GET"]),
    Route("/settings/set/{instance}", for_instance(set_settings), methods=["POST"]),
]
