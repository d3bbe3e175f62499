"""Messages that only their browser can read."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from src.modules.notifications.push.encryption import MAX_PLAIN_BYTES, UnfitKeys, check_keys, encrypt
from src.modules.notifications.push.vapid import CURVE, from_base64url, to_base64url
from tests.modules.notifications.push.browsers import Browser

# RFC 8291, appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
P256DH = Browser(from_base64url(RECEIVER)).keys["p256dh"]
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_example_of_the_standard_comes_out_as_it_says() -> None:
    browser = Browser(from_base64url(RECEIVER), from_base64url(AUTH))
    sender = ec.derive_private_key(int.from_bytes(from_base64url(SENDER)), CURVE)
    body = encrypt(PLAIN, browser.keys["p256dh"], browser.keys["auth"], salt=from_base64url(SALT), private_key=sender)
    assert to_base64url(body) == BODY
    assert browser.read(body) == PLAIN


@pytest.mark.parametrize("length", [1, 100, MAX_PLAIN_BYTES])
def test_browser_reads_what_was_written_in_a_body_that_every_service_takes(length: int) -> None:
    browser, plain = Browser(), secrets.token_bytes(length - 1) + b"x"
    body = encrypt(plain, browser.keys["p256dh"], browser.keys["auth"])
    assert browser.read(body) == plain
    assert len(body) <= 4096


def test_no_two_messages_have_the_same_key() -> None:
    browser = Browser()
    first, second = [encrypt(PLAIN, browser.keys["p256dh"], browser.keys["auth"]) for _ in range(2)]
    assert first[:86] != second[:86]


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH),
        ("A" * 87, AUTH),  # no point of the curve
        (P256DH[:-4], AUTH),
        ("ü" * 87, AUTH),
        (P256DH, ""),
        (P256DH, AUTH[:-4]),
        (P256DH, "!" * 22),
    ],
)
def test_keys_that_no_browser_made_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(UnfitKeys):
        check_keys(p256dh, auth)
