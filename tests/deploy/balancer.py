"""A small load balancer: it shares out connections, not requests, among the APIs whose /health/ready says 200."""

import itertools
import socket
import socketserver
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

import httpx

from tests.acceptance.processes import HOST

CHECK_EVERY_S = 0.1
CHECK_TIMEOUT_S = 5
CHUNK = 65_536


class Balancer:
    """Listens for the time of the block."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self._turns = itertools.count()
        self._server = _Server((HOST, 0), _Connection)
        self._server.balancer = self
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=self._server.serve_forever)]
        self._threads += [threading.Thread(target=self._check, args=(address,)) for address in addresses]
        self.ready: set[str] = set()
        self.address = f"http://{HOST}:{self._server.server_address[1]}"

    def __enter__(self) -> "Balancer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def _check(self, address: str) -> None:
        # One client for all: to make one takes longer than to ask.
        each_anew = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(timeout=CHECK_TIMEOUT_S, trust_env=False, limits=each_anew) as client:
            while not self._closing.wait(CHECK_EVERY_S):
                is_ready = False
                with suppress(httpx.HTTPError):
                    is_ready = client.get(f"{address}/health/ready").status_code == httpx.codes.OK
                (self.ready.add if is_ready else self.ready.discard)(address)

    def connect(self) -> socket.socket:
        """A connection to the API whose turn it is; raises OSError."""
        ready = [address for address in self._addresses if address in self.ready]
        if not ready:
            raise ConnectionRefusedError
        chosen = urlsplit(ready[next(self._turns) % len(ready)])
        return socket.create_connection((HOST, chosen.port or 0))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    balancer: Balancer


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Pass on what either says until both have ended; a client whom no API takes is hung up on."""
        with suppress(OSError), cast("_Server", self.server).balancer.connect() as api:
            back = threading.Thread(target=_pass_on, args=(api, self.request), daemon=True)
            back.start()
            _pass_on(self.request, api)
            back.join()


def _pass_on(source: socket.socket, goal: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            goal.sendall(data)
    with suppress(OSError):
        goal.shutdown(socket.SHUT_WR)
