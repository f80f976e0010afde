"""
CertificatePolicy and its parts.

Source: https://learn.microsoft.com/rest/api/keyvault/certificates/create-certificate (definitions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from kvlab.wire.model import WireModel

KeyType = Literal["RSA", "RSA-HSM", "EC", "EC-HSM", "oct", "oct-HSM"]
CurveName = Literal["P-256", "P-384", "P-521", "P-256K"]
ContentType = Literal["application/x-pkcs12", "application/x-pem-file"]
ActionType = Literal["EmailContacts", "AutoRenew"]


class KeyProperties(WireModel):
    """How the key pair behind the certificate is made."""

    exportable: bool | None = Field(None, description="Whether the secret may hold the private key. Default: true.")
    kty: KeyType | None = Field(None, description="Key type. Default: RSA. An -HSM key is never exportable.")
    key_size: int | None = Field(None, description="Bits: 2048, 3072 or 4096 for RSA; given by the curve for EC.")
    reuse_key: bool | None = Field(None, description="Whether the next version keeps this key pair. Default: false.")
    crv: CurveName | None = Field(None, description="Curve of an EC key. Default: P-256.")


class SecretProperties(WireModel):
    """What the managed secret holds."""

    content_type: ContentType | None = Field(
        None, alias="contentType", description="PKCS#12 or PEM. Default: application/x-pkcs12."
    )


class SubjectAlternativeNames(WireModel):
    """Names beside the subject."""

    emails: list[str] | None = Field(None, description="rfc822Name entries: e-mail addresses, for S/MIME.")
    dns_names: list[str] | None = Field(None, description="dNSName entries: the names that clients compare.")
    upns: list[str] | None = Field(
        None, description="User principal names, such as ann@contoso.com: who signs in with the certificate."
    )
    uris: list[str] | None = Field(None, description="uniformResourceIdentifier entries (2025-07-01 and later).")
    ip_addresses: list[str] | None = Field(
        None, alias="ipAddresses", description="iPAddress entries (2025-07-01 and later)."
    )


class BasicConstraints(WireModel):
    """Whether the certificate is a CA's; only ever read, never asked for."""

    ca: bool | None = None


class X509CertificateProperties(WireModel):
    """What the certificate says."""

    subject: str | None = Field(
        None,
        description="Who the certificate is about: an X.500 name, at most 200 characters, such as CN=shop.contoso.com.",
    )
    sans: SubjectAlternativeNames | None = Field(None, description="Subject alternative names.")
    ekus: list[str] | None = Field(
        None, description="What the key is for, as dotted object identifiers. Default: TLS server and client."
    )
    key_usage: list[str] | None = Field(
        None, description="What the key may do, in the words of RFC 5280. Default: by the type of key."
    )
    validity_months: int | None = Field(
        None, description="Calendar months of validity, 1 to 120. Default: 12. A CA may decide otherwise."
    )
    basic_constraints: BasicConstraints | None = Field(None, description="Returned, not asked for.")


class Trigger(WireModel):
    """When a lifetime action happens: one of the two."""

    lifetime_percentage: int | None = Field(None, description="Percent of the lifetime passed, 1 to 99.")
    days_before_expiry: int | None = Field(None, description="Days, 1 to 27 times validity_months.")


class Action(WireModel):
    """What a lifetime action does."""

    action_type: ActionType = Field(
        description="AutoRenew makes a new version through the same issuer; EmailContacts only tells the contacts."
    )


class LifetimeAction(WireModel):
    """Something the vault does by itself towards the end of a version's life."""

    trigger: Trigger
    action: Action


class IssuerParameters(WireModel):
    """Who signs."""

    name: str | None = Field(None, description="Self, Unknown (the default: you bring it to your CA) or an issuer.")
    cty: str | None = Field(None, description="Certificate type a provider sells, such as OV-SSL or EV-SSL.")
    cert_transparency: bool | None = Field(None, description="Whether the CA should log it publicly.")


class PolicyAttributes(WireModel):
    """The policy's own attributes: epoch seconds of its making, not of the certificate's."""

    enabled: bool | None = Field(None, description="Whether it can be used; no policy can name a disabled issuer.")
    created: int | None = None
    updated: int | None = None


