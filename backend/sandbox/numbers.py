"""From what a caller writes to a WhatsApp address: tests/contract/evolution.md 4.2."""

import re

from backend.sandbox.answers import GatewayError, bad_request
from backend.sandbox.rows import Customer, Instance
from backend.sandbox.store import Store

_JID_HOSTS = ("@g.us", "@s.whatsapp.net", "@lid", "@broadcast", "@newsletter")
_BRAZIL_13 = re.compile(r"(55)(\d\d)(\d)(\d{8})")


def jid_of(number: str) -> str:
    """Digits become a JID; a Brazilian mobile of 13 digits loses its ninth where Evolution thinks it never had one."""
    if number.endswith(_JID_HOSTS):
        return number
    digits = re.sub(r"[\s+()]", "", number).partition(":")[0].partition("@")[0]
    if ("-" in digits and len(digits) >= 24) or (digits.isdigit() and len(digits) >= 18):
        return f"{re.sub(r'[^0-9-]', '', digits)}@g.us"
    digits = re.sub(r"\D", "", digits)
    found = _BRAZIL_13.fullmatch(digits)
    if found and int(found[2]) >= 31 and int(found[4][0]) >= 7:
        digits = found[1] + found[2] + found[4]
    return f"{digits}@s.whatsapp.net"


def on_whatsapp(store: Store, instance: Instance, number: str) -> Customer:
    """Who holds `number`; raises the gateway's own 400 when nobody does, or when the group is unknown."""
    jid = jid_of(number)
    found = store.customer_at(instance.name, jid)
    if found is not None and found.is_group == jid.endswith("@g.us"):
        return found
    if jid.endswith("@g.us"):
        raise bad_request("[object Object]")
    raise nobody(jid, number)


def nobody(jid: str, number: str) -> GatewayError:
    return bad_request({"jid": jid, "exists": False, "number": number})
