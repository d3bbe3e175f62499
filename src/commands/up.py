"""`wishkeep up`: servers, schema, demo data, API and worker in one command, until it is told to stop."""

import asyncio
import errno
import os
import shlex
import signal
import socket
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from src.commands.children import Child, stop_all
from src.commands.environment import data_directory, judge_all_but_addresses, migrate, migrated, names_servers
from src.commands.errors import CommandFailed
from src.commands.serve import DRAIN_S
from src.commands.tokens import issue_tokens
from src.demo import load_demo
from src.platform.embedded import EmbeddedError, EmbeddedServers
from src.platform.embedded.processes import wait_until
from src.platform.metrics_folder import shared_metrics
from src.platform.security import SCOPES
from src.platform.settings import Settings, load_settings

DEFAULT_PORT = 8000
OTHER_PORTS = range(8001, 8100)
# What a killed predecessor needs to let go of the port.
PORT_PATIENCE_S = 3
READY_TIMEOUT_S = 60
ENDS_BEFORE_GIVING_UP = 3
TEND_EVERY_S = 0.2
SERVERS_EVERY_S = 2.0
# The children drain by themselves; this is for one that hangs.
CHILD_PATIENCE_S = DRAIN_S + 5
TOKEN_DAYS = 30
# The mail catcher is for this machine only, whoever may reach the API.
CATCHER_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Options:
    """What the command line chose; without a port, any free one will do."""

    host: str
    port: int | None
    data_dir: Path | None
    demo: bool


def up(options: Options) -> None:
    """Run everything until SIGTERM or SIGINT; raises CommandFailed, EmbeddedError or SettingsError."""
    end = _End()
    try:
        with ExitStack() as held:
            _run(options, held, end)
    except KeyboardInterrupt:
        _say("Stopped.")


