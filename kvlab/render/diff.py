"""What was asked, requested and signed, side by side; as HTML that needs no kernel, and as text."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from kvlab.render.markup import seed_pill, style_of, stylesheet, text
from kvlab.vault.comparison import ONLY_ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kvlab.vault.comparison import Change, Compared, Values


class _Look(NamedTuple):
    """How a change is drawn: its class, its sign, and its word."""

    css: str
    sign: str
    word: str


_LOOKS: dict[Change, _Look] = {
    "overridden": _Look("o", "≠", "overridden"),
    "dropped": _Look("d", "\N{MINUS SIGN}", "dropped"),
    "added": _Look("a", "+", "added"),
    "as asked": _Look("s", "=", "as asked"),
    "pending": _Look("s", "◌", "not signed yet"),
}

_LABELS = {
    "subject CN": "Common name",
    "subject O": "Organization",
    "subject OU": "Organizational unit",
    "subject L": "Locality",
    "subject S": "State or province",
    "subject C": "Country",
    "subject E": "Email",
    "subject SERIALNUMBER": "Registration number",
    "subjectAltName": "Alternative names",
    "validity": "Length",
    "public key": "Public key",
    "keyUsage": "Key usage",
    "extendedKeyUsage": "Extended key usage",
    "basicConstraints": "Basic constraints",
    "issuer": "Issuer",
    "serialNumber": "Serial number",
    "certificatePolicies": "Certificate policies",
    "authorityKeyIdentifier": "Issuer's key identifier",
    "subjectKeyIdentifier": "Own key identifier",
    "authorityInfoAccess": "Issuer's addresses",
    "cRLDistributionPoints": "Revocation lists",
    "signedCertificateTimestampList": "Log receipts",
    "cert_transparency": "Public log",
}
_HEADS = (
    ("Policy", "what you asked the vault", ""),
    ("CSR", "what the vault asked the issuer", "csr"),
    ("Certificate", "what the issuer signed", ""),
)
_LONGEST = 240
_BRACKETS = re.compile(r"\(([^()]*)\)")


class Heading(NamedTuple):
    """
    What a comparison is of.

    Attributes:
        name: of the certificate.
        facts: short, such as ``version 1a2b3c4d…``.
        seeded: whether the vault is.
        note: one sentence, below the table; empty for none.
    """

    name: str
    facts: Sequence[str]
    seeded: bool = False
    note: str = ""


def diff_html(rows: Sequence[Compared], heading: Heading) -> str:
    """Return a comparison as HTML; the chips on top show one kind of change at a time."""
    facts = " · ".join(["certificate <b>" + text(heading.name) + "</b>", *map(text, heading.facts)])
    head = (
        '<div class="kvr-head"><div class="kvr-grow"><b class="kvr-title">What you asked, what was requested, what you '
        f'got</b><div class="kvr-sub">{facts}</div></div>{seed_pill() if heading.seeded else ""}</div>'
    )
    form = f"<form>{_chips(rows)}{_table(rows)}</form>"
    styles = stylesheet() + style_of("diff.css")
    return f'{styles}<div class="kvr kvr-card kvr-diff">{head}{form}{_foot(rows, heading)}</div>'


def diff_text(rows: Sequence[Compared], heading: Heading) -> str:
    """Return a comparison as lines: what differs, then how many fields are as they were asked for."""
    changed = [row for row in rows if row.change not in ("as asked", "pending")]
    lines = [f"{heading.name}: what you asked, what was requested, what you got"]
    for row in changed:
        look = _LOOKS[row.change]
        lines.append(
            f"  {look.sign} {label(row.field)}: {_plain(row.policy)} → {_plain(row.certificate)}  ({look.word})"
        )
    rest = len(rows) - len(changed)
    word = "as asked" if any(row.change == "as asked" for row in rows) else "not signed yet"
    return "\n".join([*lines, f"  = {rest} {word}"])


def label(field: str) -> str:
    """Return a field's name for people; RFC 5280's word where there is none."""
    return _LABELS.get(field, field)


def _chips(rows: Sequence[Compared]) -> str:
    chips = [_chip("all", f"All <b>{len(rows)}</b>", "checked")]
    for change, look in _LOOKS.items():
        if count := sum(row.change == change for row in rows):
            chips.append(_chip(look.css, f'<i class="kvd-sign">{look.sign}</i><b>{count}</b> {look.word}'))
    return f'<div class="kvd-chips" role="radiogroup" aria-label="Which fields are shown">{"".join(chips)}</div>'


def _chip(css: str, words: str, checked: str = "") -> str:
    # JupyterLab has a use of its own for the arrow keys, and only an attribute of the very control keeps it off them.
    control = f'<input type="radio" name="kind" value="{css}" data-lm-suppress-shortcuts="true" {checked}>'
    return f'<label class="{css}">{control}{words}</label>'


def _table(rows: Sequence[Compared]) -> str:
    heads = "".join(f'<th scope="col" class="{css}">{title}<small>{small}</small></th>' for title, small, css in _HEADS)
    bodies = "".join(_section(name, list(members)) for name, members in groupby(rows, key=lambda row: row.section))
    return (
        '<table class="kvd"><colgroup><col class="mk"><col class="fd"><col><col class="csr"><col></colgroup><thead><tr>'
        f'<th class="mk"></th><th scope="col" class="fd">Field</th>{heads}</tr></thead>{bodies}</table>'
    )


def _section(name: str, rows: list[Compared]) -> str:
    kinds = " ".join(sorted({_LOOKS[row.change].css for row in rows}))
    head = f'<tr class="g {kinds}"><th scope="colgroup" colspan="5">{text(name[:1].upper() + name[1:])}</th></tr>'
    following = [*rows[1:], None]
    body = "".join(
        # What holds for several that stand together is said once, below the last of them.
        _row(row, with_reason=after is None or (row.why, row.change) != (after.why, after.change))
        for row, after in zip(rows, following, strict=True)
    )
    return f"<tbody>{head}{body}</tbody>"


def _row(row: Compared, *, with_reason: bool) -> str:
    look = _LOOKS[row.change]
    cells = (
        f'<td class="mk"><i class="kvd-sign" aria-hidden="true">{look.sign}</i><span class="kvd-hidden">{look.word}'
        f'</span></td><th scope="row" class="fd" title="{text(row.field)}">{text(label(row.field))}</th>'
        f'<td class="v">{_asked(row)}</td><td class="v csr">{_requested(row)}</td><td class="v">{_signed(row)}</td>'
    )
    why = ""
    if row.why and row.why != ONLY_ISSUER and with_reason:
        folded = "" if row.csr is None else f'<span class="folded">CSR: {text(_plain(row.csr))}</span>'
        why = (
            f'<tr class="w {look.css}"><td class="mk"></td><td class="fd"></td><td colspan="3">{_sentence(row.why)}'
            f"{folded}</td></tr>"
        )
    return f'<tr class="{look.css}">{cells}</tr>{why}'


def _asked(row: Compared) -> str:
    return "<i>—</i>" if row.policy is None else _values(row.policy, row.certificate, row.change)


def _requested(row: Compared) -> str:
    if row.csr is None:
        return "<i>not in a CSR</i>" if row.field == "validity" else "<i>—</i>"
    return "<i>same</i>" if row.csr == row.policy else _values(row.csr, row.certificate, row.change)


def _signed(row: Compared) -> str:
    if row.change == "pending":
        return "<i>not signed yet</i>"
    if row.certificate is None:
        return '<span class="gone">dropped</span>'
    if row.change == "as asked":
        return "<i>same</i>"
    asked = row.csr if row.policy is None else row.policy
    return "".join(_value(value, "b" if value not in (asked or ()) else "") for value in row.certificate)


def _values(values: Values, kept: Values | None, change: Change) -> str:
    if change in ("as asked", "pending"):
        return "".join(_value(value, "") for value in values)
    return "".join(_value(value, "" if value in (kept or ()) else "s") for value in values)


def _value(value: str, mark: str) -> str:
    shown = text(value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…")
    return f"<span><{mark}>{shown}</{mark}></span>" if mark else f"<span>{shown}</span>"


def _plain(values: Values | None) -> str:
    return "—" if values is None else ", ".join(values)


def _sentence(why: str) -> str:
    """Return a reason as a sentence, with the rule it comes from in the second colour."""
    whole = text(why[:1].upper() + why[1:]).rstrip(".") + "."
    return _BRACKETS.sub(r"<em>(\1)</em>", whole)


def _foot(rows: Iterable[Compared], heading: Heading) -> str:
    changed = any(row.change in ("overridden", "dropped") for row in rows)
    first = (
        "The issuer has the last word, and the vault merges what it gets: only the public key must match. "
        "<b>The policy is not rewritten.</b>"
        if changed
        else ""
    )
    notes = " ".join(filter(None, (first, text(heading.note))))
    return f'<div class="kvr-note">{notes}</div>' if notes else ""
