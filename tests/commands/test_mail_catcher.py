"""The mail server of `wishkeep up`, which passes nothing on."""

import signal
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.platform.caught_mail import newest, read
from src.platform.embedded.processes import wait_until
from tests.running import COMMAND, PATIENCE_S, environment

MAIL = "Subject: Caught\r\nTo: ada@example.com\r\n\r\n.A line that begins with a dot\r\n"


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
    return found


@pytest.fixture
def catcher(tmp_path: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [*COMMAND, "mail-catcher", "--port", str(port), "--folder", str(tmp_path / "mails")]
    process = subprocess.Popen(command, env=environment())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def connected(port: int) -> smtplib.SMTP:
    opened: list[smtplib.SMTP] = []

    def connect() -> bool:
        try:
            opened.append(smtplib.SMTP("127.0.0.1", port, timeout=10))
        except OSError:
            return False
        return True

    assert wait_until(connect, timeout_s=PATIENCE_S)
    return opened[0]


def test_what_it_gets_is_kept_and_it_stops_when_it_is_told_to(
    catcher: "subprocess.Popen[bytes]", port: int, tmp_path: Path
) -> None:
    with connected(port) as client:
        client.sendmail("shop@example.com", ["ada@example.com"], MAIL)
    (mail,) = newest(tmp_path / "mails", 10)
    assert (mail.subject, mail.to) == ("Caught", "ada@example.com")
    whole = read(tmp_path / "mails", mail.name)
    assert whole is not None
    assert whole.text == ".A line that begins with a dot\n"
    catcher.send_signal(signal.SIGTERM)
    assert catcher.wait(PATIENCE_S) == 0


def test_a_folder_that_takes_nothing_is_a_reason_to_come_again(
    catcher: "subprocess.Popen[bytes]", port: int, tmp_path: Path
) -> None:
    (tmp_path / "mails").write_text("in the way")
    with connected(port) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("shop@example.com", ["ada@example.com"], MAIL)
    assert refused.value.smtp_code == 451
