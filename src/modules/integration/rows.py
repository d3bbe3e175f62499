"""From lines of JSON to batches that COPY reads, a thousandth of a second at a time; what does not fit is set aside."""

import gc
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from itertools import repeat
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType
from msgspec.structs import astuple

from src.modules.integration.copy_text import NULL, escape, with_nulls
from src.modules.integration.copy_text import lines as copy_lines
from src.modules.integration.dtos import Fault, Rejection
from src.modules.integration.kinds import Kind, kind_of, may_be_null
from src.platform.resources import ID, Columns, Field, Resource, UnfitRow

NAMED = "_named"  # of a staging column: the text by which a row names another
NULL_JSON = "null"
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<place>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)
_DECODING = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Shape(NamedTuple):
    """Which staging columns a batch fills, and the bits of the fields that every and that any of its rows tells."""

    columns: tuple[str, ...]
    always: int
    ever: int

    @property
    def uniform(self) -> bool:
        """Whether all rows tell the same fields."""
        return self.always == self.ever


class Batch(NamedTuple):
    """Rows as COPY reads them."""

    shape: Shape
    rows: int
    text: bytes


@cache
def row_struct(resource: Resource, amounts_are_texts: bool = False) -> type[msgspec.Struct]:
    """The type of a row as it comes in: every field may be absent, no other is accepted."""
    fields: list[tuple[str, Any, Any]] = []
    for known in resource.fields:
        wire = kind_of(resource, known).wire
        wire = str if wire is Decimal and amounts_are_texts else wire
        if known.reference and known.reference.named_by:
            wire |= str
        if wire is Raw:
            wire = Raw | UnsetType
        else:
            wire = wire | None | UnsetType if may_be_null(resource, known) else wire | UnsetType
        described = msgspec.Meta(description=resource.meaning(known) or None)
        fields.append((known.name, Annotated[wire, described], UNSET))
    fields += [(name, wire | UnsetType, UNSET) for name, wire in resource.types.items() if name not in resource.by_name]
    return msgspec.defstruct(f"{resource.name}Row", fields, forbid_unknown_fields=True, gc=False, module=__name__)


@cache
def _decoder(resource: Resource, amounts_are_texts: bool) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(row_struct(resource, amounts_are_texts))


@cache
def _kinds(resource: Resource) -> list[tuple[Field, Kind]]:
    return [(known, kind_of(resource, known)) for known in resource.fields]


