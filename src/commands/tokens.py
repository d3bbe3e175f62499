"""Tokens issued at the terminal."""

from collections.abc import Mapping, Sequence

from src.modules.identity import issue_token
from src.platform.database import Database
from src.platform.settings import Settings


async def issue_tokens(
    settings: Settings, wanted: Mapping[str, Sequence[str]], *, expires_in_s: int | None = None
) -> list[str]:
    """One token for each e-mail address with its scopes; the users are created if need be."""
    database = Database(settings, application="wishkeep-cli")
    await database.open()
    try:
        return [
            await issue_token(database, email=email, scopes=scopes, expires_in_s=expires_in_s)
            for email, scopes in wanted.items()
        ]
    finally:
        await database.close()
