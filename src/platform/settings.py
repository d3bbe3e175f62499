"""The configuration: read once from the environment, validated as a whole, frozen afterwards."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from src.platform.errors import SettingsError

SECRETS = frozenset(
    {
        "database_url",
        "database_replica_url",
        "redis_url",
        "redis_queue_url",
        "jwt_secret",
        "smtp_url",
        "vapid_private_key",
    }
)
MOST = {
    "database_pool_size": 1000,
    "pool_timeout_s": 600,
    "statement_timeout_s": 24 * 3600,
    "session_ttl_s": 10 * 365 * 24 * 3600,
    "idempotency_ttl_s": 365 * 24 * 3600,
    "channel_id": 2**31 - 1,
    "max_streams": 1_000_000,
}
VAPID_KEY = re.compile("[A-Za-z0-9_-]{43}=?")  # 32 bytes in base64url
MAILBOX = re.compile(r"""[^\s<>()\[\]\\,;:"@]{1,64}@[^\s<>()\[\]\\,;:"@]{1,253}""")
MIN_SECRET_BYTES = 32  # RFC 7518, 3.2: an HS256 key has at least the size of the hash.


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a deployment may choose; the environment variable is the field's name in upper case."""

    database_url: str
    redis_url: str
    redis_queue_url: str = ""
    # A streaming replica that the warehouse reads from; without it, it reads from DATABASE_URL.
    database_replica_url: str | None = None
    database_pool_size: int = 10
    pool_timeout_s: float = 3.0
    statement_timeout_s: float = 15.0
    jwt_secret: str | None = None
    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    channel_id: int = 1
    max_streams: int = 4096
    session_ttl_s: int = 30 * 24 * 3600
    idempotency_ttl_s: int = 24 * 3600
    cookie_secure: bool = False
    public_url: str | None = None
    # How many proxies of ours a request passes, each of which adds to X-Forwarded-For whom it got the request from.
    trusted_proxies: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    # smtp://user:password@host:port (STARTTLS where it is offered) or smtps://…; without it no mail is sent.
    smtp_url: str | None = None
    mail_from: str = "Wishkeep <wishkeep@localhost>"
    # The key of web push (RFC 8292), base64url; made and kept in the database when it is not given.
    vapid_private_key: str | None = None
    vapid_subject: str = "mailto:wishkeep@localhost"
    # Webhooks may go to private addresses too: for tests and for receivers inside the same network.
    webhook_allow_private: bool = False
    # Where the local mail catcher of `wishkeep up` keeps what it caught; its page is /demo/mails.
    demo_mail_dir: str | None = None
    metrics_public: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    def __repr__(self) -> str:
        shown = {n: "…" if n in SECRETS else getattr(self, n) for n in self.__struct_fields__}
        return f"Settings({', '.join(f'{n}={v!r}' for n, v in shown.items())})"

    @property
    def queue_url(self) -> str:
        """Where jobs are queued: `REDIS_QUEUE_URL`, or `REDIS_URL` when it is not set."""
        return self.redis_queue_url or self.redis_url


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` describes; raises SettingsError with one line for each fault."""
    faults: list[str] = []
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if not text:
            if field.required:
                faults.append(f"{name} is not set")
            continue
        try:
            values[field.name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError as error:
            shown = "" if field.name in SECRETS else f" {text!r}:"
            faults.append(f"{name}{shown} {error}")
    faults += _implausible(values)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


def _implausible(values: Mapping[str, Any]) -> list[str]:
    faults = []
    schemes = {
        "database_url": ("postgresql", "postgres"),
        "database_replica_url": ("postgresql", "postgres"),
        "redis_url": ("redis", "rediss", "unix"),
        "redis_queue_url": ("redis", "rediss", "unix"),
        "jwt_jwks_url": ("https", "http"),
        "public_url": ("https", "http"),
        "smtp_url": ("smtp", "smtps"),
    }
    for name, allowed in schemes.items():
        if name in values and not _is_url(values[name], allowed):
            begins = " or ".join(f"{scheme}://" for scheme in allowed)
            faults.append(f"{name.upper()} must be an address that begins with {begins}")
    faults += [
        f"{name.upper()} must be greater than 0 and at most {most}"
        for name, most in MOST.items()
        if name in values and not 0 < values[name] <= most
    ]
    if "vapid_private_key" in values and not VAPID_KEY.fullmatch(values["vapid_private_key"]):
        faults.append("VAPID_PRIVATE_KEY must be a key of 32 bytes in base64url")
    if "vapid_subject" in values and not values["vapid_subject"].startswith(("mailto:", "https://")):
        faults.append("VAPID_SUBJECT must begin with mailto: or https://")
    if "jwt_secret" in values and len(values["jwt_secret"].encode()) < MIN_SECRET_BYTES:
        faults.append(f"JWT_SECRET must have at least {MIN_SECRET_BYTES} bytes")
    if "smtp_url" in values and "public_url" not in values:
        faults.append("SMTP_URL is set and PUBLIC_URL is not: mails have links to the shop")
    if "mail_from" in values and MAILBOX.fullmatch(parseaddr(values["mail_from"])[1]) is None:
        faults.append("MAIL_FROM must be like Shop <shop@example.com>")
    if "jwt_secret" in values and "jwt_jwks_url" in values:
        faults.append("JWT_SECRET and JWT_JWKS_URL are both set: choose one way to verify tokens")
    return faults


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether `text` is an address of one of `schemes`; web and mail servers need a host, and a port that is one."""
    try:
        parts = urlsplit(text)
        needs_host = parts.scheme in ("http", "https", "smtp", "smtps")
        return parts.scheme in schemes and (not needs_host or (bool(parts.hostname) and parts.port != 0))
    except ValueError:
        return False
