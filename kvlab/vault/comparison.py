"""
What was asked in the policy, what was requested in the CSR, what was signed: field by field, and why they differ.

The issuer has the last word: the vault merges what it gets, as long as the public key is the one it made.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from cryptography import x509

from kvlab.providers.override import ADDED_EXTENSIONS
from kvlab.vault.policy import complete
from kvlab.x509.attribute import shown_keyword
from kvlab.x509.certificate import not_after
from kvlab.x509.explain import explain
from kvlab.x509.extension import upn_text
from kvlab.x509.oid import OID_NAMES
from kvlab.x509.primitive import visible
from kvlab.x509.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kvlab.providers.provider import Override
    from kvlab.vault.policy import Meaning
    from kvlab.vault.vault import Vault
    from kvlab.wire.policy import CertificatePolicy
    from kvlab.x509.field import Field

Change = Literal["as asked", "overridden", "dropped", "added", "pending"]
Key = tuple[str, str]
Values = tuple[str, ...]
Facts = dict[Key, Values]

NAMES, VALIDITY, USAGE, ISSUER = "subject and names", "validity", "key and usage", "from the issuer alone"
SECTIONS = (NAMES, VALIDITY, USAGE, ISSUER)

_SAN, _MONTHS, _KEY = (NAMES, "subjectAltName"), (VALIDITY, "validity"), (USAGE, "public key")
_KEY_USAGE, _PURPOSES = (USAGE, "keyUsage"), (USAGE, "extendedKeyUsage")
_CONSTRAINTS, _LOGGED = (USAGE, "basicConstraints"), (ISSUER, "cert_transparency")

_MEMBERS = {"subjectAltName": _SAN, "extKeyUsage": _PURPOSES}
_PLAIN_MEMBERS = frozenset({"dNSName", "KeyPurposeId"})
_ISSUERS_OWN = frozenset({("issuer", "issuer"), ("certificate", "serialNumber")})
_NAME_KINDS: dict[type[x509.GeneralName], str] = {
    x509.RFC822Name: "rfc822Name",
    x509.UniformResourceIdentifier: "uniformResourceIdentifier",
    x509.IPAddress: "iPAddress",
}
_NO_CA = ("CA: false",)
_TRANSPARENCY = {True: ("logged",), False: ("not logged",)}

_DAY = timedelta(days=1)
ROUNDING = timedelta(days=3)
"""How much a validity may differ from the months asked for without being another one."""

_FURTHER = "further extensions"
_OTHER_KEY = "the certificate holds another key than the request"
_LAST_WORD = "the issuer has the last word; the vault only asks that the public key is its own"
ONLY_ISSUER = "only who signs knows it, or has to add it"
"""Why something was added, where the issuer gave no reason."""


class Compared(NamedTuple):
    """
    One field on its way from the policy to the certificate; None where there is nothing.

    Attributes:
        section: one of ``SECTIONS``.
        field: RFC 5280's word, ``subject CN`` and the like for parts of the subject, ``validity``, ``public key``.
        change: ``as asked``; ``overridden``: something else than was asked; ``dropped``; ``added``: more than was
            asked; ``pending``: nothing has been signed yet.
        policy: the values asked for; ``csr``: requested; ``certificate``: signed.
        why: why they differ, with the rule where it is known; empty where they do not.
    """

    section: str
    field: str
    change: Change
    policy: Values | None
    csr: Values | None
    certificate: Values | None
    why: str


def compare_version(vault: Vault, name: str, version: str | None = None) -> list[Compared]:
    """
    Compare what became of the policy of a certificate in a vault, with the reasons that its CA has for overriding it.

    Args:
        vault: used as a principal that may get certificates.
        name: of the certificate.
        version: 32 hexadecimal digits; the newest when left out. The policy and the CSR are those of today: a CSR for
            another key than this version's is left out.

    Returns:
        Rows by section; while the first version is pending, without a certificate.

    Raises:
        CertificateNotFound: 404.
    """
    bundle = vault.get_certificate(name, version)
    policy = bundle.policy or vault.get_certificate_policy(name)
    csr = vault.request(name)
    if csr is not None and bundle.cer is not None and not _same_key(csr, bundle.cer):
        csr = None
    return compare_issued(policy, csr, bundle.cer, vault.overrides(name, version))


def compare_issued(
    policy: CertificatePolicy, csr_der: bytes | None, certificate_der: bytes | None, overrides: Iterable[Override] = ()
) -> list[Compared]:
    """
    Compare a policy, the request made from it, and the certificate signed for that.

    Args:
        policy: what it leaves out has the vault's default.
        csr_der: None where there is none.
        certificate_der: None while there is none; every row is ``pending`` then.
        overrides: the issuer's reasons, as ``vault.overrides`` has them.

    Raises:
        InvalidProperty: the policy asks for what can not be made.
        X509Error: one of the two is not what it should be.
    """
    meaning = complete(policy, facts=("subject", "validity_months"))
    asked = _policy_facts(meaning)
    requested = {} if csr_der is None else _facts(explain(csr_der))
    signed = {} if certificate_der is None else _certificate_facts(explain(certificate_der), meaning)
    reasons = {override.field: override.why for override in overrides}
    rows = [
        _compared(key, asked.get(key), requested.get(key), signed.get(key), reasons, is_signed=bool(signed))
        for key in {**asked, **requested, **signed}
    ]
    if csr_der is not None and certificate_der is not None and not _same_key(csr_der, certificate_der):
        # Their kinds may well be the same, and the column has no more than that.
        rows = [row._replace(change="overridden", why=_OTHER_KEY) if row[:2] == _KEY else row for row in rows]
    return sorted(rows, key=lambda row: SECTIONS.index(row.section))


def _compared(
    key: Key,
    policy: Values | None,
    csr: Values | None,
    certificate: Values | None,
    reasons: Mapping[str, str],
    *,
    is_signed: bool,
) -> Compared:
    change = _change(csr if policy is None else policy, certificate) if is_signed else "pending"
    why = "" if change in ("as asked", "pending") else _why(key, reasons)
    return Compared(*key, change, policy, csr, certificate, why)


def _change(asked: Values | None, signed: Values | None) -> Change:
    if signed is None:
        return "dropped"
    if asked is None:
        return "added"
    if set(asked) == set(signed):
        return "as asked"
    return "added" if set(asked) < set(signed) else "overridden"


def _why(key: Key, reasons: Mapping[str, str]) -> str:
    section, field = key
    if section != ISSUER:
        return reasons.get(field, _LAST_WORD)
    return reasons.get(field) or (reasons.get(_FURTHER) if field in ADDED_EXTENSIONS else None) or ONLY_ISSUER


def _policy_facts(meaning: Meaning) -> Facts:
    policy, profile = meaning
    assert policy.key_props is not None
    assert policy.x509_props is not None
    kty = (policy.key_props.kty or "").removesuffix("-HSM")
    facts: Facts = {}
    for attribute in reversed(list(profile.subject)):
        key = (NAMES, f"subject {shown_keyword(attribute.oid)}")
        facts[key] = (*facts.get(key, ()), visible(str(attribute.value)))
    facts[_SAN] = tuple(map(_name_text, profile.san))
    facts[_MONTHS] = (_months(policy.x509_props.validity_months or 1),)
    facts[_KEY] = (f"{kty} {policy.key_props.crv or policy.key_props.key_size}",)
    facts[_KEY_USAGE] = profile.key_usage
    facts[_PURPOSES] = tuple(OID_NAMES.get(oid, oid) for oid in profile.ekus)
    facts[_CONSTRAINTS] = _NO_CA
    if policy.issuer is not None and policy.issuer.cert_transparency is not None:
        facts[_LOGGED] = _TRANSPARENCY[policy.issuer.cert_transparency]
    return {key: values for key, values in facts.items() if values}


def _certificate_facts(fields: list[Field], meaning: Meaning) -> Facts:
    facts = {_CONSTRAINTS: _NO_CA, **_facts(fields)}
    facts[_MONTHS] = _lifetime(fields, meaning)
    if meaning.policy.issuer is not None and meaning.policy.issuer.cert_transparency is not None:
        facts[_LOGGED] = _TRANSPARENCY[(ISSUER, "signedCertificateTimestampList") in facts]
    return facts


def _facts(fields: Iterable[Field]) -> Facts:
    facts: Facts = {}
    for key, text in _told(list(fields)):
        facts[key] = (*facts.get(key, ()), text)
    return facts


def _told(fields: list[Field]) -> Iterator[tuple[Key, str]]:
    """Go through what a certificate or request says that a policy, or only the issuer, could have asked for."""
    # In DER the most specific attribute comes last, in text first.
    for field in reversed(fields):
        if field.section == "subject" and field.name != "subject":
            word = shown_keyword(x509.ObjectIdentifier(field.oid)) if field.oid else field.name
            yield (NAMES, f"subject {word}"), field.value
    extension = ""
    for field in fields:
        if field.section == "extensions" and field.critical is not None:
            extension = field.name
            yield from _extension(field)
        elif extension in _MEMBERS and field.section == "extensions":
            yield _MEMBERS[extension], field.value if field.name in _PLAIN_MEMBERS else f"{field.name}: {field.value}"
        elif field.name == "subjectPublicKeyInfo":
            yield _KEY, _key_text(field.value)
        elif (field.section, field.name) in _ISSUERS_OWN:
            yield (ISSUER, field.name), field.value


def _extension(field: Field) -> Iterator[tuple[Key, str]]:
    if field.name == "keyUsage":
        yield from ((_KEY_USAGE, word) for word in field.value.split(", "))
    elif field.name == "basicConstraints":
        yield _CONSTRAINTS, field.value
    elif field.name not in _MEMBERS:
        yield (ISSUER, field.name), field.value


def _key_text(value: str) -> str:
    """Turn ``RSA 2048 bits`` and ``EC secp256r1 (P-256)`` into what a policy would say."""
    kind, _, rest = value.partition(" ")
    _, bracket, curve = rest.partition(" (")
    return f"{kind} {curve.rstrip(')')}" if bracket else value.removesuffix(" bits")


def _name_text(name: x509.GeneralName) -> str:
    if isinstance(name, x509.OtherName):
        return f"otherName: userPrincipalName {visible(upn_text(name))}"
    text = visible(str(name.value))
    return text if isinstance(name, x509.DNSName) else f"{_NAME_KINDS[type(name)]}: {text}"


def _lifetime(fields: list[Field], meaning: Meaning) -> Values:
    """Return the months asked for where the certificate holds them, else its days."""
    summary = summarize(fields)
    if summary.not_before is None or summary.not_after is None:
        return ("can not be read",)
    start, end = (datetime.fromtimestamp(seconds, UTC) for seconds in (summary.not_before, summary.not_after))
    assert meaning.policy.x509_props is not None
    months = meaning.policy.x509_props.validity_months or 1
    if abs(end - not_after(start, months)) <= ROUNDING:
        return (_months(months),)
    # Both ends belong to the validity (RFC 5280 section 4.1.2.5).
    days = (end - start + timedelta(seconds=1)) // _DAY
    return (f"{days} day{'' if days == 1 else 's'}",)


def _months(months: int) -> str:
    return f"{months} month{'' if months == 1 else 's'}"


def _same_key(csr_der: bytes, certificate_der: bytes) -> bool:
    keys = [
        [field.value for field in explain(der) if field.section == "public key"] for der in (csr_der, certificate_der)
    ]
    return keys[0] == keys[1]
