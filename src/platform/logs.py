"""Logs: one event per line on standard error, as JSON or for a terminal, from us and from every library alike.

Ids of requests, jobs and traces come along by themselves. No event may name a person: what looks like a credential, an
address or a number to call is blotted out wherever it turns up, in the text of an exception too.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from src.platform.settings import Settings
from src.platform.tracing import trace_ids

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered."""

# Libraries that configure their own output, or say at `info` what we say ourselves.
OWN_HANDLERS = ("_granian", "granian.access", "uvicorn", "litestar")
QUIET = ("arq", "httpx", "httpcore", "psycopg", "psycopg.pool", "sqlalchemy", "alembic", "granian.access")

_BLOTS = (
    (re.compile(r"\b(bearer|token)(\s+|=|%20)[\w.~+/=-]{8,}", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"\b(osessionid|csrftoken|password|secret)(\"?\s*[=:]\s*\"?)[^\s\"',;&]+", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"(://[^\s/:@]*:)[^\s/@]+@"), r"\1…@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "…@…"),
    (re.compile(r"\+\d{8,15}\b"), "+…"),
    # PostgreSQL shows the row that it refuses, whosever it is.
    (re.compile(r"(DETAIL|CONTEXT):((?!\\n).)+"), r"\1: …"),
)

# Of these the lines are ours.
LINES = ("exception", "stack")
_ESCAPED = {False: re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]"), True: re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")}


def blot(text: str) -> str:
    """`text` without credentials, e-mail addresses, phone numbers and what PostgreSQL shows of rows."""
    for pattern, replacement in _BLOTS:
        text = pattern.sub(replacement, text)
    return text


def _blot_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _blotted(value) for key, value in event.items()}


def _blotted(value: object) -> object:
    if isinstance(value, str):
        return blot(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _blotted(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_blotted(item) for item in value]
    return blot(repr(value))


def _escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a terminal would obey is shown instead; tracebacks keep their lines."""
    return {
        key: _ESCAPED[key in LINES].sub(_escape, value) if isinstance(value, str) else value
        for key, value in event.items()
    }


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _drop_color_message(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.pop("color_message", None)  # uvicorn's second copy of the message
    return event


def _add_trace_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    ids = trace_ids()
    if ids is not None:
        event["trace_id"], event["span_id"] = ids
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        _add_trace_ids,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configure_logging(settings: Settings) -> None:
    """Send everything that this process logs through one format; call it again after a server set up its own."""
    shared = _shared_processors()
    level = settings.log_level.upper()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(logging_dictionary(settings))
    logging.captureWarnings(True)


def logging_dictionary(settings: Settings) -> dict[str, Any]:
    """The same for libraries that want a `logging.config` dictionary, such as granian's main process."""
    level = settings.log_level.upper()
    quiet = "DEBUG" if level == "DEBUG" else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_shared_processors(), _drop_color_message],
                "processors": _renderers(settings),
            }
        },
        "handlers": {"events": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "event"}},
        "root": {"level": level, "handlers": ["events"]},
        "loggers": {
            **{name: {"handlers": [], "propagate": True} for name in OWN_HANDLERS},
            **{name: {"handlers": [], "propagate": True, "level": quiet} for name in QUIET},
        },
    }


def _renderers(settings: Settings) -> list[Processor]:
    last: list[Processor] = [structlog.processors.JSONRenderer(ensure_ascii=False)]
    if settings.log_format == "console":
        # The tracebacks are plain: the pretty ones show the values of variables, which are full of people's data.
        pretty = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        last = [_escape_controls, pretty]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _blot_values,
        *last,
    ]
