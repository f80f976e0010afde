"""What people ask first of a certificate, picked out of its fields in one pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kvlab.x509.field import Field

_WANTED = frozenset(
    {
        ("certificate", "serialNumber"),
        ("certificate", "signature"),
        ("issuer", "issuer"),
        ("validity", "notBefore"),
        ("validity", "notAfter"),
        ("subject", "subject"),
        ("subject", "commonName"),
        ("public key", "subjectPublicKeyInfo"),
        ("public key", "keySize"),
        ("extensions", "subjectAltName"),
        ("extensions", "cA"),
        ("signature", "hashAlgorithm"),
    }
)
_NAMES = frozenset(name for _, name in _WANTED)

_BROKEN_HASHES = (("md2", "MD2"), ("md4", "MD4"), ("md5", "MD5"), ("sha1", "SHA-1"))
_LEAST_BITS = {"RSA": 2048, "RSASSA-PSS": 2048, "DSA": 2048, "EC": 224}
_MOST_SENTENCES = 8


class Summary(NamedTuple):
    """
    One certificate or request in a line.

    Attributes:
        subject: as Key Vault writes it, ``CN=contoso.com, O=Contoso``; and ``issuer``, empty for a request.
        san: every alternative name with its kind, ``dNSName: contoso.com, iPAddress: 10.0.0.1``; empty without.
        not_before: and ``not_after``: epoch seconds; None where there is no time that can be read.
        key_type: ``RSA``, ``EC``, ``Ed25519``, …; empty where it can not be read.
        key_size: bits; None where the kind of key says it all.
        serial: upper-case hex.
        self_signed: subject and issuer are the same name.
        ca: ``cA`` of basicConstraints.
        problems: one phrase for each thing that is malformed, against RFC 5280, or weak, whatever the time.
    """

    subject: str
    san: str
    not_before: int | None
    not_after: int | None
    key_type: str
    key_size: int | None
    issuer: str
    serial: str
    self_signed: bool
    ca: bool
    problems: tuple[str, ...]


def summarize(fields: Iterable[Field]) -> Summary:
    """
    Summarize the fields of a certificate or request.

    Args:
        fields: of one object, as ``explain`` lists them.
    """
    found: dict[tuple[str, str], str] = {}
    faults: list[str] = []
    for section, name, value, _, _, _, _, problem in fields:
        if name in _NAMES and (section, name) in _WANTED:
            found.setdefault((section, name), value)
        if problem is not None:
            faults.append(f"{name}: {problem.rstrip('.')}")
    get = found.get
    subject, issuer = get(("subject", "subject"), ""), get(("issuer", "issuer"), "")
    size = get(("public key", "keySize"), "")
    summary = Summary(
        subject,
        get(("extensions", "subjectAltName"), ""),
        _seconds(get(("validity", "notBefore"))),
        _seconds(get(("validity", "notAfter"))),
        get(("public key", "subjectPublicKeyInfo"), "").partition(" ")[0],
        int(size) if size.isdigit() else None,
        issuer,
        get(("certificate", "serialNumber"), ""),
        bool(subject) and subject == issuer,
        get(("extensions", "cA")) == "true",
        (),
    )
    algorithm = get(("signature", "hashAlgorithm")) or get(("certificate", "signature"), "")
    # What is wrong with a name stands in the issuer and in the subject of a self-signed certificate.
    faults = list(dict.fromkeys(faults)) if len(faults) > 1 else faults
    weak = _weaknesses(summary, algorithm, get(("subject", "commonName"), ""))
    if len(faults) > _MOST_SENTENCES:
        faults[_MOST_SENTENCES:] = [f"and {len(faults) - _MOST_SENTENCES} more"]
    return summary._replace(problems=(*weak, *faults)) if weak or faults else summary


def _seconds(text: str | None) -> int | None:
    """Return epoch seconds; a time without a zone, against the rules, is taken for UTC."""
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # A zone can carry a time past the year 9999, or before the year 1.
    offset = instant.utcoffset()
    seconds = int(instant.replace(tzinfo=UTC).timestamp())
    return seconds - int(offset.total_seconds()) if offset else seconds


def _weaknesses(summary: Summary, algorithm: str, common_name: str) -> list[str]:
    found = []
    least = _LEAST_BITS.get(summary.key_type)
    if least is not None and summary.key_size is not None and summary.key_size < least:
        found.append(f"weak key: {summary.key_type} of {summary.key_size} bits, {least} are the least")
    folded = algorithm.casefold()
    # Nobody relies on the signature of a root, which is trusted because it is in the store.
    if folded and not (summary.self_signed and summary.ca):
        found += [f"signed with {word}" for mark, word in _BROKEN_HASHES if mark in folded]
    if not summary.ca and _is_host(common_name) and not _is_named(common_name, summary.san):
        found.append(f"common name {common_name} is not among the alternative names")
    return found


def _is_host(name: str) -> bool:
    return "." in name.strip(".") and " " not in name and "@" not in name


def _is_named(host: str, san: str) -> bool:
    names = san.casefold().split(", ")
    return f"dnsname: {host.casefold()}" in names or f"ipaddress: {host.casefold()}" in names
