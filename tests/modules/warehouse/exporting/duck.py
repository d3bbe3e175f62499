"""DuckDB in a process of its own: at the end of ours it would complain about what Python has not freed."""

import functools
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

Row = dict[str, Any]


class Duck:
    """Reads files; one per run of the tests."""

    def __init__(self, folder: Path, pool: ProcessPoolExecutor) -> None:
        self._folder = folder
        self._pool = pool

    def csv(self, content: bytes) -> list[Row]:
        """The records of a CSV file, every value a text or None."""
        return self._pool.submit(_read_csv, self._file(content)).result()

    def parquet(self, content: bytes) -> list[Row]:
        """The records of a Parquet file, with their types."""
        return self._pool.submit(_read_parquet, self._file(content)).result()

    def _file(self, content: bytes) -> str:
        file = self._folder / "rows"
        file.write_bytes(content)
        return str(file)


def _read_csv(path: str) -> list[Row]:
    with Path(path).open() as file:
        names = file.readline().rstrip("\n").split(",")
    read = _opened().read_csv(
        path,
        columns=dict.fromkeys(names, "VARCHAR"),
        header=True,
        auto_detect=False,  # Guesses are for people; this file has a known shape.
        allow_quoted_nulls=False,
        delimiter=",",
        quotechar='"',
        escapechar='"',
    )
    return _rows(read)


def _read_parquet(path: str) -> list[Row]:
    return _rows(_opened().read_parquet(path))


@functools.cache
def _opened() -> "DuckDBPyConnection":
    import duckdb

    # What it lacks it would fetch from the network.
    return duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})


def _rows(read: "DuckDBPyRelation") -> list[Row]:
    # By way of Arrow, because for times with zones DuckDB itself wants yet another library.
    rows: list[Row] = read.to_arrow_table().to_pylist()
    return [{name: in_utc(value) for name, value in row.items()} for row in rows]


def in_utc(value: Any) -> Any:
    """A time in UTC; anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
