"""Terms: `[name, value]` pairs of a condition or of a dynamic collection, all of which must hold.

Some are about a product, the others about the shopper or the whole basket.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, NamedTuple

import msgspec

from src.modules.offers.rules.basket import Product, Shopper
from src.modules.offers.rules.outcome import Missing
from src.modules.offers.rules.unfit import UnfitCampaign, cents, whole

ATTRIBUTE = "attributes__"
_IN = "__in"
_SHOWN = 60  # so much of a wrong name is repeated in the refusal


class Term(msgspec.Struct, frozen=True):
    """One thing that must hold: something is among `values`, or is at least or at most `limit`.

    `name` is the name that it is fed under, but `attributes` for every attribute, whose key is `key`.
    """

    name: str
    values: frozenset[Any] = frozenset()
    limit: int = 0
    key: str = ""


class Situation(NamedTuple):
    """Who buys, and what the whole basket comes to before any offer."""

    shopper: Shopper
    amount: int
    quantity: int


_TERMS_UNMET = Missing("terms")

_ABOUT_PRODUCTS: dict[str, Callable[[Product, Term], bool]] = {
    "sku_in": lambda product, term: product.sku in term.values,
    "base_code_in": lambda product, term: product.base_code in term.values,
    "category_in": lambda product, term: not term.values.isdisjoint(product.categories),
    "attributes": lambda product, term: _attribute_is_among(product.attributes.get(term.key), term.values),
}
_ABOUT_SHOPPERS: dict[str, Callable[[Shopper, Term], bool]] = {
    "email_in": lambda shopper, term: shopper.email is not None and _folded(shopper.email) in term.values,
    "user_in": lambda shopper, term: shopper.user_id in term.values,
    "user_group_in": lambda shopper, term: not term.values.isdisjoint(shopper.groups),
    "currency_in": lambda shopper, term: _folded(shopper.currency) in term.values,
    "client_type_in": lambda shopper, term: shopper.client_type in term.values,
}
_ABOUT_KINDS = frozenset({"user_group_in", "client_type_in", "currency_in"})
_ABOUT_BASKETS: dict[str, Callable[[Situation, Term], Missing | None]] = {
    "basket__get_total_product_amount__gte": lambda now, term: (
        None if now.amount >= term.limit else Missing.short("amount", term.limit, now.amount)
    ),
    "basket__get_total_product_amount__lte": lambda now, term: None if now.amount <= term.limit else _TERMS_UNMET,
    "basket__total_quantity__gte": lambda now, term: (
        None if now.quantity >= term.limit else Missing.short("quantity", term.limit, now.quantity)
    ),
    "basket__total_quantity__lte": lambda now, term: None if now.quantity <= term.limit else _TERMS_UNMET,
}


class Kinds:
    """Shoppers as terms see them who only ask for groups, kinds of clients and currencies: there are few such."""

    def __init__(self, terms: Iterable[Term]) -> None:
        named: dict[str, frozenset[Any]] = {}
        for term in terms:
            if term.name in _ABOUT_KINDS:
                named[term.name] = named.get(term.name, frozenset()) | term.values
        self._groups = named.get("user_group_in", frozenset())
        self._clients = named.get("client_type_in", frozenset())
        self._currencies = named.get("currency_in", frozenset())

    def of(self, shopper: Shopper) -> Hashable:
        """The kind: shoppers who are told apart by no term are of one."""
        currency = _folded(shopper.currency)
        return (
            self._groups & shopper.groups,
            shopper.client_type if shopper.client_type in self._clients else None,
            currency if currency in self._currencies else None,
        )

    def admits(self, shopper: Shopper, terms: Iterable[Term]) -> bool:
        """Whether nothing about a shopper's kind keeps `terms` from being fulfilled."""
        return all(_ABOUT_SHOPPERS[term.name](shopper, term) for term in terms if term.name in _ABOUT_KINDS)


def values_of(product: Product, name: str, key: str) -> Iterable[Hashable]:
    """What a product can be found by for the terms about products of one name and key."""
    if name == "attributes":
        value = product.attributes.get(key)
        return [_plain(one) for one in value] if isinstance(value, list | tuple) else (_plain(value),)
    if name == "category_in":
        return product.categories
    return (product.sku if name == "sku_in" else product.base_code,)


