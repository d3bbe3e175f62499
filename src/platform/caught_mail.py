"""The mails that the local mail catcher of `wishkeep up` keeps: a Maildir, written by it and read by its pages."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from itertools import count
from pathlib import Path
from time import time_ns
from typing import NamedTuple

# It is for looking at, so the oldest make way.
MOST_KEPT = 500
# Nothing that could lead out of the folder.
NAME = re.compile(r"(\d{20})\.[0-9]+_[0-9]+")
_numbers = count()


class Caught(NamedTuple):
    """A mail as the list shows it."""

    name: str
    caught_at: datetime
    to: str
    subject: str
    language: str


class CaughtMail(NamedTuple):
    """A whole mail."""

    shown: Caught
    headers: Sequence[tuple[str, str]]
    text: str
    html: str


def keep(folder: Path, content: bytes) -> str:
    """Put a mail into the Maildir, whole or not at all, and return its name."""
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    name = f"{time_ns():020d}.{os.getpid()}_{next(_numbers)}"
    (folder / "tmp" / name).write_bytes(content)
    (folder / "tmp" / name).rename(folder / "new" / name)
    for old in _newest_first(folder)[MOST_KEPT:]:
        old.unlink(missing_ok=True)
    return name


def newest(folder: Path, most: int) -> list[Caught]:
    """The last mails, the newest first."""
    return [_shown(path.name, _parsed(path, headers_only=True)) for path in _newest_first(folder)[:most]]


def read(folder: Path, name: str) -> CaughtMail | None:
    """The mail of that name; None when there is none."""
    path = folder / "new" / name
    if NAME.fullmatch(name) is None or not path.is_file():
        return None
    mail = _parsed(path)
    return CaughtMail(
        shown=_shown(name, mail),
        headers=[(header, str(value)) for header, value in mail.items()],
        text=_content(mail, "plain"),
        html=_content(mail, "html"),
    )


def _newest_first(folder: Path) -> list[Path]:
    # The names begin with the time.
    new = folder / "new"
    return sorted((path for path in new.iterdir() if NAME.fullmatch(path.name)), reverse=True) if new.is_dir() else []


def _parsed(path: Path, *, headers_only: bool = False) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=default).parse(file, headersonly=headers_only)


def _shown(name: str, mail: EmailMessage) -> Caught:
    return Caught(
        name=name,
        caught_at=datetime.fromtimestamp(int(name[:20]) / 1e9, UTC),
        to=str(mail.get("To", "")),
        subject=str(mail.get("Subject", "")),
        language=str(mail.get("Content-Language", "en")),
    )


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content())
