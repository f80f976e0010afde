"""What pkilint finds wrong with a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.tables.field import der_of
from kvlab.tables.frame import frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from kvlab.tables.field import Source

DTYPES = {"severity": "category", "code": "string", "where": "string", "message": "string"}


def lint(source: Source) -> pd.DataFrame:
    """
    Check a certificate against RFC 5280 with pkilint (the extra ``lint``).

    The vault obeys a policy that asks for what RFC 5280 forbids, as the service does; here is where it shows.

    Args:
        source: as for ``fields``.

    Returns:
        A frame, one row a finding, in the order of the certificate's parts, with the columns

        - ``severity``: category: ``FATAL``, ``ERROR``, ``WARNING``, ``NOTICE``, ``INFO``.
        - ``code``: string, pkilint's name of the rule.
        - ``where``: string, the part of the certificate.
        - ``message``: string; ``<NA>`` where the code says it all.

    Raises:
        X509Error: there is no certificate in it.
        ModuleNotFoundError: pkilint is not installed.
    """
    return frame(_findings(der_of(source)), DTYPES)


def _findings(der: bytes) -> Iterator[tuple[str, str, str, str | None]]:
    from pkilint import loader  # noqa: PLC0415  an optional package, and a second of imports

    for result in _rules().validate(loader.load_certificate(der, "certificate").root):
        for found in result.finding_descriptions:
            yield found.finding.severity.name, found.finding.code, str(result.node.path), found.message or None


def _rules() -> Any:
    from pkilint.pkix import certificate, extension, name  # noqa: PLC0415

    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
        ],
    )
