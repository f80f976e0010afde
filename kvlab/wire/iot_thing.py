"""
The answers of AWS IoT about things, and about the templates they are provisioned by.

Source: the service description of AWS IoT, version 2015-05-28 (https://docs.aws.amazon.com/iot/latest/apireference/).
"""

from __future__ import annotations

from typing import Literal

from kvlab.wire.iot import Answer, Instant


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
