"""The fields of a policy: one for each member the wire knows, with the wire's own words; and the way there and back."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from kvlab.providers.provider import PRODUCTS
from kvlab.vault import policy as policies
from kvlab.widgets.field import Field, Option
from kvlab.wire.certificate import Attributes
from kvlab.wire.policy import CertificatePolicy, LifetimeAction
from kvlab.x509.extension import KEY_USAGES
from kvlab.x509.oid import OID_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TABS = {
    "names": "Subject & names",
    "key": "Key",
    "usage": "Usage",
    "renewal": "Validity & renewal",
    "issuer": "Issuer",
    "tags": "Tags & state",
}

_KEY_TYPES = [Option(kind, kind) for kind in ("RSA", "EC", "RSA-HSM", "EC-HSM")]
_SECRETS = [Option(policies.PKCS12, "PFX (PKCS#12)"), Option(policies.PEM, "PEM")]
_PURPOSES = (
    "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.4.1.311.20.2.2",
)  # fmt: skip
_ACTIONS = [Option("AutoRenew", "Renew by itself"), Option("EmailContacts", "Mail the contacts"), Option("", "Nothing")]
_TRIGGERS = [Option("lifetime_percentage", "% of its life"), Option("days_before_expiry", "days before the end")]
_NEXT_KEY = [Option(value=False, label="New key each time"), Option(value=True, label="Same key")]
_CERTIFICATE_TYPES = [Option(None, "(the CA's usual)"), *(Option(product, product) for product in PRODUCTS)]
_COURSE = "By the vault's clock, if it is made now, and as long as the policy stays."
_LOGGED = [Option(None, "Not said"), Option(value=True, label="Log it"), Option(value=False, label="Do not log it")]


def certificate_fields() -> list[Field]:
    """Return the fields of ``create_certificate`` below the name."""
    return [*_names(), *_key(), *_usage(), *_renewal(), *_issuer(), *_state()]


def policy_document(values: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the JSON of a policy.

    Args:
        values: of the fields by member; None, empty text and empty lists of names are left out.
    """
    document: dict[str, Any] = {}
    for member, value in values.items():
        nothing = value in (None, "") or (value == [] and ".sans." in member)
        if nothing or member.startswith("lifetime_actions"):
            continue
        *parents, last = member.split(".")
        inner = document
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return document


def policy_values(document: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    """Return what a policy's JSON holds for each member; None for what is left out."""
    return {member: _member(document, member) for member in members}


def lifetime_actions(wishes: Sequence[Any], more: Sequence[Any]) -> list[Any] | None:
    """
    Return the lifetime actions that three fields describe, and those that no field shows; None if they say nothing.

    Args:
        wishes: the action, the trigger and its number.
        more: the actions that follow.
    """
    action, trigger, when = wishes
    if action is None and trigger is None and when is None:
        return None
    if action == "":
        return copy.deepcopy([*more])
    return [{"trigger": {str(trigger): when}, "action": {"action_type": action}}, *copy.deepcopy([*more])]


def _member(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _help(path: str) -> str:
    return CertificatePolicy.describe(path)


def _list(name: str, label: str, member: str, **look: Any) -> Field:
    return Field(name, label, "list", _help(member), value=[], member=member, tab="names", **look)


def _names() -> list[Field]:
    sans = "x509_props.sans."
    subject = "x509_props.subject"
    return [
        Field("subject", "Subject", "text", _help(subject), value="", member=subject, tab="names"),
        _list("dns_names", "DNS names", f"{sans}dns_names", placeholder="add a name, Enter"),
        _list("emails", "E-mails", f"{sans}emails", optional="E-mail"),
        _list("upns", "UPNs", f"{sans}upns", optional="UPN"),
        _list("uris", "URIs", f"{sans}uris", optional="URI"),
        _list("ip_addresses", "IP addresses", f"{sans}ipAddresses", optional="IP address"),
    ]


def _key() -> list[Field]:
    sizes = [Option(size, f"{size} bits") for size in policies.RSA_SIZES]
    curves = [Option(curve, curve) for curve in policies.CURVE_SIZES]
    key = "key_props."
    return [
        Field("kty", "Key type", "segments", _help(f"{key}kty"), value="EC", member=f"{key}kty", options=_KEY_TYPES,
              tab="key"),
        Field("crv", "Curve", "segments", _help(f"{key}crv"), value="P-256", member=f"{key}crv", options=curves,
              tab="key"),
        Field("key_size", "Key size", "segments", _help(f"{key}key_size"), member=f"{key}key_size", options=sizes,
              tab="key"),
        Field("exportable", "Exportable", "check", _help(f"{key}exportable"), member=f"{key}exportable", tab="key"),
        Field("content_type", "The secret holds", "segments", _help("secret_props.contentType"),
              member="secret_props.contentType", options=_SECRETS, tab="key"),
    ]  # fmt: skip


def _usage() -> list[Field]:
    uses = [Option(usage, usage) for usage in KEY_USAGES]
    purposes = [Option(oid, OID_NAMES[oid]) for oid in _PURPOSES]
    x509 = "x509_props."
    return [
        Field("key_usage", "Key usage", "checks", _help(f"{x509}key_usage"), member=f"{x509}key_usage", options=uses,
              tab="usage"),
        Field("ekus", "Purposes (EKU)", "list", _help(f"{x509}ekus"), member=f"{x509}ekus", options=purposes,
              tab="usage", placeholder="add an OID, Enter"),
    ]  # fmt: skip


def _renewal() -> list[Field]:
    actions = "lifetime_actions"
    months, reuse = "x509_props.validity_months", "key_props.reuse_key"
    doing = LifetimeAction.describe("action.action_type")
    return [
        Field("validity_months", "Validity", "number", _help(months), member=months, tab="renewal", unit="months"),
        Field("action", "Near the end", "segments", doing, member=f"{actions}.action", options=_ACTIONS, tab="renewal"),
        Field("trigger", "When", "segments", member=f"{actions}.trigger", options=_TRIGGERS, tab="renewal"),
        Field("when", "Percent or days", "number", member=actions, tab="renewal"),
        Field("reuse_key", "Key of the next one", "segments", _help(reuse), member=reuse, options=_NEXT_KEY,
              tab="renewal"),
        Field("course", "What will happen", "drawing", _COURSE, tab="renewal"),
    ]  # fmt: skip


def _issuer() -> list[Field]:
    return [
        Field("signer", "Issuer", "fixed", _help("issuer.name"), tab="issuer"),
        Field("issuer", "Issuer", "choice", _help("issuer.name"), member="issuer.name", tab="issuer"),
        Field("cty", "Certificate type", "choice", _help("issuer.cty"), member="issuer.cty",
              options=_CERTIFICATE_TYPES, tab="issuer"),
        Field("cert_transparency", "Public log", "segments", _help("issuer.cert_transparency"),
              member="issuer.cert_transparency", options=_LOGGED, tab="issuer"),
    ]  # fmt: skip


def _state() -> list[Field]:
    columns = [Option("name", "Tag"), Option("value", "Value")]
    return [
        Field("tags", "Tags", "rows", "Up to 15 pairs of text for the version to come.", value=[], member="tags",
              options=columns, tab="tags"),
        Field("enabled", "Enabled", "check", Attributes.describe("enabled"), value=True, tab="tags"),
        Field("keep_order", "Keep the order of a merged chain", "check",
              "Otherwise the vault puts leaf first, each certificate followed by its issuer.", value=False, tab="tags"),
    ]  # fmt: skip
