"""Sending over real SMTP: what is on the wire, and what each answer of the server means for each message."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import msgspec
import pytest

from src.modules.notifications.mail import MailSender, smtp
from src.modules.notifications.mail import sender as sending
from src.modules.notifications.mail.line import MOST_LOST_AT_ONCE
from src.modules.notifications.messages import Message, Outcome
from src.platform.database import Database
from src.platform.settings import Settings
from tests.modules.notifications.certificates import certified
from tests.modules.notifications.mail.servers import HOST, MailServer, body, drop, message, product, serving, silent

SENT = Outcome("sent")
Senders = Callable[..., MailSender]


@pytest.fixture
async def make(settings: Settings, database: Database) -> AsyncIterator[Senders]:
    """Makes senders for a server's address; they are closed in the end."""
    made: list[MailSender] = []

    def sender(url: str | None, **options: int) -> MailSender:
        chosen = msgspec.structs.replace(
            settings, smtp_url=url, mail_from="Åland <post@shop.example>", public_url="https://shop.example"
        )
        made.append(MailSender(chosen, database, **options))
        return made[-1]

    yield sender
    for each in made:
        await each.close()


@pytest.fixture(params=[False, True], ids=["one-by-one", "pipelining"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[MailServer]:
    async with serving(MailServer(pipelining=request.param)) as running:
        yield running


def many(number: int) -> list[Message]:
    return [message(f"r{place}@example.com") for place in range(number)]


class TestTheMail:
    async def test_it_has_all_headers_and_both_parts(self, make: Senders, server: MailServer) -> None:
        sent = message("ada@example.com", [drop(product("Lamp <b>"))])
        assert await make(server.url).send([sent]) == [SENT]
        (mail,) = server.mails
        assert server.recipients == ["ada@example.com"]
        assert mail["From"] == "Åland <post@shop.example>"
        assert mail["To"] == "ada@example.com"
        assert mail["Subject"] == "Price drop: Lamp <b>"
        assert mail["Message-ID"] == f"<{sent.id}@shop.example>"
        assert abs(parsedate_to_datetime(mail["Date"]) - datetime.now(UTC)) < timedelta(minutes=5)
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["Precedence"] == "bulk"
        assert mail["List-Unsubscribe"].startswith("<https://shop.example/unsubscribe/")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail.get_content_type() == "multipart/alternative"
        assert "Price drop: Lamp <b>" in body(mail, "plain")
        assert "Lamp &lt;b&gt;" in body(mail, "html")
        link = str(mail["List-Unsubscribe"]).strip("<>")
        assert link in body(mail, "plain")
        assert link in body(mail, "html")

    async def test_lines_are_as_short_as_servers_ask(self, make: Senders, server: MailServer) -> None:
        said = [
            message(language=language, items=[drop(product("\N{ARABIC LETTER MEEM}" * 300))])
            for language in ("en", "ar")
        ]
        assert await make(server.url).send(said) == [SENT] * 2
        for raw in server.raw:
            assert raw.isascii()
            assert max(map(len, raw.split(b"\r\n"))) <= 998
            assert b"\n" not in raw.replace(b"\r\n", b"")

    async def test_a_second_try_is_the_same_mail(self, make: Senders, server: MailServer) -> None:
        sender, sent = make(server.url), message()
        await sender.send([sent])
        await sender.send([msgspec.structs.replace(sent, attempt=2)])
        assert server.mails[0]["Message-ID"] == server.mails[1]["Message-ID"]

    @pytest.mark.parametrize(
        "hostile", ["x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com\n\nHi", "x\u2028Bcc: y", "x\x0bBcc: y"]
    )
    async def test_no_name_begins_a_header(self, make: Senders, server: MailServer, hostile: str) -> None:
        sent = message(items=[drop(product(hostile))], first_name=hostile)
        assert await make(server.url).send([sent]) == [SENT]
        (mail,) = server.mails
        assert mail["Bcc"] is None
        assert server.recipients == ["ada@example.com"]
        assert "\nBcc" not in body(mail, "plain")

    @pytest.mark.parametrize(
        "hostile",
        [
            "a@example.com\r\nBcc: evil@example.com",
            "a@example.com>\r\nRCPT TO:<evil@example.com",
            "a@example.com, evil@example.com",
            "a b@example.com",
            "<a@example.com>",
            "nobody",
            "@example.com",
            "a@" + "x" * 300,
            "a@exa\N{ZERO WIDTH SPACE}.\N{IDEOGRAPHIC FULL STOP}",
            "",
            None,
        ],
    )
    async def test_what_is_no_address_is_never_written_to(
        self, make: Senders, server: MailServer, hostile: str | None
    ) -> None:
        outcomes = await make(server.url).send([message(hostile), message("b@example.com")])
        assert [outcome.state for outcome in outcomes] == ["never", "sent"]
        assert server.recipients == ["b@example.com"]

    async def test_a_domain_beyond_ascii_is_written_as_servers_know_it(self, make: Senders, server: MailServer) -> None:
        assert await make(server.url).send([message("ada@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example")]) == [
            SENT
        ]
        assert server.recipients == ["ada@xn--bcher-kva.example"]

    async def test_a_name_beyond_ascii_needs_a_server_that_takes_it(self, make: Senders) -> None:
        sent = message("j\N{LATIN SMALL LETTER O WITH DIAERESIS}rg@example.com")
        async with serving(MailServer()) as able, serving(MailServer(), smtputf8=False) as unable:
            assert await make(able.url).send([sent]) == [SENT]
            assert able.mails[0]["To"] == sent.recipient.email
            (outcome,) = await make(unable.url).send([sent])
        assert outcome.state == "never"


class TestAnswers:
    async def test_each_message_is_judged_by_its_own(self, make: Senders, server: MailServer) -> None:
        server.to_rcpt = {"r1@example.com": "550 5.1.1 No such user", "r2@example.com": "450 4.2.0 Greylisted"}
        server.to_data = {"r3@example.com": "554 5.7.1 Spam", "r4@example.com": "451 4.3.0 Try later"}
        outcomes = await make(server.url, connections=1).send(many(6))
        assert outcomes == [
            SENT,
            Outcome("never", "550 5.1.1 No such user"),
            Outcome("later", "450 4.2.0 Greylisted"),
            Outcome("never", "554 5.7.1 Spam"),
            Outcome("later", "451 4.3.0 Try later"),
            SENT,
        ]
        assert len(server.connections) == 1

    async def test_a_refused_sender_is_not_the_recipients_fault(self, make: Senders, server: MailServer) -> None:
        server.to_mail = "550 5.7.1 Not from you"
        assert await make(server.url).send(many(1)) == [Outcome("later", "550 5.7.1 Not from you")]

    async def test_a_message_that_we_fail_at_does_not_keep_the_others(self, make: Senders, server: MailServer) -> None:
        first, second, third = many(3)
        broken = msgspec.structs.replace(second, items=[])
        outcomes = await make(server.url).send([first, broken, third])
        assert [outcome.state for outcome in outcomes] == ["sent", "later", "sent"]

    async def test_without_a_mail_server_nothing_is_lost(self, make: Senders) -> None:
        assert [outcome.state for outcome in await make(None).send(many(2))] == ["later", "later"]

    async def test_without_messages_nothing_happens(self, make: Senders, server: MailServer) -> None:
        assert await make(server.url).send([]) == []
        assert server.connections == []


class TestTrouble:
    async def test_where_nobody_listens_all_have_to_wait(self, make: Senders) -> None:
        with socket.create_server((HOST, 0)) as closed:
            port = closed.getsockname()[1]
        outcomes = await make(f"smtp://{HOST}:{port}").send(many(20))
        assert {outcome.state for outcome in outcomes} == {"later"}
        assert all(outcome.error for outcome in outcomes)

    @pytest.mark.parametrize("greeting", [b"", b"220 mail.test ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    async def test_a_server_that_hangs_is_given_up(
        self, make: Senders, monkeypatch: pytest.MonkeyPatch, greeting: bytes
    ) -> None:
        monkeypatch.setattr(smtp, "CONNECT_S", 0.2)
        async with silent(greeting) as url:
            outcomes = await make(url).send(many(20))
        assert {outcome.state for outcome in outcomes} == {"later"}

    async def test_a_message_that_hangs_waits_and_the_others_go(
        self, make: Senders, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "ANSWER_S", 0.2)
        server.hangs_for = frozenset({"r1@example.com"})
        outcomes = await make(server.url, connections=2).send(many(8))
        assert [outcome.state for outcome in outcomes] == ["sent", "later", *["sent"] * 6]

    async def test_a_server_that_hangs_at_all_of_them_keeps_us_once_per_connection(
        self, make: Senders, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(smtp, "ANSWER_S", 0.2)
        messages = many(10)
        server.hangs_for = frozenset(str(each.recipient.email) for each in messages)
        outcomes = await make(server.url, connections=2).send(messages)
        assert {outcome.state for outcome in outcomes} == {"later"}
        assert len(server.connections) == 2

    async def test_a_connection_that_ends_in_the_middle_costs_one_message(
        self, make: Senders, server: MailServer
    ) -> None:
        server.drops_for = frozenset({"r1@example.com"})
        outcomes = await make(server.url, connections=1).send(many(4))
        assert [outcome.state for outcome in outcomes] == ["sent", "later", "sent", "sent"]

    async def test_a_limit_of_messages_per_connection_costs_none(self, make: Senders, server: MailServer) -> None:
        server.most_per_connection = 3
        assert await make(server.url, connections=2).send(many(20)) == [SENT] * 20

    async def test_a_server_that_takes_nothing_is_given_up(self, make: Senders, server: MailServer) -> None:
        server.most_per_connection = 0
        outcomes = await make(server.url, connections=2).send(many(20))
        assert {outcome.state for outcome in outcomes} == {"later"}
        assert len(server.connections) == 2 * MOST_LOST_AT_ONCE

    async def test_whoever_sends_is_answered_in_time_whatever_the_server_does(
        self, make: Senders, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "ENDED_WITHIN_S", 0.3)
        server.hangs_for = frozenset({"r1@example.com"})
        outcomes = await make(server.url, connections=1).send(many(3))
        assert [outcome.state for outcome in outcomes] == ["sent", "later", "later"]

    async def test_those_that_there_was_no_time_for_have_to_wait(
        self, make: Senders, server: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "BEGUN_WITHIN_S", 0)
        assert {outcome.state for outcome in await make(server.url).send(many(3))} == {"unbegun"}
        assert server.mails == []


class TestConnections:
    async def test_they_are_few_and_kept(self, make: Senders, server: MailServer) -> None:
        sender = make(server.url, connections=3)
        assert await sender.send(many(30)) == [SENT] * 30
        assert await sender.send(many(30)) == [SENT] * 30
        assert len(server.connections) == 3

    async def test_two_that_send_at_once_share_them(self, make: Senders, server: MailServer) -> None:
        sender = make(server.url, connections=2)
        first, second = await asyncio.gather(sender.send(many(10)), sender.send(many(10)))
        assert [*first, *second] == [SENT] * 20
        assert len(server.connections) == 2

    async def test_one_that_the_server_has_ended_is_replaced(self, make: Senders, server: MailServer) -> None:
        sender = make(server.url, connections=2)
        await sender.send(many(4))
        server.drop_connections()
        assert await sender.send(many(4)) == [SENT] * 4

    async def test_a_password_is_used(self, make: Senders, server: MailServer) -> None:
        server.login = ("shop", "p@ss word")
        assert await make(f"smtp://shop:p%40ss%20word@{HOST}:{server.port}").send(many(2)) == [SENT] * 2
        (outcome,) = await make(f"smtp://shop:wrong@{HOST}:{server.port}").send(many(1))
        assert outcome.state == "later"
        assert "535" in str(outcome.error)
        assert "wrong" not in str(outcome.error)

    async def test_a_server_without_the_tls_that_was_asked_for_gets_nothing(
        self, make: Senders, server: MailServer
    ) -> None:
        (outcome,) = await make(f"smtps://{HOST}:{server.port}").send(many(1))
        assert outcome.state == "later"
        assert server.mails == []

    async def test_tls_is_used_where_it_is_offered_if_the_server_is_who_it_says(
        self, make: Senders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        context, certificate = certified("localhost", tmp_path)
        async with serving(MailServer(), tls=context) as server:
            url = f"smtp://localhost:{server.port}"
            (outcome,) = await make(url).send(many(1))
            assert outcome.state == "later"
            assert server.mails == []
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert await make(url).send(many(1)) == [SENT]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("smtp://mail.test", ("mail.test", 25, False, None, "")),
        ("smtp://a:b@mail.test", ("mail.test", 587, False, "a", "b")),
        ("smtps://a%40b:c%2Fd@mail.test", ("mail.test", 465, True, "a@b", "c/d")),
        ("smtp://[::1]:2525", ("::1", 2525, False, None, "")),
    ],
)
def test_an_address_is_read(url: str, address: tuple[object, ...]) -> None:
    assert smtp.read_address(url) == address
