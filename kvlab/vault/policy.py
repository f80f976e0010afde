"""
What a policy means: its defaults, its refusals, and the certificate profile it asks for.

Source: https://learn.microsoft.com/azure/key-vault/certificates/about-certificates#certificate-policy and
https://learn.microsoft.com/azure/key-vault/certificates/create-certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kvlab.errors import InvalidProperty, InvalidSubject, NameSyntaxError
from kvlab.wire.policy import (
    Action,
    BasicConstraints,
    CertificatePolicy,
    ContentType,
    CurveName,
    IssuerParameters,
    KeyProperties,
    LifetimeAction,
    PolicyAttributes,
    SecretProperties,
    SubjectAlternativeNames,
    Trigger,
    X509CertificateProperties,
)
from kvlab.x509 import extension
from kvlab.x509.extension import KEY_USAGES, BadExtension, Profile
from kvlab.x509.name import parse_name
from kvlab.x509.repair import repaired_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from cryptography import x509

SELF = "Self"
UNKNOWN = "Unknown"

RSA_SIZES = (2048, 3072, 4096)
CURVE_SIZES: dict[CurveName, int] = {"P-256": 256, "P-384": 384, "P-521": 521, "P-256K": 256}
CURVE_OF_SIZE: dict[int, CurveName] = {256: "P-256", 384: "P-384", 521: "P-521"}
SUBJECT_LIMIT = 200
VALIDITY_LIMIT = 120
DEFAULT_VALIDITY = 12
DEFAULT_PERCENTAGE = 80
DEFAULT_EKUS = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")
PKCS12: ContentType = "application/x-pkcs12"
PEM: ContentType = "application/x-pem-file"

Part = TypeVar("Part", SecretProperties, X509CertificateProperties, IssuerParameters)
Made = TypeVar("Made")

_KEY_USAGE_SPELLING = {name.casefold(): name for name in KEY_USAGES}


class Meaning(NamedTuple):
    """A policy with every default filled in, and the profile of the certificates it makes."""

    policy: CertificatePolicy
    profile: Profile


def complete(policy: CertificatePolicy, *, facts: Collection[str] = ()) -> Meaning:
    """
    Fill in the defaults of a policy and refuse what can not be made.

    Args:
        policy: as a caller gave it.
        facts: those of ``subject`` and ``validity_months`` that an imported certificate has, so that nobody wishes them
            and no limit holds but that there is at least one month.

    Raises:
        InvalidProperty: a member's value is not allowed; names the member and what is.
        InvalidSubject: the subject is no X.500 name.
    """
    key_props = _key_props(policy.key_props or KeyProperties())
    x509_props = _x509_props(policy.x509_props or X509CertificateProperties(), key_props.kty or "", facts)
    issuer = _issuer(policy.issuer or IssuerParameters())
    whole = CertificatePolicy(
        key_props=key_props,
        secret_props=_secret_props(policy.secret_props or SecretProperties()),
        x509_props=x509_props,
        lifetime_actions=_lifetime_actions(policy.lifetime_actions, issuer, x509_props.validity_months or 1),
        issuer=issuer,
    )
    return Meaning(whole, profile(whole))


def profile(policy: CertificatePolicy) -> Profile:
    """
    Return what certificates of a complete policy carry.

    Raises:
        InvalidProperty: neither a subject nor another name, or a name or EKU that can not be encoded.
        InvalidSubject: the subject is no X.500 name.
    """
    props = policy.x509_props
    assert props is not None
    try:
        subject = parse_name(props.subject or "")
    except NameSyntaxError as mistake:
        raise InvalidSubject(mistake, repair=repaired_name(props.subject or "")) from None
    san = _names(props.sans) if props.sans else ()
    if not san and not list(subject):
        raise InvalidProperty("policy.x509_props", "A subject or a subject alternative name is needed.")
    _each(extension.object_identifier, props.ekus, "ekus")
    return Profile(subject, san, tuple(props.key_usage or ()), tuple(props.ekus or ()))


def is_unknown(policy: CertificatePolicy) -> bool:
    """Tell whether the policy means the manual flow."""
    return issuer_name(policy).casefold() == UNKNOWN.casefold()


def names_of(policy: CertificatePolicy) -> list[str]:
    """Return the names that a policy asks for: the subject, and all names beside it."""
    props = policy.x509_props
    sans = props.sans.model_dump() if props and props.sans else {}
    return [(props and props.subject) or "", *(name for values in sans.values() for name in values or ())]


def is_self(policy: CertificatePolicy) -> bool:
    """Tell whether the vault signs with the certificate's own key."""
    return issuer_name(policy).casefold() == SELF.casefold()


def issuer_name(policy: CertificatePolicy) -> str:
    """Return the issuer's name as written; ``Unknown`` when there is none."""
    return (policy.issuer.name if policy.issuer else None) or UNKNOWN


