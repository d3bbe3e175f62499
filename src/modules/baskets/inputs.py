"""What requests may ask of a basket."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from src.modules.baskets.cart import Part, reference_of
from src.modules.baskets.dtos import MAX_QUANTITY
from src.modules.baskets.errors import NothingToChange, QuantityOutOfRange, UnknownProduct
from src.platform.bodies import convert_value
from src.platform.errors import Invalid
from src.platform.ids import MAX_ID

MAX_CODE = 255
MAX_OBJECT_BYTES = 10_000
MAX_PARTS = 50

# Forms have no objects, so there they are JSON in a text.
Object: TypeAlias = dict[str, Any] | str | None
Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=MAX_CODE)] | None


class AddToBasket(msgspec.Struct, forbid_unknown_fields=True):
    """Units of a product to put into the basket; `sub_items` are `[{product, quantity, attributes}]` per unit."""

    product: int
    quantity: int = 1
    attributes: Object = None
    sub_items: list[Any] | dict[str, Any] | str | None = None
    inquiry: Object = None


class ChangeBasket(msgspec.Struct, forbid_unknown_fields=True):
    """The units that a line is to have, none to remove it; or what becomes of the voucher."""

    product: int | None = None
    quantity: int | None = None
    attributes: Object = None
    inquiry: Object = None
    voucher_code: Code = None
    remove_voucher_code: bool = False
    external_offer_code: Code | msgspec.UnsetType = msgspec.UNSET


class SetQuantity(msgspec.Struct, forbid_unknown_fields=True):
    """The units that a line is to have; none removes it."""

    product: int
    quantity: int
    attributes: Object = None
    inquiry: Object = None


class ChangeLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line that is to have other attributes: all of it, or one unit that becomes a line of its own."""

    id: int
    is_all: bool = False
    attributes: Object = None


class SubItem(msgspec.Struct, forbid_unknown_fields=True):
    """So many units of a product for each unit of the line."""

    product: int
    quantity: int = 1
    attributes: dict[str, Any] | None = None


def product_id(number: int, field: str = "product") -> int:
    """`number` as the id of a product; raises UnknownProduct for what can't be one."""
    if not 0 < number <= MAX_ID:
        raise UnknownProduct(field)
    return number


def quantity(number: int, *, least: int) -> int:
    """`number` as a quantity; raises QuantityOutOfRange."""
    if not least <= number <= MAX_QUANTITY:
        raise QuantityOutOfRange
    return number


def json_object(value: Object, field: str) -> dict[str, Any] | None:
    """An object, perhaps given as JSON in a text, or None when it is empty text; raises Invalid."""
    told: dict[str, Any] | None = _from_text(value, dict[str, Any] | None, field) if isinstance(value, str) else value
    if told and len(msgspec.json.encode(told)) > MAX_OBJECT_BYTES:
        raise Invalid("Not a valid value", field=field)
    return told


def parts(value: Sequence[Any] | dict[str, Any] | str | None) -> list[Part]:
    """The sub-items of a line, equal ones put together; raises Invalid, UnknownProduct and QuantityOutOfRange."""
    field = "sub_items"
    if isinstance(value, str):
        value = _from_text(value, list[Any] | dict[str, Any] | None, field)
    # An object is one sub-item, an empty one none.
    items = [value] if isinstance(value, dict) and value else list(value or ())
    if len(items) > MAX_PARTS:
        raise Invalid("At most %(maximum)s values are allowed", field=field, params={"maximum": MAX_PARTS})
    try:
        asked = [convert_value(item, SubItem) for item in items]
    except msgspec.ValidationError as error:
        raise Invalid("Not a valid value", field=field) from error
    found: dict[str, Part] = {}
    for item in asked:
        product, attributes = product_id(item.product, field), json_object(item.attributes, field) or {}
        units = quantity(item.quantity, least=1)
        reference = reference_of(product, attributes)
        if reference in found:
            units = quantity(units + found[reference].quantity, least=1)
        found[reference] = Part(product, units, attributes)
    return list(found.values())


def nothing_given(change: ChangeBasket) -> bool:
    """Whether a change names nothing that could be changed."""
    return (
        change.product is None
        and change.quantity is None
        and change.voucher_code is None
        and change.external_offer_code is msgspec.UNSET
        and not change.remove_voucher_code
    )


def checked(change: ChangeBasket) -> ChangeBasket:
    """`change`, which must name something; raises NothingToChange, and Invalid for half a line."""
    if nothing_given(change):
        raise NothingToChange
    for field, given, beside in (
        ("quantity", change.quantity, change.product),
        ("product", change.product, change.quantity),
    ):
        if given is None and beside is not None:
            raise Invalid("Field is required", field=field)
    return change


def _from_text(text: str, kind: Any, field: str) -> Any:
    if not text.strip():
        return None
    try:
        return convert_value(msgspec.json.decode(text), kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise Invalid("Not a valid value", field=field) from error
