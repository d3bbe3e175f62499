"""How money is written."""

LABELS = {"try": "TL"}


def money(cents: int) -> str:
    """An amount that is not negative, with two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


def optional_money(cents: int | None) -> str | None:
    """`money` of an amount that may be missing."""
    return None if cents is None else money(cents)


def label(currency: str) -> str:
    """What shoppers call a currency."""
    return LABELS.get(currency) or currency.upper()
