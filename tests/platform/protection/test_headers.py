"""Headers for browsers."""

from src.platform.protection.headers import ALWAYS, secured, security_headers


def test_transport_is_strict_only_where_shoppers_come_over_tls() -> None:
    assert security_headers(tls=False) == ALWAYS
    added = dict(security_headers(tls=True))
    assert added[b"strict-transport-security"] == b"max-age=31536000"
    assert dict(ALWAYS).items() <= added.items()


def test_headers_that_an_answer_has_are_its_own() -> None:
    own = [(b"content-type", b"text/html"), (b"referrer-policy", b"origin")]
    headers = secured(200, own, ALWAYS)
    assert headers[:2] == own
    names = [name for name, _ in headers]
    assert len(names) == len(set(names)) == len(ALWAYS) + 1


def test_answer_that_confirms_another_has_none() -> None:
    assert secured(304, [(b"etag", b"1")], ALWAYS) == [(b"etag", b"1")]
