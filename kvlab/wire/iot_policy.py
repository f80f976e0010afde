"""
The answers of AWS IoT about policies, and about what they allow.

Source: the service description of AWS IoT, version 2015-05-28 (https://docs.aws.amazon.com/iot/latest/apireference/).
"""

from __future__ import annotations

from typing import Literal

from kvlab.wire.iot import Answer, Instant, Page


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