class RowReader:
    """Reads the rows of one body; counts them, and remembers those that can't be rows of the resource."""

    def __init__(self, resource: Resource) -> None:
        self.received = 0
        self.rejected: list[Rejection] = []
        self._resource = resource
        self._names = row_struct(resource).__struct_fields__
        self._kinds = _kinds(resource)
        self._decoder = _decoder(resource, False)
        # Amounts as the warehouse shows them are texts; left alone they are read twice as fast as made into numbers.
        self._quick_decoder = _decoder(resource, True)

    def read(self, lines: bytes) -> list[Batch]:
        """The rows of some whole lines; blank ones are no rows."""
        # Some thousand tuples, all gone at the end and none in a cycle: they would only wake the collector.
        collects = gc.isenabled()
        gc.disable()
        try:
            return self._read(lines)
        finally:
            if collects:
                gc.enable()

    def _read(self, lines: bytes) -> list[Batch]:
        count = lines.count(b"\n") + (not lines.endswith(b"\n"))
        numbers = range(self.received, self.received + count)
        for decoder in (self._quick_decoder, self._decoder):
            try:
                rows = decoder.decode_lines(lines)
                # One value a line: else there are blank lines, or something that is no line of its own.
                if len(rows) == count:
                    batch = self._encode(rows, numbers)
                    self.received += count
                    return [batch]
            except (*_DECODING, UnfitRow):
                continue
        rows, found = self._one_by_one(lines)
        return self._batches(rows, found) if rows else []

    def reject(self, row: int, message: str, field: str | None = None) -> None:
        """Set a row aside."""
        self.rejected.append(Rejection(row, [Fault(field, message)]))

    def _one_by_one(self, lines: bytes) -> tuple[list[Any], list[int]]:
        rows: list[Any] = []
        numbers: list[int] = []
        for line in lines.split(b"\n"):
            if not line.strip():
                continue
            try:
                rows.append(self._decoder.decode(line))
                numbers.append(self.received)
            except _DECODING as error:
                self.rejected.append(Rejection(self.received, [told(error)]))
            self.received += 1
        return rows, numbers

    def _batches(self, rows: Sequence[Any], numbers: Sequence[int]) -> list[Batch]:
        try:
            return [self._encode(rows, numbers)]
        except UnfitRow as error:
            if len(rows) == 1:
                self.reject(numbers[0], str(error), error.field)
                return []
        # One that can't be told which is among them: halves find it.
        middle = len(rows) // 2
        return self._batches(rows[:middle], numbers[:middle]) + self._batches(rows[middle:], numbers[middle:])

    def _encode(self, rows: Sequence[Any], numbers: Sequence[int]) -> Batch:
        columns: Columns = dict(zip(self._names, zip(*map(astuple, rows), strict=True), strict=True))
        if self._resource.complete:
            self._resource.complete(columns)
        given = Given(len(rows))
        names = ["row"]
        staged: list[Iterable[str]] = [map(str, numbers)]
        for known, kind in self._kinds:
            values = columns[known.name]
            # Whole columns are often alike, the absent ones always.
            alike = _alike(values)
            types = {type(values[0])} if alike else set(map(type, values))
            if known.name == ID and type(None) in types:
                values = [UNSET if value is None else value for value in values]
                types = set(map(type, values))
            if not given.note(known, values, types):
                continue
            # In JSON that has been read true equals 1: what is alike there need not be the same.
            once = alike and (kind.stored != "jsonb" or kind.wire is Raw)
            for name, texts in self._staged(known, kind, values[:1] if once else values, types):
                names.append(name)
                staged.append(list(texts) * len(rows) if once else texts)
        if not given.uniform:
            names.append("given")
            staged.append(map(str, given.masks))
        return Batch(Shape(tuple(names), given.always, given.ever), len(rows), copy_lines(staged))

    def _staged(
        self, known: Field, kind: Kind, values: Sequence[Any], types: set[type]
    ) -> list[tuple[str, Sequence[str]]]:
        """The staging columns that the values of a field fill."""
        name = known.column.name
        try:
            if known.reference is None or known.reference.named_by is None or str not in types:
                missing = UnsetType in types or type(None) in types
                texts = with_nulls(kind.texts, values) if missing else kind.texts(values)
                if kind.stored == "jsonb" and NULL_JSON in texts:
                    texts = self._json_nulls(known, texts)
                return [(name, texts)]
            names = [escape([value])[0] if isinstance(value, str) else NULL for value in values]
            if types == {str}:
                return [(name + NAMED, names)]
            ids = [str(value) if isinstance(value, int) else NULL for value in values]
            return [(name, ids), (name + NAMED, names)]
        except UnicodeDecodeError as error:
            raise UnfitRow(known.name, "not valid UTF-8") from error
        except ValueError as error:
            raise UnfitRow(known.name, str(error)) from error

    def _json_nulls(self, known: Field, texts: Sequence[str]) -> list[str]:
        if not known.column.nullable:
            raise ValueError("must not be null")
        return [NULL if text == NULL_JSON else text for text in texts]


class Given:
    """Which fields the rows of a batch tell, as bits."""

    def __init__(self, rows: int) -> None:
        self.always = 0
        self.ever = 0
        self._masks: list[int] | None = None
        self._rows = rows

    @property
    def uniform(self) -> bool:
        """Whether all rows tell the same fields."""
        return self.always == self.ever

    @property
    def masks(self) -> list[int]:
        """The bits of each row."""
        return [self.always | mask for mask in self._masks or repeat(0, self._rows)]

    def note(self, known: Field, values: Sequence[Any], types: set[type]) -> bool:
        """Note which rows tell the field; whether any does."""
        if UnsetType not in types:
            self.always |= known.bit
        elif len(types) == 1:
            return False
        else:
            masks = self._masks or [0] * self._rows
            self._masks = [
                mask if value is UNSET else mask | known.bit for mask, value in zip(masks, values, strict=True)
            ]
        self.ever |= known.bit
        return True


def told(error: Exception) -> Fault:
    """What is wrong with a row that could not be decoded, and where."""
    message = str(error)
    unknown = _UNKNOWN.search(message)
    if unknown:
        return Fault(unknown["field"], "unknown field")
    at = _AT.search(message)
    if at is None:
        return Fault(None, "not valid UTF-8" if isinstance(error, UnicodeDecodeError) else message)
    return Fault(at["place"] or None, message[: at.start()])


def _alike(values: Sequence[Any]) -> bool:
    """Whether all values are the same; a signalling NaN can't even be compared."""
    try:
        return values.count(values[0]) == len(values)
    except ArithmeticError:
        return False