class CertificatePolicy(WireModel):
    """
    How the next version of a certificate is made; what is None is left out, and gets the vault's default.

    Attributes:
        id: URL; set by the vault.
        key_props: type, size (bits) or curve of the key, whether it may leave the vault, and is used again.
        secret_props: whether the secret is PKCS#12 or PEM, as a media type.
        x509_props: what the certificate says; its validity in calendar months.
        lifetime_actions: what happens by itself, at a percentage of the lifetime or days before expiry.
        issuer: who signs: ``Self``, ``Unknown`` or an issuer object.
        attributes: when the policy was made and changed (epoch seconds); set by the vault.

    Source: https://learn.microsoft.com/rest/api/keyvault/certificates/get-certificate-policy (definitions).

    Examples:
        >>> from kvlab import CertificatePolicy
        >>> CertificatePolicy.self_signed("CN=contoso.com", validity_months=6).x509_props.validity_months
        6
    """

    id: str | None = None
    key_props: KeyProperties | None = None
    secret_props: SecretProperties | None = None
    x509_props: X509CertificateProperties | None = None
    lifetime_actions: list[LifetimeAction] | None = None
    issuer: IssuerParameters | None = None
    attributes: PolicyAttributes | None = None

    @classmethod
    def self_signed(cls, subject: str, **properties: Any) -> CertificatePolicy:
        """
        Make the policy of a self-signed certificate.

        Args:
            subject: X.500 name, such as ``CN=contoso.com``.
            **properties: as for ``of``.
        """
        return cls.of("Self", subject, **properties)

    @classmethod
    def manual(cls, subject: str, **properties: Any) -> CertificatePolicy:
        """Make the policy of a certificate that your own CA signs (issuer ``Unknown``); arguments as for ``of``."""
        return cls.of("Unknown", subject, **properties)

    @classmethod
    def of(
        cls,
        issuer: str,
        subject: str,
        *,
        dns_names: Sequence[str] = (),
        emails: Sequence[str] = (),
        upns: Sequence[str] = (),
        uris: Sequence[str] = (),
        ip_addresses: Sequence[str] = (),
        kty: str | None = None,
        key_size: int | None = None,
        crv: str | None = None,
        exportable: bool | None = None,
        reuse_key: bool | None = None,
        content_type: str | None = None,
        key_usage: Sequence[str] | None = None,
        ekus: Sequence[str] | None = None,
        validity_months: int | None = None,
        cty: str | None = None,
        lifetime_actions: Sequence[Mapping[str, Any]] | None = None,
    ) -> CertificatePolicy:
        """
        Make a policy from flat arguments; what is left out gets the vault's default.

        Args:
            issuer: ``Self``, ``Unknown`` or the name of an issuer object.
            subject: X.500 name; may be empty if another name is given.
            dns_names: and ``emails``, ``upns``, ``uris``, ``ip_addresses``: subject alternative names.
            kty: and ``key_size`` (bits), ``crv``, ``exportable``, ``reuse_key``: the key's properties.
            content_type: ``application/x-pkcs12`` or ``application/x-pem-file``.
            key_usage: and ``ekus`` (dotted): usage extensions.
            validity_months: calendar months.
            cty: the provider's certificate type.
            lifetime_actions: as on the wire.

        Raises:
            InvalidProperty: a value of a wrong type.
        """
        names = {
            "dns_names": [*dns_names], "emails": [*emails], "upns": [*upns], "uris": [*uris],
            "ipAddresses": [*ip_addresses],
        }  # fmt: skip
        return cls.read(
            {
                "key_props": _given(kty=kty, key_size=key_size, crv=crv, exportable=exportable, reuse_key=reuse_key),
                "secret_props": _given(contentType=content_type),
                "x509_props": _given(
                    subject=subject,
                    sans={name: value for name, value in names.items() if value} or None,
                    key_usage=None if key_usage is None else [*key_usage],
                    ekus=None if ekus is None else [*ekus],
                    validity_months=validity_months,
                ),
                "lifetime_actions": None if lifetime_actions is None else [*lifetime_actions],
                "issuer": _given(name=issuer, cty=cty),
            },
            "policy",
        )


def _given(**members: object) -> dict[str, object] | None:
    return {name: value for name, value in members.items() if value is not None} or None
