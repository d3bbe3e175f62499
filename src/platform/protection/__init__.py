"""What stands between the network and the application: limits of rate, size and time, and the headers for browsers."""

from src.platform.protection.middleware import Protection
from src.platform.protection.running import TAKES_LONG

__all__ = ["TAKES_LONG", "Protection"]
