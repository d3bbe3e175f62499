"""Settings as form fields: which input fits the type of each, and what a form's text means as its value."""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec.inspect import BoolType, IntType, StrType, type_info

from src.modules.operations.dtos import SettingRead
from src.platform.dynamic_settings import DynamicSetting, declared
from src.platform.errors import Invalid

Kind: TypeAlias = Literal["flag", "number", "text", "other"]


class SettingField(msgspec.Struct, frozen=True):
    """A setting as the page shows it; values are texts, as forms have them."""

    name: str
    description: str
    kind: Kind
    value: str
    default: str
    modified: str | None
    least: int | None = None
    most: int | None = None
    pattern: str | None = None


def field(shown: SettingRead) -> SettingField:
    """The field of a setting; what no single input fits is `other`, and only shown."""
    kind: Kind = "other"
    least: int | None = None
    most: int | None = None
    pattern: str | None = None
    match type_info(declared(shown.name).type):
        case BoolType():
            kind = "flag"
        case IntType(ge=least, le=most):
            kind = "number"
        case StrType(pattern=pattern):
            kind = "text"
    return SettingField(
        name=shown.name,
        description=shown.description,
        kind=kind,
        value=as_text(shown.value),
        default=as_text(shown.default),
        modified=shown.modified_date,
        least=least,
        most=most,
        pattern=pattern.removeprefix("^").removesuffix("$") if pattern else None,
    )


def as_text(value: Any) -> str:
    """A value as a form's field holds it and as people read it."""
    if isinstance(value, list):
        return ", ".join(map(as_text, value)) or "none"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def as_value(setting: DynamicSetting, text: str) -> Any:
    """What a form's text means; raises Invalid with a sentence that says what would fit."""
    try:
        return msgspec.convert(text.strip(), setting.type, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(_wanted(setting), field="value") from error


def _wanted(setting: DynamicSetting) -> str:
    match type_info(setting.type):
        case BoolType():
            return "This is either on or off."
        case IntType(ge=least, le=most):
            return f"This is a whole number from {least} to {most}."
        case StrType(pattern=str(pattern)):
            return f"This is a text of the form {pattern.removeprefix('^').removesuffix('$')}."
        case _:
            return "This does not fit."
