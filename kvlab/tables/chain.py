"""A chain, link by link."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kvlab.clock import SystemClock
from kvlab.tables.frame import INSTANT, frame
from kvlab.tables.source import certificates_of, is_vault
from kvlab.x509.path import Step, check_chain

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


DTYPES = {
    "number": "Int64",
    "role": "category",
    "subject": "string",
    "issuer": "string",
    "issued_by": "Int64",
    "link": "category",
    "signature": "boolean",
    "names": "boolean",
    "key_identifier": "boolean",
    "ca": "boolean",
    "path_length": "boolean",
    "valid": "boolean",
    "not_before": INSTANT,
    "not_after": INSTANT,
    "why": "string",
    "sha256": "string",
}


def chain(
    source: Any, name: str | None = None, version: str | None = None, *, at: datetime | None = None
) -> pd.DataFrame:
    """
    Put certificates into order, leaf first, and tell which link holds, which fails, and why.

    Args:
        source: certificates in any order, as for ``fields``; or a vault, and the ``name`` of a certificate in it.
        name: and ``version`` (32 hexadecimal digits; the newest when left out): only with a vault.
        at: aware; when they should be valid. Default: now, by the vault's clock or the system's.

    Returns:
        A frame, one row a certificate; after the chain what belongs to no link of it, and what can not be read; with
        the columns

        - ``number``: Int64, from 1, the leaf's.
        - ``role``: category: ``leaf``, ``intermediate``, ``root``, ``unrelated``, ``unreadable``.
        - ``subject``, ``issuer``: string.
        - ``issued_by``: Int64, the number of its issuer, its own if self-signed; <NA> where that is missing.
        - ``link``: category, the verdict on it and the link to its issuer: ``verifies``, ``fails``, ``missing``,
          ``not checked`` (a signature of a kind that can not be computed). Names outside the name constraints above it
          and a critical extension that no verifier knows make it fail too, and ``why`` tells of them.
        - ``signature``, ``names``, ``key_identifier``, ``ca``, ``path_length``, ``valid``: boolean, one for each check
          (the issuer's key verifies the signature; the issuer's subject is the issuer name; the key identifiers agree;
          the issuer may sign certificates; no more CAs stand below the issuer than it allows; valid at ``at``); <NA>
          where there is nothing to check.
        - ``not_before``, ``not_after``: datetime64[s, UTC].
        - ``why``: string; a sentence for each check that fails or could not be made; <NA> where all is well.
        - ``sha256``: string, lower-case hexadecimal, of the DER.

    Raises:
        X509Error: there is no certificate in it.
        CertificateNotFound: 404.
        ForbiddenByPolicy, ForbiddenByRbac: 403.
        OSError: the file can not be read.
        TypeError: it is something else; the message says what is allowed.
    """
    if is_vault(source):
        if name is None:
            raise TypeError("The chain of which certificate? chain(vault, name).")
        certificates, faults, now = source.chain(name, version), list[str](), source.clock.now()
    else:
        certificates, faults = certificates_of(source)
        now = SystemClock().now()
    steps = [*check_chain(certificates, at or now), *(Step(b"", "unreadable", reasons=(fault,)) for fault in faults)]
    return frame((_row(number, step) for number, step in enumerate(steps, start=1)), DTYPES)


def _row(number: int, step: Step) -> tuple[object, ...]:
    summary = step.summary
    return (
        number,
        step.role,
        (summary and summary.subject) or None,
        (summary and summary.issuer) or None,
        None if step.issuer_index is None else step.issuer_index + 1,
        step.verdict,
        step.signature,
        step.name,
        step.key_identifier,
        step.ca,
        step.path_length,
        step.valid,
        summary and summary.not_before,
        summary and summary.not_after,
        " ".join(step.reasons) or None,
        sha256(step.der).hexdigest() if step.der else None,
    )
