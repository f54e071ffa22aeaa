"""Logs: one line an event, JSON in production and readable elsewhere, never with personal data."""

import logging.config
import re
from typing import Any

import structlog

EMAIL = re.compile(r"[^\s@<>\"'=:,;]+@[\w-]+(?:\.[\w-]+)+")
# Order links, payment references and password reset keys are secrets: long path segments that are not words.
PATH_TOKEN = re.compile(r"(?<=/)(?=[^/?\s'\"]*[0-9A-Z_])[A-Za-z0-9_-]{16,}(?=[/?\s'\"]|$)")
QUERY = re.compile(r"(?<=/)\?[^\s'\"]+")


def mask_personal_data(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace mail addresses, unguessable links and query strings in every text of an event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask(value)
    return event


def mask(text: str) -> str:
    """`text` without mail addresses, unguessable links and query strings.

    >>> mask("GET /orders/Zk3vQ9xT1mB7cD5eF2gH/?mail=anna@example.com")
    'GET /orders/…/?…'
    """
    return EMAIL.sub("…@…", PATH_TOKEN.sub("…", QUERY.sub("?…", text)))


def configure_logging(*, as_json: bool, debug: bool) -> None:
    """Send structlog's and the standard library's records through the same processors to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    details = "INFO" if debug else "WARNING"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": _formatter(shared, as_json=as_json)},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": "INFO"},
            "loggers": {
                # Every 404 and 403 is in the request log already.
                "django.request": {"level": "ERROR"},
                "django.server": {"handlers": ["stderr"], "level": details, "propagate": False},
                "procrastinate": {"level": details},
                "httpx": {"level": "WARNING"},
            },
        }
    )


def _formatter(shared: list[structlog.typing.Processor], *, as_json: bool) -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Rendered first, so that the text of a traceback is masked as well.
            structlog.processors.format_exc_info,
            mask_personal_data,
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if as_json
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
    }
