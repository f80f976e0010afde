"""
The answers of AWS IoT's control plane.

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


class CreatedPolicy(Answer):
    """The answer of CreatePolicy."""

    policy_name: str
    policy_arn: str
    policy_document: str
    policy_version_id: str


class PolicyDescription(Answer):
    """The answer of GetPolicy."""

    policy_name: str
    policy_arn: str
    policy_document: str
    default_version_id: str
    creation_date: Instant
    last_modified_date: Instant
    generation_id: str


class Policy(Answer):
    """A policy in a list."""

    policy_name: str
    policy_arn: str


class PolicyList(Page):
    """A page of policies."""

    policies: list[Policy]


class CreatedPolicyVersion(Answer):
    """The answer of CreatePolicyVersion."""

    policy_arn: str
    policy_document: str
    policy_version_id: str
    is_default_version: bool


class PolicyVersionDescription(CreatedPolicyVersion):
    """The answer of GetPolicyVersion."""

    policy_name: str
    creation_date: Instant
    last_modified_date: Instant
    generation_id: str


class PolicyVersion(Answer):
    """A version of a policy in a list."""

    version_id: str
    is_default_version: bool
    create_date: Instant


class PolicyVersionList(Answer):
    """All versions of a policy."""

    policy_versions: list[PolicyVersion]


class TargetList(Page):
    """A page of what a policy is attached to: ARNs of certificates, and other principals."""

    targets: list[str]


class PrincipalList(Page):
    """A page of principals."""

    principals: list[str]


class EffectivePolicy(Answer):
    """A policy that decides about a principal."""

    policy_name: str
    policy_document: str
    policy_arn: str


class EffectivePolicyList(Answer):
    """The answer of GetEffectivePolicies."""

    effective_policies: list[EffectivePolicy]


class AuthInfo(Answer):
    """A request that is to be decided."""

    action_type: Literal["PUBLISH", "SUBSCRIBE", "RECEIVE", "CONNECT"]
    resources: list[str]


class Allowed(Answer):
    """The policies that allow a request."""

    policies: list[Policy]


class Denial(Answer):
    """The policies that deny a request in one of two ways."""

    policies: list[Policy]


class Denied(Answer):
    """The policies that deny a request: by saying nothing, or by a Deny."""

    implicit_deny: Denial
    explicit_deny: Denial


class AuthResult(Answer):
    """What the policies say to a request."""

    auth_info: AuthInfo
    allowed: Allowed
    denied: Denied
    auth_decision: str
    missing_context_values: list[str]


class Authorization(Answer):
    """The answer of TestAuthorization."""

    auth_results: list[AuthResult]


class CreatedThing(Answer):
    """The answer of CreateThing."""

    thing_name: str
    thing_arn: str
    thing_id: str


class ThingDescription(Answer):
    """The answer of DescribeThing."""

    default_client_id: str
    thing_name: str
    thing_id: str
    thing_arn: str
    thing_type_name: str | None = None
    attributes: dict[str, str]
    version: int
    billing_group_name: str | None = None


class Thing(Answer):
    """A thing in a list."""

    thing_name: str
    thing_type_name: str | None = None
    thing_arn: str
    attributes: dict[str, str]
    version: int


class TokenPage(Answer):
    """A list with pages: with ``next_token`` there are more."""

    next_token: str | None = None


class ThingList(TokenPage):
    """A page of things."""

    things: list[Thing]


class ThingNameList(TokenPage):
    """A page of things' names."""

    things: list[str]


class ThingPrincipalList(TokenPage):
    """A page of a thing's principals."""

    principals: list[str]


class ThingPrincipalObject(Answer):
    """A principal of a thing, and how it is attached."""

    principal: str
    thing_principal_type: str


class ThingPrincipalObjectList(TokenPage):
    """A page of a thing's principals, with how they are attached."""

    thing_principal_objects: list[ThingPrincipalObject]


class PrincipalThingObject(Answer):
    """A thing of a principal, and how it is attached."""

    thing_name: str
    thing_principal_type: str


class PrincipalThingObjectList(TokenPage):
    """A page of a principal's things, with how they are attached."""

    principal_thing_objects: list[PrincipalThingObject]


class Endpoint(Answer):
    """The answer of DescribeEndpoint: a host's name without scheme, and its port where that is not MQTT's own."""

    endpoint_address: str


class RegisteredThing(Answer):
    """The answer of RegisterThing: what was made, by the names that the template has for it."""

    certificate_pem: str
    resource_arns: dict[str, str]


class CreatedProvisioningTemplate(Answer):
    """The answer of CreateProvisioningTemplate."""

    template_arn: str
    template_name: str
    default_version_id: int


class ProvisioningTemplate(Answer):
    """A provisioning template in a list."""

    template_arn: str
    template_name: str
    description: str | None = None
    creation_date: Instant
    last_modified_date: Instant
    enabled: bool
    type: Literal["FLEET_PROVISIONING", "JITP"]


class ProvisioningTemplateDescription(ProvisioningTemplate):
    """The answer of DescribeProvisioningTemplate."""

    default_version_id: int
    template_body: str
    provisioning_role_arn: str


class ProvisioningTemplateList(TokenPage):
    """A page of provisioning templates."""

    templates: list[ProvisioningTemplate]
