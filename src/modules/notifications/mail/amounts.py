"""Money and percentages as readers of a language write them."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import format_currency, format_decimal, format_percent

# Our Kurdish is Sorani, which has a code of its own there.
LOCALES = {"ku": "ckb"}
# A change of price is told to many, and formatting takes longer than all the rest of a mail.
REMEMBERED = 4096
LETTER_BEFORE_DIGIT = re.compile(r"([^\W\d_])(?=\d)")
ONE = Decimal(1)


@lru_cache(REMEMBERED)
def amount(value: Decimal, currency: str | None, language: str) -> str:
    """An amount of money, never rounded."""
    locale = LOCALES.get(language, language)
    if currency is None:
        return format_decimal(value, "#,##0.00", locale=locale)
    # Currencies without cents have prices with cents nevertheless.
    whole = value == value.to_integral_value()
    text = format_currency(value, currency.upper(), locale=locale, currency_digits=whole)
    return LETTER_BEFORE_DIGIT.sub("\\1\N{NO-BREAK SPACE}", text)


def reduction(old: Decimal, new: Decimal, lowest: Decimal | None) -> int | None:
    """By how many percent a price fell; None when that is less than one.

    It is counted from the lowest price of the 30 days before where that is lower: a reduction that is announced
    may not be counted from a price that was raised shortly before (directive 98/6/EC, article 6a; C-330/23).
    """
    base = old if lowest is None else min(old, lowest)
    if base <= 0 or new >= base:
        return None
    return int(((base - new) * 100 / base).quantize(ONE, ROUND_HALF_UP)) or None


@lru_cache(REMEMBERED)
def percent_off(percent: int, language: str) -> str:
    """A reduction, with its minus sign where the language has it."""
    return format_percent(Decimal(-percent) / 100, locale=LOCALES.get(language, language))
