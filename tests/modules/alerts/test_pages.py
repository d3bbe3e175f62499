"""The page behind a guest's link: seeing it changes nothing, its buttons do what they say."""

import pytest

from tests.modules.alerts.desk import Desk

GUEST = "guest@example.com"


async def is_confirmed(desk: Desk) -> bool:
    return bool(await desk.factory.scalar("SELECT confirmed_at IS NOT NULL FROM product_alert"))


async def test_seeing_the_page_confirms_nothing(desk: Desk) -> None:
    await desk.ask_as_guest(await desk.sold_out(name="Lamp <b>&"), GUEST)
    page = await desk.client.get(await desk.link(GUEST))
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "You asked to be told when Lamp &lt;b&gt;&amp; is back in stock." in page.text
    assert '<form method="post"' in page.text
    assert not await is_confirmed(desk)


async def test_button_confirms_and_pressing_it_again_harms_nothing(desk: Desk) -> None:
    await desk.ask_as_guest(await desk.sold_out(), GUEST)
    link = await desk.link(GUEST)
    for _ in range(2):
        page = await desk.client.post(link)
        assert page.status_code == 200
        assert "We will tell you" in page.text
    assert await is_confirmed(desk)
    assert "We will tell you" in (await desk.client.get(f"{link}/")).text


async def test_page_is_in_the_language_of_the_alert(desk: Desk) -> None:
    product = await desk.sold_out(translations={"ar": {"name": "Misbah"}})
    await desk.ask_as_guest(product, GUEST, **{"Accept-Language": "ar"})
    page = await desk.client.get(await desk.link(GUEST), headers={"Accept-Language": "tr"})
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "Misbah" in page.text


async def test_alert_is_ended_by_its_link(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.confirmed(product, GUEST)
    link = await desk.link(GUEST)
    token = link.rpartition("/")[2]
    assert f'action="{token}/end"' in (await desk.client.get(link)).text
    assert "The alert has ended" in (await desk.client.post(f"{link}/end")).text
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 0
    assert await desk.factory.scalar("SELECT count(*) FROM deleted_item") == 1
    for method, path in (("GET", link), ("POST", link), ("POST", f"{link}/end")):
        assert (await desk.client.request(method, path)).status_code == 404
    await desk.restock(product)
    assert await desk.told() == []


async def test_alert_that_fired_says_so(desk: Desk) -> None:
    product = await desk.sold_out()
    await desk.confirmed(product, GUEST)
    await desk.restock(product)
    link = await desk.link(GUEST)
    assert "It is back in stock" in (await desk.client.get(link)).text
    assert "It is back in stock" in (await desk.client.post(link)).text
    assert len(await desk.told()) == 1


async def test_what_was_not_confirmed_can_not_be_ended(desk: Desk) -> None:
    await desk.ask_as_guest(await desk.sold_out(), GUEST)
    assert (await desk.client.post(f"{await desk.link(GUEST)}/end")).status_code == 404
    assert await desk.factory.scalar("SELECT count(*) FROM product_alert") == 1


@pytest.mark.parametrize("change", ["cut", "other", "nonsense", "unicode"])
async def test_links_that_we_did_not_make_open_nothing(desk: Desk, change: str) -> None:
    await desk.ask_as_guest(await desk.sold_out(), GUEST)
    link = await desk.link(GUEST)
    folder, _, token = link.rpartition("/")
    changed = {
        "cut": token[:-1],
        "other": f"{'B' if token[9] == 'A' else 'A'}".join((token[:9], token[10:])),
        "nonsense": "nonsense",
        "unicode": "%C3%BC%00",
    }[change]
    for method in ("GET", "POST"):
        page = await desk.client.request(method, f"{folder}/{changed}", headers={"Accept-Language": "tr"})
        assert page.status_code == 404
        assert '<html lang="tr"' in page.text
    assert not await is_confirmed(desk)
