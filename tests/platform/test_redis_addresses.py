"""What an address of Valkey may be, and what is made of it."""

import pytest

from src.platform.errors import SettingsError
from src.platform.redis_addresses import read_address
from src.platform.settings import load_settings

HUSH = "hush%2Fword"


def test_one_server_is_described_by_its_url() -> None:
    address = read_address(f"unix:///run/valkey.sock?password={HUSH}")
    assert (address.kind, address.url) == ("single", f"unix:///run/valkey.sock?password={HUSH}")


def test_cluster_is_described_by_some_of_its_nodes() -> None:
    address = read_address(f"rediss+cluster://user:{HUSH}@one,[2001:db8::1]:7000/0?ssl_cert_reqs=none")
    assert address.kind == "cluster"
    assert address.hosts == (("one", 6379), ("2001:db8::1", 7000))
    assert address.is_encrypted
    assert address.options == {"username": "user", "password": "hush/word", "db": 0, "ssl_cert_reqs": "none"}


def test_sentinels_say_who_serves_a_service() -> None:
    address = read_address(f"redis+sentinel://:{HUSH}@one:5000,two/shop/3?sentinel_password={HUSH}")
    assert (address.kind, address.service, address.is_encrypted) == ("sentinel", "shop", False)
    assert address.hosts == (("one", 5000), ("two", 26379))
    assert address.options == {"password": "hush/word", "db": 3}
    assert address.sentinel_options == {"password": "hush/word"}


def test_secrets_are_not_shown() -> None:
    for scheme, end in (("redis", ""), ("redis+cluster", ""), ("redis+sentinel", "/shop?sentinel_password=hush")):
        assert "hush" not in repr(read_address(f"{scheme}://:hush@h{end}"))


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "redis+other://h",
        "redis+cluster://",
        "redis+cluster://a,,b",
        "redis+cluster://a:0",
        "redis+cluster://a:x",
        "redis+cluster://a:70000",
        "redis+cluster://a/1",
        "redis+sentinel://a",
        "redis+sentinel://a/",
        "redis+sentinel://a/shop/one",
        "redis+sentinel://a/shop/1/2",
        "redis+sentinel:///shop",
    ],
)
def test_an_address_that_cannot_be_one_is_refused_without_telling_it(url: str) -> None:
    url = url.replace("://", "://:hush@")
    environ = {"DATABASE_URL": "postgresql:///d", "REDIS_URL": url, "REDIS_QUEUE_URL": "redis://q"}
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    (fault,) = caught.value.faults
    assert fault.startswith("REDIS_URL ")
    assert "hush" not in fault


def test_jobs_are_not_queued_on_a_cluster() -> None:
    for addresses, named in (
        ({"REDIS_URL": "redis+cluster://a"}, "REDIS_QUEUE_URL must be set"),
        ({"REDIS_URL": "redis://a", "REDIS_QUEUE_URL": "redis+cluster://b"}, "REDIS_QUEUE_URL must not be"),
    ):
        with pytest.raises(SettingsError) as caught:
            load_settings({"DATABASE_URL": "postgresql:///d", **addresses})
        (fault,) = caught.value.faults
        assert fault.startswith(named)
    settings = load_settings({"DATABASE_URL": "postgresql:///d", "REDIS_URL": "redis+sentinel://a/shop"})
    assert read_address(settings.queue_url).kind == "sentinel"