def merged(stored: CertificatePolicy, change: CertificatePolicy) -> CertificatePolicy:
    """
    Lay a PATCH over the stored policy: members left out keep their value, also inside ``x509_props``.

    A change of key type or curve takes the size and curve that belonged to the old one with it.
    """
    key_change = change.key_props.model_dump() if change.key_props else {}
    old_key = (stored.key_props or KeyProperties()).model_dump()
    families = [(props.get("kty") or "RSA").split("-")[0] for props in (old_key, old_key | key_change)]
    if {"crv", "key_size"} & key_change.keys() or families[0] != families[1]:
        old_key.pop("crv", None)
        old_key.pop("key_size", None)
    if key_change.get("kty", "").endswith("-HSM"):
        old_key.pop("exportable", None)
    issuer = _laid_over(stored.issuer or IssuerParameters(), change.issuer)
    whole = CertificatePolicy(
        key_props=KeyProperties.model_validate(old_key | key_change),
        secret_props=_laid_over(stored.secret_props or SecretProperties(), change.secret_props),
        x509_props=_laid_over(stored.x509_props or X509CertificateProperties(), change.x509_props),
        lifetime_actions=stored.lifetime_actions if change.lifetime_actions is None else change.lifetime_actions,
        issuer=issuer,
    )
    if change.lifetime_actions is None and is_unknown(whole) != is_unknown(stored):
        # The stored action was the old issuer's default or wish; AutoRenew makes no sense without an issuer.
        whole = whole.model_copy(update={"lifetime_actions": None})
    return whole


def changed(stored: CertificatePolicy, change: CertificatePolicy) -> CertificatePolicy:
    """
    Return the stored policy after a PATCH.

    What the change does not name stays to the letter, also where nobody could ask for it: an imported certificate's
    subject, months and basic constraints are facts.

    Raises:
        InvalidProperty: and ``InvalidSubject``: the policy, as it would be, can not be.
    """
    wish, known = merged(stored, change), stored.x509_props or X509CertificateProperties()
    asked = change.x509_props.model_fields_set if change.x509_props else frozenset()
    kept = [name for name in X509CertificateProperties.model_fields if name not in asked or name == "basic_constraints"]
    if not asked:
        # Only the trigger's days depend on it; a certificate need not have any name.
        stand_in = X509CertificateProperties(subject="CN=kept", validity_months=known.validity_months)
        wish = wish.model_copy(update={"x509_props": stand_in})
    whole = complete(wish, facts=kept).policy
    assert whole.x509_props is not None
    props = whole.x509_props.model_copy(update={name: getattr(known, name) for name in kept})
    return whole.model_copy(update={"x509_props": props})


def stamped(policy: CertificatePolicy, *, created: int, updated: int) -> CertificatePolicy:
    """Return the policy with its own attributes (epoch seconds)."""
    attributes = PolicyAttributes(enabled=True, created=created, updated=updated)
    return policy.model_copy(update={"attributes": attributes})


def _laid_over(stored: Part, change: Part | None) -> Part:
    if change is None:
        return stored
    return stored.model_copy(update={name: getattr(change, name) for name in change.model_fields_set})


def _key_props(given: KeyProperties) -> KeyProperties:
    kty = given.kty or "RSA"
    field = "policy.key_props."
    if kty.startswith("oct"):
        raise InvalidProperty(f"{field}kty", f"A key is RSA, RSA-HSM, EC or EC-HSM, not {kty}.")
    hsm = kty.endswith("-HSM")
    if hsm and given.exportable:
        raise InvalidProperty(
            f"{field}exportable", f"A key of type {kty} can not leave: exportable must be false.", repair=False
        )
    key_size, crv = _rsa_size(given) if kty.startswith("RSA") else _ec_curve(given)
    return KeyProperties(
        exportable=(not hsm) if given.exportable is None else given.exportable,
        kty=kty,
        key_size=key_size,
        reuse_key=bool(given.reuse_key),
        crv=crv,
    )


def _rsa_size(given: KeyProperties) -> tuple[int, None]:
    if given.crv is not None:
        raise InvalidProperty("policy.key_props.crv", "A curve goes with kty EC; an RSA key has none.")
    size = 2048 if given.key_size is None else given.key_size
    if size not in RSA_SIZES:
        raise InvalidProperty("policy.key_props.key_size", f"An RSA key has 2048, 3072 or 4096 bits, not {size}.")
    return size, None


def _ec_curve(given: KeyProperties) -> tuple[int, CurveName]:
    if given.crv is None and given.key_size is not None and given.key_size not in CURVE_OF_SIZE:
        raise InvalidProperty(
            "policy.key_props.key_size",
            f"An EC key has 256, 384 or 521 bits, given by its curve, not {given.key_size}.",
        )
    crv = given.crv or CURVE_OF_SIZE[given.key_size or 256]
    if given.key_size not in (None, CURVE_SIZES[crv]):
        raise InvalidProperty(
            "policy.key_props.key_size", f"A key on {crv} has {CURVE_SIZES[crv]} bits, not {given.key_size}."
        )
    return CURVE_SIZES[crv], crv


def _secret_props(given: SecretProperties) -> SecretProperties:
    return SecretProperties(content_type=given.content_type or PKCS12)


