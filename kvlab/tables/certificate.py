"""The certificates of a vault, a folder, a file or any iterable."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from kvlab.clock import SystemClock
from kvlab.errors import CertificateNotFound
from kvlab.tables.frame import INSTANT, frame
from kvlab.tables.progress import follower
from kvlab.tables.source import how_many, is_vault, read_items, readable
from kvlab.x509.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from kvlab.tables.frame import Table
    from kvlab.tables.progress import Progress
    from kvlab.tables.source import Follow
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.x509.file import Found

    Row = tuple[Any, ...]

DTYPES = {
    "name": "string",
    "subject": "string",
    "san": "string",
    "not_after": INSTANT,
    "days_left": "Int64",
    "key_type": "category",
    "key_size": "Int64",
    "issuer": "string",
    "enabled": "boolean",
    "status": "category",
    "version": "string",
    "serial": "string",
    "sha256": "string",
    "self_signed": "boolean",
    "ca": "boolean",
    "problems": "string",
}

BATCH_ROWS = 10_000
_DAY = 86_400


def certificates(source: object, *, progress: Progress = None) -> pd.DataFrame:
    """
    List certificates, one a row: those of a vault with their newest version, or those in files of any kind.

    Nothing that is met on the way raises: what can not be read is a row that says so in ``problems``.

    Args:
        source: a vault (used as a principal that may list and get certificates); a ``pathlib.Path`` of a folder (with
            all below it), or of a PEM, DER, P7B or PFX file (a PFX without a password); PEM text; or an iterable of
            DER octets or of whatever ``fields`` takes, or a mapping of names to it.
        progress: True for a bar in a notebook, or a callable of two numbers: done, and of how many (None where that is
            not known).

    Returns:
        A frame with the columns

        - ``name``: string; in the vault, the path in the folder, the key in the mapping, or the place in the iterable
          (from 1); with ``#2`` for the second certificate in a file.
        - ``subject``: string; <NA> where there is none.
        - ``san``: string; the other names, comma-separated, each with its kind.
        - ``not_after``: datetime64[s, UTC].
        - ``days_left``: Int64, whole days at ``vault.clock.now()``, for files by the system's clock; negative once it
          is over.
        - ``key_type``: category, ``RSA``, ``EC``, ``Ed25519``, …; ``key_size``: Int64, bits.
        - ``issuer``: string; who signed, from the certificate.
        - ``enabled``: boolean; <NA> outside a vault.
        - ``status``: category: ``valid``, ``expired``, ``not yet valid``; in a vault also ``disabled``, or ``pending``
          while there is no version, and most other columns are <NA>; in files also ``no certificate`` and
          ``unreadable``.
        - ``version``: string, 32 hexadecimal digits; <NA> outside a vault. ``serial``: string, upper-case hexadecimal.
        - ``sha256``: string, lower-case hexadecimal, of the DER.
        - ``self_signed``: boolean, subject and issuer are the same name; ``ca``: boolean.
        - ``problems``: string; what is wrong, one phrase after another: over or not begun, a weak key or signature, a
          common name that is not among the alternative names, what is malformed or against RFC 5280, or why it can not
          be read; <NA> where all is well.

    Raises:
        ForbiddenByPolicy, ForbiddenByRbac: 403.
        OSError: the path itself is not there, or closed to you.
        TypeError: the source is nothing of that kind.
    """
    return frame(rows_of(source, progress), DTYPES)


def batches(source: object, *, rows: int = BATCH_ROWS, progress: Progress = None) -> Iterator[Table]:
    """
    Read a large corpus bit by bit: the table of ``certificates`` in pieces, of which one at a time is held.

    Args:
        source: and ``progress``: as for ``certificates``.
        rows: of one piece, at least 1.

    Returns:
        Frames with the columns of ``certificates``; none for an empty source.

    Raises:
        ValueError: ``rows`` is less than 1.
        ForbiddenByPolicy, ForbiddenByRbac, OSError, TypeError: as ``certificates``.
    """
    if rows < 1:
        raise ValueError(f"A batch has at least one row, not {rows}.")
    left = rows_of(source, progress)
    while piece := list(islice(left, rows)):
        yield frame(piece, DTYPES)


def rows_of(source: object, progress: Progress) -> Iterator[Row]:
    """Go through the rows of ``certificates`` one by one."""
    if is_vault(source):
        names = [item.id.rsplit("/", 1)[1] for item in source.get_certificates(include_pending=True)]
        return _vault_rows(source, names, follower(progress, len(names)))
    return _file_rows(source, follower(progress, how_many(source) if progress else None))


def _vault_rows(vault: Vault, names: list[str], follow: Follow | None) -> Iterator[Row]:
    now = int(vault.clock.now().timestamp())
    for name in names if follow is None else follow(names):
        try:
            bundle = vault.get_certificate(name)
        except CertificateNotFound:
            # Somebody has deleted it since the list was made.
            continue
        yield _pending_row(name, bundle) if bundle.cer is None else _version_row(name, bundle, bundle.cer, now)


def _file_rows(source: object, follow: Follow | None) -> Iterator[Row]:
    now = int(SystemClock().now().timestamp())
    for name, found in read_items(source, follow):
        yield _file_row(name, found, now)


def _pending_row(name: str, bundle: CertificateBundle) -> Row:
    props = bundle.policy.x509_props if bundle.policy else None
    known = {"name": name, "subject": (props.subject if props else None) or None, "status": "pending"}
    return tuple({**dict.fromkeys(DTYPES), **known}.values())


def _version_row(name: str, bundle: CertificateBundle, der: bytes, now: int) -> Row:
    version = bundle.id.rsplit("/", 1)[1]
    row = _file_row(name, readable(der), now)
    enabled = bundle.attributes.enabled
    return (*row[:8], enabled, "disabled" if enabled is False else row[9], version, *row[11:])


def _file_row(name: str, found: Found, now: int) -> Row:
    if found.fault or found.kind not in ("certificate", "request"):
        return _faulty_row(name, found)
    (
        subject, san, not_before, not_after, key_type, key_size, issuer, serial, self_signed, ca, problems,
    ) = summarize(found.fields)  # fmt: skip
    status = _status(not_before, not_after, now) if found.kind == "certificate" else "no certificate"
    if status != "valid":
        first = {None: "no time that can be read", "no certificate": "a request, not a certificate"}
        problems = (first.get(status) or str(status), *problems)
    return (
        name,
        subject or None,
        san or None,
        not_after,
        None if not_after is None else (not_after - now) // _DAY,
        key_type or None,
        key_size,
        issuer or None,
        None,
        status,
        None,
        serial or None,
        sha256(found.der).hexdigest(),
        self_signed,
        ca,
        "; ".join(problems) or None,
    )


def _faulty_row(name: str, found: Found) -> Row:
    if found.fault:
        status, problem = "unreadable", f"unreadable: {found.fault}"
    else:
        what = f"{found.fields[0].value}" if found.kind == "other" else f"a {found.kind}"
        status, problem = "no certificate", f"no certificate: {what}"
    return tuple({**dict.fromkeys(DTYPES), "name": name, "status": status, "problems": problem}.values())


def _status(not_before: int | None, not_after: int | None, now: int) -> str | None:
    if not_after is not None and not_after <= now:
        return "expired"
    if not_before is not None and not_before > now:
        return "not yet valid"
    return None if not_after is None or not_before is None else "valid"
