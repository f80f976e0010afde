"""Where the private key is and what travels, for each way to a certificate: the small drawings on a form's cards."""

from __future__ import annotations

_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" width="92" height="28" viewBox="0 0 92 28" aria-hidden="true">'
_ARROW = 'fill="none" stroke="var(--kv-now)" stroke-width="1.6" stroke-linecap="round"'


def _box(x: int) -> str:
    return f'<rect x="{x}" y="3" width="26" height="22" rx="4" fill="none" stroke="var(--kv-ctl)" stroke-width="1.5"/>'


def _key(x: int) -> str:
    ink = 'fill="none" stroke="var(--kv-key-ink)" stroke-width="1.3"'
    return (
        f'<rect x="{x + 5}" y="9" width="16" height="10" rx="5" fill="var(--kv-key)"/>'
        f'<circle cx="{x + 10}" cy="14" r="2" {ink}/><path d="M{x + 12} 14h5" {ink}/>'
    )


def _arrow(start: int, end: int, y: int) -> str:
    back = 5 if end < start else -5
    line = f'<path d="M{start} {y}H{end + back}" {_ARROW}/>'
    return f'{line}<path d="M{end} {y}l{back} -3.5v7z" fill="var(--kv-now)"/>'


METHOD_PICTURES = {
    "Self": _OPEN + _box(1) + _key(1)
    + f'<path d="M27 9c12 -2 12 12 1 10" {_ARROW}/><path d="M27.5 19l5.5 -3v6.5z" fill="var(--kv-now)"/></svg>',
    "Unknown": _OPEN + _box(1) + _key(1) + _box(61)
    + '<circle cx="44" cy="14" r="5.5" fill="none" stroke="var(--kv-ctl)" stroke-width="1.5"/>'
    + _arrow(28, 38, 10) + _arrow(50, 59, 10) + _arrow(60, 52, 18) + _arrow(38, 30, 18) + "</svg>",
    "known": _OPEN + _box(1) + _key(1) + _box(61) + _arrow(28, 59, 10) + _arrow(60, 30, 18) + "</svg>",
    "import": _OPEN + _box(1) + _key(60) + _arrow(62, 30, 14) + "</svg>",
}  # fmt: skip
"""Method of the form -> its drawing, in the page's own colours."""
