"""From templates to HTML: everything that is put into them is escaped, and nothing in them is a script or a style."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from src.modules.operations.figures import Overview
from src.modules.operations.page import words
from src.modules.operations.page.assets import address
from src.modules.operations.page.charts import Chart, number

TEMPLATES = Path(__file__).parent / "templates"
FIRST_LINE_LENGTH = 160
QUARTER_S = 15
# What htmx may not do here: the policy forbids inline styles and evaluation. Refusals are shown like anything else.
HTMX = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "disableInheritance": True,
    "historyEnabled": False,
    # Else what was put into the page is a plain form for a moment.
    "defaultSettleDelay": 0,
    "responseHandling": [{"code": "204", "swap": False}, {"code": "...", "swap": True}],
}
# Parts of the page that the stream keeps up to date, each from a template of its name.
LIVE = ("status", "vitals", "queues", "deliveries", "processes")


def render(template: str, **values: Any) -> str:
    """The template with these values."""
    return _environment().get_template(f"{template}.html").render(**values)


def live_parts(overview: Overview) -> dict[str, str]:
    """The parts of the page that tell how things are now."""
    values = live_values(overview)
    return {name: render(name, **values) for name in LIVE}


def live_values(overview: Overview) -> dict[str, Any]:
    """What these parts are made of."""
    return {"it": overview, "served": words.served(overview), "told": words.told(overview)}


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "count": words.count,
        "rate": words.rate,
        "share": words.share,
        "duration": words.duration,
        "coarse": _coarse,
        "ms": words.milliseconds,
        "size": words.size,
        "clock": words.clock,
        "short": number,
        "first_line": _first_line,
        "json": _json,
        "points": _points,
    }
    made.globals |= {"asset": address, "htmx_config": msgspec.json.encode(HTMX).decode()}
    return made


def _coarse(seconds: float | None) -> str:
    """A duration that need not be written anew all the time."""
    if seconds is None or seconds >= words.MINUTE:
        return words.duration(None if seconds is None else seconds // words.MINUTE * words.MINUTE)
    return words.duration(seconds // QUARTER_S * QUARTER_S) if seconds >= QUARTER_S else f"under {QUARTER_S} s"


def _first_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    # Python tells at the end what went wrong.
    line = lines[-1].strip() if lines else words.UNKNOWN
    return line if len(line) <= FIRST_LINE_LENGTH else f"{line[:FIRST_LINE_LENGTH]}\N{HORIZONTAL ELLIPSIS}"


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _points(chart: Chart) -> str:
    """The numbers of a chart for the script that reads them out under the pointer."""
    told = {"from": chart.starts_at, "step": chart.step_s, "lines": [line.values for line in chart.lines]}
    return msgspec.json.encode(told).decode()
