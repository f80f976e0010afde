"""How a frame is shown: styled, so that one sees what is wrong, or plain."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kvlab.render.markup import SIGNS, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandas.io.formats.style import Styler

_KINDS = {
    "ok": ("valid", "verifies", "completed", "same", "as asked", "sent"),
    "now": ("pending", "inProgress", "added", "waiting"),
    "warn": (
        "not yet valid", "disabled", "overridden", "changed", "missing", "cancelled", "not checked", "no certificate",
        "WARNING", "NOTICE",
    ),
    "bad": (
        "expired", "fails", "unreadable", "dropped", "removed", "failed", "refused", "not renewed", "ERROR", "FATAL",
    ),
}  # fmt: skip
_OWN_SIGNS = {"dropped": "\N{MINUS SIGN}", "removed": "\N{MINUS SIGN}", "added": "+", "as asked": "=", "same": "="}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_STATES = frozenset({"status", "link", "change", "severity", "state", "news", "kind"})
_CODES = frozenset(
    {"value", "oid", "serial", "sha256", "version", "request_id", "detail", "object", "san", "public_key"}
)

_COLOURS = {
    "ok": ("--jp-success-color1,#2e7d32", 80, 11),
    "now": ("--jp-brand-color1,#1976d2", 86, 9),
    "warn": ("--jp-warn-color1,#f57c00", 62, 12),
    "bad": ("--jp-error-color1,#d32f2f", 76, 9),
}
"""A theme's colour, how much of it is in a sign, and in a tint: as in ``render/theme.css``."""

_INK, _PAPER = "var(--jp-ui-font-color0,#000)", "var(--jp-layout-color1,#fff)"
_CELL = "text-align:left;vertical-align:top;white-space:normal;overflow-wrap:break-word;max-width:360px"


def style(table: pd.DataFrame) -> Styler:
    """
    Return a table with a look: states with their sign and colour, times readable, codes in the type of code.

    Everything a pandas ``Styler`` can do goes on from here, ``to_html`` and ``to_excel`` too.

    Args:
        table: of ``kvlab.tables``, whole or in part.

    Raises:
        ImportError: Jinja, which pandas styles with, is not installed.
    """
    try:
        from pandas.io.formats.style import Styler  # noqa: PLC0415  needs Jinja
    except ImportError as error:
        raise ImportError('Styled tables need Jinja: pip install "kvlab[lab]".') from error
    frame = plain(table).reset_index(drop=True)
    # Without ids of cells, and with classes in their place, the same table is the same text in every run.
    styler = Styler(frame, uuid="kvlab", cell_ids=False)
    styler.format({name: _writer(str(name)) for name in frame.columns}, na_rep="")
    styler.set_td_classes(pd.DataFrame({name: _classes(frame[name]) for name in frame.columns}))
    return styler.set_table_styles(_rules()).hide(axis="index")


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as an ordinary pandas frame, with pandas' own look."""
    return pd.DataFrame(table)


def _writer(name: str) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%d %H:%M:%S} UTC"
        if isinstance(value, (bool, np.bool_)):
            return "yes" if value else "no"
        kind = _KIND_OF.get(value) if name in _STATES else None
        return f"<i>{_OWN_SIGNS.get(value, SIGNS[kind])}</i> {text(value)}" if kind else text(value)

    return write


def _classes(column: pd.Series) -> list[str]:
    name = str(column.name)
    if name in _STATES:
        return [f"kvs-{_KIND_OF[word]}" if word in _KIND_OF else "" for word in column.astype("object")]
    if name in _CODES:
        return ["kvs-code"] * len(column)
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    return ["kvs-number" if numeric else ""] * len(column)


def _rules() -> list[dict[str, Any]]:
    rules = [
        {"selector": "th, td", "props": _CELL},
        {"selector": "td.kvs-number", "props": "text-align:right"},
        {
            "selector": "td.kvs-code",
            "props": "font-family:var(--jp-code-font-family,monospace);font-size:12px;overflow-wrap:anywhere",
        },
        {"selector": ", ".join(f"td.kvs-{kind}" for kind in _COLOURS), "props": "white-space:nowrap"},
        {"selector": "td i", "props": "font-style:normal;font-weight:700"},
    ]
    for kind, (colour, solid, tint) in _COLOURS.items():
        mixed = "color-mix(in srgb,var({}) {}%,{})"
        rules += [
            {"selector": f"td.kvs-{kind}", "props": f"background:{mixed.format(colour, tint, _PAPER)}"},
            {"selector": f"td.kvs-{kind} i", "props": f"color:{mixed.format(colour, solid, _INK)}"},
        ]
    return rules
