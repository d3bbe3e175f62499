"""The page over HTTP: strict headers, nothing unescaped, acts that leave their event, files that never change."""

import gzip
import re

import httpx
import pytest

from src.modules.operations import GivenUp, bury
from src.platform.database import Database
from tests.factories import Client, Factory

HOSTILE = "<script>alert(1)</script>"
PAGES = ["/ops/", "/ops/login", "/ops/charts?span=day", "/ops/letters", "/ops/settings", "/ops/audit"]


@pytest.fixture
async def operator(factory: Factory) -> Client:
    return await factory.shopper("ops")


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_has_the_strict_policy_and_nothing_inline(operator: Client, path: str) -> None:
    answer = await operator.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:", answer.text) is None


async def test_what_jobs_and_operators_tell_is_escaped(operator: Client, database: Database) -> None:
    await bury(database, GivenUp(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE, 1))
    await operator.post("/ops/actions/setting", data={"name": "DEFAULT_CURRENCY", "value": "usd", "job": HOSTILE})
    shown = (await operator.get("/ops/", headers={"User-Agent": HOSTILE})).text
    assert "alert(1)" in shown
    assert HOSTILE not in shown
    asked = await operator.get("/ops/actions/retry-letters", params={"job": HOSTILE})
    assert "alert(1)" in asked.text
    assert HOSTILE not in asked.text


async def test_an_act_is_asked_about_without_doing_it_and_leaves_one_event_when_done(
    operator: Client, factory: Factory
) -> None:
    asked = await operator.get("/ops/actions/setting", params={"name": "DELIVERY_DAYS", "value": "7"})
    assert "DELIVERY_DAYS is 90 now and becomes 7" in asked.text
    assert await factory.scalar("SELECT count(*) FROM setting") == 0
    assert await factory.scalar("SELECT count(*) FROM audit_event") == 0
    done = await operator.post("/ops/actions/setting", data={"name": "DELIVERY_DAYS", "value": "7"})
    assert "DELIVERY_DAYS is 7." in done.text
    assert await factory.scalar("SELECT value FROM setting WHERE name = 'DELIVERY_DAYS'") == 7
    assert await factory.scalar("SELECT \"user\" ->> 'email' FROM audit_event") == operator.email
    assert await factory.scalar("SELECT comment FROM revision") == "POST /ops/actions/setting"


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("setting", {"name": "DELIVERY_DAYS", "value": "0"}, 400),
        ("setting", {"name": "DELIVERY_DAYS", "value": ""}, 400),
        ("setting", {"name": "FAVOURITE_SKU_IS_ACTIVE", "value": "perhaps"}, 400),
        ("setting", {"name": "NOTHING", "value": "1"}, 404),
        ("pause", {"queue": "nothing"}, 404),
        ("retry-letter", {"letter": "1"}, 404),
        ("retry-letter", {"letter": "x"}, 404),
        ("drop-letter", {"letter": "9" * 30}, 404),
        ("drop-letters", {"queue": "nothing"}, 404),
        ("replay", {"channel": "nothing"}, 400),
        ("nothing", {}, 404),
    ],
)
async def test_what_makes_no_sense_is_told_as_a_page_and_changes_nothing(
    operator: Client, factory: Factory, name: str, fields: dict[str, str], status: int
) -> None:
    refused = await operator.post(f"/ops/actions/{name}", data=fields)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "text/html; charset=utf-8")
    asked = await operator.get(f"/ops/actions/{name}", params=fields)
    assert asked.status_code in (status, 404, 422)
    assert asked.headers["content-type"] == "text/html; charset=utf-8"
    assert await factory.scalar("SELECT count(*) FROM audit_event") == 0


async def test_the_dialog_gets_a_part_and_whoever_is_signed_out_is_sent_to_the_login(
    client: httpx.AsyncClient, operator: Client
) -> None:
    part = {"HX-Request": "true"}
    asked = await operator.get("/ops/actions/pause?queue=feed", headers=part)
    assert asked.headers["hx-retarget"] == "#dialog-body"
    assert "<html" not in asked.text
    done = await operator.post("/ops/actions/pause", data={"queue": "feed"}, headers=part)
    assert done.headers["hx-trigger"] == "acted"
    gone = await client.get("/ops/actions/pause?queue=feed", headers=part)
    assert (gone.status_code, gone.headers["hx-redirect"]) == (401, "/ops/login")


async def test_files_keep_for_ever_under_names_of_their_contents(client: httpx.AsyncClient) -> None:
    login = (await client.get("/ops/login")).text
    (path,) = re.findall(r'href="(/ops/static/ops-\w+\.css)"', login)
    plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert "immutable" in plain.headers["cache-control"]
    assert plain.headers["content-type"].startswith("text/css")
    async with client.stream("GET", path) as zipped:
        assert zipped.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join([part async for part in zipped.aiter_raw()])) == plain.content
    for unknown in ("ops.css", "ops-000000000000.css", "..%2Fboard.py"):
        assert (await client.get(f"/ops/static/{unknown}")).status_code == 404


async def test_colours_are_kept_in_a_cookie_of_the_page(client: httpx.AsyncClient) -> None:
    chosen = await client.post("/ops/theme", data={"theme": "dark"}, headers={"Origin": "http://shop.test"})
    assert "wishkeep_theme=dark" in chosen.headers["set-cookie"]
    assert 'data-theme="dark"' in (await client.get("/ops/login")).text
    back = await client.post("/ops/theme", data={"theme": HOSTILE}, headers={"Origin": "http://shop.test"})
    assert "Max-Age=0" in back.headers["set-cookie"]
    assert (await client.post("/ops/theme", data={"theme": "dark"})).status_code == 403


async def test_calls_of_operators_are_shown_and_those_of_feeding_systems_not(
    operator: Client, factory: Factory
) -> None:
    for number, path in enumerate(("/api/v1/integration/products", "/api/v1/settings/X")):
        await factory.insert("audit_event", uuid=str(number), url=f"https://shop.test{path}")
    shown = (await operator.get("/ops/audit")).text
    assert "/api/v1/settings/X" in shown
    assert "integration" not in shown
