"""Who comes with which wishes: what a request says of a basket before the database is asked."""

from typing import Any, NamedTuple

from litestar import Request

from src.modules.catalogue import read_currency
from src.modules.identity import SESSION_COOKIE, Identity, Presented, session_digest
from src.platform.errors import Invalid
from src.platform.i18n import negotiate

AnyRequest = Request[Any, Any, Any]
SCOPE = "storefront"
MAX_NAMESPACE = 64
MAX_CLIENT_TYPE = 64
DEFAULT_CLIENT_TYPE = "default"


class Visit(NamedTuple):
    """What a request says of its shopper and of the basket that it means."""

    # Of the credential; None when the request has none at all.
    digest: bytes | None
    # Of the cookie, by which a guest's basket is found.
    guest: bytes | None
    namespace: str | None
    # What X-Currency names, if it can be a currency.
    currency: str | None
    language: str
    client_type: str
    # The cookie itself: guests are told it again.
    session_id: str | None = None

    @property
    def may_be_guest(self) -> bool:
        """Whether nobody has to be behind the digest: a cookie may be a guest's, an Authorization header may not."""
        return self.digest is None or self.digest == self.guest

    def admit(self, identity: Identity, scopes: list[str] | None) -> None:
        """Let in a guest, and who holds the credential with these scopes; raises Unauthenticated and Forbidden."""
        if scopes is not None or not self.may_be_guest:
            identity.admit(Presented(self.digest or b""), scopes, SCOPE)

    def actor(self, user_id: int | None, request: AnyRequest) -> str:
        """Whose Idempotency-Keys these are: the user's, the guest's, or those of an address not known otherwise.

        Each of their baskets has its own.
        """
        if user_id is not None:
            who = f"user:{user_id}"
        elif self.guest is not None:
            who = f"guest:{self.guest.hex()}"
        else:
            who = f"address:{request.client.host if request.client else ''}"
        return who if self.namespace is None else f"{who}:{self.namespace}"


async def read_visit(request: AnyRequest, identity: Identity) -> Visit:
    """What `request` says; raises what Identity.present raises, but nothing for want of a credential, and Invalid."""
    headers = request.headers
    session_id = request.cookies.get(SESSION_COOKIE)
    guest = session_digest(session_id) if session_id else None
    digest = guest
    if guest is not None or "authorization" in headers:
        digest = (await identity.present(request)).digest
    return Visit(
        digest=digest,
        guest=guest,
        namespace=_namespace(request.query_params.get("namespace") or headers.get("x-basket-namespace")),
        currency=read_currency(headers.get("x-currency")),
        language=negotiate(headers.get("accept-language")),
        client_type=read_client_type(headers.get("x-client-type")),
        session_id=session_id if guest is not None else None,
    )


def read_client_type(text: str | None) -> str:
    """The kind of client that a text names."""
    return (text or "").strip()[:MAX_CLIENT_TYPE] or DEFAULT_CLIENT_TYPE


def _namespace(text: str | None) -> str | None:
    if not text:
        return None
    if len(text) > MAX_NAMESPACE or not text.isprintable():
        raise Invalid("Not a valid value", field="namespace")
    return text
