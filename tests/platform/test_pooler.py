"""Behind a pooler that lends sessions by transactions: nothing is kept in a session, and nothing is missed in one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import psycopg
import pytest

from src.app import create_app
from src.commands.check import role_fault
from src.commands.environment import migrate
from src.commands.errors import CommandFailed
from src.platform.database import Database, session_settings
from src.platform.embedded.processes import wait_until
from src.platform.settings import Settings
from tests.journeys import travel
from tests.pooler import Pooler, pooling

ROLE = "pooled"
PGBOUNCER = shutil.which("pgbouncer")
CONFIGURATION = """
[databases]
wishkeep = host={upstream} port=5432 dbname=wishkeep
[pgbouncer]
listen_port = 5432
listen_addr =
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
server_reset_query = DISCARD ALL
server_reset_query_always = 1
logfile = {folder}/log
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket, for everybody."""
    with tempfile.TemporaryDirectory(prefix="wkp") as made:
        path = Path(made)
        path.chmod(0o777)  # PgBouncer will not run as root
        yield path


@pytest.fixture
def upstream(settings: Settings) -> Path:
    """Where the server's socket is."""
    return Path(parse_qs(urlsplit(settings.database_url).query)["host"][0])


@pytest.fixture
def pooled(settings: Settings, folder: Path) -> Iterator[Settings]:
    """Settings that lead to a pooler in the folder, as a role that has what sessions need."""
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE} LOGIN IN ROLE wishkeep".encode())
        for name, value in session_settings(settings).items():
            connection.execute(f"ALTER ROLE {ROLE} SET {name} = '{value}'".encode())
        url = f"postgresql://{ROLE}@/wishkeep?host={folder}&port=5432"
        yield msgspec.structs.replace(settings, database_url=url, database_pooler="transaction")
        connection.execute(f"DROP OWNED BY {ROLE}".encode())
        connection.execute(f"DROP ROLE {ROLE}".encode())


@pytest.fixture
async def pooler(folder: Path, upstream: Path) -> AsyncIterator[Pooler]:
    """A pooler that takes sessions in turn and empties each after every transaction."""
    async with pooling(folder, upstream) as running:
        yield running


@pytest.mark.usefixtures("database")
async def test_the_whole_service_keeps_nothing_in_sessions(pooled: Settings, pooler: Pooler) -> None:
    app = create_app(pooled)
    async with app.lifespan():
        await travel(app)
    assert pooler.refused == []
    assert pooler.transactions > 100


async def test_what_a_session_keeps_is_gone_with_its_transaction(pooled: Settings, pooler: Pooler) -> None:
    keeping = ("SET work_mem = '99MB'", "CREATE TEMPORARY TABLE kept ()", "PREPARE kept AS SELECT 1")
    asking = (
        "SELECT current_setting('work_mem'), to_regclass('kept')::text, (SELECT count(*) FROM pg_prepared_statements)"
    )
    connection = await psycopg.AsyncConnection.connect(pooled.database_url, autocommit=True, prepare_threshold=None)
    async with connection:
        for statement in keeping:
            await connection.execute(statement.encode())
        for _ in range(5):
            kept = await (await connection.execute(asking.encode())).fetchone()
            assert kept is not None
            assert kept[0] != "99MB"
            assert kept[1:] == (None, 0)
    with pytest.raises(psycopg.OperationalError, match="options"):
        await psycopg.AsyncConnection.connect(pooled.database_url, options="-c work_mem=9MB")
    assert len(pooler.refused) == 1


async def test_long_reads_are_not_bound_to_the_time_of_a_statement(pooled: Settings, pooler: Pooler) -> None:
    database = Database(pooled)
    await database.open()
    async with database.alone() as alone, database.read() as shared:
        for connection, expected in ((alone, "0"), (shared, "15s")):
            assert await (await connection.execute("SHOW statement_timeout")).fetchone() == (expected,)
    await database.close()
    assert pooler.refused == []


def test_check_names_what_the_role_lacks(pooled: Settings, settings: Settings, upstream: Path) -> None:
    url = pooled.database_url.replace(urlsplit(pooled.database_url).query.split("&")[0], f"host={upstream}")
    assert role_fault(pooled, url, "DATABASE_URL") is None
    longer = msgspec.structs.replace(pooled, statement_timeout_s=20)
    fault = role_fault(longer, url, "DATABASE_URL")
    assert fault is not None
    assert fault.endswith(f"run: ALTER ROLE {ROLE} SET statement_timeout = '20s'")
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {ROLE} RESET plan_cache_mode".encode())
    fault = role_fault(pooled, url, "DATABASE_URL")
    assert fault is not None
    assert fault.endswith("SET plan_cache_mode = 'force_generic_plan'")


def test_migrations_do_not_go_through_a_pooler(settings: Settings) -> None:
    with pytest.raises(CommandFailed, match="DATABASE_POOLER"):
        migrate(msgspec.structs.replace(settings, database_pooler="transaction"))


@pytest.fixture
def pgbouncer(folder: Path, upstream: Path) -> Iterator[None]:
    """PgBouncer before the server; nothing that it was told may have failed."""
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer on this machine")
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(folder=folder, upstream=upstream))
    (folder / "users").write_text(f'"{ROLE}" ""\n')
    # The servers' sockets are not for everybody, and never root's.
    user = {"user": upstream.stat().st_uid, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen([PGBOUNCER, "-q", str(configuration)], **user) as process:  # type: ignore[call-overload]
        wait_until(lambda: (folder / ".s.PGSQL.5432").exists() or process.poll() is not None, timeout_s=20)
        yield
        process.terminate()
    assert "ERROR" not in (folder / "log").read_text()


@pytest.mark.usefixtures("database", "pgbouncer")
async def test_the_whole_service_works_behind_pgbouncer(pooled: Settings) -> None:
    app = create_app(pooled)
    async with app.lifespan():
        await travel(app)
