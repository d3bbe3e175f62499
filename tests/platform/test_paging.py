"""Pages by number: what is a page, what is none, and links that lead through the whole list."""

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.testing import RequestFactory

from src.platform.errors import InvalidFields
from src.platform.paging import Page, linked, links, read_page, whole_number
from src.platform.settings import Settings

SETTINGS = Settings(database_url="postgresql:///x", redis_url="redis://x")
BIGINT = 2**63 - 1


def serving(settings: Settings) -> RequestFactory:
    """Makes requests of an application with these settings."""
    return RequestFactory(app=Litestar(state=State({"settings": settings}), openapi_config=None))


SHOP = serving(SETTINGS)


def request_for(query: str, *, at: RequestFactory = SHOP) -> Request[Any, Any, Any]:
    """A GET, as a server that sets `raw_path` hands it on."""
    request = at.get("/wishlists/x/")
    request.scope["raw_path"] = b"/wishlists/x/"
    request.scope["query_string"] = query.encode("latin-1")
    request.scope["headers"] = [(b"host", b"shop.test")]
    return request


def test_first_page_of_twenty_is_the_default() -> None:
    assert read_page({}, max_limit=1000, clamp=True) == Page(1, 20)


@pytest.mark.parametrize("text", ["0", "-1", "", "x", "1.5", " 1", "+1", "1e3", "٣", "²", "0x10", "00"])
@pytest.mark.parametrize("name", ["page", "limit"])
def test_what_is_no_positive_number_is_a_fault_of_its_field(name: str, text: str) -> None:
    for clamp in (True, False):
        with pytest.raises(InvalidFields) as caught:
            read_page({name: text}, max_limit=100, clamp=clamp)
        assert caught.value.fields == {name: "Must be a positive whole number"}


def test_both_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidFields) as caught:
        read_page({"page": "x", "limit": "x"}, max_limit=100, clamp=True)
    assert set(caught.value.fields) == {"page", "limit"}


@pytest.mark.parametrize("limit", ["101", "1000000", "9" * 5000])
def test_limit_above_the_maximum_counts_as_it_or_is_refused(limit: str) -> None:
    assert read_page({"limit": limit}, max_limit=100, clamp=True) == Page(1, 100)
    with pytest.raises(InvalidFields) as caught:
        read_page({"limit": limit}, max_limit=100, clamp=False)
    assert caught.value.fields == {"limit": "Must be between 1 and %(maximum)s"}
    assert caught.value.params == {"maximum": 100}


@settings(deadline=None)
@given(st.integers(1, 10**40), st.integers(0, 50))
def test_any_page_has_an_offset_that_the_database_can_hold(number: int, zeros: int) -> None:
    page = read_page({"page": "0" * zeros + str(number), "limit": "1000"}, max_limit=1000, clamp=True)
    assert 0 <= page.offset <= BIGINT
    assert page.number == min(number, 10**15)


def test_digits_beyond_what_python_converts_are_a_page_past_any_end() -> None:
    assert read_page({"page": "9" * 100_000}, max_limit=1000, clamp=True).past_end(10**9)


@settings(deadline=None)
@given(st.integers(0, 10**30), st.integers(1, 10**20), st.integers(0, 6000))
def test_whole_number_is_the_number_up_to_the_maximum(number: int, maximum: int, zeros: int) -> None:
    assert whole_number("0" * zeros + str(number), maximum) == min(number, maximum)


@settings(deadline=None)
@given(st.integers(1, 50), st.integers(0, 500))
def test_pages_fill_the_list_exactly(limit: int, total: int) -> None:
    pages = Page(1, limit).pages(total)
    shown = [len(range(total)[Page(n, limit).offset :][:limit]) for n in range(1, pages + 1)]
    assert sum(shown) == total
    assert all(shown)
    assert Page(pages + 1, limit).past_end(total) is (pages > 0)
    assert not Page(max(pages, 1), limit).past_end(total)


def test_links_of_a_middle_page_are_absolute_and_keep_everything_else() -> None:
    query_string = "product__name=a%26b&limit=2&page=3&base_code__in=x&base_code__in="
    following, before = links(request_for(query_string), Page(3, 2), 7)
    for link, number in ((following, "4"), (before, "2")):
        assert link is not None
        parts = urlsplit(link)
        assert (parts.scheme, parts.netloc, parts.path) == ("http", "shop.test", "/wishlists/x/")
        query = parse_qs(parts.query, keep_blank_values=True)
        assert query == {"product__name": ["a&b"], "limit": ["2"], "base_code__in": ["x", ""], "page": [number]}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.text("aÿ&=+% ç🛒"))), st.integers(1, 5), st.integers(0, 30))
def test_links_lead_through_the_whole_list_and_back(pairs: list[tuple[str, str]], limit: int, total: int) -> None:
    query, page, seen = urlencode([*pairs, ("page", "1")]), Page(1, limit), []
    while True:
        seen.append(page.number)
        following, before = links(request_for(query), page, total)
        assert (before is None) is (page.number == 1)
        if following is None:
            break
        query = urlsplit(following).query
        assert [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "page"] == pairs
        page = Page(page.number + 1, limit)
    assert seen == list(range(1, max(1, page.pages(total)) + 1))


def test_links_begin_with_the_public_url_where_one_is_set() -> None:
    behind_a_proxy = msgspec.structs.replace(SETTINGS, public_url="https://api.shop.example/")
    following, _ = links(request_for("", at=serving(behind_a_proxy)), Page(1, 2), 3)
    assert following == "https://api.shop.example/wishlists/x/?page=2"


def test_parameters_of_a_link_are_set_and_taken_away() -> None:
    shown = request_for("cursor=abc&sort=-id&page=3")
    assert linked(shown, {"page": 4, "cursor": "d/e"}) == "http://shop.test/wishlists/x/?sort=-id&page=4&cursor=d%2Fe"
    assert linked(shown, {"page": 2, "cursor": None}) == "http://shop.test/wishlists/x/?sort=-id&page=2"
    assert linked(shown, dict.fromkeys(("page", "cursor", "sort"))) == "http://shop.test/wishlists/x/"
