"""Who makes a request, as far as its head alone can tell."""

from hashlib import blake2b
from typing import Any

from litestar import Request
from litestar.types import Scope

DIGEST_BYTES = 16
SESSION_COOKIE = "osessionid"
# Where another cookie counts.
OPERATORS = ("/ops", "wishkeep_ops")


def digest(value: str | bytes) -> bytes:
    """What stands for a credential or an address wherever counts are kept: they can be told apart and not read."""
    content = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def credential(scope: Scope) -> bytes | None:
    """The digest of the credential that a request presents, good or not; None if it has none.

    It reads what identity reads, or one token written in several ways would count as several.
    """
    headers: Any = scope["headers"]
    has_cookies = False
    for name, value in headers:
        if name == b"authorization":
            return digest(value.strip(b" ").partition(b" ")[2].strip(b" "))
        has_cookies = has_cookies or name == b"cookie"
    if not has_cookies:
        return None
    prefix, cookie = OPERATORS
    if not scope["path"].startswith(prefix):
        cookie = SESSION_COOKIE
    presented = Request[Any, Any, Any](scope).cookies.get(cookie)
    return digest(presented) if presented else None
