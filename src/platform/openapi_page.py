"""The page that shows our OpenAPI document: Swagger UI out of an installed package, nothing from a CDN."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.params import FromPath

from src.platform.errors import NotFound

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE = b"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Wishkeep API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="/schema/assets/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/schema/assets/swagger-ui-bundle.js"></script>
  <script src="/schema/assets/start.js"></script>
</body>
</html>
"""
START = b"""SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
});
"""
JAVASCRIPT = "text/javascript"
# Their name in the package, and what they are.
FILES = {
    "swagger-ui.css": ("swagger_style.css", "text/css"),
    "swagger-ui-bundle.js": ("swagger_bundle.js", JAVASCRIPT),
}
ONE_DAY = "public, max-age=86400"


def _package_folder() -> Path:
    # The package is found but not imported: importing it would hold 9 MB of pages in memory.
    spec = find_spec("offapi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("offapi, which carries Swagger UI, is not installed")
    return Path(spec.origin).parent


@get("/assets/{name:str}", include_in_schema=False, sync_to_thread=True)
def asset(name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    if name == "start.js":
        return Response(START, media_type=JAVASCRIPT, headers={"Cache-Control": ONE_DAY})
    if name not in FILES:
        raise NotFound
    file, media_type = FILES[name]
    return Response((_package_folder() / file).read_bytes(), media_type=media_type, headers={"Cache-Control": ONE_DAY})


class SwaggerPage(OpenAPIRenderPlugin):
    """The page at the root of the schema's path, and its files below /assets."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page; it fetches the document by itself."""
        return PAGE

    def receive_router(self, router: Router) -> None:
        """Add the page's files."""
        router.register(asset)
