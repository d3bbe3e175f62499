"""The pages of the local mail catcher."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from src.app import create_app
from src.platform import caught_mail
from src.platform.caught_mail import keep
from src.platform.settings import Settings

MAIL = (
    "From: Shop <post@shop.example>\r\n"
    "To: {to}\r\n"
    "Subject: {subject}\r\n"
    "Content-Language: {language}\r\n"
    "MIME-Version: 1.0\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n--b--\r\n"
)


@pytest.fixture
async def demo(settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    application: Any = create_app(msgspec.structs.replace(settings, demo_mail_dir=str(tmp_path)))
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as opened:
        yield opened


def caught(folder: Path, **fields: str) -> str:
    filled = {
        "to": "ada@example.com",
        "subject": "Hello",
        "language": "en",
        "text": "In short",
        "html": "<p>At length</p>",
        **fields,
    }
    return keep(folder, MAIL.format(**filled).encode())


async def test_without_the_catcher_there_are_no_pages(client: httpx.AsyncClient) -> None:
    for path in ("mails", "mails/x", "mails/x/html", "images/x.jpg"):
        assert (await client.get(f"/demo/{path}")).status_code == 404


async def test_before_the_first_mail_the_page_says_so(demo: httpx.AsyncClient) -> None:
    assert "None yet" in (await demo.get("/demo/mails")).text


async def test_the_newest_mail_comes_first_and_the_page_looks_again_by_itself(
    demo: httpx.AsyncClient, tmp_path: Path
) -> None:
    names = [caught(tmp_path, subject=f"Mail {number}") for number in range(3)]
    page = (await demo.get("/demo/mails")).text
    assert page.index("Mail 2") < page.index("Mail 1") < page.index("Mail 0")
    assert all(f'href="mails/{name}"' in page for name in names)
    assert '<meta http-equiv="refresh"' in page


async def test_a_mail_is_shown_with_its_text_and_headers(demo: httpx.AsyncClient, tmp_path: Path) -> None:
    name = caught(tmp_path, subject="=?utf-8?q?caf=C3=A9?=", language="ar")
    page = (await demo.get(f"/demo/mails/{name}")).text
    assert '<h1 dir="auto">caf\N{LATIN SMALL LETTER E WITH ACUTE}</h1>' in page
    assert '<pre lang="ar">In short' in page
    assert "From: Shop &lt;post@shop.example&gt;" in page
    assert f'<iframe src="{name}/html"' in page


async def test_its_html_can_do_nothing_but_be_seen(demo: httpx.AsyncClient, tmp_path: Path) -> None:
    name = caught(tmp_path, html="<script>alert(1)</script>", subject="<script>", text="</pre><script>", to="<script>")
    frame = await demo.get(f"/demo/mails/{name}/html")
    assert frame.text.strip() == "<script>alert(1)</script>"
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    for path in ("/demo/mails", f"/demo/mails/{name}"):
        page = await demo.get(path)
        assert "<script" not in page.text
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["x", "..%2F..%2Fsecret", "%2Fetc%2Fpasswd", "00000000000000000000.1_1", "..%2Fnew"])
async def test_nothing_but_mails_is_read(demo: httpx.AsyncClient, tmp_path: Path, name: str) -> None:
    caught(tmp_path)
    for path in (f"/demo/mails/{name}", f"/demo/mails/{name}/html"):
        assert (await demo.get(path)).status_code == 404


async def test_pictures_of_the_demo_shop_are_drawn(demo: httpx.AsyncClient, tmp_path: Path) -> None:
    name = caught(tmp_path, html='<img src="https://images.example.com/lamp-arc.jpg">')
    frame = await demo.get(f"/demo/mails/{name}/html")
    assert '<img src="/demo/images/lamp-arc.jpg">' in frame.text
    picture = await demo.get("/demo/images/lamp-arc.jpg")
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    assert "Lamp Arc" in picture.text
    assert "<script" not in (await demo.get("/demo/images/<script>.jpg")).text


def test_the_oldest_mails_make_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caught_mail, "MOST_KEPT", 3)
    names = [caught(tmp_path) for _ in range(5)]
    assert [mail.name for mail in caught_mail.newest(tmp_path, 10)] == names[:1:-1]
