"""What logs say, and what they never say."""

import subprocess
import sys

import msgspec
import pytest

from src.platform.logs import blot

PROGRAM = """
import logging, sys, warnings
import structlog
from src.platform.logs import REQUEST_ID, configure_logging
from src.platform.settings import load_settings

logging.basicConfig(stream=sys.stdout)
structlog.get_logger("early")
configure_logging(load_settings({
    "DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x", "LOG_LEVEL": "info", "LOG_FORMAT": sys.argv[1],
}))
"""


def lines(program: str, log_format: str = "json") -> list[dict[str, object]]:
    """The events that a process with our logging writes on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + program, log_format], capture_output=True, check=True, text=True
    )
    assert done.stdout == ""
    if log_format == "console":
        return [{"line": line} for line in done.stderr.splitlines()]
    return [msgspec.json.decode(line) for line in done.stderr.splitlines()]


def test_libraries_and_our_own_events_share_one_format() -> None:
    ours, theirs, granian = lines(
        """
structlog.get_logger("ours").info("something.happened", count=3)
logging.getLogger("some.library").warning("%s of %d", "one", 2)
logging.getLogger("_granian").info("Started worker-1")
"""
    )
    assert ours.items() >= {"event": "something.happened", "count": 3, "level": "info", "logger": "ours"}.items()
    assert theirs.items() >= {"event": "one of 2", "level": "warning", "logger": "some.library"}.items()
    assert granian["event"] == "Started worker-1"
    assert all(str(event["timestamp"]).endswith("Z") for event in (ours, theirs, granian))


def test_servers_that_set_up_their_own_logging_first_are_brought_in() -> None:
    (event,) = lines(
        """
from granian.log import LogLevels, configure_logging as granian_logging
granian_logging(LogLevels.info)
configure_logging(load_settings({"DATABASE_URL": "postgresql:///x", "REDIS_URL": "redis://x"}))
logging.getLogger("_granian").info("Listening")
"""
    )
    assert event["event"] == "Listening"


def test_request_id_and_bound_values_are_in_every_line() -> None:
    first, second, third = lines(
        """
REQUEST_ID.set("r-1")
structlog.get_logger("ours").info("one")
with structlog.contextvars.bound_contextvars(job_id="j-1"):
    logging.getLogger("library").info("two")
structlog.get_logger("ours").info("three")
"""
    )
    assert [event["request_id"] for event in (first, second, third)] == ["r-1"] * 3
    assert second["job_id"] == "j-1"
    assert "job_id" not in third


def test_exceptions_are_told_without_values_of_variables() -> None:
    (event,) = lines(
        """
def fail(given):
    card = given * 2
    raise ValueError("no user jane@example.com with Token abcdefgh12345678")

try:
    fail("4111-1111")
except ValueError:
    structlog.get_logger("ours").exception("failed")
"""
    )
    told = str(event["exception"])
    assert "ValueError" in told
    assert "in fail" in told
    assert "4111-11114111-1111" not in told
    assert "jane" not in told
    assert "abcdefgh12345678" not in told


def test_levels_below_the_configured_one_and_chatty_libraries_are_silent() -> None:
    events = lines(
        """
structlog.get_logger("ours").debug("hidden")
logging.getLogger("arq.worker").info("0.01s -> job(secret)")
logging.getLogger("httpx").info("HTTP Request: GET https://user:pass@host")
structlog.get_logger("ours").info("shown")
"""
    )
    assert [event["event"] for event in events] == ["shown"]


def test_warnings_of_the_interpreter_are_events_too() -> None:
    (event,) = lines('warnings.warn("old", UserWarning)')
    assert "old" in str(event["event"])
    assert event["level"] == "warning"


def test_console_format_is_for_people() -> None:
    (line,) = lines('structlog.get_logger("ours").info("something.happened", email="jane@example.com")', "console")
    assert "something.happened" in str(line["line"])
    assert "jane" not in str(line["line"])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.sig-na_ture", "eyJ"),
        ("authorization: token 0123456789abcdef", "0123456789abcdef"),
        ("Cookie: a=b; osessionid=Zm9vYmFy; c=d", "Zm9vYmFy"),
        ('{"password": "hunter22"}', "hunter22"),
        ("postgresql://shop:s3cr3t!@db.example/shop", "s3cr3t"),
        ("redis://:p4ss@cache:6379/0", "p4ss"),
        ("Key (email)=(jane.doe+x@mail.example.co.uk) already exists.", "jane.doe"),
        ("no answer from +905551112233", "5551112233"),
        ("violates check constraint\nDETAIL:  Failing row contains (1, Jane, Doe).\nHINT: none", "Jane"),
        (repr(ValueError("null value\nCONTEXT:  COPY fed, line 1: Jane")), "Jane"),
    ],
)
def test_blot_covers_what_identifies_or_admits(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in blot(text)
    assert "…" in blot(text)


@pytest.mark.parametrize("text", ["", "token refused", "job.done in 5 ms", "a@b", "http://localhost:8000/x"])
def test_blot_leaves_other_text_alone(text: str) -> None:
    assert blot(text) == text


def test_a_terminal_is_told_nothing_to_obey() -> None:
    (event, *trace) = lines(
        """
try:
    raise ValueError("no" + chr(27) + "[2J")
except ValueError:
    structlog.get_logger("ours").exception("a" + chr(10) + "b", path="x" + chr(27) + "]0;y" + chr(7) + chr(13) + "z")
""",
        "console",
    )
    assert "a\\nb" in str(event["line"])
    assert "x\\x1b]0;y\\x07\\rz" in str(event["line"])
    assert any("ValueError: no\\x1b[2J" in str(line["line"]) for line in trace)
    assert not any(chr(27) in str(line["line"]) for line in [event, *trace])
