"""Signatures, as the library that receivers use verifies them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from src.modules.notifications.webhooks.signing import new_secret, signed_headers

BODY = '{"type":"favourites.updated","names":["\N{GREEK SMALL LETTER LAMDA}"]}'.encode()


def test_secrets_are_long_and_differ() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_receivers_with_either_secret_believe_a_message() -> None:
    secrets = [new_secret(), new_secret()]
    headers = signed_headers("msg_1", datetime.now(UTC), BODY, secrets)
    assert headers["webhook-id"] == "msg_1"
    for secret in secrets:
        Webhook(secret).verify(BODY, headers)


@pytest.mark.parametrize("changed", ["id", "body", "secret", "time"])
def test_receivers_do_not_believe_what_was_changed(changed: str) -> None:
    secret = new_secret()
    now = datetime.now(UTC) - timedelta(minutes=6 if changed == "time" else 0)
    headers = signed_headers("msg_1", now, BODY, [secret])
    if changed == "id":
        headers["webhook-id"] = "msg_2"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret() if changed == "secret" else secret).verify(BODY + b" " * (changed == "body"), headers)
