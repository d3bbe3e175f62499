"""The decisions of alerts, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from src.modules.alerts.links import link, read_token, source_digest
from src.modules.alerts.rules import Asked, allowed_again, read_email, shown, told_in, wants_confirmation, wave_room
from src.modules.updates import Change, History, Sight

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOBODY = Asked(from_source=[], is_suppressed=False, is_waiting=False, asked_at=None, confirmations=0)
# 1 is the default list, 2 the data source's, 3 a segment's.
SIGHT = Sight(is_active=True, source_price_list=None, source_stock_list=2, prices={}, availabilities={1: True})


def change(number: int, list_id: int | None, old: bool | None, new: bool | None) -> Change:
    kind = "activity" if list_id is None else "availability"
    return Change(number, kind, list_id, None, old, new, NOW + number * MINUTE)


@pytest.mark.parametrize(
    ("availabilities", "segment_list", "stock_list", "available"),
    [
        ({}, None, None, False),
        ({1: True}, None, 1, True),
        ({1: True}, 3, 1, True),
        ({1: True, 2: False}, None, 2, False),
        ({1: False, 2: True, 3: False}, 3, 3, False),
        ({1: False, 2: True, 3: False}, None, 2, True),
        ({3: True}, None, None, False),
    ],
)
def test_first_list_that_says_anything_counts(
    availabilities: dict[int, bool], segment_list: int | None, stock_list: int | None, available: bool
) -> None:
    seen = shown(History(SIGHT._replace(availabilities=availabilities), []), segment_list)
    assert (seen.stock_list, seen.available, seen.since, seen.change_id) == (stock_list, available, None, None)


def test_last_return_is_the_one_that_was_seen() -> None:
    changes = [
        change(1, 1, None, True),
        change(2, None, True, False),
        change(3, None, False, True),
        # No news to those whose data source has a list of its own.
        change(4, 2, None, True),
        change(5, 1, True, False),
    ]
    sight = SIGHT._replace(availabilities={1: False, 2: True})
    assert shown(History(sight, changes), None)[3:] == (NOW + 3 * MINUTE, 3)
    assert shown(History(sight._replace(source_stock_list=None), changes), None)[2] is False


@pytest.mark.parametrize(
    ("size", "stock", "told", "room"),
    [(0, 5, 0, None), (2, None, 0, None), (2, 5, 0, 10), (2, 5, 7, 3), (2, 5, 10, 0), (2, 1, 10, 0), (2, 0, 0, 0)],
)
def test_wave_has_room_for_so_many_per_unit(size: int, stock: int | None, told: int, room: int | None) -> None:
    assert wave_room(size, stock, told) == room


def test_network_address_may_ask_again_when_the_oldest_of_its_requests_is_an_hour_old() -> None:
    times = [NOW - n * MINUTE for n in range(10)]
    assert allowed_again(NOBODY._replace(from_source=times), NOW) == NOW - 9 * MINUTE + HOUR
    assert allowed_again(NOBODY._replace(from_source=times[:9]), NOW) is None
    assert allowed_again(NOBODY._replace(from_source=[*times[:9], NOW - HOUR]), NOW) is None


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (NOBODY, True),
        (NOBODY._replace(is_suppressed=True), False),
        (NOBODY._replace(is_waiting=True), False),
        (NOBODY._replace(confirmations=4), True),
        (NOBODY._replace(confirmations=5), False),
        (NOBODY._replace(asked_at=NOW - 23 * HOUR), False),
        (NOBODY._replace(asked_at=NOW - 24 * HOUR), True),
    ],
)
def test_address_is_asked_to_confirm_unless_it_was_or_wants_nothing(asked: Asked, wanted: bool) -> None:
    assert wants_confirmation(asked, NOW) == wanted


@pytest.mark.parametrize(
    ("header", "own", "language"),
    [
        (None, None, "en"),
        (None, "tr-tr", "tr-tr"),
        ("undefined", "tr", "tr"),
        ("de", "tr", "tr"),
        ("ar", "tr", "ar"),
        ("en", "tr", "en"),
        ("undefined", None, "en"),
    ],
)
def test_language_of_the_page_goes_first_if_it_is_ours(header: str | None, own: str | None, language: str) -> None:
    assert told_in(header, own) == language


def test_address_is_taken_as_it_was_written() -> None:
    assert read_email(" O'Neil+alerts@Example.com ") == "O'Neil+alerts@Example.com"


def test_link_names_its_alert_under_its_key_only() -> None:
    for alert in (1, 2**62):
        token = link(b"k" * 32, alert).rpartition("/")[2]
        assert token.replace("-", "").replace("_", "").isalnum()
        assert read_token(b"k" * 32, token) == alert
        assert read_token(b"l" * 32, token) is None
    assert read_token(b"k" * 32, "") is None


def test_network_addresses_have_digests_of_their_own() -> None:
    assert source_digest(b"k", "192.0.2.1") == source_digest(b"k", "192.0.2.1")
    assert len({source_digest(key, address) for key in (b"k", b"l") for address in ("192.0.2.1", "192.0.2.2")}) == 4
