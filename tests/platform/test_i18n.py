"""Messages in four languages: nothing is left untranslated, and any Accept-Language gets an answer."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from src.platform import i18n
from src.platform.errors import AppError, Invalid
from src.platform.i18n import CATALOGUES, DEFAULT_LOCALE, LOCALES, negotiate, translate

SOURCES = Path(i18n.__file__).parents[1]
TRANSLATED = [locale for locale in LOCALES if locale != DEFAULT_LOCALE]
# Where messages are written down: what is assigned to these names, and what failures are made with.
NAMES = frozenset({"message", "faults", "NOT_OF_TYPE", "TEXTS"})
PLACE = re.compile(r"%\(\w+\)s")


def read_catalogue(locale: str) -> Catalog:
    with (CATALOGUES / f"{locale}.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def sentences(node: ast.AST) -> Iterator[str]:
    """The texts in an expression that a person could read: they begin with a capital letter."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value[:1].isupper():
            yield part.value


def failures_of(trees: list[ast.Module]) -> set[str]:
    """The names of AppError and of everything that is derived from it."""
    known = {"AppError"}
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while found := {c.name for c in classes if {b.id for b in c.bases if isinstance(b, ast.Name)} & known} - known:
        known |= found
    return known


def messages_in_the_sources() -> set[str]:
    trees = [ast.parse(path.read_text()) for path in SOURCES.rglob("*.py")]
    calls = failures_of(trees) | {"translate"}
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in calls and node.args:
            found |= set(sentences(node.args[0]))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found |= set(assigned(target, node.value))
    return found


def assigned(target: ast.expr, value: ast.expr) -> Iterator[str]:
    """The sentences that an assignment gives to one of NAMES."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for name, part in zip(target.elts, value.elts, strict=True):
            yield from assigned(name, part)
        return
    name = target.value if isinstance(target, ast.Subscript) else target
    if isinstance(name, ast.Name) and name.id in NAMES:
        yield from sentences(value)


def every_failure(kind: type[AppError] = AppError) -> Iterator[type[AppError]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from every_failure(derived)


def test_every_message_is_translated_into_every_language_and_none_is_left_over() -> None:
    messages = messages_in_the_sources()
    assert {"Validation failed", "Added to favorites", "Must be between 1 and %(maximum)s"} <= messages
    for locale in TRANSLATED:
        catalogue = read_catalogue(locale)
        translated = {str(entry.id) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}
        assert messages - translated == set(), f"{locale}.po lacks these"
        assert {str(entry.id) for entry in catalogue if entry.id} - messages == set(), (
            f"nobody says these of {locale}.po"
        )


@pytest.mark.parametrize("locale", TRANSLATED)
def test_every_failure_is_told_in_every_language(locale: str) -> None:
    for failure in every_failure():
        assert translate(failure.message, locale) != failure.message, failure


@pytest.mark.parametrize("locale", TRANSLATED)
def test_translations_keep_the_places_of_the_original(locale: str) -> None:
    for entry in read_catalogue(locale):
        if entry.id:
            assert sorted(PLACE.findall(str(entry.string))) == sorted(PLACE.findall(str(entry.id)))
            translate(str(entry.id), locale, {name[2:-2]: 1 for name in PLACE.findall(str(entry.id))})


def test_places_are_filled_in_every_language() -> None:
    for locale in LOCALES:
        text = translate("Must be between 1 and %(maximum)s", locale, {"maximum": 100})
        assert "100" in text
        assert "%" not in text


def test_message_nobody_translated_stays_english() -> None:
    assert translate("Nobody wrote this down", "tr") == "Nobody wrote this down"
    assert translate(Invalid.message, "en") == "Validation failed"
    assert translate("100% wool", "ar") == "100% wool"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "en"),
        ("", "en"),
        ("undefined", "en"),
        ("*", "en"),
        ("xx", "en"),
        ("tr", "tr"),
        ("TR", "tr"),
        ("tr-TR,tr;q=0.9,en-US;q=0.8", "tr"),
        ("tr_TR", "tr"),
        ("de-DE, ku;q=0.5", "ku"),
        ("en;q=0.1, ar;q=0.9", "ar"),
        ("ar;q=0.5,ku;q=0.5", "ar"),
        ("tr;q=0, en", "en"),
        ("tr;q=0", "en"),
        ("tr;q=abc", "en"),
        ("tr;q=", "en"),
        ("tr;q=nan", "en"),
        ("tr;level=1", "en"),
        ("ar; q = 0.9", "ar"),
        (",;,;q=1,,ku", "ku"),
        ("tr," * 400, "en"),
    ],
)
def test_best_language_of_a_header(header: str | None, locale: str) -> None:
    assert negotiate(header) == locale


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.from_regex(r"([a-z*-]{1,5}(;q=[0-9.]{0,4})?,?){0,5}", fullmatch=True)))
def test_any_header_is_answered_in_one_of_our_languages(header: str) -> None:
    assert negotiate(header) in LOCALES