class _End:
    """The wish to end: the first signal interrupts what is under way, further ones leave the orderly end alone."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            raise KeyboardInterrupt

    def check(self) -> None:
        """Interrupt once more: Python drops an exception that happens to be raised in a finalizer or a callback."""
        if self.asked:
            raise KeyboardInterrupt


def _run(options: Options, held: ExitStack, end: _End) -> None:
    os.environ.setdefault("LOG_FORMAT", "console")
    servers = None if names_servers() else _start_servers(options, held)
    settings = load_settings(os.environ)
    if servers is None:
        migrate(settings)
    port = free_port(options.host, options.port)
    held.enter_context(shared_metrics())
    address = f"http://[{options.host}]:{port}" if ":" in options.host else f"http://{options.host}:{port}"
    catches_mails = options.demo and settings.smtp_url is None
    children = _children(options, settings, port, address, catches_mails=catches_mails)
    held.callback(stop_all, children, CHILD_PATIENCE_S + settings.stop_delay_s)
    for child in children:
        child.tend()
    tokens = []
    if options.demo:  # While the children start.
        asyncio.run(load_demo(settings))
        wanted = {f"{scope}@example.com": [scope] for scope in SCOPES}
        tokens = asyncio.run(issue_tokens(settings, wanted, expires_in_s=TOKEN_DAYS * 24 * 3600))
    _wait_until_ready(address, children, end)
    _say(_welcome(address, options, tokens, catches_mails=catches_mails))
    _keep_running(children, servers, end)


def _children(options: Options, settings: Settings, port: int, address: str, *, catches_mails: bool) -> list[Child]:
    """API and worker; and the mail catcher, which they are told of, because there is no mail server."""
    api = Child(["api", "--host", options.host, "--port", str(port)])
    worker = Child(["worker"])
    if not catches_mails:
        return [api, worker]
    folder = str((data_directory(options.data_dir) / "mails").resolve())
    smtp_port = _any_port()
    api.environment = {"DEMO_MAIL_DIR": folder}
    worker.environment = {
        "SMTP_URL": f"smtp://{CATCHER_HOST}:{smtp_port}",
        "PUBLIC_URL": settings.public_url or address,
    }
    return [Child(["mail-catcher", "--port", str(smtp_port), "--folder", folder]), api, worker]


def _any_port() -> int:
    with socket.create_server((CATCHER_HOST, 0)) as trial:
        port: int = trial.getsockname()[1]
    return port


def _start_servers(options: Options, held: ExitStack) -> EmbeddedServers:
    judge_all_but_addresses()
    servers = EmbeddedServers(data_directory(options.data_dir), command="wishkeep up")
    held.callback(servers.stop)
    servers.start(prepare=migrated)
    return servers


def free_port(host: str, port: int | None) -> int:
    """`port` if it can be listened at, else another one when none was asked for; raises CommandFailed."""
    wanted = DEFAULT_PORT if port is None else port
    if wait_until(lambda: _is_free(host, wanted), timeout_s=PORT_PATIENCE_S, every_s=0.2):
        return wanted
    if port is not None:
        raise CommandFailed(f"Port {port} is taken: stop what listens there, or choose another with --port.")
    for other in OTHER_PORTS:
        if _is_free(host, other):
            _say(f"Port {wanted} is taken, using {other} instead.")
            return other
    raise CommandFailed(f"Ports {wanted} and {OTHER_PORTS[0]} to {OTHER_PORTS[-1]} are taken.")


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CommandFailed(f"{host}, port {port}, cannot be listened at: {error.strerror}.") from error
            return False
    return True


def _wait_until_ready(address: str, children: list[Child], end: _End) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    with httpx.Client(trust_env=False, timeout=2) as client:
        while time.monotonic() < deadline:
            end.check()
            _tend(children)
            if any(child.ends >= ENDS_BEFORE_GIVING_UP for child in children):
                raise CommandFailed("The service keeps ending while it starts; its own messages are above.")
            try:
                if client.get(f"{address}/health/ready").status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(TEND_EVERY_S)
    raise CommandFailed(f"{address}/health/ready has not answered 200 within {READY_TIMEOUT_S} s.")


def _keep_running(children: list[Child], servers: EmbeddedServers | None, end: _End) -> None:
    servers_due_at = 0.0
    while True:
        end.check()
        _tend(children)
        if servers is not None and time.monotonic() >= servers_due_at:
            servers_due_at = time.monotonic() + SERVERS_EVERY_S
            _tend_servers(servers)
        time.sleep(TEND_EVERY_S)


def _tend(children: list[Child]) -> None:
    for child in children:
        if (line := child.tend()) is not None:
            _complain(line)


def _tend_servers(servers: EmbeddedServers) -> None:
    try:
        for name in servers.restart_ended():
            _complain(f"{name} had ended and was started again.")
    except (EmbeddedError, OSError) as error:
        _complain(f"The embedded servers cannot be started again yet: {error}")


def _welcome(address: str, options: Options, tokens: list[str], *, catches_mails: bool) -> str:
    data = f" --data-dir {shlex.quote(str(options.data_dir))}" if options.data_dir is not None else ""
    lines = [
        "",
        f"Wishkeep is ready at {address}",
        f"  API reference   {address}/schema",
        f"  Health          {address}/health/ready",
        f"  Metrics         {address}/metrics",
        f"  Operators       {address}/ops/",
    ]
    if catches_mails:
        lines.append(f"  Caught mails    {address}/demo/mails")
    if tokens:
        lines += ["", f"Tokens, one per scope, good for {TOKEN_DAYS} days (send one as `Authorization: Token …`)"]
        lines += [f"  {scope:<15} {token}" for scope, token in zip(SCOPES, tokens, strict=True)]
        lines += ["", "Let a price drop, and see it arrive:", f"  {_program()} demo-drop{data}"]
    else:
        lines += ["", f"A token: wishkeep token issue{data} --email you@example.com --scope storefront"]
    return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _program() -> str:
    """How the user called us."""
    return sys.argv[0] if Path(sys.argv[0]).name == "wishkeep" else "wishkeep"


def _say(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
