"""`wishkeep up` as a user meets it: one running service, and everything that is done to it."""

import re
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from src.commands import up
from src.commands.errors import CommandFailed
from src.platform.embedded.processes import wait_until
from src.platform.security import SCOPES
from tests.running import PATIENCE_S, Service, is_ready, run


def favourites(address: str, token: str) -> int:
    headers = {"Authorization": f"Token {token}"}
    return httpx.get(f"{address}/storefront/favorites/count", headers=headers, timeout=10, trust_env=False).status_code


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wk up ") as made:
        yield Path(made)


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    started = Service(folder / "data")
    try:
        started.wait_until_ready()
        yield started
    finally:
        assert started.stop() in {0, -signal.SIGKILL}, started.printed  # The last of its tests kills it.


def test_it_prints_the_address_and_a_token_for_each_scope(service: Service) -> None:
    address = service.wait_until_ready()
    tokens = dict(re.findall(rf"^  ({'|'.join(SCOPES)}) +(\S+)$", service.printed, re.MULTILINE))
    assert set(tokens) == set(SCOPES)
    assert favourites(address, tokens["storefront"]) == 200
    assert favourites(address, tokens["ops"]) == 403


def test_it_prints_where_operators_sign_in(service: Service) -> None:
    address = service.wait_until_ready()
    (page,) = re.findall(r"^  Operators +(\S+)$", service.printed, re.MULTILINE)
    assert page == f"{address}/ops/"
    answer = httpx.get(page, timeout=10, trust_env=False, follow_redirects=True)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_it_shows_the_mails_that_it_catches(service: Service) -> None:
    address = service.wait_until_ready()
    (page,) = re.findall(r"^  Caught mails +(\S+)$", service.printed, re.MULTILINE)
    assert page == f"{address}/demo/mails"
    assert httpx.get(page, timeout=10, trust_env=False).status_code == 200


def test_a_price_that_drops_is_told_to_everybody_who_wants_the_product(service: Service) -> None:
    address = service.wait_until_ready()
    dropped = run("demo-drop", "--data-dir", str(service.data_dir))
    assert dropped.returncode == 0, dropped.stderr
    assert dropped.stdout == "LAMP-ARC was 1899.00 and is 1709.10 now.\n"

    def told() -> set[str]:
        page = httpx.get(f"{address}/demo/mails", timeout=10, trust_env=False).text
        return set(re.findall(r"(\w+)@example\.com", page))

    assert wait_until(lambda: told() == {"storefront", "aylin", "omar", "shilan"}, timeout_s=PATIENCE_S), told()


def test_a_product_without_a_price_can_not_get_cheaper(service: Service) -> None:
    failed = run("demo-drop", "--data-dir", str(service.data_dir), "--sku", "NONE")
    assert (failed.returncode, failed.stderr) == (1, "NONE is no product with a price.\n")


def test_other_commands_find_its_servers(service: Service) -> None:
    issued = run("token", "issue", "--data-dir", str(service.data_dir), "--email", "new@example.com")
    assert issued.returncode == 0, issued.stderr
    assert favourites(service.wait_until_ready(), issued.stdout.strip()) == 200


def test_a_second_one_on_the_same_data_says_so(service: Service) -> None:
    second = run("up", "--data-dir", str(service.data_dir))
    assert second.returncode == 1
    assert second.stderr == (
        f"The data directory {service.data_dir.resolve()} is in use by `wishkeep up` (process {service.process.pid}): "
        "stop that, or choose another --data-dir.\n"
    )


def test_whatever_is_killed_is_started_again(service: Service) -> None:
    address = service.wait_until_ready()
    killed = service.children()
    assert set(killed) == {"api", "worker", "mail-catcher", "postgres", "valkey-server"}
    for child in killed.values():
        child.kill()

    def all_are_new() -> bool:
        running = service.children()
        return running.keys() == killed.keys() and set(running.values()).isdisjoint(killed.values())

    assert wait_until(all_are_new, timeout_s=PATIENCE_S), service.printed
    assert wait_until(lambda: is_ready(address), timeout_s=PATIENCE_S), service.printed


class TestThePort:
    @pytest.fixture
    def taken(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
        monkeypatch.setattr(up, "PORT_PATIENCE_S", 0)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            yield listening.getsockname()[1]

    def test_a_taken_one_that_was_asked_for_is_a_failure(self, taken: int) -> None:
        with pytest.raises(CommandFailed, match=f"Port {taken} is taken"):
            up.free_port("127.0.0.1", taken)

    def test_a_taken_default_gives_way_to_another(self, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            free = other.getsockname()[1]
        monkeypatch.setattr(up, "DEFAULT_PORT", taken)
        monkeypatch.setattr(up, "OTHER_PORTS", [taken, free])
        assert up.free_port("127.0.0.1", None) == free

    def test_an_address_of_another_machine_is_explained(self) -> None:
        with pytest.raises(CommandFailed, match=r"192\.0\.2\.1, port 1, cannot be listened at"):
            up.free_port("192.0.2.1", 1)

    def test_with_none_left_that_is_said(self, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(up, "DEFAULT_PORT", taken)
        monkeypatch.setattr(up, "OTHER_PORTS", range(taken, taken + 1))
        with pytest.raises(CommandFailed, match=f"Ports {taken} and {taken} to {taken} are taken"):
            up.free_port("127.0.0.1", None)


def test_a_signal_while_it_starts_ends_it_in_order(folder: Path) -> None:
    starting = Service(folder / "starting", "--no-demo")
    log = folder / "starting" / "logs" / "postgresql.log"
    assert wait_until(log.exists, timeout_s=PATIENCE_S)
    starting.process.send_signal(signal.SIGTERM)  # SIGINT may be ignored, as in the background of a shell
    assert starting.process.wait(PATIENCE_S) == 0
    assert starting.stop() == 0
    assert not (folder / "starting" / "servers.json").exists()


def test_after_a_kill_the_next_one_starts_with_its_data(service: Service) -> None:
    address = service.wait_until_ready()
    data_dir = service.data_dir
    token = run("token", "issue", "--data-dir", str(data_dir), "--email", "a@example.com").stdout.strip()
    service.kill()

    second = Service(data_dir, "--no-demo", "--port", address.rpartition(":")[2])
    try:
        assert second.wait_until_ready() == address
        assert favourites(address, token) == 200
    finally:
        assert second.stop() == 0
    assert not is_ready(address)
