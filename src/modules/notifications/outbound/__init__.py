"""HTTP to addresses that others gave us: only to where anybody could connect, briefly, and without following anyone."""

from src.modules.notifications.outbound.addresses import UnfitAddress, check_url, is_public
from src.modules.notifications.outbound.client import Answer, OutboundClient, Unreachable
from src.modules.notifications.outbound.connecting import AddressRefused, resolve

__all__ = [
    "AddressRefused",
    "Answer",
    "OutboundClient",
    "UnfitAddress",
    "Unreachable",
    "check_url",
    "is_public",
    "resolve",
]
