"""A policy, in the words of the form that makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import card, json_code, mono, pill, table, tag, text
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.wire.policy import CertificatePolicy

SIGNERS = {"self": "the vault, with the certificate's own key", "unknown": "a CA of your choice; you carry the request"}


def policy_html(policy: CertificatePolicy) -> str:
    """Return a policy as HTML: what it asks for, and its JSON to unfold."""
    members = policy.model_dump(mode="json")
    details = f"<details><summary>JSON, as on the wire</summary>{json_code(members)}</details>"
    return card("Certificate policy", "how the next version is made", "", table(policy_rows(policy)) + details)


def policy_text(policy: CertificatePolicy) -> str:
    """Return a policy as one line."""
    props = policy.x509_props
    subject = (props and props.subject) or ""
    issuer, key = visible(issuer_name(policy)), visible(key_words(policy) or "default key")
    return f"<CertificatePolicy {subject!r}, issuer {issuer}, {key}>"


def issuer_name(policy: CertificatePolicy) -> str:
    """Return the issuer's name; one left out means ``Unknown``."""
    return (policy.issuer and policy.issuer.name) or "Unknown"


def key_words(policy: CertificatePolicy) -> str:
    """Return the kind of key, such as ``EC P-256`` or ``RSA 2048``."""
    props = policy.key_props
    if props is None:
        return ""
    return " ".join(str(part) for part in (props.kty, props.crv or props.key_size) if part)


def policy_rows(policy: CertificatePolicy) -> Iterator[tuple[str, str]]:
    """Return what a policy asks for, as names and HTML."""
    name = issuer_name(policy)
    signer = SIGNERS.get(name.casefold(), "an issuer the vault asks by itself")
    yield "Issuer", f'{tag(name)} <span class="kvr-muted">{signer}</span>'
    if policy.x509_props:
        yield "Subject", mono(policy.x509_props.subject or "(none)")
        sans = policy.x509_props.sans.model_dump() if policy.x509_props.sans else {}
        names = [name for values in sans.values() for name in values]
        yield "Other names", mono(", ".join(names) or "(none)")
        if policy.x509_props.validity_months:
            yield "Validity", f"{policy.x509_props.validity_months} months"
    if policy.key_props:
        leaves = {True: pill("may leave, in the secret", "warn"), False: pill("never leaves", "ok"), None: ""}
        yield "Key", f"{tag(key_words(policy) or 'default')} {leaves[policy.key_props.exportable]}"
    if policy.secret_props and policy.secret_props.content_type:
        yield "Secret holds", mono(policy.secret_props.content_type)
    for action in policy.lifetime_actions or ():
        trigger = action.trigger
        when = f"at {trigger.lifetime_percentage} % of its life" if trigger.lifetime_percentage else (
            f"{trigger.days_before_expiry} days before the end"
        )  # fmt: skip
        yield "Later", f"{text(action.action.action_type)} {when}"
