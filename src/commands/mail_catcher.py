"""`wishkeep mail-catcher`: a mail server for one machine that keeps what it gets and passes nothing on."""

import asyncio
import signal
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from src.platform.caught_mail import keep

HOST = "127.0.0.1"


class _Keeper:
    """What aiosmtpd hands the mails to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail; a disk that is full is a reason to come again later."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        try:
            await asyncio.to_thread(keep, self._folder, content)
        except OSError as error:
            return f"451 {error.strerror}"
        return "250 OK"


def catch_mails(folder: Path, port: int) -> None:
    """Serve on this machine only, until SIGTERM or SIGINT."""
    asyncio.run(_serve(folder, port))


async def _serve(folder: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keeper = _Keeper(folder)
    server = await loop.create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), HOST, port)
    try:
        await stop.wait()
    finally:
        server.close()
