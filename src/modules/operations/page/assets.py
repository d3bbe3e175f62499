"""The files of the page: ours, and htmx out of an installed package. Their names change with what is in them."""

import gzip
import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from src.platform.errors import NotFound
from src.platform.openapi import PUBLIC

PATH = "/ops/static"
OURS = Path(__file__).parent / "static"
JAVASCRIPT, CSS, SVG = "text/javascript", "text/css", "image/svg+xml"
# Their name on the page: where they are below the package's static files, and what they are.
PACKAGED = {"htmx.js": "htmx-2.min.js", "sse.js": "ext/hx-sse-2.min.js"}
TYPES = {".js": JAVASCRIPT, ".css": CSS, ".svg": SVG}
OWN = ("ops.css", "ops.js", "icon.svg")
DIGEST_BYTES = 6
HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


class Asset(msgspec.Struct, frozen=True):
    """A file as it travels."""

    media_type: str
    body: bytes
    zipped: bytes


def address(name: str) -> str:
    """Where the page finds a file."""
    return f"{PATH}/{_files()[0][name]}"


class AssetController(Controller):
    """For everybody: the login page needs them."""

    path = PATH
    security = PUBLIC
    include_in_schema = False

    @get("/{name:str}", sync_to_thread=False)
    def asset(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        """A file, which under this name never changes."""
        found = _files()[1].get(name)
        if found is None:
            raise NotFound
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.zipped, media_type=found.media_type, headers={**HEADERS, "Content-Encoding": "gzip"})
        return Response(found.body, media_type=found.media_type, headers=HEADERS)


@lru_cache(maxsize=1)
def _files() -> tuple[dict[str, str], dict[str, Asset]]:
    """The name of each file on the page with its digest in it, and the files by those names."""
    folder = _package_folder()
    places = {name: OURS / name for name in OWN} | {name: folder / place for name, place in PACKAGED.items()}
    named, found = {}, {}
    for name, place in places.items():
        body = place.read_bytes()
        digest = hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()
        path = Path(name)
        named[name] = f"{path.stem}-{digest}{path.suffix}"
        found[named[name]] = Asset(TYPES[path.suffix], body, gzip.compress(body, mtime=0))
    return named, found


def _package_folder() -> Path:
    # Found and never imported: it is made for a framework that is not there.
    spec = find_spec("django_htmx")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("django-htmx, which carries htmx, is not installed")
    return Path(spec.origin).parent / "static" / "django_htmx"
