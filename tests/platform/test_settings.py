"""The configuration: every fault in a line of its own, nothing secret in what is shown."""

import re
from pathlib import Path

import msgspec
import pytest

from src.platform.errors import SettingsError
from src.platform.settings import SECRETS, Settings, load_settings

SERVERS = {"DATABASE_URL": "postgresql://u:hush-db@h/d", "REDIS_URL": "redis://:hush-redis@h/0"}
# What makes the settings beside a secret whole, and secrets that must look like something.
NEEDED = {"PUBLIC_URL": "https://shop.example"}
SECRET_VALUES = {
    "database_url": SERVERS["DATABASE_URL"],
    "database_replica_url": "postgresql://replica/shop",
    "redis_url": SERVERS["REDIS_URL"],
    "redis_queue_url": "rediss://queue/1",
    "smtp_url": "smtps://u:p@mail.example",
    "vapid_private_key": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "otel_exporter_otlp_headers": "authorization=Bearer%20x",
}


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings({**SERVERS, **environ})
    assert all("\n" not in fault for fault in caught.value.faults)
    return caught.value.faults


def test_defaults_need_only_the_servers() -> None:
    settings = load_settings(SERVERS)
    assert settings.channel_id == 1
    assert settings.idempotency_ttl_s == 24 * 3600
    assert settings.metrics_public is False
    assert settings.jwt_secret is None


def test_every_field_is_read_from_the_environment_name_of_its_own() -> None:
    values = {
        **SERVERS,
        "REDIS_QUEUE_URL": "rediss://queue/1",
        "DATABASE_REPLICA_URL": "postgresql://replica/shop",
        "DATABASE_POOL_SIZE": "3",
        "DATABASE_POOLER": "transaction",
        "POOL_TIMEOUT_S": "0.5",
        "STATEMENT_TIMEOUT_S": "2",
        "JWT_JWKS_URL": "https://issuer/keys",
        "JWT_ISSUER": "https://issuer",
        "JWT_AUDIENCE": "shop",
        "CHANNEL_ID": "7",
        "MAX_STREAMS": "9",
        "REQUEST_TIMEOUT_S": "30",
        "STOP_DELAY_S": "5",
        "SESSION_TTL_S": "60",
        "IDEMPOTENCY_TTL_S": "61",
        "COOKIE_SECURE": "true",
        "PUBLIC_URL": "https://shop.example",
        "TRUSTED_PROXIES": "2",
        "SMTP_URL": "smtps://u:p@mail.example",
        "MAIL_FROM": "Shop <shop@example.com>",
        "VAPID_PRIVATE_KEY": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
        "VAPID_SUBJECT": "mailto:shop@example.com",
        "WEBHOOK_ALLOW_PRIVATE": "true",
        "DEMO_MAIL_DIR": "/var/mails",
        "METRICS_PUBLIC": "1",
        "METRICS_PORT": "9464",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/otlp/traces",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x",
        "LOG_LEVEL": "debug",
        "LOG_FORMAT": "console",
    }
    settings = load_settings(values)
    assert {name.upper() for name in settings.__struct_fields__} - values.keys() == {"JWT_SECRET"}
    assert (settings.database_pool_size, settings.pool_timeout_s, settings.channel_id) == (3, 0.5, 7)
    assert (settings.cookie_secure, settings.metrics_public) == (True, True)
    assert settings.queue_url == "rediss://queue/1"
    assert settings.traces_url == "http://collector:4318/otlp/traces"
    del values["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
    assert load_settings(values).traces_url == "http://collector:4318/v1/traces"
    assert load_settings(SERVERS).traces_url is None


def test_queue_is_where_the_cache_is_unless_it_has_its_own() -> None:
    assert load_settings(SERVERS).queue_url == SERVERS["REDIS_URL"]


def test_blank_counts_as_not_set() -> None:
    assert load_settings({**SERVERS, "CHANNEL_ID": " ", "JWT_SECRET": ""}).channel_id == 1


def test_missing_servers_are_named() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"REDIS_URL": "  "})
    assert caught.value.faults == ["DATABASE_URL is not set", "REDIS_URL is not set"]


