"""Who may read the metrics, also while PostgreSQL, which knows the credentials, is away: when they matter most."""

from time import monotonic
from typing import Any

from litestar import Request

from src.modules.identity import Identity
from src.modules.operations.operators import SCOPE
from src.platform.errors import ServiceUnavailable

AnyRequest = Request[Any, Any, Any]
REMEMBERED_S = 3600.0
MOST = 16


class Scrapers:
    """The few credentials that were let in lately; one per process."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        # When PostgreSQL last vouched for them, by digest; the last one at the end.
        self._let_in: dict[bytes, float] = {}

    async def admit(self, request: AnyRequest) -> None:
        """Let an operator in; raises Unauthenticated, Forbidden, and ServiceUnavailable for one not seen lately."""
        presented = await self._identity.present(request)
        try:
            await self._identity.known(presented, SCOPE)
        except ServiceUnavailable:
            let_in = self._let_in.get(presented.digest)
            if let_in is None or monotonic() - let_in > REMEMBERED_S:
                raise
            return
        self._let_in.pop(presented.digest, None)
        self._let_in[presented.digest] = monotonic()
        if len(self._let_in) > MOST:
            del self._let_in[next(iter(self._let_in))]
