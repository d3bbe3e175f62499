"""Who we are to push services."""

from datetime import UTC, datetime, timedelta

import jwt
import msgspec
import pytest

from src.modules.notifications.push.vapid import CURVE, Vapid, from_base64url, vapid
from src.platform.database import Database
from src.platform.settings import Settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def claims(header: str) -> dict[str, object]:
    word = header.removeprefix("vapid t=").partition(",")[0]
    told: dict[str, object] = jwt.decode(word, options={"verify_signature": False})
    return told


@pytest.mark.parametrize(
    ("endpoint", "audience"),
    [
        ("https://push.example/a/b?c", "https://push.example"),
        ("https://push.example:443/a", "https://push.example"),
        ("https://PUSH.example:8443/a", "https://push.example:8443"),
        ("https://[2606:2800::1]/a", "https://[2606:2800::1]"),
        ("http://127.0.0.1:80/a", "http://127.0.0.1"),
    ],
)
def test_word_is_for_the_service_and_for_less_than_a_day(endpoint: str, audience: str) -> None:
    told = claims(Vapid(7, "mailto:shop@example.com").authorization(endpoint, NOW))
    assert told["aud"] == audience
    assert told["sub"] == "mailto:shop@example.com"
    assert NOW < datetime.fromtimestamp(int(str(told["exp"])), UTC) <= NOW + timedelta(hours=24)


def test_word_is_used_again_until_half_its_time_is_over() -> None:
    who = Vapid(7, "mailto:shop@example.com")
    first = who.authorization("https://push.example/a", NOW)
    assert who.authorization("https://push.example/b", NOW + timedelta(hours=5)) == first
    renewed = who.authorization("https://push.example/a", NOW + timedelta(hours=6))
    assert int(str(claims(renewed)["exp"])) - int(str(claims(first)["exp"])) == 6 * 3600


def test_words_of_made_up_services_do_not_pile_up() -> None:
    who = Vapid(7, "mailto:shop@example.com")
    told = {who.authorization(f"https://push{n}.example/", NOW) for n in range(250)}
    assert len(told) == 250


async def test_key_is_made_once_for_all_processes(settings: Settings, database: Database) -> None:
    first, second = await vapid(settings, database), await vapid(settings, database)
    assert first.public_key == second.public_key
    assert len(from_base64url(first.public_key)) == 65


async def test_key_of_the_settings_wins(settings: Settings, database: Database) -> None:
    # The key pair of RFC 8291, appendix A.
    given = msgspec.structs.replace(settings, vapid_private_key="yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    public = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    assert (await vapid(given, database)).public_key == public


async def test_any_32_bytes_make_a_key(settings: Settings, database: Database) -> None:
    for number in (0, CURVE.group_order - 1, CURVE.group_order, 2**256 - 1):
        async with database.transaction() as work:
            await work.connection.execute("DELETE FROM service_key")
            made = (number.to_bytes(32),)
            await work.connection.execute("INSERT INTO service_key (name, value) VALUES ('vapid', %s)", made)
        assert (await vapid(settings, database)).public_key
