"""Headers of every answer that tell browsers to trust it with less; pages of ours say more exactly what they need."""

from collections.abc import Iterable, Sequence

Header = tuple[bytes, bytes]

NOT_MODIFIED = 304
# Answers are data: no browser has a reason to run them, to frame them, or to guess what they are.
ALWAYS: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
OWN = frozenset(name for name, _ in ALWAYS)
# Only where the deployment says that its shoppers come over TLS: it would lock out others for a year.
STRICT_TRANSPORT: Header = (b"strict-transport-security", b"max-age=31536000")


def security_headers(*, tls: bool) -> tuple[Header, ...]:
    """What every answer gets."""
    return (*ALWAYS, STRICT_TRANSPORT) if tls else ALWAYS


def secured(status: int, headers: Iterable[Header], added: Sequence[Header]) -> list[Header]:
    """`headers` with those of `added` that they don't have; 304 has none, for what it confirms has its own."""
    given = [*headers]
    if status == NOT_MODIFIED:
        return given
    for name, _ in given:
        if name in OWN:
            own = {name for name, _ in given}
            return [*given, *(header for header in added if header[0] not in own)]
    return [*given, *added]
