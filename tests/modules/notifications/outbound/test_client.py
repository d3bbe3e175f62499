"""Posting to addresses that others gave us: what is sent, what is believed, and whom nobody leads us to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from src.modules.notifications.outbound import AddressRefused, OutboundClient, Unreachable, resolve
from src.modules.notifications.outbound.client import retry_after_s
from tests.modules.notifications.certificates import certified
from tests.modules.notifications.receivers import Received, Receiver, answering, receiving, silence

NAME = "receiver.example"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    made = OutboundClient(allow_private=True, timeout_s=1)
    yield made
    await made.close()


class Names:
    """Stands for the name servers of the world: each look-up of a name is answered with the next of its addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, port: int, *_: Any, **__: Any) -> list[Any]:
        name = host if isinstance(host, str) else host.decode()
        if name != NAME:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port))]
        self.asked.append(name)
        if not self._answers:
            raise socket.gaierror("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self._answers.pop(0)]


async def test_what_was_given_is_sent_and_the_status_told(client: OutboundClient, receiver: Receiver) -> None:
    receiver.answers["/hook?a=b"] = answering(202, Retry_After="7")
    answer = await client.post(receiver.url("/hook?a=b"), {"Content-Type": "text/plain"}, b"hello")
    assert (answer.status, answer.retry_after_s) == (202, 7)
    (got,) = receiver.received
    assert got.body == b"hello"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert got.headers["content-type"] == "text/plain"
    assert got.headers["user-agent"].startswith("Wishkeep/")


async def test_connections_are_used_again(client: OutboundClient, receiver: Receiver) -> None:
    for _ in range(3):
        await client.post(receiver.url(), {}, b"")
    assert (len(receiver.received), receiver.connections) == (3, 1)


async def test_redirects_are_not_followed(client: OutboundClient, receiver: Receiver) -> None:
    receiver.answers["/"] = answering(307, Location=receiver.url("/elsewhere"))
    assert (await client.post(receiver.url(), {}, b"")).status == 307
    assert [got.path for got in receiver.received] == ["/"]


async def test_proxies_of_the_environment_are_not_used(
    client: OutboundClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await client.post(receiver.url(), {}, b"")).status == 200


async def test_endless_answer_is_cut_off(client: OutboundClient, receiver: Receiver) -> None:
    async def pour(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        for _part in range(100_000):
            writer.write(b"x" * 65536)
            await writer.drain()

    receiver.answers["/"] = pour
    assert (await client.post(receiver.url(), {}, b"")).status == 200


async def test_trickling_answer_does_not_prolong_the_wait(client: OutboundClient, receiver: Receiver) -> None:
    async def trickle(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _byte in range(600):
            writer.write(b"x")
            await writer.drain()
            trickled.append(b"x")
            await asyncio.sleep(0.1)

    trickled: list[bytes] = []
    receiver.answers["/"] = trickle
    with pytest.raises(Unreachable):
        await client.post(receiver.url(), {}, b"")
    assert len(trickled) < 200


async def test_silence_refusal_and_nonsense_are_told_as_unreachable(client: OutboundClient, receiver: Receiver) -> None:
    async def babble(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"what do you want?\r\n\r\n")

    receiver.answers["/babble"], receiver.answers["/silent"] = babble, silence
    for url in (receiver.url("/babble"), receiver.url("/silent"), "http://127.0.0.1:9/"):
        with pytest.raises(Unreachable):
            await client.post(url, {}, b"")


async def test_private_target_is_refused_before_anything_is_sent(receiver: Receiver) -> None:
    guarded = OutboundClient(allow_private=False)
    for host in ("127.0.0.1", "localhost", "0x7f000001", "2130706433"):
        with pytest.raises(AddressRefused):
            await guarded.post(receiver.url(host=host), {}, b"")
    await guarded.close()
    assert receiver.connections == 0


async def test_name_that_leads_to_a_private_address_too_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        await resolve(NAME, 443, allow_private=False)


async def test_name_is_looked_up_once_and_its_checked_address_connected_to(
    client: OutboundClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    # Were it looked up again after the check, the second answer would lead to where nobody listens.
    assert (await client.post(receiver.url(host=NAME), {}, b"")).status == 200
    assert (names.asked, receiver.connections) == ([NAME], 1)


async def test_name_that_changes_its_mind_is_refused_when_it_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    assert await resolve(NAME, receiver.port, allow_private=False) == ["93.184.216.34"]
    guarded = OutboundClient(allow_private=False)
    with pytest.raises(AddressRefused):
        await guarded.post(receiver.url(host=NAME), {}, b"")
    await guarded.close()
    assert (len(names.asked), receiver.connections) == (2, 0)


async def test_certificate_and_host_go_by_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = certified(NAME, tmp_path)
    names: list[str | None] = []
    context.sni_callback = lambda _, name, __: names.append(name)
    Names(monkeypatch, ["127.0.0.1"], ["127.0.0.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    client = OutboundClient(allow_private=True)
    async with receiving(context) as receiver:
        assert (await client.post(receiver.url(host=NAME), {}, b"")).status == 200
        assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"
        # The certificate is of the name, not of the address.
        with pytest.raises(Unreachable):
            await client.post(receiver.url(), {}, b"")
        await client.close()
    assert names[0] == NAME


async def test_next_address_is_tried_when_the_first_refuses(
    client: OutboundClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    assert (await client.post(receiver.url(host=NAME), {}, b"")).status == 200


async def test_name_without_address_is_told_as_unreachable(
    client: OutboundClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch)
    with pytest.raises(Unreachable):
        await client.post(f"http://{NAME}/", {}, b"")


async def test_what_can_be_no_name_is_told_as_unreachable(client: OutboundClient) -> None:
    with pytest.raises(Unreachable):
        await client.post(f"http://{'a' * 64}.example/", {}, b"")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 5000, 24 * 3600),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 59),
        ("Fri, 31 Dec 1999 23:00:00 GMT", 0),
        ("Fri, 31 Dec 2099 23:59:59 GMT", 24 * 3600),
        ("Fri, 99 Dec 1999 23:59:59 GMT", None),
    ],
)
def test_time_to_wait_is_read_as_seconds_or_as_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, datetime(1999, 12, 31, 23, 59, 0, tzinfo=UTC)) == seconds
