"""The pages of the local mail catcher: what `wishkeep up` has sent, as its readers see it. Only with DEMO_MAIL_DIR."""

import asyncio
import re
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from src.platform.caught_mail import CaughtMail, newest, read
from src.platform.errors import NotFound
from src.platform.openapi import PUBLIC
from src.platform.pages import HEADERS, HTML, page

AnyRequest = Request[Any, Any, Any]
MOST_SHOWN = 100
REFRESH_S = 2
# The demo shop's pictures, which nobody serves: drawn here instead.
PICTURES = "https://images.example.com/"
NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")
# A mail may show pictures from anywhere, and do nothing else; the sandbox takes our origin from it.
MAIL_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self' http: https: data:; "
        "style-src 'unsafe-inline'; frame-ancestors 'self'"
    ),
}
# The sandboxed mail has no origin, so none may be asked for.
PICTURE_HEADERS = {**MAIL_HEADERS, "Cross-Origin-Resource-Policy": "cross-origin"}


class MailPages(Controller):
    """The list, a mail, and its HTML by itself."""

    path = "/demo"
    security = PUBLIC
    include_in_schema = False

    @get("/mails")
    async def list_mails(self, request: AnyRequest) -> Response[str]:
        """The newest mails; the page loads itself anew, so that the next one shows at once."""
        caught = await asyncio.to_thread(newest, _folder(request), MOST_SHOWN)
        rows = "".join(
            f'<tr><td class="faint">{mail.caught_at:%H:%M:%S}</td><td>{escape(mail.to)}</td>'
            f'<td><a href="mails/{mail.name}" dir="auto">{escape(mail.subject)}</a></td></tr>'
            for mail in caught
        )
        table = f"<table><tr><th>UTC</th><th>To</th><th>Subject</th></tr>{rows}</table>"
        nothing = "<p>None yet. Let a price drop, and look here again.</p>"
        body = f"<main><h1>Caught mails</h1>{table if caught else nothing}</main>"
        return page("Caught mails", body, refresh_s=REFRESH_S)

    @get("/mails/{name:str}")
    async def show_mail(self, request: AnyRequest, name: FromPath[str]) -> Response[str]:
        """What the reader sees, and what is behind it."""
        mail = await _mail(request, name)
        headers = "\n".join(f"{header}: {value}" for header, value in mail.headers)
        language = mail.shown.language
        body = (
            f'<main><p><a href="../mails">All mails</a></p><h1 dir="auto">{escape(mail.shown.subject)}</h1>'
            f'<iframe src="{name}/html" title="HTML" sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
            f'<h2>Text</h2><pre lang="{escape(language)}">{escape(mail.text)}</pre>'
            f"<h2>Headers</h2><pre>{escape(headers)}</pre></main>"
        )
        return page(mail.shown.subject, body)

    @get("/mails/{name:str}/html")
    async def show_html(self, request: AnyRequest, name: FromPath[str]) -> Response[str]:
        """The HTML part alone, for the frame."""
        mail = await _mail(request, name)
        return Response(mail.html.replace(PICTURES, "/demo/images/"), media_type=HTML, headers=MAIL_HEADERS)

    @get("/images/{name:str}")
    async def picture(self, request: AnyRequest, name: FromPath[str]) -> Response[str]:
        """A picture for a product of the demo shop, in a colour of its own."""
        _folder(request)
        words = [word for word in NO_LETTERS.split(name.rpartition(".")[0]) if word] or ["?"]
        hue = sha256(words[0].encode()).digest()[0] * 360 // 256
        drawn = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">'
            f'<rect width="400" height="400" fill="hsl({hue} 32% 86%)"/>'
            f'<circle cx="200" cy="168" r="88" fill="hsl({hue} 38% 62%)"/>'
            f'<rect x="92" y="284" width="216" height="18" rx="9" fill="hsl({hue} 30% 44%)"/>'
            f'<text x="200" y="352" text-anchor="middle" font-family="sans-serif" font-size="30" '
            f'fill="hsl({hue} 30% 30%)">{" ".join(words).title()}</text></svg>'
        )
        return Response(drawn, media_type="image/svg+xml", headers=PICTURE_HEADERS)


def _folder(request: AnyRequest) -> Path:
    folder = request.app.state.settings.demo_mail_dir
    if folder is None:
        raise NotFound
    return Path(folder)


async def _mail(request: AnyRequest, name: str) -> CaughtMail:
    mail = await asyncio.to_thread(read, _folder(request), name)
    if mail is None:
        raise NotFound
    return mail
