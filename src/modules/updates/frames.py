"""What goes over the wire of a stream: events as the HTML standard describes them (server-sent events)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from src.modules.updates.freshness import Entry, is_fresh
from src.modules.updates.positions import Place, Position, Snapshot, encode
from src.modules.updates.rules import KINDS
from src.modules.updates.services import Element

RETRY_MS = 1000
# Comments come first, so that whoever looks at the first character alone passes over what holds no event.
OPENING = f": follows the updates of your favorites\nretry: {RETRY_MS}\n\n".encode()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def mark(seen: Snapshot) -> bytes:
    """No event, but how far its reader has come: a reader who was told nothing can resume as well."""
    return f": \nid: {encode(Position(seen))}\n\n".encode()


def told(
    elements: Sequence[Element], entries: Mapping[int, Sequence[Entry]], position: Position, until: Snapshot
) -> list[bytes]:
    """The events of those elements that are new to a reader who is at `position`, who is at `until` with the last."""
    # What the reader got a part of goes first, and then all that came later, so that each id says how far it was told.
    rest: list[tuple[Place, Element]] = []
    later: list[tuple[Place, Element]] = []
    for element in elements:
        place = Place((element.changed_at - EPOCH) // MICROSECOND, element.favourite_id, KINDS.index(element.kind))
        known = entries.get(element.product_id, ())
        if is_fresh(element.kind, element.changed_at, known, position.until):
            later.append((place, element))
        elif (
            position.before is not None
            and position.place is not None
            and place > position.place
            and is_fresh(element.kind, element.changed_at, known, position.before)
        ):
            rest.append((place, element))
    told_so_far = [(element, Position(position.until, position.before, place)) for place, element in sorted(rest)]
    told_then = [(element, Position(until, position.until, place)) for place, element in sorted(later)]
    for events, end in ((told_so_far, position.until if later else until), (told_then, until)):
        if events:
            events[-1] = (events[-1][0], Position(end))
    return [_event(element, reached) for element, reached in (*told_so_far, *told_then)]


def _event(element: Element, position: Position) -> bytes:
    return b"event: %b\nid: %b\ndata: %b\n\n" % (element.kind.encode(), encode(position).encode(), element.body)
