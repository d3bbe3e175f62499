"""What a deployment tells those who watch it: traces, numbers and logs, and nothing about people."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from src.modules.notifications.webhooks.signing import new_secret
from src.platform.database import Database
from src.platform.settings import Settings
from src.platform.version import VERSION
from tests.acceptance.watched import ToldSpan, Watched, eventually, watched
from tests.factories import Client, Factory

PRICES = "/api/v1/integration/catalogs/product-prices"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROOT = Path(__file__).resolve().parents[2]
SUFFIX = re.compile("_(total|bucket|count|sum|created)$")
CALLING = "00f067aa0ba902b7"
CALLER = f"00-{TRACE}-{CALLING}-01"


@pytest.fixture(scope="module")
async def deployment(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    async with Redis.from_url(settings.queue_url) as queue:
        await queue.flushdb()
    async with watched(settings, tmp_path_factory.mktemp("watched")) as running:
        yield running


@pytest.fixture
async def outside(deployment: Watched) -> AsyncIterator[httpx.AsyncClient]:
    """Each request on a connection of its own, so that both processes get some."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=deployment.address, limits=limits, trust_env=False) as client:
        yield client


@pytest.fixture
def maker(database: Database, outside: httpx.AsyncClient) -> Factory:
    """Makes shoppers who speak to the deployment."""
    return Factory(database, outside)


async def wisher(maker: Factory, deployment: Watched) -> tuple[Client, int]:
    """A shopper who wants to be mailed about a product, which an endpoint is told of too; and the product's id."""
    shopper = await maker.shopper(email="ayla.wisher@example.com")
    await maker.execute("UPDATE users SET email_allowed = true, first_name = 'Ayla' WHERE email = %s", shopper.email)
    await maker.insert("webhook_endpoint", url=deployment.hooks.url("/hook"), secret=new_secret())
    product = await maker.product(price="100.00", name="Lamp")
    assert (await shopper.post("/storefront/favorites", json={"variant_id": str(product.uuid)})).status_code == 201
    return shopper, product.id


async def cut(maker: Factory, product: int, price: str, **headers: str) -> None:
    """A catalogue system sets a price."""
    feeder = await maker.shopper("integration")
    row = {"product": product, "price": price, "price_list": 1, "currency_type": "try"}
    answer = await feeder.post(PRICES, json=[row], headers=headers)
    assert answer.status_code == 200, answer.text


def below(spans: list[ToldSpan], parent: ToldSpan) -> list[ToldSpan]:
    return [span for span in spans if span.parent_id == parent.span_id]


async def test_a_price_is_one_trace_from_the_request_to_the_mail_and_the_webhook(
    deployment: Watched, maker: Factory
) -> None:
    _, product = await wisher(maker, deployment)
    await cut(maker, product, "80.00", traceparent=CALLER)
    await eventually(lambda: deployment.mail.mails and deployment.hooks.received)

    def whole() -> list[ToldSpan]:
        """The spans of the trace, once none is below one that has not ended."""
        spans = [span for span in deployment.spans() if span.trace_id == TRACE]
        known = {span.span_id for span in spans} | {CALLING}
        is_whole = {"SMTP", "POST"} <= {span.name for span in spans} and {span.parent_id for span in spans} <= known
        return spans if is_whole else []

    spans = await eventually(whole)
    (request,) = (span for span in spans if span.parent_id == CALLING)
    assert request.service == "wishkeep-api"
    assert request.name == f"POST {PRICES}"
    assert request.attributes["http.response.status_code"] == 200
    passes = [span for span in below(spans, request) if span.name == "updates.advance"]
    assert passes
    runs = [run for each in passes for run in below(spans, each) if run.name == "notifications.deliver"]
    ends = {end.name: end for run in runs for end in below(spans, run)}
    assert set(ends) == {"SMTP", "POST"}
    assert {span.service for span in (*passes, *runs, *ends.values())} == {"wishkeep-worker"}
    told = deployment.hooks.received[-1].headers["traceparent"].split("-")
    assert told[1:3] == [TRACE, ends["POST"].span_id]


async def test_any_process_tells_the_requests_of_all_under_few_labels(
    deployment: Watched, outside: httpx.AsyncClient
) -> None:
    hostile = [
        f"/{word}/{number}" for number in range(20) for word in ("nowhere", "%00", "baskets/basket/x", "api/v1/x")
    ]
    before = await told(outside)
    for path in hostile:
        await outside.get(path)
        await outside.request("BREW", path)
        await outside.get(f"/health/live?{path}")
    await outside.request("X" * 200, "/health/live")
    live = ("wishkeep_http_request_duration_seconds_count", ("GET", "/health/live", "200"))

    async def counted() -> dict[tuple[str, tuple[str, ...]], float]:
        """The numbers, when the other process has written down what it kept."""
        numbers = await told(outside)
        return numbers if numbers.get(live, 0) >= before.get(live, 0) + len(hostile) else {}

    after = await eventually(counted)
    assert after[live] == before.get(live, 0) + len(hostile)
    requests = {labels for name, labels in after if name == live[0]}
    assert {method for method, _, _ in requests} <= {"GET", "POST", "OTHER"}
    strange = {labels for labels in requests if "nowhere" in labels[1] or labels[1].endswith("/x")}
    assert not strange
    unmatched = {labels[::2] for labels in requests if labels[1] == "unmatched"}
    assert unmatched == {("GET", "404"), ("OTHER", "404"), ("OTHER", "405")}
    # Whichever process is asked.
    assert {(await told(outside))[live] for _ in range(6)} == {after[live]}