def matches(product: Product, terms: Iterable[Term]) -> bool:
    """Whether a product fulfils every one of `terms`, all of them terms about products."""
    for term in terms:  # noqa: SIM110  (a generator takes twice as long, and this is asked for every line and offer)
        if not _ABOUT_PRODUCTS[term.name](product, term):
            return False
    return True


def unmet(terms: Iterable[Term], now: Situation) -> Missing | None:
    """What keeps shopper and basket from fulfilling `terms`, none of them about products; None when nothing does.

    A basket that is only too small is told by how much, unless another term fails as well.
    """
    short: Missing | None = None
    for term in terms:
        about_shopper = _ABOUT_SHOPPERS.get(term.name)
        if about_shopper is not None:
            missing = None if about_shopper(now.shopper, term) else _TERMS_UNMET
        else:
            missing = _ABOUT_BASKETS[term.name](now, term)
        if missing is _TERMS_UNMET:
            return missing
        short = short or missing
    return short


def is_about_products(term: Term) -> bool:
    """Whether a term chooses products rather than shoppers and baskets."""
    return term.name in _ABOUT_PRODUCTS


def product_terms(query: Any) -> tuple[Term, ...]:
    """The terms of a dynamic collection; raises UnfitCampaign for unknown ones and for those not about products."""
    terms = read_terms(query, "query", "query")
    for term in terms:
        if not is_about_products(term):
            raise UnfitCampaign("query", f'"{term.name}" is no term about products.')
    return terms


def read_terms(pairs: Any, field: str, name: str) -> tuple[Term, ...]:
    """The terms of a list as it is fed, each once; raises UnfitCampaign for what is no list of known terms."""
    if pairs is None:
        return ()
    if not isinstance(pairs, list | tuple):
        raise UnfitCampaign(field, f'"{name}" must be a list of [name, value] pairs.')
    read: dict[Term, None] = {}
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise UnfitCampaign(field, f'"{name}" must be a list of [name, value] pairs.')
        read[_term(pair[0], pair[1], field)] = None
    return tuple(read)


def _term(name: str, value: Any, field: str) -> Term:
    if name.startswith(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE)
        one_of = key.endswith(_IN)
        key = key.removesuffix(_IN)
        if key:
            return Term("attributes", key=key, values=_values(value if one_of else [value], _plain, field, name))
    elif name in _READERS:
        return Term(name, values=_values(value, _READERS[name], field, name))
    elif name in _ABOUT_BASKETS:
        limit = (cents if "_amount__" in name else whole)(value, field, name)
        return Term(name, limit=limit)
    raise UnfitCampaign(field, f'"{name[:_SHOWN]}" is no term that is known.')


def _values(values: Any, read: Callable[[Any], Any], field: str, name: str) -> frozenset[Any]:
    if not isinstance(values, list | tuple):
        raise UnfitCampaign(field, f'"{name[:_SHOWN]}" must be a list.')
    known = [read(value) for value in values]
    if None in known:
        raise UnfitCampaign(field, f'"{name[:_SHOWN]}" has a value of a wrong type.')
    return frozenset(known)


def _plain(value: Any) -> str | None:
    """A scalar as text, so that 30 and "30" are one; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) else None


def _code(value: Any) -> str | None:
    return None if isinstance(value, bool | float) else _plain(value)


def _folded(value: Any) -> str | None:
    return value.strip().lower() if isinstance(value, str) else None


def _id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _attribute_is_among(value: Any, wanted: frozenset[str]) -> bool:
    """An attribute with several values is each of them."""
    if isinstance(value, list | tuple):
        return any(_plain(one) in wanted for one in value)
    return _plain(value) in wanted


_READERS: dict[str, Callable[[Any], Any]] = {
    "sku_in": _code,
    "base_code_in": _code,
    "category_in": _id,
    "email_in": _folded,
    "user_in": _id,
    "user_group_in": _code,
    "currency_in": _folded,
    "client_type_in": _code,
}
