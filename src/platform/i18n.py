"""Messages in the shopper's language. The English sentence is the key; a language without one answers in English."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

DEFAULT_LOCALE = "en"
LOCALES = ("en", "tr", "ar", "ku")
CATALOGUES = Path(__file__).parent / "locales"
# A header longer than this is no list of languages.
MAX_HEADER_LENGTH = 1000
# Our Kurdish is Sorani, which also has a code of its own.
ALIASES = {"ckb": "ku"}


@lru_cache(maxsize=len(LOCALES))
def _catalogue(locale: str) -> Mapping[str, str]:
    path = CATALOGUES / f"{locale}.po"
    if locale == DEFAULT_LOCALE or not path.exists():
        return {}
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file, locale=locale) if m.id and m.string and not m.fuzzy}


def translate(message: str, locale: str, params: Mapping[str, object] | None = None) -> str:
    """`message` in `locale`, with `%(name)s` places filled from `params`."""
    text = _catalogue(locale).get(message, message)
    return text % params if params else text


@lru_cache(maxsize=1024)
def negotiate(accept_language: str | None) -> str:
    """The best of our languages for an Accept-Language header; anything unreadable counts as no wish."""
    if not accept_language or len(accept_language) > MAX_HEADER_LENGTH:
        return DEFAULT_LOCALE
    best, best_weight = DEFAULT_LOCALE, 0.0
    for part in accept_language.split(","):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().replace("_", "-").split("-")[0]
        language = ALIASES.get(language, language)
        weight = _weight(parameters)
        if language in LOCALES and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
