"""Who comes: what a request says, told apart from what it may not say."""

import httpx
import pytest
from litestar import Litestar
from litestar.testing import RequestFactory

from src.modules.baskets.visits import Visit, read_visit
from src.modules.identity import session_digest
from src.platform.errors import Forbidden, Invalid, Unauthenticated
from src.platform.security import digest
from tests.factories import Client
from tests.modules.baskets.buying import BASKET, envelope, look
from tests.modules.baskets.scene import Guest

COOKIE = {"Cookie": "osessionid=abc"}


async def visit(app: Litestar, headers: dict[str, str] | None = None, *, method: str = "GET", **query: str) -> Visit:
    """What is read of a request with these headers."""
    request = RequestFactory(app=app).get("/baskets/basket/", headers=headers or {}, query_params={**query})
    request.scope["method"] = method  # type: ignore[typeddict-item]
    return await read_visit(request, app.state.identity)


async def test_visit_without_anything_is_that_of_a_guest_without_a_name(app: Litestar) -> None:
    assert await visit(app) == Visit(None, None, None, None, "en", "default", None)
    assert (await visit(app)).may_be_guest


async def test_visit_with_a_cookie_may_be_a_guests_or_a_users(app: Litestar) -> None:
    read = await visit(app, COOKIE)
    assert read.digest == read.guest == session_digest("abc")
    assert read.session_id == "abc"
    assert read.may_be_guest


async def test_visit_with_a_token_and_a_cookie_is_both(app: Litestar) -> None:
    read = await visit(app, {"Authorization": "Token secret", **COOKIE})
    assert (read.digest, read.guest) == (digest("secret"), session_digest("abc"))
    assert not read.may_be_guest
    assert (await visit(app, {"Authorization": "Token secret"})).guest is None


@pytest.mark.parametrize("header", ["", "nonsense", "Basic abc", "Token", "Token a b"])
async def test_authorization_that_makes_no_sense_is_refused_even_beside_a_cookie(app: Litestar, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await visit(app, {"Authorization": header, **COOKIE})


async def test_cookie_that_is_no_word_counts_as_none(app: Litestar) -> None:
    assert await visit(app, {"Cookie": "osessionid=a-b"}) == await visit(app)


async def test_write_that_only_a_cookie_vouches_for_needs_the_shops_own_page(app: Litestar) -> None:
    with pytest.raises(Forbidden):
        await visit(app, COOKIE, method="PUT")
    assert (await visit(app, {**COOKIE, "X-Requested-With": "XMLHttpRequest"}, method="PUT")).guest is not None
    # There is nothing yet that a foreign page could misuse.
    assert (await visit(app, method="PUT")).guest is None


async def test_wishes_are_read_from_headers(app: Litestar) -> None:
    read = await visit(
        app, {"X-Currency": " USD ", "Accept-Language": "tr-TR", "X-Client-Type": "ios", "X-Basket-Namespace": "rent"}
    )
    assert (read.currency, read.language, read.client_type, read.namespace) == ("usd", "tr", "ios", "rent")


@pytest.mark.parametrize("header", ["", "dollars", "u$d", "us", "USD,EUR"])
async def test_currency_that_can_be_none_is_ignored(app: Litestar, header: str) -> None:
    assert (await visit(app, {"X-Currency": header})).currency is None


async def test_namespace_of_the_address_goes_before_that_of_the_header(app: Litestar) -> None:
    named = {"X-Basket-Namespace": "header"}
    assert (await visit(app, named, namespace="address")).namespace == "address"
    assert (await visit(app, named, namespace="")).namespace == "header"


@pytest.mark.parametrize("namespace", ["n" * 65, "\0", "a\nb"])
async def test_namespace_that_can_be_none_is_a_400(app: Litestar, shopper: Client, namespace: str) -> None:
    with pytest.raises(Invalid):
        await visit(app, namespace=namespace)
    answer = await shopper.get(BASKET, params={"namespace": namespace})
    assert (answer.status_code, list(answer.json())) == (400, ["namespace"])


async def test_idempotency_keys_are_those_of_the_user_the_guest_or_the_address(app: Litestar) -> None:
    request = RequestFactory(app=app).post("/")
    guest = await visit(app, COOKIE)
    assert guest.actor(7, request) == "user:7"
    assert guest.actor(None, request) == f"guest:{guest.digest.hex() if guest.digest else ''}"
    assert (await visit(app)).actor(None, request).startswith("address:")


async def test_unknown_token_is_a_401_and_unknown_cookie_a_guests(
    client: httpx.AsyncClient, guest: Guest, shopper: Client
) -> None:
    refused = await guest.get(BASKET, headers={"Authorization": "Token unknown"})
    assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Bearer")
    told = envelope(await guest.get(BASKET))
    assert (told.basket.pk, told.osessionid) == (None, None)
    assert (await look(shopper)).pk is not None
