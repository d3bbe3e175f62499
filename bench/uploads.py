"""Rows for the integration API from a file, and the same rows by psql, which is what it is compared with."""

import contextlib
import http.client
import subprocess
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from bench.load import HOST
from src.platform.embedded.binaries import postgresql_programs

_TIMEOUT_S = 600


class Upload:
    """A body on disk, so that making it costs nothing while the service works on it."""

    def __init__(self, folder: str, name: str, lines: Iterable[str]) -> None:
        self.path = Path(folder) / name
        with self.path.open("w", encoding="utf-8") as file:
            file.writelines(lines)

    def send(self, port: int, resource: str, token: str) -> tuple[float, dict[str, Any], dict[str, int]]:
        """Seconds until the answer was here, the answer, and what was wrong with it."""
        connection = http.client.HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
        headers = {
            "Authorization": f"Token {token}",
            "Content-Type": "application/x-ndjson",
            "Content-Length": str(self.path.stat().st_size),
        }
        with self.path.open("rb") as body:
            began = perf_counter()
            try:
                # A refusal may come before the body has gone out.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.request("POST", f"/api/v1/integration/{resource}", body=body, headers=headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                return perf_counter() - began, {}, {repr(error): 1}
            finally:
                connection.close()
            took_s = perf_counter() - began
        if response.status != http.client.OK:
            return took_s, {}, {f"{response.status} {content[:300].decode(errors='replace')}": 1}
        return took_s, msgspec.json.decode(content), {}


def wrong_counts(answer: dict[str, Any], **expected: int) -> dict[str, int]:
    """What is wrong with the report of an import in which every row should have gone in."""
    told = {"received": sum(expected.values()), "created": 0, "updated": 0, "unchanged": 0, **expected}
    if answer["rejected"] or any(answer[name] != count for name, count in told.items()):
        return {f"expected {told}, got {str(answer)[:300]}": 1}
    return {}


def raw_upsert(database_url: str, merge: str, data: Path) -> float:
    r"""Seconds that psql takes from BEGIN to COMMIT for `merge`, which says `\copy incoming from pstdin`."""
    clock = "select extract(epoch from clock_timestamp());"
    script = data.with_suffix(".sql")
    script.write_text(f"begin; {clock}\n{merge};\ncommit; {clock}\n")
    program = str(postgresql_programs(None) / "psql")
    with data.open("rb") as rows:
        done = subprocess.run(
            [program, "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", str(script), database_url],
            stdin=rows,
            capture_output=True,
            check=True,
        )
    began, ended = map(float, done.stdout.split())
    return ended - began
