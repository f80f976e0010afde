"""The fields of one certificate or request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.errors import UnreadableContainer, X509Error
from kvlab.tables.frame import frame
from kvlab.tables.note import note
from kvlab.wire.certificate import CertificateBundle
from kvlab.wire.operation import CertificateOperation
from kvlab.x509.container import load_certificates, load_request
from kvlab.x509.explain import explain

if TYPE_CHECKING:
    import pandas as pd

    Source = (
        CertificateBundle
        | CertificateOperation
        | x509.Certificate
        | x509.CertificateSigningRequest
        | bytes
        | str
        | Path
    )

DTYPES = {
    "section": "category",
    "field": "string",
    "value": "string",
    "oid": "string",
    "critical": "boolean",
    "offset": "Int64",
    "length": "Int64",
    "note": "string",
    "problem": "string",
}


def fields(source: Source) -> pd.DataFrame:
    """
    Lay out a certificate or request, one row a field, in the order of its bytes.

    Args:
        source: a certificate of the vault, a pending operation (its request), a ``cryptography`` certificate or
            request, DER octets, PEM text or octets, or the path of such a file. Of several certificates the first.

    Returns:
        A frame with the columns

        - ``section``: category; ``certificate``, ``issuer``, ``validity``, ``subject``, ``public key``,
          ``extensions``, ``signature``, …
        - ``field``: string; RFC 5280's word.
        - ``value``: string; safe to show.
        - ``oid``: string, dotted; ``<NA>`` for a field without one.
        - ``critical``: boolean; ``<NA>`` for what is no extension.
        - ``offset``: Int64, octets from the start of the DER; ``<NA>`` for a field without octets of its own.
        - ``length``: Int64, octets, with tag and length octets.
        - ``note``: string; one sentence on what the field is for; empty where there is none.
        - ``problem``: string; what is malformed or against RFC 5280; ``<NA>`` where all is well.

    Raises:
        X509Error: there is no certificate and no request in it.
        TypeError: it is something else.
    """
    return frame(
        (
            (
                found.section,
                found.name,
                found.value,
                found.oid,
                found.critical,
                found.offset,
                found.length,
                note(found.section, found.name, found.oid),
                found.problem,
            )
            for found in explain(der_of(source))
        ),
        DTYPES,
    )


def der_of(source: Source) -> bytes:
    """
    Return the DER of whatever shows a certificate or request.

    Raises:
        X509Error: there is none in it.
        TypeError: it is something else.
    """
    if isinstance(source, CertificateBundle):
        if source.cer is None:
            raise UnreadableContainer("There is no certificate yet: the first version is pending.")
        return source.cer
    if isinstance(source, CertificateOperation):
        return source.csr
    if isinstance(source, (x509.Certificate, x509.CertificateSigningRequest)):
        return source.public_bytes(Encoding.DER)
    if isinstance(source, Path):
        return _in_file(source.read_bytes())
    if isinstance(source, (bytes, bytearray, str)):
        return _in_file(source if isinstance(source, str) else bytes(source))
    raise TypeError(f"A certificate, a request, DER, PEM or a Path has fields, not {type(source).__name__}.")


def _in_file(data: bytes | str) -> bytes:
    if isinstance(data, bytes) and data[:1] == b"\x30":
        # Also DER that no library loads: the table shows what can be read of it.
        return data
    try:
        return load_certificates(data)[0]
    except X509Error:
        return load_request(data)
