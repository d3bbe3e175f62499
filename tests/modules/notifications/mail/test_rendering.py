"""What mails say, in every language."""

from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest

from src.modules.notifications.mail.amounts import amount, reduction
from src.modules.notifications.mail.rendering import Rendered, Renderer
from src.modules.notifications.messages import Message
from src.modules.notifications.wording import one_line
from src.platform.i18n import LOCALES, translate
from tests.modules.notifications.mail.servers import drop, item, message, product

WAY_OUT = "https://shop.example/unsubscribe/token"
RIGHT_TO_LEFT = {"ar", "ku"}


class Read(HTMLParser):
    """The links, pictures and texts of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.tags: list[str] = []
        self.root: dict[str, str | None] = {}
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.root = found
        if tag == "a":
            self.links.append(str(found["href"]))
        if tag == "img":
            self.pictures.append(str(found["src"]))

    def handle_data(self, data: str) -> None:
        self.text += data


def render(*items: Any, **fields: Any) -> Rendered:
    return rendered(message(items=items or None, **fields))


def rendered(told: Message) -> Rendered:
    return Renderer("https://shop.example/", "Shop").render(told, WAY_OUT)


@pytest.mark.parametrize("language", LOCALES)
def test_a_mail_is_in_the_language_and_direction_of_its_reader(language: str) -> None:
    mail = render(drop(lowest_price_30d=Decimal("90.00")), language=language)
    page = Read(mail.html)
    assert page.root["lang"] == language
    assert page.root["dir"] == ("rtl" if language in RIGHT_TO_LEFT else "ltr")
    for text in ("There is news about what you saved.", "View product", "Unsubscribe", "Price drop"):
        assert translate(text, language) in page.text
    assert mail.subject.startswith(translate("Price drop", language))
    assert translate("Unsubscribe", language) in mail.text


def test_every_side_of_a_right_to_left_mail_is_the_other_one() -> None:
    left, right = (render(language=language).html for language in ("en", "ar"))
    assert "direction:rtl" not in left
    assert "direction:ltr" not in right
    assert "text-align:right" not in left
    assert "text-align:left" not in right.replace("text-align:left;direction:rtl", "")


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert Read(render(language="xx").html).root["lang"] == "en"


def test_a_drop_shows_both_prices_the_percentage_and_the_lowest() -> None:
    mail = render(drop(lowest_price_30d=Decimal("95.00")))
    for part in (Read(mail.html).text, mail.text):
        for told in ("TRY\xa080.00", "TRY\xa0100.00", "-16%", "Lowest price in the 30 days before: TRY\xa095.00"):
            assert told in part


def test_a_rise_is_no_reduction() -> None:
    mail = render(drop(old_price=Decimal(80), new_price=Decimal(100), lowest_price_30d=Decimal(70)))
    assert mail.subject.startswith("Price rise: ")
    assert "%" not in mail.text
    assert "Lowest" not in mail.text


@pytest.mark.parametrize(
    ("old", "new", "lowest", "percent"),
    [
        ("100", "80", None, 20),
        ("100", "80", "120", 20),
        # Raised shortly before: the reduction counts from what it cost before that.
        ("100", "80", "90", 11),
        ("100", "80", "80", None),
        ("100", "80", "70", None),
        ("100", "99.60", None, None),
        ("100", "99.50", None, 1),
        ("100", "0", None, 100),
        ("0", "0", None, None),
    ],
)
def test_a_reduction_counts_from_the_lowest_price_of_the_days_before(
    old: str, new: str, lowest: str | None, percent: int | None
) -> None:
    assert reduction(Decimal(old), Decimal(new), None if lowest is None else Decimal(lowest)) == percent


@pytest.mark.parametrize(
    ("value", "currency", "language", "shown"),
    [
        ("1499.90", "try", "en", "TRY\xa01,499.90"),
        ("1499.90", "try", "tr", "\N{TURKISH LIRA SIGN}1.499,90"),
        ("1500", "usd", "en", "$1,500.00"),
        ("1500", "iqd", "en", "IQD\xa01,500"),
        ("1500.50", "iqd", "en", "IQD\xa01,500.50"),
        ("1499.90", "eur", "ar", "\u200f1,499.90\xa0\N{EURO SIGN}"),
        ("1499.90", "zzz", "en", "ZZZ\xa01,499.90"),
        ("1499.90", None, "en", "1,499.90"),
    ],
)
def test_money_is_written_as_the_language_does_and_never_rounded(
    value: str, currency: str | None, language: str, shown: str
) -> None:
    assert amount(Decimal(value), currency, language) == shown


def test_names_are_text_in_html_and_in_attributes() -> None:
    mail = render(drop(product('<script>alert(1)</script>" onerror="x', image='https://i.example/"><script>')))
    assert "script" not in Read(mail.html).tags
    assert "<script>" not in mail.html
    assert '" onerror="x' not in mail.html


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("/p/lamp/", "https://shop.example/p/lamp/"),
        ("https://other.example/lamp", "https://other.example/lamp"),
        ("javascript:alert(1)", "https://shop.example/"),
        ("data:text/html,x", "https://shop.example/"),
        ("/p/lamp/\r\nBcc: x", "https://shop.example/"),
        ("//evil.example/", "https://shop.example/"),
        ("", "https://shop.example/"),
    ],
)
def test_links_lead_to_the_web_only(url: str, link: str) -> None:
    mail = render(drop(product(url=url, image=url)))
    assert set(Read(mail.html).links) == {link, "https://shop.example/", WAY_OUT}
    assert f"\n{link}\n" in mail.text


def test_a_product_without_a_picture_or_a_price_has_none() -> None:
    page = Read(render(item("newly_available", product(image=None, price=None))).html)
    assert page.pictures == []
    assert "TRY" not in page.text


def test_several_products_travel_in_one_mail() -> None:
    mail = render(drop(product("Lamp")), item("newly_available", product("Tent")), item("out_of_stock", product("Mug")))
    assert mail.subject == "News about 3 products that you saved"
    for part in (Read(mail.html).text, mail.text):
        assert part.index("Lamp") < part.index("Tent") < part.index("Mug")
        assert "Sold out" in part


def test_two_things_about_one_product_are_called_by_its_name() -> None:
    lamp = product("Lamp")
    assert render(drop(lamp), item("newly_available", lamp)).subject == "Price drop: Lamp"


@pytest.mark.parametrize("digest", ["daily", "weekly"])
def test_a_digest_says_so(digest: str) -> None:
    assert render(digest=digest).subject == f"What you saved: the news of the {'day' if digest == 'daily' else 'week'}"


def test_an_alert_says_why_it_comes() -> None:
    mail = render(item("back_in_stock", product("Tent")))
    assert mail.subject == "Available again: Tent"
    assert "You get this mail because you asked to be told about this product." in mail.text
    assert "The product that you asked about is back in stock." in mail.text


@pytest.mark.parametrize("link", ["/product-alerts/confirm/x", "https://shop.example/product-alerts/confirm/x"])
def test_a_confirmation_leads_to_its_page_and_shows_no_product(link: str) -> None:
    mail = render(item("confirm_alert", product("Tent"), link=link), first_name="")
    assert mail.subject == "Please confirm your product alert"
    page = Read(mail.html)
    assert "https://shop.example/product-alerts/confirm/x" in page.links
    assert "https://shop.example/product-alerts/confirm/x" in mail.text
    assert "Tent is back in stock" in page.text
    assert page.pictures == []
    assert "Hello," in page.text


def test_a_long_name_leaves_the_subject_readable() -> None:
    subject = render(drop(product("Lamp " * 100))).subject
    assert len(subject) < 100
    assert subject.endswith("\N{HORIZONTAL ELLIPSIS}")


def test_one_line_is_one_line() -> None:
    assert one_line(" a\r\nb\x00c\u2028d\te ") == "a b c d e"


def test_address_that_is_none_is_the_shops_instead() -> None:
    renderer = Renderer("https://shop.example", "Shop")
    for link in ("https://cdn[1].example/a.jpg", "//[x"):
        assert renderer.address(link) == "https://shop.example/"
