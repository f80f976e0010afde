"""What pkilint finds wrong with a certificate."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from kvlab.errors import UnreadableContainer
from kvlab.tables.frame import frame
from kvlab.tables.source import objects_of
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from kvlab.tables.source import Source

Rules = Literal["pkix", "cabf"]
Row = tuple[str, str, str, str | None]

RULES = get_args(Rules)
_LONGEST = 300

DTYPES = {"severity": "category", "code": "string", "where": "string", "message": "string"}


def lint(source: Source, rules: Rules = "pkix") -> pd.DataFrame:
    """
    Check a certificate with pkilint (the extra ``lint``).

    The vault obeys a policy that asks for what RFC 5280 forbids, as the service does; here is where it shows.

    Args:
        source: as for ``fields``.
        rules: ``pkix``: RFC 5280; ``cabf``: what the CA/Browser Forum asks of publicly trusted TLS certificates and of
            their CAs, by the kind of certificate that it shows to be.

    Returns:
        A frame, one row a finding, in the order of the certificate's parts (one that pkilint can not read has a finding
        that says so), with the columns

        - ``severity``: category: ``FATAL``, ``ERROR``, ``WARNING``, ``NOTICE``, ``INFO``.
        - ``code``: string, pkilint's name of the rule.
        - ``where``: string, the part of the certificate; of several certificates with the place before it.
        - ``message``: string; ``<NA>`` where the code says it all.

    Raises:
        X509Error: there is no certificate in it.
        OSError, TypeError: as ``fields``.
        ModuleNotFoundError: pkilint is not installed.
        ValueError: there are no such rules.
    """
    if rules not in RULES:
        raise ValueError(f"The rules are {' or '.join(RULES)}, not {rules!r}.")
    ders = [found.der + found.rest for found in objects_of(source) if found.kind == "certificate" and not found.fault]
    if not ders:
        raise UnreadableContainer("This is a request; only certificates are checked.")
    places = [f"{number}: " for number in range(1, len(ders) + 1)] if len(ders) > 1 else [""]
    rows = ((place, row) for place, der in zip(places, ders, strict=True) for row in _checked(der, rules))
    return frame(((severity, code, f"{place}{where}", told) for place, (severity, code, where, told) in rows), DTYPES)


def _checked(der: bytes, rules: Rules) -> list[Row]:
    _require_pkilint()
    try:
        return list(_findings(der, rules))
    except Exception as error:  # noqa: BLE001  a damaged certificate makes pkilint and its parser fail in any way
        return [("FATAL", "kvlab.not_checked", "certificate", f"pkilint fails on it: {visible(str(error))[:_LONGEST]}")]


def _require_pkilint() -> None:
    try:
        import pkilint  # noqa: F401, PLC0415  an optional package
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError('Linting needs pkilint: pip install "kvlab[lint]".') from error


def _findings(der: bytes, rules: Rules) -> Iterator[Row]:
    from pkilint import finding_filter, loader  # noqa: PLC0415  an optional package, and a second of imports

    certificate = loader.load_certificate(der, "certificate")
    if rules == "pkix":
        results = _pkix_rules().validate(certificate.root)
    else:
        container, filters = _forum_rules(_forum_kind(certificate))
        results, _ = finding_filter.filter_results(filters, container.validate(certificate.root))
    for result in results:
        for found in result.finding_descriptions:
            yield found.finding.severity.name, found.finding.code, str(result.node.path), found.message or None


@cache
def _pkix_rules() -> Any:
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


def _forum_kind(certificate: Any) -> Any:
    from pkilint.cabf import serverauth  # noqa: PLC0415

    return serverauth.determine_certificate_type(certificate)


@cache
def _forum_rules(kind: Any) -> tuple[Any, Any]:
    from pkilint.cabf import serverauth  # noqa: PLC0415
    from pkilint.pkix import certificate  # noqa: PLC0415

    container = certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(kind)
    )
    # Findings of RFC 5280 that the Forum's requirements replace are left out, as pkilint's own command does.
    return container, serverauth.create_serverauth_finding_filters(kind)
