"""The few pages that people see in a browser: plain HTML in their language, no scripts, nothing from elsewhere."""

import hashlib
from base64 import b64encode
from html import escape

from litestar import Response

HTML = "text/html"
RIGHT_TO_LEFT = frozenset({"ar", "ku"})
STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, "Segoe UI", Tahoma, Arial, sans-serif; margin: 0 auto; max-width: 44rem;
  padding: 3rem 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 0 .75rem; }
button { font: inherit; font-weight: 600; border: 0; border-radius: .5rem; padding: .65rem 1.4rem;
  background: #1f4d3a; color: #fff; cursor: pointer; }
a { color: inherit; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: start; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
iframe { width: 100%; height: 44rem; border: 1px solid #8884; border-radius: .5rem; background: #fff; }
pre { white-space: pre-wrap; unicode-bidi: plaintext; overflow-wrap: anywhere; font-size: .8125rem; }
.faint { opacity: .7; }
"""
_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # Addresses of pages may hold a token that lets its holder act.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def direction(language: str) -> str:
    """'rtl' for the languages that are written from right to left."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def page(
    title: str, body: str, *, language: str = "en", status: int = 200, refresh_s: int | None = None
) -> Response[str]:
    """A page with `body`, which is HTML already; it is loaded anew every `refresh_s`."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    content = (
        f'<!doctype html><html lang="{language}" dir="{direction(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )
    return Response(content, status_code=status, media_type=HTML, headers=HEADERS)


def notice(
    title: str, text: str, *, language: str, button: str | None = None, action: str = "", status: int = 200
) -> Response[str]:
    """A page that says one thing; its `button` posts to `action`, by itself to where the page is."""
    form = f'<form method="post" action="{escape(action)}"><button>{escape(button)}</button></form>' if button else ""
    return page(
        title, f"<main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</main>", language=language, status=status
    )
