"""Which addresses a stranger may make us call: those of the public Internet, however they are spelled.

The rule is an allow-list: an address is public when the registries say it is globally reachable and nothing below
knows better. Python's own `is_global` differs between patch releases, so what matters is written here.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")

# RFC 6890 and its successors. Cloud metadata services stand in 169.254.0.0/16, 100.64.0.0/10, 192.0.0.0/24 and
# fd00:ec2::/32, Azure's at 168.63.129.16 in the middle of public space.
_REFUSED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "168.63.129.16/32",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
        ),
    )
)
# Inside 2000::/3: Teredo, ORCHID and the rest of 2001::/23, documentation, 6to4 (it hides an IPv4 address), AS112.
_REFUSED_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
    )
)


def is_public(address: Address) -> bool:
    """Whether a stranger's URL may lead there. IPv4 inside IPv6 (mapped, NAT64) is judged by the IPv4 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id is not None:
        return False
    if address in _MAPPED or address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in _GLOBAL_UNICAST and not any(address in network for network in _REFUSED_V6)
