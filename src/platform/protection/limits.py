"""Who has made too many requests: decided in memory, by what this process saw and the others have told it of theirs."""

from collections.abc import Iterator
from time import time
from typing import NamedTuple

import msgspec
import structlog
from litestar.types import Scope

from src.platform.clients import network_of
from src.platform.errors import TooManyRequests
from src.platform.metrics import RATE_LIMITED
from src.platform.protection.actors import credential, digest
from src.platform.protection.windows import WINDOW_S, Counts, used, wait_s

log = structlog.get_logger(__name__)

# Of each kind; past that the ones seen first make way, and what they did is remembered only where processes meet.
MOST_ACTORS = 20_000
TOKEN, ADDRESS, SIGN_IN = b"t", b"a", b"s"
KINDS = {TOKEN: "token", ADDRESS: "address", SIGN_IN: "sign_in"}
# From this part of its limit on, credentials that are good from such an address are remembered.
SUSPECT_FROM = 0.5
REMEMBERED = 10_000
UNAUTHENTICATED, FORBIDDEN = 401, 403
REFUSALS = frozenset({UNAUTHENTICATED, FORBIDDEN})
# Health is for those who must not be turned away: a balancer would take the process for a dead one.
UNLIMITED = "/health/"


class Limits(msgspec.Struct, frozen=True):
    """How many requests a minute; 0 is as many as come."""

    per_token: int = 0
    per_address: int = 0
    failed_sign_ins: int = 0


class Actor(NamedTuple):
    """Somebody who is counted: in what way, and the digest of what tells them apart."""

    kind: bytes
    digest: bytes


