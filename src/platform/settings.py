"""The configuration: read once from the environment, validated as a whole, frozen afterwards."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from src.platform.errors import SettingsError
from src.platform.redis_addresses import read_address

SECRETS = frozenset(
    {
        "database_url",
        "database_replica_url",
        "redis_url",
        "redis_queue_url",
        "jwt_secret",
        "smtp_url",
        "vapid_private_key",
        "otel_exporter_otlp_headers",
    }
)
MOST = {
    "database_pool_size": 1000,
    "pool_timeout_s": 600,
    "statement_timeout_s": 24 * 3600,
    "request_timeout_s": 24 * 3600,
    "session_ttl_s": 10 * 365 * 24 * 3600,
    "idempotency_ttl_s": 365 * 24 * 3600,
    "channel_id": 2**31 - 1,
    "max_streams": 1_000_000,
}
VAPID_KEY = re.compile("[A-Za-z0-9_-]{43}=?")  # 32 bytes in base64url
HEADERS = re.compile(r"[\w-]+=[^,\s]+(,[\w-]+=[^,\s]+)*")
MAILBOX = re.compile(r"""[^\s<>()\[\]\\,;:"@]{1,64}@[^\s<>()\[\]\\,;:"@]{1,253}""")
MIN_SECRET_BYTES = 32  # RFC 7518, 3.2: an HS256 key has at least the size of the hash.


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a deployment may choose; the environment variable is the field's name in upper case."""

    database_url: str
    redis_url: str
    redis_queue_url: str = ""
    # A streaming replica that the warehouse reads from; without it, it reads from DATABASE_URL.
    database_replica_url: str | None = None
    # What stands between us and the database: "transaction" for PgBouncer and the like, which give each transaction
    # whichever session is free.
    database_pooler: Literal["none", "transaction"] = "none"
    database_pool_size: int = 10
    pool_timeout_s: float = 3.0
    statement_timeout_s: float = 15.0
    jwt_secret: str | None = None
    jwt_jwks_url: str | None = None
    jwt_issuer: str | None = None
    jwt_audience: str | None = None
    channel_id: int = 1
    max_streams: int = 4096
    # How long an API that is asked to stop goes on serving, so that load balancers hear of it first.
    stop_delay_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0
    # How long a request may take until its answer begins; imports may take longer.
    request_timeout_s: float = 60.0
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
    # Where a worker tells its numbers and that it lives; 0 is nowhere.
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    # Where traces are sent (OTLP over HTTP); without it none are made. These are OpenTelemetry's own names.
    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_traces_endpoint: str | None = None
    otel_exporter_otlp_headers: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    def __repr__(self) -> str:
        shown = {n: "…" if n in SECRETS else getattr(self, n) for n in self.__struct_fields__}
        return f"Settings({', '.join(f'{n}={v!r}' for n, v in shown.items())})"

    @property
    def queue_url(self) -> str:
        """Where jobs are queued: `REDIS_QUEUE_URL`, or `REDIS_URL` when it is not set."""
        return self.redis_queue_url or self.redis_url

    @property
    def traces_url(self) -> str | None:
        """Where traces are posted to, if they are."""
        if self.otel_exporter_otlp_traces_endpoint is not None:
            return self.otel_exporter_otlp_traces_endpoint
        base = self.otel_exporter_otlp_endpoint
        return None if base is None else f"{base.rstrip('/')}/v1/traces"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` describes; raises SettingsError with one line for each fault."""
    faults: list[str] = []
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        try:
            text = secret_of(environ, name) if field.name in SECRETS else environ.get(name, "").strip()
        except SettingsError as error:
            faults += error.faults
            continue
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


def secret_of(environ: Mapping[str, str], name: str) -> str:
    """The secret of that name, or what is in the file that `<name>_FILE` names; raises SettingsError.

    Files are how orchestrators hand out secrets: the environment of a process is shown in too many places.
    """
    text, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if not file:
        return text
    if text:
        raise SettingsError([f"{name} and {name}_FILE are both set"])
    try:
        content = Path(file).read_bytes().decode().strip()
    except (OSError, ValueError) as error:
        reason = (error.strerror or "") if isinstance(error, OSError) else "not UTF-8"
        raise SettingsError([f"{name}_FILE {file!r}: {reason}"]) from None
    if not content:
        raise SettingsError([f"{name}_FILE {file!r}: the file is empty"])
    return content


def _implausible(values: Mapping[str, Any]) -> list[str]:
    faults = []
    schemes = {
        "database_url": ("postgresql", "postgres"),
        "database_replica_url": ("postgresql", "postgres"),
        "jwt_jwks_url": ("https", "http"),
        "public_url": ("https", "http"),
        "otel_exporter_otlp_endpoint": ("https", "http"),
        "otel_exporter_otlp_traces_endpoint": ("https", "http"),
        "smtp_url": ("smtp", "smtps"),
    }
    for name, allowed in schemes.items():
        if name in values and not _is_url(values[name], allowed):
            begins = " or ".join(f"{scheme}://" for scheme in allowed)
            faults.append(f"{name.upper()} must be an address that begins with {begins}")
    faults += _unfit_addresses(values)
    faults += [
        f"{name.upper()} must be greater than 0 and at most {most}"
        for name, most in MOST.items()
        if name in values and not 0 < values[name] <= most
    ]
    if "vapid_private_key" in values and not VAPID_KEY.fullmatch(values["vapid_private_key"]):
        faults.append("VAPID_PRIVATE_KEY must be a key of 32 bytes in base64url")
    if "otel_exporter_otlp_headers" in values and not HEADERS.fullmatch(values["otel_exporter_otlp_headers"]):
        faults.append("OTEL_EXPORTER_OTLP_HEADERS must be like authorization=Bearer%20token,other=value")
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


def _unfit_addresses(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with the addresses of cache and queue."""
    faults, kinds = [], {}
    for name in ("redis_url", "redis_queue_url"):
        try:
            kinds[name] = read_address(values[name]).kind if name in values else None
        except ValueError as error:
            faults.append(f"{name.upper()} {error}")
    if kinds.get("redis_queue_url") == "cluster":
        faults.append("REDIS_QUEUE_URL must not be a cluster's: jobs are queued on one server, or with Sentinel")
    elif kinds.get("redis_url") == "cluster" and "redis_queue_url" not in values:
        faults.append("REDIS_QUEUE_URL must be set where REDIS_URL is a cluster's: jobs can't be queued there")
    return faults


def _is_url(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether `text` is an address of one of `schemes`; web and mail servers need a host, and a port that is one."""
    try:
        parts = urlsplit(text)
        needs_host = parts.scheme in ("http", "https", "smtp", "smtps")
        return parts.scheme in schemes and (not needs_host or (bool(parts.hostname) and parts.port != 0))
    except ValueError:
        return False
