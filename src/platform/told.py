"""Rows that a statement is given as one text, each as JSON on a line of its own.

A client takes longer to write a dozen arrays than the server to read this; and of an array, which the lines become, the
planner thinks that it is short: it looks up what the rows name, where it would read whole tables for a JSON list.
"""

from collections.abc import Iterable

from src.platform.wire import JSON_ENCODER


def told(rows: Iterable[object]) -> str:
    """The text; JSON has no line breaks of its own."""
    return b"\n".join([JSON_ENCODER.encode(row) for row in rows]).decode()


def told_rows(parameter: str, name: str, columns: str) -> str:
    """The rows as an item of FROM that is called `name`; `told.place` counts them from 1."""
    return f"""unnest(string_to_array(%({parameter})s::text, E'\\n')) WITH ORDINALITY AS told (json, place)
    CROSS JOIN LATERAL json_to_record(told.json::json) AS {name} ({columns})"""
