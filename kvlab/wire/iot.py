"""
The answers of AWS IoT about certificates and CAs, and what all its answers share.

Source: the service description of AWS IoT, version 2015-05-28 (https://docs.aws.amazon.com/iot/latest/apireference/).
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from kvlab.wire.model import WireModel

CertificateStatus = Literal["ACTIVE", "INACTIVE", "REVOKED", "PENDING_TRANSFER", "PENDING_ACTIVATION"]
CertificateMode = Literal["DEFAULT", "SNI_ONLY"]
Instant = int
"""Epoch seconds."""


class Answer(WireModel):
    """An answer of AWS IoT, or a part of one: members are written in camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, defer_build=True)


class KeyPair(Answer):
    """The keys of a certificate that AWS IoT made; the private one is shown this once and kept nowhere."""

    public_key: str = Field(alias="PublicKey")
    private_key: str = Field(alias="PrivateKey", repr=False)


class RegisteredCertificate(Answer):
    """What a certificate or a CA is called in the registry."""

    certificate_arn: str
    certificate_id: str


class IssuedCertificate(RegisteredCertificate):
    """A certificate that AWS IoT signed."""

    certificate_pem: str


class KeysAndCertificate(IssuedCertificate):
    """A certificate that AWS IoT signed, with its keys."""

    key_pair: KeyPair


class TransferData(Answer):
    """What is known of the latest transfer of a certificate."""

    transfer_message: str | None = None
    reject_reason: str | None = None
    transfer_date: Instant | None = None
    accept_date: Instant | None = None
    reject_date: Instant | None = None


class CertificateValidity(Answer):
    """From when to when a certificate is valid."""

    not_before: Instant
    not_after: Instant


class CertificateDescription(Answer):
    """All that the registry holds of a device certificate."""

    certificate_arn: str
    certificate_id: str
    ca_certificate_id: str | None = None
    status: CertificateStatus
    certificate_pem: str
    owned_by: str
    previous_owned_by: str | None = None
    creation_date: Instant
    last_modified_date: Instant
    customer_version: int
    transfer_data: TransferData
    generation_id: str
    validity: CertificateValidity
    certificate_mode: CertificateMode


class DescribedCertificate(Answer):
    """The answer of DescribeCertificate."""

    certificate_description: CertificateDescription


class Certificate(Answer):
    """A device certificate in a list."""

    certificate_arn: str
    certificate_id: str
    status: CertificateStatus
    certificate_mode: CertificateMode
    creation_date: Instant


class Page(Answer):
    """A list with pages: with ``next_marker`` there are more."""

    next_marker: str | None = None


class CertificateList(Page):
    """A page of device certificates."""

    certificates: list[Certificate]


class RegistrationCode(Answer):
    """What a verification certificate must have as its common name."""

    registration_code: str


class RegistrationConfig(Answer):
    """How devices of a CA are provisioned when they first connect."""

    template_body: str | None = None
    role_arn: str | None = None
    template_name: str | None = None


class CaCertificateDescription(Answer):
    """All that the registry holds of a CA."""

    certificate_arn: str
    certificate_id: str
    status: Literal["ACTIVE", "INACTIVE"]
    certificate_pem: str
    owned_by: str
    creation_date: Instant
    auto_registration_status: Literal["ENABLE", "DISABLE"]
    last_modified_date: Instant
    customer_version: int
    generation_id: str
    validity: CertificateValidity
    certificate_mode: CertificateMode


class DescribedCaCertificate(Answer):
    """The answer of DescribeCACertificate."""

    certificate_description: CaCertificateDescription
    registration_config: RegistrationConfig | None = None


class CaCertificate(Answer):
    """A CA in a list."""

    certificate_arn: str
    certificate_id: str
    status: Literal["ACTIVE", "INACTIVE"]
    creation_date: Instant


class CaCertificateList(Page):
    """A page of CAs."""

    certificates: list[CaCertificate]


class TransferredCertificate(Answer):
    """The answer of TransferCertificate."""

    transferred_certificate_arn: str


class OutgoingCertificate(Answer):
    """A certificate whose transfer to another account is pending."""

    certificate_arn: str
    certificate_id: str
    transferred_to: str
    transfer_date: Instant
    transfer_message: str | None = None
    creation_date: Instant


class OutgoingCertificateList(Page):
    """A page of certificates whose transfer is pending."""

    outgoing_certificates: list[OutgoingCertificate]


class Endpoint(Answer):
    """The answer of DescribeEndpoint: a host's name without scheme, and its port where that is not MQTT's own."""

    endpoint_address: str