class Limiter:
    """The counts of one process and what they lead to; `limits` may change at any time."""

    def __init__(self, trusted_proxies: int, sign_in_paths: frozenset[str] = frozenset(), *, most: int = MOST_ACTORS):
        """Under `sign_in_paths` a POST presents a credential whatever its head says, and 403 refuses it."""
        self.limits = Limits()
        self._proxies = trusted_proxies
        self._sign_in_paths = sign_in_paths
        self._most = most
        self._counts: dict[bytes, dict[bytes, Counts]] = {kind: {} for kind in KINDS}
        # Whom the others are to hear of: to look through all actors many times a second would hold up the requests.
        self._changed: dict[bytes, set[bytes]] = {kind: set() for kind in KINDS}
        # Addresses where sign-ins fail, and what was good there all the same. While there are any, `answered` is to be
        # told of every answer.
        self.suspects: set[bytes] = set()
        self._good: dict[bytes, None] = {}
        self._warned_at = 0

    @property
    def is_watching(self) -> bool:
        """Whether any request may be refused now: while it is false, `admit` need not be asked."""
        limits = self.limits
        return bool(limits.per_token or limits.per_address or self.suspects)

    def admit(self, scope: Scope) -> TooManyRequests | None:
        """Count the request, or say why it is refused; what is refused is not counted."""
        if scope["path"].startswith(UNLIMITED):
            return None
        now, limits = time(), self.limits
        wanted: list[tuple[Actor, int]] = []
        presented = credential(scope) if limits.per_token or self.suspects else None
        if limits.per_token and presented is not None:
            wanted.append((Actor(TOKEN, presented), limits.per_token))
        if limits.per_address or self.suspects:
            address = digest(network_of(scope, self._proxies))
            if limits.per_address:
                wanted.append((Actor(ADDRESS, address), limits.per_address))
            if address in self.suspects and (refusal := self._judge_sign_in(scope, address, presented, now)):
                return refusal
        found = [(actor, self._of(actor, now), limit) for actor, limit in wanted]
        for actor, counts, limit in found:
            if wait := wait_s(counts, limit, now):
                return _refused(actor.kind, wait)
        for actor, counts, _ in found:
            self._add(actor, counts)
        return None

    def answered(self, scope: Scope, status: int) -> None:
        """Learn from an answer whether its request's credential was good; to be told each of REFUSALS at least."""
        if not self.limits.failed_sign_ins or scope["path"].startswith(UNLIMITED):
            return
        presented, signs_in = credential(scope), self._signs_in(scope)
        if presented is None and not signs_in:
            return  # An anonymous shopper has not tried to be somebody.
        address = digest(network_of(scope, self._proxies))
        if status == UNAUTHENTICATED or (signs_in and status == FORBIDDEN):
            now, actor = time(), Actor(SIGN_IN, address)
            counts = self._of(actor, now)
            self._add(actor, counts)
            self._suspect(address, counts, now)
            if presented is not None:
                # Nobody's: a made-up credential must not take the place of one that counts.
                self._counts[TOKEN].pop(presented, None)
                self._changed[TOKEN].discard(presented)
                self._good.pop(presented, None)
        elif presented is not None and address in self.suspects:
            if len(self._good) >= REMEMBERED:
                del self._good[next(iter(self._good))]
            self._good[presented] = None

    def news(self, now: float) -> Iterator[tuple[Actor, int, int, int]]:
        """Actors with what the other processes don't know yet: the window, the count in it and in the one before."""
        window = int(now // WINDOW_S)
        for kind, table in self._counts.items():
            changed, self._changed[kind] = self._changed[kind], set()
            for name in changed:
                if (counts := table.get(name)) is not None:
                    counts.roll(window)
                    yield Actor(kind, name), window, *counts.tell()

    def learn(self, actor: Actor, window: int, total: int, before: int, now: float) -> None:
        """Take in what all processes together have counted."""
        counts = self._counts[actor.kind].get(actor.digest)
        if counts is not None and counts.window == window:
            counts.learn(total, before)
            if actor.kind == SIGN_IN and window == int(now // WINDOW_S):
                self._suspect(actor.digest, counts, now)

    def tidy(self, now: float) -> None:
        """Forget whoever made no request in the last two minutes."""
        window = int(now // WINDOW_S)
        for kind, table in self._counts.items():
            self._counts[kind] = {name: counts for name, counts in table.items() if abs(counts.window - window) <= 1}
        self.suspects = {a for a in self.suspects if self._fails(a, now)}
        if not self.suspects:
            self._good.clear()

    def forget(self) -> None:
        """Begin anew, without limits until they are read again."""
        self.limits = Limits()
        for kind, table in self._counts.items():
            table.clear()
            self._changed[kind].clear()
        self.suspects.clear()
        self._good.clear()

    def __len__(self) -> int:
        return sum(map(len, self._counts.values())) + len(self._good)

    def _of(self, actor: Actor, now: float) -> Counts:
        window, table = int(now // WINDOW_S), self._counts[actor.kind]
        counts = table.get(actor.digest)
        if counts is None:
            if len(table) >= self._most:
                first = next(iter(table))
                del table[first]
                self._changed[actor.kind].discard(first)
            counts = table[actor.digest] = Counts(window)
        counts.roll(window)
        return counts

    def _add(self, actor: Actor, counts: Counts) -> None:
        counts.here += 1
        self._changed[actor.kind].add(actor.digest)

    def _signs_in(self, scope: Scope) -> bool:
        return scope["path"].rstrip("/") in self._sign_in_paths and scope.get("method") == "POST"

    def _judge_sign_in(
        self, scope: Scope, address: bytes, presented: bytes | None, now: float
    ) -> TooManyRequests | None:
        """What is presented for the first time waits where too much was wrong; what has been good goes on."""
        limit = self.limits.failed_sign_ins
        is_new = self._signs_in(scope) or (presented is not None and presented not in self._good)
        if not limit or not is_new:
            return None
        wait = wait_s(self._of(Actor(SIGN_IN, address), now), limit, now)
        return _refused(SIGN_IN, wait) if wait else None

    def _suspect(self, address: bytes, counts: Counts, now: float) -> None:
        limit, failed = self.limits.failed_sign_ins, used(counts, now)
        if not limit:  # It was lifted while the others were asked.
            return
        if failed >= limit * SUSPECT_FROM:
            self.suspects.add(address)
        if failed >= limit and self._warned_at != counts.window:
            self._warned_at = counts.window
            log.warning("sign_ins.limited", limit=limit, hint="is TRUSTED_PROXIES right?")

    def _fails(self, address: bytes, now: float) -> bool:
        counts = self._counts[SIGN_IN].get(address)
        if counts is None:
            return False
        counts.roll(int(now // WINDOW_S))
        return used(counts, now) >= self.limits.failed_sign_ins * SUSPECT_FROM > 0


def _refused(kind: bytes, wait: int) -> TooManyRequests:
    RATE_LIMITED.labels(KINDS[kind]).inc()
    return TooManyRequests(headers={"Retry-After": str(wait)})
