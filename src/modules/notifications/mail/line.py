"""A line to the mail server: one connection at a time, replaced when it ends, until the server proves of no use."""

import asyncio

from src.modules.notifications.mail.smtp import TOO_SLOW, Address, Connection, Lost, Unconnected
from src.modules.notifications.messages import Outcome

# A server that ends so many connections in a row before it took anything takes nothing.
MOST_LOST_AT_ONCE = 2


class Line:
    """Sends one message after the other; connections that were `kept` are used first, and its last one joins them."""

    def __init__(self, address: Address, local_name: str, kept: list[Connection]) -> None:
        self._address = address
        self._local_name = local_name
        self._kept = kept
        self._connection: Connection | None = None
        self._is_sending = False
        self._lost_at_once = 0
        self.is_useless = False
        self.trouble = ""

    async def send(self, sender: str, to: str, content: bytes, *, end_by: float) -> Outcome | None:
        """What the server said; None when the message was not given it, and another line, or this one, may try."""
        self._is_sending = True
        try:
            async with asyncio.timeout_at(end_by):
                connection = self._connection = await self._connected()
                outcome = await connection.send(sender, to, content)
        except TimeoutError:
            self.is_useless = True
            return TOO_SLOW
        except Unconnected as error:
            self.is_useless, self.trouble = True, str(error)
            return None
        except Lost as error:
            return self._lost(str(error))
        self._is_sending = False
        self._lost_at_once = 0
        self.is_useless = connection.hung
        return outcome

    def put_down(self) -> None:
        """Keep the connection for the next line, unless it is in the middle of something."""
        if self._connection is None:
            return
        if self._connection.usable and not self._is_sending:
            self._kept.append(self._connection)
        else:
            self._connection.close()

    async def _connected(self) -> Connection:
        if self._connection is not None and self._connection.usable:
            return self._connection
        while self._kept:
            self._connection = self._kept.pop()
            if await self._connection.is_alive():
                return self._connection
        return await Connection.connect(self._address, self._local_name)

    def _lost(self, trouble: str) -> Outcome | None:
        self.trouble = trouble
        if self._connection is not None and not self._connection.fresh:
            return None
        # At once, with this message: perhaps because of it, perhaps the server takes nothing.
        self._lost_at_once += 1
        self.is_useless = self._lost_at_once == MOST_LOST_AT_ONCE
        return Outcome("later", trouble)
