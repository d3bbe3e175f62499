"""`wishkeep export`: rows of the warehouse straight from the database, with a progress bar on standard error."""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from tqdm import tqdm

from src.commands.errors import CommandFailed
from src.modules.warehouse import SHOWN, begun, read_wanted
from src.platform.database import Database
from src.platform.settings import Settings

STDOUT = "-"


async def export(settings: Settings, path: str, parameters: Sequence[tuple[str, str]], output: str | None) -> str:
    """Write the rows of the resource `path` to the file `output`, or to standard output; returns their mark.

    Without an `output` the file is named after the resource. It is there as a whole or not at all. Raises
    CommandFailed for an unknown resource or a file that can't be written, InvalidFields for parameters.
    """
    if path not in SHOWN:
        raise CommandFailed(f"There is no resource {path}; there are: {', '.join(SHOWN)}")
    wanted = read_wanted(parameters, SHOWN[path])
    database = Database(settings, application="wishkeep-export", url=settings.database_replica_url)
    async with begun(database, wanted) as rows:
        total = await rows.count()
        with (
            nullcontext(sys.stdout.buffer) if output == STDOUT else _file(Path(output or wanted.file_name)) as file,
            tqdm(total=total, unit=" rows", unit_scale=True, desc=path) as bar,
        ):
            async with aclosing(rows.chunks()) as chunks:
                async for chunk in chunks:
                    file.write(chunk.content)
                    bar.update(chunk.rows)
            file.flush()
        return rows.mark


@contextmanager
def _file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` once everything is in it; a device or a pipe is written to."""
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as existing:
                yield existing
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                _open_as_usual(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}") from error


def _open_as_usual(descriptor: int) -> None:
    # A temporary file is its owner's alone; this one is to be like any other that the user makes.
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(descriptor, 0o666 & ~mask)