def test_every_fault_is_told_at_once() -> None:
    told = faults(CHANNEL_ID="one", COOKIE_SECURE="perhaps", LOG_LEVEL="loud", POOL_TIMEOUT_S="0", PUBLIC_URL="shop")
    assert [fault.split()[0].rstrip(":") for fault in told] == [
        "CHANNEL_ID",
        "COOKIE_SECURE",
        "LOG_LEVEL",
        "PUBLIC_URL",
        "POOL_TIMEOUT_S",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://h/d"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "http://h"),
        ("REDIS_QUEUE_URL", "memcached://h"),
        ("JWT_JWKS_URL", "file:///etc/passwd"),
        ("JWT_SECRET", "too short"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("DATABASE_POOL_SIZE", "1.5"),
        ("STATEMENT_TIMEOUT_S", "nan"),
        ("REQUEST_TIMEOUT_S", "0"),
        ("SESSION_TTL_S", "0"),
        ("IDEMPOTENCY_TTL_S", "-5"),
        ("MAIL_FROM", "Shop"),
        ("MAIL_FROM", "Shop <a b@c>"),
        ("VAPID_PRIVATE_KEY", "AAAA"),
        ("VAPID_PRIVATE_KEY", "A" * 42 + "+"),
        ("VAPID_SUBJECT", "shop@example.com"),
    ],
)
def test_implausible_value_is_a_fault_of_its_name(name: str, value: str) -> None:
    told = faults(**{name: value})
    assert len(told) == 1
    assert told[0].startswith(name)


def test_two_ways_to_verify_tokens_are_one_too_many() -> None:
    told = faults(JWT_SECRET="x" * 32, JWT_JWKS_URL="https://issuer/keys")
    assert len(told) == 1
    assert "JWT_SECRET and JWT_JWKS_URL" in told[0]


@pytest.mark.parametrize("url", ["mail.example:25", "smtp://", "smtp://mail.example:99999", "https://mail.example"])
def test_a_mail_server_needs_a_whole_address(url: str) -> None:
    (fault,) = faults(SMTP_URL=url, PUBLIC_URL="https://shop.example")
    assert fault.startswith("SMTP_URL must be an address")


def test_mails_need_an_address_of_the_shop_for_their_links() -> None:
    (fault,) = faults(SMTP_URL="smtp://mail.example")
    assert fault.startswith("SMTP_URL is set and PUBLIC_URL is not")


def test_secrets_are_never_shown() -> None:
    settings = load_settings({**SERVERS, "REDIS_QUEUE_URL": "redis://:hush-queue@h", "JWT_SECRET": "hush" * 8})
    shown = f"{settings!r} {settings}"
    assert "hush" not in shown
    assert "channel_id=1" in shown
    for name in SECRETS:
        environ = {**SERVERS, name.upper(): "hush\0hush" if name == "jwt_secret" else "hush://hush@hush"}
        assert not re.search("hush", " ".join(faults(**environ)))


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_every_secret_may_be_in_a_file(name: str, tmp_path: Path) -> None:
    value = SECRET_VALUES.get(name, "hush" * 8)
    file = tmp_path / "secret"
    file.write_text(f"{value}\n")
    environ = {key: text for key, text in {**SERVERS, **NEEDED}.items() if key != name.upper()}
    settings = load_settings({**environ, f"{name.upper()}_FILE": f" {file} "})
    assert getattr(settings, name) == value


def test_secret_is_given_in_one_way_only_and_its_file_is_there(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert faults(JWT_SECRET_FILE=str(file)) == [f"JWT_SECRET_FILE {str(file)!r}: No such file or directory"]
    file.write_bytes(b"hush\xff")
    assert faults(JWT_SECRET_FILE=str(file)) == [f"JWT_SECRET_FILE {str(file)!r}: not UTF-8"]
    file.write_text(" \n")
    assert faults(JWT_SECRET_FILE=str(file)) == [f"JWT_SECRET_FILE {str(file)!r}: the file is empty"]
    file.write_text("hush")
    assert faults(JWT_SECRET_FILE=str(file)) == ["JWT_SECRET must have at least 32 bytes"]
    assert faults(JWT_SECRET_FILE=str(file), JWT_SECRET="hush" * 8) == ["JWT_SECRET and JWT_SECRET_FILE are both set"]


def test_file_of_what_is_no_secret_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "channel"
    file.write_text("7")
    assert load_settings({**SERVERS, "CHANNEL_ID_FILE": str(file)}).channel_id == 1


def test_settings_do_not_change() -> None:
    with pytest.raises(AttributeError):
        load_settings(SERVERS).channel_id = 2  # type: ignore[misc]
    assert msgspec.structs.replace(load_settings(SERVERS), channel_id=2) == Settings(
        database_url=SERVERS["DATABASE_URL"], redis_url=SERVERS["REDIS_URL"], channel_id=2
    )
