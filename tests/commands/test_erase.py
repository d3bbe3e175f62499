"""`wishkeep erase`: at the terminal what operators do over HTTP, and what a backup needs."""

import pytest

from src.commands.erase import erase_address, erase_again, erase_users, list_erased
from src.commands.errors import CommandFailed
from src.platform.settings import Settings
from tests.factories import Factory


async def test_users_are_erased_listed_and_erased_again_when_a_backup_brings_them_back(
    factory: Factory, settings: Settings
) -> None:
    users = [await factory.user_id(await factory.shopper()) for _ in range(2)]
    erased = await erase_users(settings, users)
    assert [each.user_id for each in erased] == users
    assert await list_erased(settings) == erased
    await factory.execute("UPDATE erasure SET finished_at = now()")
    # As a backup that is older than the erasure would have them.
    await factory.execute("UPDATE users SET first_name = 'Ada', is_anonymized = false WHERE id = %s", users[0])
    await factory.execute("DELETE FROM users WHERE id = %s", users[1])
    assert [each.user_id for each in await erase_again(settings)] == users[:1]
    assert await factory.scalar("SELECT first_name FROM users WHERE id = %s AND is_anonymized", users[0]) == ""
    # The job is to come by again for what came back, and for no other.
    assert [each.user_id for each in await list_erased(settings) if each.finished_at is None] == users[:1]


async def test_unknown_users_and_addresses_of_users_are_refused(factory: Factory, settings: Settings) -> None:
    shopper = await factory.shopper()
    with pytest.raises(CommandFailed, match=r"no user 999999"):
        await erase_users(settings, [999_999])
    with pytest.raises(CommandFailed, match=f"--user {await factory.user_id(shopper)}"):
        await erase_address(settings, shopper.email)
    assert await erase_address(settings, "guest@example.com") == (0, 0)
    assert await list_erased(settings) == []


@pytest.mark.parametrize("email", ["", " ", "nobody", "%", "@", "a@", "two words@example.com", "a@b@example.com"])
async def test_what_is_no_address_is_refused_and_ends_nothing(factory: Factory, settings: Settings, email: str) -> None:
    await factory.insert("orders_order", user_email=email, notes="at the door")
    with pytest.raises(CommandFailed, match="must be an e-mail address"):
        await erase_address(settings, email)
    assert await factory.scalar("SELECT notes FROM orders_order") == "at the door"


async def test_rows_of_a_guest_that_went_and_those_that_were_blanked_are_counted(
    factory: Factory, settings: Settings
) -> None:
    for number in range(2):
        await factory.insert("product_alert", email="Guest@example.com", product_id=(await factory.product()).id)
        await factory.insert("orders_order", id=number, user_email="guest@Example.com", notes="at the door")
    await factory.insert("orders_order", id=2, user_email="other@example.com", notes="at the door")
    assert await erase_address(settings, "guest@example.com") == (2, 2)
    assert await erase_address(settings, "guest@example.com") == (0, 0)
