"""Certificates side by side, and what became of a policy on its way to a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kvlab.tables.field import placed_fields
from kvlab.tables.frame import frame
from kvlab.tables.source import der_of, is_vault, objects_of
from kvlab.vault.comparison import Compared, compare_issued, compare_version
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.note import note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from kvlab.providers.provider import Override

    Cells = dict[tuple[str, str], tuple[str, str]]

POLICY_DTYPES = {
    "section": "category",
    "field": "string",
    "change": "category",
    "policy": "string",
    "csr": "string",
    "certificate": "string",
    "why": "string",
}
SIDES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def compare(
    *sources: Any, names: Sequence[str] | None = None, overrides: Iterable[Override] = (), version: str | None = None
) -> pd.DataFrame:
    """
    Lay certificates side by side, or a policy beside the request and the certificate that came of it.

    ``compare(a, b, …)`` takes two to eight certificates or requests, or chains of them, each as for ``fields``.
    ``compare(policy, csr, certificate)`` shows what the CA overrode; ``csr`` and ``certificate`` may be None.
    ``compare(vault, name)`` is the same for a certificate in a vault, with the reasons that its CA gave.

    Args:
        sources: see above; a policy is a ``CertificatePolicy`` or a mapping in the service's form.
        names: headings of the columns for ``compare(a, b, …)``; default ``first``, ``second``, ….
        overrides: reasons for ``compare(policy, csr, certificate)``, as ``vault.overrides`` has them.
        version: 32 hexadecimal digits, for ``compare(vault, name)``; the newest when left out.

    Returns:
        For certificates a frame with the columns

        - ``section``: category; as in ``fields``.
        - ``field``: string; several of one name are one row.
        - ``change``: category, from the first to the last: ``same``, ``changed``, ``added``, ``removed``; with more
          than two also ``changed`` where only one between them differs.
        - ``first``, ``second``, …: string, the values; <NA> where there is no such field.
        - ``note``: string; what the field is for.

        For a policy a frame with the columns

        - ``section``: category.
        - ``field``: string, such as ``subject O``, ``validity`` or ``keyUsage``.
        - ``change``: category: ``as asked``, ``overridden``, ``dropped``, ``added``; ``pending`` while nothing is
          signed.
        - ``policy``, ``csr``, ``certificate``: string, the values, comma-separated; <NA> where there is none.
        - ``why``: string; the reason, with its rule where that is known; <NA> where nothing was changed.

    Raises:
        X509Error, InvalidProperty: a source can not be read, or a policy asks for what can not be made.
        CertificateNotFound: 404.
        TypeError: it is something else; the message says what is allowed.
        ValueError: there are fewer than two certificates, more than eight, or not as many ``names``.
    """
    if sources and is_vault(sources[0]):
        if len(sources) != 2:
            raise TypeError("Which certificate of the vault? compare(vault, name).")
        return policy_frame(compare_version(*sources, version))
    if sources and isinstance(sources[0], (CertificatePolicy, Mapping)):
        return policy_frame(_of_policy(sources, overrides))
    return _side_by_side(sources, names)


def policy_frame(rows: Iterable[Compared]) -> pd.DataFrame:
    """Make the frame of ``compare(policy, csr, certificate)`` from its rows."""
    return frame(
        (
            (
                row.section,
                row.field,
                row.change,
                *(None if values is None else ", ".join(values) for values in row[3:6]),
                row.why or None,
            )
            for row in rows
        ),
        POLICY_DTYPES,
    )


def _of_policy(sources: tuple[Any, ...], overrides: Iterable[Override]) -> list[Compared]:
    if len(sources) != 3:
        raise TypeError("A policy is compared as compare(policy, csr, certificate); what there is none of is None.")
    policy, csr, certificate = sources
    return compare_issued(
        CertificatePolicy.read(policy, "policy"),
        None if csr is None else der_of(csr),
        None if certificate is None else der_of(certificate),
        overrides,
    )


def _side_by_side(sources: tuple[Any, ...], names: Sequence[str] | None) -> pd.DataFrame:
    if not 2 <= len(sources) <= len(SIDES):
        raise ValueError(f"Two to {len(SIDES)} certificates can be compared, not {len(sources)}.")
    headings = SIDES[: len(sources)] if names is None else tuple(names)
    if len(set(headings)) != len(sources) or {"section", "field", "change", "note"} & {*headings}:
        raise ValueError(f"There must be {len(sources)} different names that are no column's own, not {headings}.")
    cells = [_cells(source) for source in sources]
    dtypes = {
        "section": "category",
        "field": "string",
        "change": "category",
        **dict.fromkeys(headings, "string"),
        "note": "string",
    }
    rows = []
    for key in _in_order(cells):
        values = [cell[key][0] if key in cell else None for cell in cells]
        told = next(cell[key][1] for cell in cells if key in cell)
        rows.append((*key, _change(values), *values, told))
    return frame(rows, dtypes)


def _cells(source: Any) -> Cells:
    """Return (section, field) -> (value, note); what an extension consists of stands in its own value already."""
    cells: Cells = {}
    for section, field in placed_fields(objects_of(source)):
        if field.section == "extensions" and field.critical is None and field.name != "extensions":
            continue
        key = (section, field.name)
        value = f"critical, {field.value}" if field.critical else field.value
        before = cells.get(key)
        told = note(field.section, field.name, field.oid, field.critical)
        cells[key] = (value if before is None else f"{before[0]}, {value}", told)
    return cells


def _in_order(cells: list[Cells]) -> list[tuple[str, str]]:
    """Return all keys, section by section as they are first met."""
    sections: dict[str, dict[tuple[str, str], None]] = {}
    for key in (key for cell in cells for key in cell):
        sections.setdefault(key[0], {})[key] = None
    return [key for keys in sections.values() for key in keys]


def _change(values: list[str | None]) -> str:
    if len(set(values)) == 1:
        return "same"
    if values[0] is None:
        return "added"
    return "removed" if values[-1] is None else "changed"
