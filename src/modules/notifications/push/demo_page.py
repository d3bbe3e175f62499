"""A small page that asks for web push, and the service worker behind it; only where the demo runs."""

from pathlib import Path
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from src.platform.errors import NotFound
from src.platform.openapi import PUBLIC

AnyRequest = Request[Any, Any, Any]

FOLDER = Path(__file__).parent / "demo"
FILES = {
    "page.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "worker.js": "text/javascript; charset=utf-8",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src data: https: http:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # The worker may serve the page above its folder too.
    "Service-Worker-Allowed": "/demo/push",
}


class PushDemoController(Controller):
    """The page at /demo/push, and its files below."""

    path = "/demo/push"
    security = PUBLIC
    include_in_schema = False

    @get(sync_to_thread=True)
    def show(self, request: AnyRequest) -> Response[bytes]:
        """The page."""
        return _file(request, "page.html")

    @get("/{name:str}", sync_to_thread=True)
    def file(self, request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
        """A file of the page."""
        return _file(request, name)


def _file(request: AnyRequest, name: str) -> Response[bytes]:
    if request.app.state.settings.demo_mail_dir is None or name not in FILES:
        raise NotFound
    return Response((FOLDER / name).read_bytes(), media_type=FILES[name], headers=HEADERS)
