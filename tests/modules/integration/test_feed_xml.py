"""XML feeds taken apart into items."""

import pytest

from src.modules.integration import feed_xml
from src.modules.integration.errors import NoFeed
from src.modules.integration.feed_rows import FeedRow
from src.modules.integration.feed_xml import MAX_ITEM_CHARS, xml_items
from tests.modules.integration.bodies import body

GOOGLE = 'xmlns:g="http://base.google.com/ns/1.0"'
ENTITIES = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))


def rss(*items: str) -> str:
    found = "".join(f"<item>{item}</item>\n" for item in items)
    return f'<?xml version="1.0"?>\n<rss version="2.0" {GOOGLE}><channel><title>shop</title>\n{found}</channel></rss>'


def items(text: str | bytes) -> list[FeedRow]:
    return list(xml_items(body(text)))


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_items_have_their_lines_and_values(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_xml, "PIECE_BYTES", size)
    text = rss("<g:id>1</g:id><g:title>Lamp &amp; shade ğ</g:title>", "<g:id> 2 </g:id><g:color/>", "")
    assert items(text) == [
        FeedRow(3, {"id": ["1"], "title": ["Lamp & shade ğ"]}),
        FeedRow(4, {"id": ["2"]}),
        FeedRow(5, {}),
    ]


def test_what_is_told_several_times_is_kept_in_order() -> None:
    text = rss("".join(f"<g:additional_image_link>https://a/{n},x</g:additional_image_link>" for n in range(3)))
    assert items(text)[0].values["additional_image_link"] == [f"https://a/{n},x" for n in range(3)]


def test_attributes_of_google_come_before_those_of_rss() -> None:
    text = rss("<title>plain</title><g:title>better</g:title><link>https://a/</link>")
    assert items(text)[0].values == {"title": ["better"], "link": ["https://a/"]}


def test_groups_of_attributes_are_passed_over() -> None:
    text = rss("<g:shipping><g:country>US</g:country>5</g:shipping><g:id>1<b>2</b>3</g:id><![CDATA[x]]>")
    assert items(text)[0].values["id"] == ["13"]
    assert "country" not in items(text)[0].values


def test_atom_is_read() -> None:
    text = f"""<feed xmlns="http://www.w3.org/2005/Atom" {GOOGLE}><title>shop</title><entry>
        <g:id>1</g:id><title>T</title><link rel="self" href="https://a/self"/><link href="https://a/p"/></entry></feed>"""
    assert items(text)[0].values == {"id": ["1"], "title": ["T"], "link": ["https://a/p"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encoding_is_what_the_document_says(encoding: str) -> None:
    text = rss("<g:title>é</g:title>").replace('"1.0"?', f'"1.0" encoding="{encoding}"?')
    assert items(text.encode(encoding))[0].values == {"title": ["é"]}


def test_item_that_is_too_long_is_told_and_the_others_stay() -> None:
    found = items(rss("<g:id>1</g:id>" + "<g:t>" + "x " * MAX_ITEM_CHARS + "</g:t>", "<g:id>2</g:id>"))
    assert [(row.values["id"], row.fault) for row in found] == [(["1"], "is too long"), (["2"], None)]
    assert sum(map(len, found[0].values.get("t", []))) <= MAX_ITEM_CHARS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id\ttitle",
        "<a/>",
        "<rss>",
        "<rss></feed>",
        "<rss>&nbsp;</rss>",
        rss("<g:id>1</g:id>") + "<more/>",
        rss("<g:id>1").replace("</item>", ""),
        b"<rss>\xff</rss>",
        "<rss " + "x" * 5_000_000,
        "<rss>" + "<a>" * 1000,
        f'<!DOCTYPE a [<!ENTITY x0 "ha">{ENTITIES}]><rss><channel><title>&x9;</title></channel></rss>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><item><id>&x;</id></item></rss>',
        '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss/>',
    ],
    ids=lambda text: repr(text)[:40],
)
def test_no_feed_is_refused_and_nothing_expanded(text: str | bytes) -> None:
    with pytest.raises(NoFeed):
        items(text)
