"""Baskets as a shop that migrates brings them, in the shape of the warehouse document."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from src.modules.baskets.inputs import MAX_CODE
from src.modules.baskets.models import Basket
from src.modules.baskets.statuses import FROZEN, IS_CURRENT, SUBMITTED
from src.modules.baskets.visits import MAX_NAMESPACE
from src.platform.orm import next_version
from src.platform.resources import DATED_DOCS, Columns, Derived, Resource, Rule, Shown, Unique, table_of

BASKETS_LOCK = 8
Status = Literal["active", "inactive", "expired", "merged", "frozen", "submitted"]
# With room above it: versions after it are exact as JSON numbers, too.
Version = Annotated[int, msgspec.Meta(ge=0, le=2**52)]
Code = Annotated[str, msgspec.Meta(max_length=MAX_CODE)]
VERSION_DOC = "A number that every change raises."
CURRENCY_RULE = Rule("currency_type", "currency_type ~ '^[a-z]{3}$'", "must be a currency code of three letters")
# Caches go by the version: one that is not newer than what is stored would hide the change.
RAISED = {
    "version": f"CASE WHEN changed.version > target.version THEN changed.version ELSE {next_version('target')} END"
}


def lower(texts: Sequence[Any]) -> list[Any]:
    """The texts in lower case; what is none stays as it is."""
    return [text.lower() if isinstance(text, str) else text for text in texts]


def _complete(columns: Columns) -> None:
    columns["currency_type"] = lower(columns["currency_type"])


def _unless_stored(condition: str) -> str:
    return f"NOT EXISTS (SELECT FROM basket AS stored WHERE stored.id = target AND {condition})"


BASKETS = Resource(
    path="baskets/baskets",
    table=table_of(Basket),
    content_type="baskets.basket",
    lock=BASKETS_LOCK,
    shown=Shown(
        title="Baskets",
        about="Baskets of users and of guests, those that became orders and those that nobody came back to as well.",
        docs=DATED_DOCS
        | {
            "status": "What has become of it: active, inactive, expired, merged into another one, frozen while it is"
            " paid for, or submitted as an order.",
            "version": VERSION_DOC,
            "voucher_code": "The code that the shopper has entered.",
            "namespace": "Tells apart the baskets that one shopper has at the same time.",
            "user": "Whose it is; null is a guest's.",
            "currency_type": "The currency of its prices; null where no write has said which.",
            "external_offer_code": "A code that another system gives something for.",
        },
    ),
    # A guest's cookie, and what is kept while a basket is being paid for.
    hidden=frozenset({"guest_digest", "frozen_until", "frozen_view"}),
    types={
        "status": Status,
        "version": Version,
        "voucher_code": Code,
        "namespace": Annotated[str, msgspec.Meta(max_length=MAX_NAMESPACE)],
        "external_offer_code": Code,
    },
    rules=(
        CURRENCY_RULE,
        Rule("id", _unless_stored(f"stored.status = '{FROZEN}'"), "is that of a basket which is being paid for"),
        Rule("status", f"status <> '{FROZEN}'", "is what only a payment gives a basket"),
        Rule(
            "status",
            _unless_stored(f"stored.status = '{SUBMITTED}' AND changed_row.status <> '{SUBMITTED}'"),
            "can't change: the basket has become an order",
        ),
        Rule(
            "user",
            _unless_stored(
                "changed_row.user_id IS NOT NULL"
                " AND (stored.guest_digest IS NOT NULL OR stored.user_id <> changed_row.user_id)"
            ),
            "is not the one whose basket this is",
        ),
    ),
    unique=(
        Unique(
            ("user_id", "namespace", "status"),
            {"namespace": "coalesce({}, '')", "status": "true"},
            IS_CURRENT.replace("status", "{status}"),
        ),
    ),
    complete=_complete,
    # Shoppers lock a basket before they change it, too, and several in this order.
    locked="""SELECT id FROM basket WHERE id IN (SELECT target FROM changed_row WHERE target IS NOT NULL)
              ORDER BY id FOR UPDATE""",
    derived=Derived(changed=RAISED),
    # Uses of offers count though the basket is history.
    in_use=(
        f"(SELECT status = '{FROZEN}' FROM basket WHERE id = {{id}} FOR UPDATE)",
        "EXISTS (SELECT FROM offer_redemption WHERE basket_id = {id})",
    ),
)
