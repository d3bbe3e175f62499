"""Jobs that were given up: kept once with a count, seen, tried again, dropped, forgotten."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from src.modules.operations import GivenUp, bury, forget_letters
from src.platform.database import Database
from src.platform.errors import ServiceUnavailable
from src.platform.jobs import JobContext, Queue, job, queue_key
from src.platform.settings import Settings
from src.platform.tracing import CARRIED
from src.workers.runner import run_worker
from tests.factories import Client, Factory
from tests.modules.audit.records import Records

LETTERS = "/ops/dead-letters"


@pytest.fixture
async def ops(factory: Factory) -> Client:
    """An operator."""
    return await factory.shopper("ops")


class Failing:
    """A job that fails until it is told not to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error: Exception | None = error or ValueError("no luck with somebody@example.com")
        self.runs: list[dict[str, Any]] = []

        @job("updates.test", max_tries=2, retry_s=0.01)
        async def fail(context: JobContext, **arguments: Any) -> None:
            self.runs.append(arguments)
            if self.error is not None:
                raise self.error

        self.job = fail


async def letters(ops: Client, **params: Any) -> list[dict[str, Any]]:
    answer = await ops.get(LETTERS, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def given_up(database: Database, job_name: str, **arguments: Any) -> None:
    await bury(database, GivenUp(job_name, "id", arguments, "ValueError: no", 1))


async def test_a_failing_job_is_one_letter_with_a_count(context: JobContext, queue: Queue, ops: Client) -> None:
    failing = Failing()
    for _ in range(3):
        await queue.enqueue("updates.test", key="1", ids=[1, 2])
        await run_worker(context, [failing.job], burst=True)
    await queue.enqueue("updates.test", ids=[3])
    await run_worker(context, [failing.job], burst=True)
    other, letter = await letters(ops)
    assert (other["arguments"], other["failures"]) == ({"ids": [3]}, 1)
    assert (letter["job"], letter["queue"], letter["job_id"]) == ("updates.test", "feed", "updates.test:1")
    assert (letter["arguments"], letter["failures"], letter["attempts"]) == ({"ids": [1, 2]}, 3, 1)
    assert letter["error"] == "ValueError: no luck with …@…"
    assert letter["first_failed_at"] < letter["failed_at"] < other["failed_at"]


async def test_a_job_that_was_tried_too_often_says_how_often(context: JobContext, queue: Queue, ops: Client) -> None:
    await queue.enqueue("updates.test")
    await run_worker(context, [Failing(ServiceUnavailable()).job], burst=True)
    (letter,) = await letters(ops)
    assert (letter["attempts"], letter["failures"], letter["arguments"]) == (2, 1, {})


async def test_a_letter_that_is_tried_again_is_gone_and_its_job_runs(
    context: JobContext, queue: Queue, ops: Client
) -> None:
    failing = Failing()
    await queue.enqueue("updates.test", ids=[1])
    await run_worker(context, [failing.job], burst=True)
    (letter,) = await letters(ops)
    assert (await ops.post(f"{LETTERS}/{letter['id']}/retry")).json() == {"retried": 1, "more": False, "skipped": 0}
    assert await letters(ops) == []
    assert (await ops.post(f"{LETTERS}/{letter['id']}/retry")).status_code == 404
    failing.error = None
    await run_worker(context, [failing.job], burst=True)
    assert failing.runs == [{"ids": [1]}] * 2
    assert await letters(ops) == []


async def test_letters_that_fit_are_tried_again_and_others_stay(database: Database, redis: Redis, ops: Client) -> None:
    for number in range(3):
        await given_up(database, "updates.test", n=number)
    await given_up(database, "alerts.test")
    assert len(await letters(ops, queue="feed")) == 3
    assert len(await letters(ops, job="alerts.test")) == 1
    assert (await ops.post(f"{LETTERS}/retry", json={"queue": "feed"})).json() == {
        "retried": 3,
        "more": False,
        "skipped": 0,
    }
    assert await redis.zcard(queue_key("feed")) == 3
    assert [letter["job"] for letter in await letters(ops)] == ["alerts.test"]


async def test_a_letter_stays_while_the_queue_is_away(
    database: Database, redis: Redis, ops: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await given_up(database, "updates.test")
    (letter,) = await letters(ops)
    app: Any = ops._client._transport
    sender = app.app.state.queue._sender

    async def away(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(sender, "_send", away)
    assert (await ops.post(f"{LETTERS}/{letter['id']}/retry")).status_code == 503
    assert (await ops.post(f"{LETTERS}/retry", json={})).status_code == 503
    assert await letters(ops) == [letter]
    monkeypatch.undo()
    async with asyncio.timeout(20):
        while await redis.zcard(queue_key("feed")) < 2:  # noqa: ASYNC110  (kept calls are sent in the end)
            await asyncio.sleep(0.02)


async def test_letters_are_dropped_one_or_all_that_fit(database: Database, ops: Client) -> None:
    for name in ("updates.test", "alerts.test", "alerts.other", "audit.test"):
        await given_up(database, name)
    (letter,) = await letters(ops, job="updates.test")
    assert (await ops.delete(f"{LETTERS}/{letter['id']}")).status_code == 204
    assert (await ops.delete(f"{LETTERS}/{letter['id']}")).status_code == 404
    assert (await ops.post(f"{LETTERS}/drop", json={"queue": "deliveries"})).json() == {"dropped": 2, "more": False}
    assert [letter["job"] for letter in await letters(ops)] == ["audit.test"]
    assert (await ops.post(f"{LETTERS}/drop", json={})).json() == {"dropped": 1, "more": False}


async def test_a_job_that_nobody_knows_is_a_letter_too(context: JobContext, queue: Queue, ops: Client) -> None:
    for trace in ("00-1", "00-2"):
        arguments: dict[str, Any] = {"n": 1, CARRIED: trace}
        await queue.enqueue("alerts.of_another_release", **arguments)
    await run_worker(context, [Failing().job], burst=True)
    (letter,) = await letters(ops)
    assert (letter["job"], letter["queue"], letter["arguments"], letter["failures"]) == (
        "alerts.of_another_release",
        "deliveries",
        {"n": 1},
        2,
    )
    assert "not found" in letter["error"]


async def test_a_job_whose_content_is_lost_can_only_be_dropped(
    context: JobContext, queue: Queue, redis: Redis, ops: Client
) -> None:
    failing = Failing()
    await queue.enqueue("updates.test", key="1", n=1)
    await redis.delete("arq:job:updates.test:1")
    await run_worker(context, [failing.job], burst=True)
    (letter,) = await letters(ops)
    assert (letter["job"], letter["arguments"], failing.runs) == ("updates.test", None, [])
    assert "expired" in letter["error"]
    refused = await ops.post(f"{LETTERS}/{letter['id']}/retry")
    assert (refused.status_code, refused.json()["error_code"]) == (409, "arguments_lost")
    assert (await ops.post(f"{LETTERS}/retry", json={})).json() == {"retried": 0, "more": False, "skipped": 0}
    assert (await ops.delete(f"{LETTERS}/{letter['id']}")).status_code == 204


async def test_a_worker_goes_on_when_a_letter_can_not_be_kept(
    context: JobContext, settings: Settings, queue: Queue, ops: Client
) -> None:
    settings = msgspec.structs.replace(settings, database_url="postgresql:///nowhere?host=/nowhere", pool_timeout_s=0.1)
    nowhere = Database(settings)
    await nowhere.open()
    failing = Failing()
    await queue.enqueue("updates.test")
    await queue.enqueue("updates.unknown")
    await run_worker(JobContext(settings, nowhere, queue), [failing.job], burst=True)
    await nowhere.close()
    assert len(failing.runs) == 1
    assert await letters(ops) == []


async def test_pages_have_each_letter_once(database: Database, ops: Client) -> None:
    for number in range(5):
        await given_up(database, "updates.test", n=number)
    seen, url = [], f"{LETTERS}?limit=2&queue=feed"
    while url:
        page = (await ops.get(url)).json()
        assert page["count"] == 5
        seen += [letter["arguments"]["n"] for letter in page["results"]]
        url = page["next"]
    assert seen == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("query", ["cursor=1", "cursor=a-b", "limit=0", "limit=201", "queue=other", "job="])
async def test_senseless_queries_are_refused(ops: Client, query: str) -> None:
    assert (await ops.get(f"{LETTERS}?{query}")).status_code == 400


async def test_what_people_said_is_in_no_letter(database: Database, ops: Client) -> None:
    error = 'UniqueViolation: duplicate key\nDETAIL:  Key (phone)=(5551234) already exists.\nend \0 {"password": "x1"}'
    await bury(database, GivenUp("updates.test", "id", {"text": "a\0b"}, error * 100, 1))
    (letter,) = await letters(ops)
    assert "5551234" not in letter["error"]
    assert "x1" not in letter["error"]
    assert len(letter["error"]) <= 2000
    assert letter["arguments"] is None


async def test_letters_are_forgotten_by_their_last_failure(database: Database, factory: Factory, ops: Client) -> None:
    for name in ("updates.old", "updates.young"):
        await given_up(database, name)
    await factory.execute(
        "UPDATE dead_letter SET first_failed_at = now() - interval '40 days',"
        " failed_at = now() - CASE job WHEN 'updates.old' THEN interval '31 days' ELSE interval '29 days' END"
    )
    await forget_letters(database)
    assert [letter["job"] for letter in await letters(ops)] == ["updates.young"]


async def test_letters_are_for_operators(client: httpx.AsyncClient, factory: Factory, database: Database) -> None:
    await given_up(database, "updates.test")
    shopper = await factory.shopper()
    for method, path in (
        ("GET", LETTERS),
        ("POST", f"{LETTERS}/1/retry"),
        ("POST", f"{LETTERS}/retry"),
        ("DELETE", f"{LETTERS}/1"),
        ("POST", f"{LETTERS}/drop"),
    ):
        assert (await client.request(method, path, json={})).status_code == 401
        assert (await shopper.request(method, path, json={})).status_code == 403
    assert await factory.scalar("SELECT count(*) FROM dead_letter") == 1


async def test_what_operators_do_to_letters_is_audited(
    database: Database, factory: Factory, ops: Client, redis: Redis
) -> None:
    for name in ("updates.a", "updates.b", "updates.c", "updates.d"):
        await given_up(database, name)
    first, second, *_ = await letters(ops)
    await ops.post(f"{LETTERS}/{first['id']}/retry")
    await ops.delete(f"{LETTERS}/{second['id']}")
    await ops.post(f"{LETTERS}/retry", json={"job": "updates.a"})
    await ops.post(f"{LETTERS}/drop", json={"queue": "feed"})
    # What was refused has changed nothing.
    await ops.delete(f"{LETTERS}/{second['id']}")
    events = await Records(database).events()
    assert [event["url"].partition(LETTERS)[2] for event in events] == [
        f"/{first['id']}/retry",
        f"/{second['id']}",
        "/retry",
        "/drop",
    ]
    assert events[3]["content"]["request_data"] == {"queue": "feed"}
    assert {event["user"]["email"] for event in events} == {ops.email}


async def planted(factory: Factory, arguments: str) -> str:
    """A letter as somebody else may have written it; the path of its retry."""
    number = await factory.scalar(
        "INSERT INTO dead_letter (job, queue, job_id, arguments, digest, error, attempts)"
        " VALUES ('updates.test', 'feed', 'id', %s, sha256(random()::text::bytea), 'no', 1) RETURNING id",
        arguments,
    )
    return f"{LETTERS}/{number}/retry"


@pytest.mark.parametrize("retried_by", ["one", "all"])
async def test_arguments_of_a_letter_may_be_called_as_they_like(
    context: JobContext, factory: Factory, ops: Client, retried_by: str
) -> None:
    retry = await planted(factory, '{"key": 1, "name": "n", "defer_s": 5, "self": 2, "run_of": 3, "call": 4}')
    answer = await (ops.post(retry) if retried_by == "one" else ops.post(f"{LETTERS}/retry", json={}))
    assert answer.json() == {"retried": 1, "more": False, "skipped": 0}
    work = Failing()
    work.error = None
    await run_worker(context, [work.job], burst=True)
    assert work.runs == [{"key": 1, "name": "n", "defer_s": 5, "self": 2, "run_of": 3, "call": 4}]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [("[1]", [1]), ('"x"', "x"), ("5", 5), ('{"defer_s": 1e300}', {"defer_s": 10**300})],
    ids=["list", "text", "number", "big number"],
)
async def test_letter_that_can_not_be_sent_is_shown_and_stays_and_holds_up_no_other(
    database: Database, factory: Factory, ops: Client, arguments: str, shown: Any
) -> None:
    retry = await planted(factory, arguments)
    assert [letter["arguments"] for letter in await letters(ops)] == [shown]
    for page in ("/ops/", "/ops/letters"):
        answer = await ops.get(page)
        assert (answer.status_code, "updates.test" in answer.text) == (200, True)
        assert ('action="/ops/actions/retry-letter"' in answer.text) is arguments.startswith("{")
    refused = await ops.post(retry)
    assert (refused.status_code, refused.json()["error_code"]) == (409, "arguments_unfit")
    await given_up(database, "alerts.test")
    assert (await ops.post(f"{LETTERS}/retry", json={})).json() == {"retried": 1, "more": False, "skipped": 1}
    assert len(await letters(ops)) == 1


async def test_letters_behind_many_that_can_not_be_sent_are_reached(
    database: Database, factory: Factory, ops: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("src.modules.operations.dead_letters.RETRIED_AT_ONCE", 2)
    for _ in range(4):
        await planted(factory, "[]")
    for number in range(3):
        await given_up(database, "updates.test", n=number)
    assert (await ops.post(f"{LETTERS}/retry", json={})).json() == {"retried": 2, "more": True, "skipped": 4}
    assert (await ops.post(f"{LETTERS}/retry", json={})).json() == {"retried": 1, "more": False, "skipped": 4}


async def test_a_letter_names_nobody_in_its_arguments(database: Database, factory: Factory, ops: Client) -> None:
    await given_up(database, "updates.test", to="somebody@example.com")
    stored = await factory.scalar("SELECT arguments::text FROM dead_letter")
    assert "somebody" not in stored
    (letter,) = await letters(ops)
    assert letter["arguments"] == '{"to":"…@…"}'
    assert (await ops.post(f"{LETTERS}/{letter['id']}/retry")).status_code == 409
    await ops.delete(f"{LETTERS}/{letter['id']}")
    await planted(factory, '{"to": "somebody@example.com"}')
    assert [letter["arguments"] for letter in await letters(ops)] == ['{"to": "…@…"}']
