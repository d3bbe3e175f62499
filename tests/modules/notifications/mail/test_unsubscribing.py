"""The way out of our mails: a POST acts at once, a GET changes nothing, and only our links do."""

import re
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from src.modules.notifications.mail.unsubscribing import Reader, open_cipher, seal, unseal
from src.platform.database import Database
from src.platform.i18n import LOCALES
from tests.factories import Factory

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
KEY = AESGCM(b"k" * 32)


@pytest.fixture
async def user_link(factory: Factory, database: Database) -> str:
    """The path of a user's link."""
    await factory.shopper(email="ada@example.com")
    uuid = await factory.scalar("SELECT uuid FROM users WHERE email = 'ada@example.com'")
    return f"/unsubscribe/{seal(await open_cipher(database), Reader('ar', user_uuid=uuid))}"


@pytest.fixture
async def guest_link(database: Database) -> str:
    """The path of a link for an address without an account."""
    return f"/unsubscribe/{seal(await open_cipher(database), Reader('en', email='Guest@Example.com'))}"


async def wants_mail(factory: Factory) -> bool | None:
    """What is in the only row of preferences; None when there is none."""
    found: bool | None = await factory.scalar("SELECT (SELECT email FROM notification_preference)")
    return found


async def suppressed(factory: Factory) -> int:
    return int(await factory.scalar("SELECT count(*) FROM suppressed_address WHERE email = 'guest@example.com'"))


class TestAUser:
    async def test_looking_changes_nothing(self, client: httpx.AsyncClient, factory: Factory, user_link: str) -> None:
        page = await client.get(user_link)
        assert page.status_code == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert '<html lang="ar" dir="rtl">' in page.text
        assert '<form method="post"' in page.text
        assert await wants_mail(factory) is None

    async def test_one_click_acts_at_once_without_a_login(
        self, client: httpx.AsyncClient, factory: Factory, user_link: str
    ) -> None:
        for _ in range(2):
            done = await client.post(user_link, data=ONE_CLICK)
            assert done.status_code == 200
            assert await wants_mail(factory) is False

    @pytest.mark.parametrize(
        "sent",
        [{}, {"content": b"\xff"}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {"json": [1]}],
        ids=["nothing", "bytes", "multipart", "json"],
    )
    async def test_whatever_is_posted_acts(
        self, client: httpx.AsyncClient, factory: Factory, user_link: str, sent: dict[str, object]
    ) -> None:
        assert (await client.request("POST", user_link, **sent)).status_code == 200  # type: ignore[arg-type]
        assert await wants_mail(factory) is False

    async def test_the_other_preferences_stay(
        self, client: httpx.AsyncClient, factory: Factory, user_link: str
    ) -> None:
        await factory.scalar(
            "INSERT INTO notification_preference (user_id, frequency, push) "
            "SELECT id, 'weekly', false FROM users WHERE email = 'ada@example.com' RETURNING 1"
        )
        await client.post(user_link, data=ONE_CLICK)
        assert await factory.scalar("SELECT (email, push, frequency)::text FROM notification_preference") == (
            "(f,f,weekly)"
        )

    async def test_it_can_be_undone_from_the_page(
        self, client: httpx.AsyncClient, factory: Factory, user_link: str
    ) -> None:
        done = await client.post(user_link, data=ONE_CLICK)
        action = re.search(r'action="([^"]+)"', done.text)
        assert action is not None
        undone = await client.post(str(httpx.URL(f"http://shop.test{user_link}").join(action[1])))
        assert undone.status_code == 200
        assert await wants_mail(factory) is True

    async def test_who_is_gone_is_told_the_same(self, client: httpx.AsyncClient, database: Database) -> None:
        token = seal(await open_cipher(database), Reader("en", user_uuid=uuid4()))
        assert (await client.post(f"/unsubscribe/{token}", data=ONE_CLICK)).status_code == 200


class TestAnAddress:
    async def test_it_is_written_to_no_more_however_it_is_capitalised(
        self, client: httpx.AsyncClient, factory: Factory, guest_link: str
    ) -> None:
        assert (await client.get(guest_link)).status_code == 200
        assert await suppressed(factory) == 0
        for _ in range(2):
            assert (await client.post(guest_link, data=ONE_CLICK)).status_code == 200
            assert await suppressed(factory) == 1

    async def test_it_can_be_undone(self, client: httpx.AsyncClient, factory: Factory, guest_link: str) -> None:
        await client.post(guest_link, data=ONE_CLICK)
        await client.post(f"{guest_link}/undo")
        assert await suppressed(factory) == 0

    async def test_the_link_does_not_show_it(self, guest_link: str) -> None:
        assert "guest" not in guest_link.lower()
        assert "R3Vlc3" not in guest_link  # "Gues" in base64


class TestLinksThatAreNotOurs:
    @pytest.mark.parametrize("ending", ["", "/undo"])
    async def test_they_change_nothing(
        self, client: httpx.AsyncClient, factory: Factory, user_link: str, ending: str
    ) -> None:
        wrong = [
            user_link[:-4],
            user_link[:13] + ("A" if user_link[13] != "A" else "B") + user_link[14:],
            f"/unsubscribe/{seal(KEY, Reader('en', email='a@example.com'))}",
            "/unsubscribe/x",
            "/unsubscribe/%C3%A4",
            f"/unsubscribe/{'A' * 4000}",
        ]
        for link in wrong:
            refused = await client.post(link + ending, data=ONE_CLICK, headers={"Accept-Language": "tr"})
            assert refused.status_code == 404, link
            assert '<html lang="tr"' in refused.text
        assert await wants_mail(factory) is None
        assert await factory.scalar("SELECT count(*) FROM suppressed_address") == 0

    async def test_looking_at_one_says_so(self, client: httpx.AsyncClient) -> None:
        page = await client.get("/unsubscribe/x")
        assert page.status_code == 404
        assert "This link is not valid" in page.text


async def test_the_page_lets_nothing_in_and_tells_nobody(client: httpx.AsyncClient, user_link: str) -> None:
    headers = (await client.get(user_link)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@given(st.sampled_from(LOCALES), st.one_of(st.uuids(), st.emails()))
def test_a_token_names_who_it_was_made_for(language: str, who: object) -> None:
    reader = Reader(language, email=who) if isinstance(who, str) else Reader(language, user_uuid=who)  # type: ignore[arg-type]
    assert unseal(KEY, seal(KEY, reader)) == reader


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert unseal(KEY, text) is None
