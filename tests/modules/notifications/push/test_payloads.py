"""What browsers show: in the user's language, about what is new, and never too large."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.modules.notifications.messages import Item, Recipient
from src.modules.notifications.push.encryption import MAX_PLAIN_BYTES
from src.modules.notifications.push.payloads import payload_of, topic_of
from tests.modules.notifications.told import item, message, product

SHOP = "https://shop.example"


def shown(*items: Item, language: str = "en", public_url: str | None = SHOP, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(
        payload_of(message("push", Recipient(user_id=5, language=language), *items, **fields), public_url)
    )
    return told


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_fallen_price_is_told_with_the_prices_before() -> None:
    told = shown()
    assert told["title"] == "Price drop: Lamp"
    assert plain(told["body"]).split("\n") == [
        "Now: TRY 80.00",
        "Before: TRY 100.00",
        "Lowest price in the 30 days before: TRY 90.00",
    ]
    assert (told["url"], told["image"]) == ("https://shop.example/lamp/", "https://img.example/lamp.jpg")
    assert (told["lang"], told["dir"]) == ("en", "ltr")


def test_link_that_is_no_address_leads_to_the_shop() -> None:
    told = shown(item(product=product(url="https://cdn[1].example/", image="https://cdn[1].example/a.jpg")))
    assert told["url"] == "https://shop.example/"
    assert "cdn[1]" not in told.get("image", "")


def test_risen_price_is_told_without_the_lowest_before() -> None:
    told = shown(item(old_price=Decimal(70)))
    assert told["title"] == "Price rise: Lamp"
    assert plain(told["body"]).split("\n") == ["Now: TRY 80.00", "Before: TRY 70.00"]


@pytest.mark.parametrize("kind", ["newly_available", "back_in_stock"])
def test_availability_is_told_with_the_price(kind: Any) -> None:
    told = shown(item(kind))
    assert (told["title"], plain(told["body"])) == ("Available again: Lamp", "Now: TRY 80.00")


def test_what_is_sold_out_has_no_price() -> None:
    told = shown(item("out_of_stock"))
    assert (told["title"], told["body"]) == ("Sold out: Lamp", "")


def test_what_is_available_again_and_cheaper_is_told_as_both() -> None:
    told = shown(item(), item("newly_available"))
    assert told["title"] == "Available again: Lamp"
    assert plain(told["body"]).split("\n")[:2] == ["Now: TRY 80.00", "Before: TRY 100.00"]


def test_several_products_are_told_line_by_line() -> None:
    sold_out = item("out_of_stock", product=product(id=8, name="Chair"))
    told = shown(item(), sold_out)
    assert told["title"] == "News about 2 products that you saved"
    assert plain(told["body"]).split("\n") == ["Lamp: Now: TRY 80.00", "Chair: Sold out"]
    assert told["url"] == "https://shop.example/"
    many = shown(*(item(product=product(id=n)) for n in range(9)), digest="daily")
    assert many["title"] == "What you saved: the news of the day"
    assert len(many["body"].split("\n")) == 5


@pytest.mark.parametrize(("language", "direction"), [("tr", "ltr"), ("ar", "rtl"), ("ku", "rtl")])
def test_language_and_direction_are_the_users(language: str, direction: str) -> None:
    told = shown(language=language)
    assert (told["lang"], told["dir"]) == (language, direction)
    assert told["title"].endswith("Lamp")
    assert not told["title"].startswith("Price drop")


def test_news_of_one_product_replaces_older_news_of_it() -> None:
    topics = [
        topic_of(message("push", Recipient(user_id=5), each))
        for each in (item(), item("out_of_stock"), item(product=product(id=8)))
    ]
    assert topics[0] == topics[1] != topics[2]
    assert all(len(topic) == 32 for topic in topics)
    assert shown()["tag"] == topics[0]


@pytest.mark.parametrize(
    ("url", "public_url", "address"),
    [
        ("/lamp/", None, "/lamp/"),
        ("https://other.example/lamp", SHOP, "https://other.example/lamp"),
        ("javascript:alert(1)", SHOP, "https://shop.example/"),
        ("//elsewhere.example/", SHOP, "https://shop.example/"),
    ],
)
def test_link_leads_to_the_shop_or_where_the_feed_says(url: str, public_url: str | None, address: str) -> None:
    assert shown(item(product=product(url=url)), public_url=public_url)["url"] == address


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("long", ["name", "url", "image"])
def test_message_of_far_too_much_fits(count: int, long: str) -> None:
    text = "\N{LINEAR B SYLLABLE B008 A}" * 3000
    fields = {"name": text, "url": f"/{text}", "image": f"https://img.example/{text}"}
    items = [item(product=product(id=n, **fields)) for n in range(count)]
    assert len(payload_of(message("push", Recipient(user_id=5), *items), SHOP)) <= MAX_PLAIN_BYTES
    told = shown(item(product=product(**{long: fields[long]})))
    assert told["title"].startswith("Price drop: ")


@given(
    st.lists(
        st.builds(
            lambda name, url, image, n: item(product=product(id=n, name=name, url=f"/{url}", image=image)),
            st.text(max_size=3000),
            st.text(max_size=3000),
            st.none() | st.text(max_size=3000),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["en", "tr", "ar", "ku", "xx"]),
)
def test_message_of_anything_fits(items: list[Item], language: str) -> None:
    content = payload_of(message("push", Recipient(user_id=5, language=language), *items), SHOP)
    assert len(content) <= MAX_PLAIN_BYTES
    told = json.loads(content)
    assert told["title"]
    assert told["url"]
