"""A mail as bytes: headers and two parts. Python's own generator takes longer than sending does."""

import re
from base64 import encodebytes
from binascii import b2a_qp
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from typing import NamedTuple

from src.modules.notifications.mail.rendering import Rendered
from src.modules.notifications.messages import Message
from src.modules.notifications.wording import one_line

# One mailbox without the quoted forms that nobody has: anything else could reach further than its header.
MAILBOX = re.compile(r"[^\s<>()\[\]\\,;:\"@\x00-\x20\x7f-\x9f]{1,64}@([^\s<>()\[\]\\,;:\"@\x00-\x20\x7f-\x9f]{1,253})")
LONGEST_PLAIN_SUBJECT = 60
# What is told of one product to many has one subject.
REMEMBERED = 1024


class NoAddress(ValueError):
    """What can't be written to."""


class Sender(NamedTuple):
    """Who our mails are from: the header as a whole, the address, its domain, and the shop's name."""

    header: str
    address: str
    domain: str
    name: str


def sender(mail_from: str) -> Sender:
    """Who `mail_from` says it is; raises NoAddress."""
    name, text = parseaddr(mail_from)
    address = mailbox(text)
    domain = address.rpartition("@")[2]
    return Sender(formataddr((one_line(name), address)), address, domain, one_line(name) or domain)


def mailbox(text: str | None) -> str:
    """The address as it goes into headers and commands, its domain in ASCII; raises NoAddress."""
    found = MAILBOX.fullmatch(text or "")
    if found is None:
        raise NoAddress("not an address that can be written to")
    domain = found[1]
    if domain.isascii():
        return found[0]
    try:
        return f"{found[0][: -len(domain)]}{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise NoAddress("not an address that can be written to") from error


def compose(message: Message, rendered: Rendered, *, writer: Sender, to: str, unsubscribe: str, now: datetime) -> bytes:
    """The whole mail as it is sent, its lines ended by CRLF; what goes into headers was made one line before."""
    # An underscore after an equals sign is in neither encoding.
    boundary = f"=_{message.id.hex}"
    head = (
        f"From: {writer.header}\n"
        f"To: {to}\n"
        f"Subject: {_subject(rendered.subject)}\n"
        f"Date: {format_datetime(now)}\n"
        # The same in every try, so that a mail which came twice is one mail.
        f"Message-ID: <{message.id}@{writer.domain}>\n"
        "Auto-Submitted: auto-generated\n"
        "Precedence: bulk\n"
        f"List-Unsubscribe: <{unsubscribe}>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
        f"Content-Language: {message.recipient.language}\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/alternative; boundary="{boundary}"\n'
    )
    mail = b"".join(
        (
            head.encode(),
            _part(boundary, "plain", rendered.text),
            _part(boundary, "html", rendered.html),
            f"\n--{boundary}--\n".encode(),
        )
    )
    return mail.replace(b"\n", b"\r\n")


@lru_cache(REMEMBERED)
def _subject(text: str) -> str:
    if text.isascii() and len(text) <= LONGEST_PLAIN_SUBJECT:
        return text
    return Header(text, "utf-8", header_name="Subject").encode()


def _part(boundary: str, kind: str, text: str) -> bytes:
    # A carriage return by itself would be no part of a line that any server agrees on.
    data = text.replace("\r", "").encode()
    # Text that is mostly not Latin is three times as long in quoted-printable.
    latin = 4 * (len(data) - len(text)) < len(text)
    encoded, name = (b2a_qp(data), "quoted-printable") if latin else (encodebytes(data), "base64")
    head = f"\n--{boundary}\nContent-Type: text/{kind}; charset=utf-8\nContent-Transfer-Encoding: {name}\n\n"
    return head.encode() + encoded
