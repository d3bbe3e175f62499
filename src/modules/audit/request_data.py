"""What is kept of the data that a request brought: as it came, if it is short, without what is called like a secret."""

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from src.platform.bodies import FORM, JSON_TYPES
from src.platform.openapi import NDJSON

# Bodies beyond this are kept by their size alone.
MAX_BODY_BYTES = 32 * 1024
MAX_DEPTH = 50
WITHHELD = "[withheld]"
SECRET = re.compile("passw|secret|token|credential|authorization", re.IGNORECASE)
# What a URL says before its host, and after its path, may let its holder in.
_SCHEME = r"\b([a-z][a-z\d+.-]*://)"
URL = re.compile(rf"{_SCHEME}(?:[^\s/?#]*@)?([^\s?#]*)(?:[?#].*)?", re.IGNORECASE | re.DOTALL)
URL_IN_TEXT = re.compile(rf"""{_SCHEME}(?:[^\s/?#"'<>]*@)?([^\s?#"'<>,;]*)(?:[?#][^\s"'<>,;]*)?""", re.IGNORECASE)


def read_form(body: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a URL-encoded body; none for any other."""
    if content_type != FORM or len(body) > MAX_BODY_BYTES:
        return {}
    return read_pairs(body)


def read_pairs(text: bytes) -> dict[str, Any]:
    """Names and values as they stand in queries and forms; a list where a name has several."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace"):
        found.setdefault(name, []).append(value)
    told = {name: values[0] if len(values) == 1 else values for name, values in found.items()}
    return {storable(name): _without_secrets(value, name) for name, value in told.items()}


def read_data(body: bytes, content_type: str) -> Any:
    """What a body tells, as JSON that PostgreSQL can hold; its text where it is none, None where it is too long."""
    if len(body) > MAX_BODY_BYTES:
        return None
    if not body.strip():
        return {}
    if content_type == FORM:
        return read_form(body, content_type)
    if content_type == NDJSON:
        return [_document(line) for line in body.split(b"\n") if line.strip()]
    return _document(body) if content_type in JSON_TYPES else _text(body)


def _document(text: bytes) -> Any:
    try:
        return _without_secrets(msgspec.json.decode(text))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _text(text)


def _text(text: bytes) -> str:
    """A body that names no fields as it came; none of it if it speaks of a secret, for what that is can't be told."""
    if SECRET.search(text.decode("latin-1")):
        return WITHHELD
    return storable(URL_IN_TEXT.sub(r"\1\2", text.decode(errors="replace")))


def _without_secrets(value: Any, name: str = "", depth: int = 0) -> Any:
    """The value of a field as PostgreSQL can hold it, unless it is called like a secret; raises RecursionError."""
    if SECRET.search(name):
        return WITHHELD
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, str):
        return storable(without_url_secrets(value))
    if isinstance(value, dict):
        return {storable(key): _without_secrets(item, key, depth + 1) for key, item in value.items()}
    return [_without_secrets(item, name, depth + 1) for item in value] if isinstance(value, list) else value


def without_url_secrets(value: str) -> str:
    """The value; if it is a URL, without the user and password in it, and without its query."""
    url = URL.fullmatch(value.strip())
    return url.expand(r"\1\2") if url else value


def storable(text: str) -> str:
    """The text with what PostgreSQL can't hold replaced."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