def _x509_props(given: X509CertificateProperties, kty: str, facts: Collection[str]) -> X509CertificateProperties:
    if given.subject is not None and len(given.subject) > SUBJECT_LIMIT and "subject" not in facts:
        raise InvalidProperty(
            "policy.x509_props.subject", f"It has {len(given.subject)} characters; at most {SUBJECT_LIMIT} are allowed."
        )
    months = DEFAULT_VALIDITY if given.validity_months is None else given.validity_months
    if months < 1 or (months > VALIDITY_LIMIT and "validity_months" not in facts):
        raise InvalidProperty(
            "policy.x509_props.validity_months",
            f"It is a whole number from 1 to {VALIDITY_LIMIT}, not {months}.",
            repair=min(max(months, 1), VALIDITY_LIMIT),
        )
    return X509CertificateProperties(
        subject=given.subject,
        sans=None if given.sans is None else _without_empty(given.sans),
        ekus=[*DEFAULT_EKUS] if given.ekus is None else [*given.ekus],
        key_usage=_key_usage(given.key_usage, kty),
        validity_months=months,
        basic_constraints=BasicConstraints(ca=False),
    )


def _without_empty(sans: SubjectAlternativeNames) -> SubjectAlternativeNames:
    return SubjectAlternativeNames(
        **{name: [*value] for name in SubjectAlternativeNames.model_fields if (value := getattr(sans, name))}
    )


def _key_usage(given: Sequence[str] | None, kty: str) -> list[str]:
    if given is None:
        # RFC 8813 section 3: keyEncipherment must not stand in a certificate for an EC key.
        return ["digitalSignature"] if kty.startswith("EC") else ["digitalSignature", "keyEncipherment"]
    return sorted(set(_each(_key_usage_name, given, "key_usage")), key=str.casefold)


def _key_usage_name(name: str) -> str:
    """Return a key usage as RFC 5280 spells it."""
    if (known := _KEY_USAGE_SPELLING.get(name.casefold())) is None:
        raise BadExtension(name, f"none of {', '.join(KEY_USAGES)}")
    return known


def _names(sans: SubjectAlternativeNames) -> tuple[x509.GeneralName, ...]:
    found: list[x509.GeneralName] = []
    kinds: tuple[tuple[str, Sequence[str] | None, Callable[[str], x509.GeneralName]], ...] = (
        ("emails", sans.emails, extension.email),
        ("dns_names", sans.dns_names, extension.dns_name),
        ("upns", sans.upns, extension.upn),
        ("uris", sans.uris, extension.uri),
        ("ipAddresses", sans.ip_addresses, extension.ip_address),
    )
    for kind, values, make in kinds:
        found += _each(make, values, f"sans.{kind}")
    return tuple(found)


def _each(make: Callable[[str], Made], values: Sequence[str] | None, field: str) -> list[Made]:
    """
    Make something of each entry of a list.

    Raises:
        InvalidProperty: of the first entry that can not be used, as the service answers; it holds those of the others.
    """
    made: list[Made] = []
    refused: list[InvalidProperty] = []
    for index, value in enumerate(values or ()):
        try:
            made.append(make(value))
        except BadExtension as error:
            refused.append(InvalidProperty(f"policy.x509_props.{field}[{index}]", f"{error}."))
    if refused:
        refused[0].others = tuple(refused[1:])
        raise refused[0]
    return made


def _lifetime_actions(
    given: Sequence[LifetimeAction] | None, issuer: IssuerParameters, months: int
) -> list[LifetimeAction]:
    manual = (issuer.name or UNKNOWN).casefold() == UNKNOWN.casefold()
    if given is None:
        trigger = Trigger(lifetime_percentage=DEFAULT_PERCENTAGE, days_before_expiry=None)
        action = Action(action_type="EmailContacts" if manual else "AutoRenew")
        return [LifetimeAction(trigger=trigger, action=action)]
    for index, wish in enumerate(given):
        field = f"policy.lifetime_actions[{index}]"
        _check_trigger(wish.trigger, f"{field}.trigger", months)
        if wish.action.action_type == "AutoRenew" and manual:
            raise InvalidProperty(
                f"{field}.action.action_type",
                "AutoRenew needs an issuer that answers; with Unknown use EmailContacts.",
                repair="EmailContacts",
            )
    return [*given]


def _check_trigger(trigger: Trigger, field: str, months: int) -> None:
    percentage, days = trigger.lifetime_percentage, trigger.days_before_expiry
    if (percentage is None) == (days is None):
        raise InvalidProperty(field, "It has one of lifetime_percentage and days_before_expiry.")
    if percentage is not None and not 1 <= percentage <= 99:
        raise InvalidProperty(f"{field}.lifetime_percentage", f"It is a whole number from 1 to 99, not {percentage}.")
    if days is not None and not 1 <= days <= months * 27:
        raise InvalidProperty(
            f"{field}.days_before_expiry", f"It is from 1 to {months * 27} (27 times validity_months), not {days}."
        )


def _issuer(given: IssuerParameters) -> IssuerParameters:
    return IssuerParameters(name=given.name or UNKNOWN, cty=given.cty, cert_transparency=given.cert_transparency)