def named(*places: str) -> set[str]:
    """The metrics that files speak of, without what histograms and counters add to their names."""
    texts = [(ROOT / place).read_text() for place in places]
    return {SUFFIX.sub("", name) for text in texts for name in re.findall(r"\bwishkeep_[a-z_]+", text)}


async def test_metrics_are_documented_and_those_that_rules_and_panels_ask_for_exist(
    deployment: Watched, outside: httpx.AsyncClient
) -> None:
    texts = [(await outside.get(url)).text for url in ("/metrics", f"{deployment.worker}/metrics")]
    there = {
        SUFFIX.sub("", family.name)
        for text in texts
        for family in text_string_to_metric_families(text)
        if family.name.startswith("wishkeep_")
    }
    assert named("docs/metrics.md") == there
    assert named("deploy/prometheus/alerts.yml", "deploy/grafana/wishkeep.json") <= there

    async def seen() -> bool:
        """Processes say that they are there every two seconds; the application of the tests is one too."""
        gauges = await told(outside)
        assert gauges["wishkeep_database_available", ()] == gauges["wishkeep_queue_available", ()] == 1
        assert ("wishkeep_queue_depth", ("upkeep",)) in gauges
        api = gauges.get(("wishkeep_processes", ("api", VERSION)), 0)
        return gauges["wishkeep_queue_workers", ("feed",)] == 1 and api >= 2

    await eventually(seen)


async def told(client: httpx.AsyncClient, url: str = "/metrics") -> dict[tuple[str, tuple[str, ...]], float]:
    """The numbers by name and labels."""
    answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_worker_tells_its_own_numbers_and_that_it_lives(
    deployment: Watched, maker: Factory, outside: httpx.AsyncClient
) -> None:
    _, product = await wisher(maker, deployment)
    done = ("wishkeep_jobs_total", ("updates.advance", "done"))
    before = (await told(outside, f"{deployment.worker}/metrics")).get(done, 0)
    await cut(maker, product, "90.00")

    async def counted() -> bool:
        return (await told(outside, f"{deployment.worker}/metrics")).get(done, 0) > before

    await eventually(counted)
    assert done not in await told(outside)  # They share no folder, as on two machines.
    live = await outside.get(f"{deployment.worker}/health/live")
    assert live.json()["status"] == "ok"
    assert (await outside.get(f"{deployment.worker}/else")).status_code == 404
    assert (await outside.post(f"{deployment.worker}/metrics")).status_code == 405


async def test_logs_of_all_processes_have_the_ids_of_the_trace(deployment: Watched, maker: Factory) -> None:
    _, product = await wisher(maker, deployment)
    await cut(maker, product, "70.00", traceparent=CALLER.replace(TRACE, TRACE[::-1]))

    def told() -> dict[str, Any]:
        return {event["event"]: event for event in deployment.events() if event.get("trace_id") == TRACE[::-1]}

    await eventually(lambda: {"request", "job"} <= set(told()))
    assert told()["request"]["route"] == PRICES
    assert len(told()["job"]["span_id"]) == 16


async def test_no_line_of_a_log_names_a_person_or_holds_what_admits_one(
    deployment: Watched, maker: Factory, outside: httpx.AsyncClient
) -> None:
    shopper, product = await wisher(maker, deployment)
    operator, feeder = await maker.shopper("ops"), await maker.shopper("integration")
    secret = await maker.scalar("SELECT secret FROM webhook_endpoint LIMIT 1")
    # A session, a guest, a feed with people and addresses, things that are refused, and things that fail.
    session = await shopper.post("/api/v1/sessions")
    outside.cookies.clear()
    guest = {"product": product, "email": "guest.nobody@example.net"}
    people = [
        {"id": 77, "email": "fed.person@example.org", "first_name": "Fedya", "last_name": "Personova"},
        {"email": 1},
    ]
    phone = "+905551112233"
    addresses = [{"id": 5, "user": 77, "phone_number": phone, "line": "12 Rosewood Lane"}]
    tried = [
        await outside.post("/wishlists/product-alerts/", json=guest),
        await feeder.post("/api/v1/integration/users", json=people),
        await feeder.post("/api/v1/integration/addresses", json=addresses),
        await operator.post("/api/v1/tokens", json={"email": "new.person@example.org", "scopes": ["storefront"]}),
        await operator.post("/api/v1/tokens", json={"email": "bad person@", "scopes": ["storefront"]}),
        await outside.get("/baskets/basket/", headers={"Authorization": "Token wk_forged_0123456789abcdef"}),
        await outside.get("/baskets/basket/", headers={"Authorization": "Bearer eyJhbGciOi.eyJzdWIi.c2lnbmVk"}),
        await outside.get("/baskets/basket/", headers={"Cookie": f"osessionid={session.cookies['osessionid']}"}),
        await outside.get("/nowhere/ayla.wisher@example.com?email=ayla.wisher@example.com&name=Ayla"),
        await shopper.get("/storefront/favorites?page=ayla.wisher@example.com"),
    ]
    assert [answer.status_code for answer in tried] == [201, 200, 200, 201, 400, 401, 401, 200, 404, 400]
    await cut(maker, product, "60.00")
    await eventually(lambda: {mail["To"] for mail in deployment.mail.mails} >= {shopper.email, guest["email"]})
    names = ["ayla", "wisher", "guest.nobody", "fedya", "personova", "fed.person", "rosewood", "new.person"]
    admits = [
        shopper.token,
        operator.token,
        feeder.token,
        secret,
        session.cookies["osessionid"],
        tried[3].json()["token"],
    ]
    for hidden in (*names, *admits, phone, "wk_forged", "c2lnbmVk", "collectors-secret", "bad person"):
        lines = [line for line in deployment.log().splitlines() if hidden.casefold() in line.casefold()]
        assert not lines, hidden
