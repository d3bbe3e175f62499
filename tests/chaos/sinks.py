"""The outside world: a mail server and another system's webhook endpoint, which note what they were given."""

import email
import email.policy
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from aiosmtpd.controller import Controller

from tests.acceptance.processes import HOST, unused_port


class MailServer:
    """An SMTP server that counts mails by their Message-ID."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self._controller = Controller(self, hostname=HOST, port=unused_port())

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """Its address as SMTP_URL."""
        return f"smtp://{HOST}:{self._controller.port}"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's name)
        """Called by aiosmtpd for each mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received[str(mail["Message-ID"]).strip("<>").split("@")[0]] += 1
        return "250 taken"


class HookServer:
    """An HTTP server that counts webhooks by their id, and the updates in them by theirs."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                json.loads(body)
                sink.received[self.headers["webhook-id"]] += 1
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: the counts say it all."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "HookServer":
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The endpoint's address."""
        return f"http://{HOST}:{self._server.server_port}/hooks"
