"""Provisioning: a thing, a policy and a status for a certificate, as a template says; also at a first connection."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.errors import (
    InvalidRequestException,
    IotError,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ResourceRegistrationFailureException,
)
from kvlab.iot import material
from kvlab.iot.document import read_document
from kvlab.iot.member import check
from kvlab.iot.page import PAGE_SIZE, cut, read_marker
from kvlab.iot.policy import PolicyOperations
from kvlab.iot.registration import RegistrationOperations
from kvlab.iot.state import created, update_step
from kvlab.iot.template import KINDS, Resource, check_template, fill_template, of_certificate
from kvlab.iot.thing import SHARED, ThingOperations
from kvlab.iot.view import operation
from kvlab.store import iot as rows
from kvlab.store import iot_policy, iot_thing
from kvlab.store import iot_template as templates
from kvlab.wire.iot_thing import (
    CreatedProvisioningTemplate,
    ProvisioningTemplate,
    ProvisioningTemplateDescription,
    ProvisioningTemplateList,
    RegisteredThing,
)
from kvlab.x509.container import pem_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from kvlab.vault.turn import Turn

THING, CERTIFICATE, POLICY = KINDS


class ProvisioningOperations(RegistrationOperations, PolicyOperations, ThingOperations):
    """What an account does with provisioning templates."""

    @operation
    def register_thing(self, template_body: str, parameters: Mapping[str, Any] | None = None) -> RegisteredThing:
        """
        Make and attach what a template says, all of it or nothing.

        Args:
            template_body: JSON; its certificate is named by ``CertificateId``, or made of a
                ``CertificateSigningRequest``.
            parameters: text by name.

        Raises:
            InvalidRequestException: the template is none, or a parameter is missing.
            ResourceRegistrationFailureException: a resource can not be made.
        """
        given = dict(parameters or {})
        if not all(isinstance(value, str) for value in given.values()):
            raise InvalidRequestException("Each of the parameters is text.")
        resources = fill_template(template_body, given)
        signed = self._sign_request(resources)
        with self._turn() as turn:
            try:
                return self._provision(turn, resources, signed)
            except IotError as error:
                raise ResourceRegistrationFailureException(error.message) from None

    @operation
    def create_provisioning_template(
        self,
        template_name: str,
        template_body: str,
        provisioning_role_arn: str,
        description: str | None = None,
        enabled: bool | None = None,
        pre_provisioning_hook: Mapping[str, Any] | None = None,
        tags: list[Any] | None = None,  # noqa: ARG002  tags have no effect here
        type: str | None = None,  # noqa: A002  the wire's own word
    ) -> CreatedProvisioningTemplate:
        """
        Keep a template, which a CA's configuration may name.

        Args:
            template_name: 1 to 36 letters, digits, ``_`` and ``-``.
            template_body: JSON.
            provisioning_role_arn: kept; nobody takes it on here.
            description: at most 500 characters.
            enabled: whether it may be used.
            pre_provisioning_hook: not possible here, for there is no Lambda.
            tags: accepted, without effect.
            type: ``JITP`` or ``FLEET_PROVISIONING`` (the default).

        Raises:
            InvalidRequestException: the body is no template.
            ResourceAlreadyExistsException: the name is in use.
        """
        _refuse_hook(pre_provisioning_hook)
        check_template(template_body)
        arn = self._place.arn("provisioningtemplate", template_name)
        with self._turn() as turn:
            if templates.template(turn.connection, self._account_id, template_name) is not None:
                raise ResourceAlreadyExistsException(f"The provisioning template {template_name} exists already.")
            templates.add_template(turn.connection, {
                "account_id": self._account_id, "name": template_name, "body": template_body,
                "role_arn": provisioning_role_arn, "description": description, "enabled": bool(enabled),
                "kind": type or "FLEET_PROVISIONING", "created": turn.seconds, "modified": turn.seconds,
            })  # fmt: skip
            turn.record("create_provisioning_template", arn)
        return CreatedProvisioningTemplate(template_arn=arn, template_name=template_name, default_version_id=1)

    @operation
    def describe_provisioning_template(self, template_name: str) -> ProvisioningTemplateDescription:
        """Return a template."""
        with self._core.read() as connection:
            row = self._template(connection, template_name)
        return ProvisioningTemplateDescription(
            template_arn=self._place.arn("provisioningtemplate", row.name),
            template_name=row.name,
            description=row.description,
            creation_date=row.created,
            last_modified_date=row.modified,
            default_version_id=1,
            template_body=row.body,
            enabled=row.enabled,
            provisioning_role_arn=row.role_arn,
            type=row.kind,
        )

    @operation
    def list_provisioning_templates(
        self, max_results: int | None = None, next_token: str | None = None
    ) -> ProvisioningTemplateList:
        """List the account's templates."""
        size = max_results or PAGE_SIZE
        with self._core.read() as connection:
            found = templates.templates(connection, self._account_id, after=read_marker(next_token), most=size + 1)
        shown, following = cut(found, size)
        return ProvisioningTemplateList(
            templates=[
                ProvisioningTemplate(
                    template_arn=self._place.arn("provisioningtemplate", row.name), template_name=row.name,
                    description=row.description, creation_date=row.created, last_modified_date=row.modified,
                    enabled=row.enabled, type=row.kind,
                )
                for row in shown
            ],
            next_token=following,
        )  # fmt: skip

    @operation
    def update_provisioning_template(
        self,
        template_name: str,
        description: str | None = None,
        enabled: bool | None = None,
        default_version_id: int | None = None,
        provisioning_role_arn: str | None = None,
        pre_provisioning_hook: Mapping[str, Any] | None = None,
        remove_pre_provisioning_hook: bool | None = None,  # noqa: ARG002  there is none
    ) -> None:
        """
        Change a template; its body stays, for here it has one version.

        Raises:
            ResourceNotFoundException: there is none, or no such version.
        """
        _refuse_hook(pre_provisioning_hook)
        changed = {"description": description, "enabled": enabled, "role_arn": provisioning_role_arn}
        with self._turn() as turn:
            row = self._template(turn.connection, template_name)
            if default_version_id not in (None, 1):
                raise ResourceNotFoundException(f"The provisioning template has no version {default_version_id}.")
            values = {name: value for name, value in changed.items() if value is not None}
            templates.set_template(turn.connection, row.number, modified=turn.seconds, **values)
            turn.record("update_provisioning_template", self._place.arn("provisioningtemplate", template_name))

    @operation
    def delete_provisioning_template(self, template_name: str) -> None:
        """
        Forget a template; CAs whose configuration names it provision nothing any more.

        Raises:
            ResourceNotFoundException: there is none.
        """
        with self._turn() as turn:
            row = self._template(turn.connection, template_name)
            templates.drop_template(turn.connection, row.number)
            turn.record("delete_provisioning_template", self._place.arn("provisioningtemplate", template_name))

    def provision_at_connect(self, certificate: x509.Certificate, ca_id: str) -> None:
        """
        Do what the configuration of a CA says for a certificate that was registered at its first connection.

        Where it can not be done the certificate stays as it is, and an event says why.

        Args:
            certificate: registered and pending.
            ca_id: of its CA.
        """
        found = material.certificate_id(material.der_of(certificate))
        arn = self._place.arn("cert", found)
        try:
            with self._turn() as turn:
                ca = rows.ca(turn.connection, self._account_id, ca_id)
                config = json.loads(ca.registration_config) if ca is not None and ca.registration_config else None
                if config is None:
                    return
                body = self._body(turn.connection, config)
                self._provision(turn, fill_template(body, of_certificate(certificate)), {}, named=found)
                turn.record("provision", arn)
        except IotError as error:
            with self._turn() as turn:
                turn.record("refuse_provisioning", arn, reason=error.message)

    def _body(self, connection: Connection, config: Mapping[str, str]) -> str:
        if (name := config.get("templateName")) is None:
            return config.get("templateBody") or ""
        row = self._template(connection, name)
        if not row.enabled or row.kind != "JITP":
            raise InvalidRequestException(f"The provisioning template {name} is not enabled, or not of the type JITP.")
        return str(row.body)

    def _template(self, connection: Connection, template_name: str) -> Any:
        row = templates.template(connection, self._account_id, template_name)
        if row is None:
            raise ResourceNotFoundException(f"Provisioning template not found (name={template_name})")
        return row

    def _sign_request(self, resources: list[Resource]) -> dict[str, bytes]:
        """Sign the request that a template brings, before the transaction: by the resource's name, DER."""
        found = {}
        for resource in resources:
            request = resource.properties.get("CertificateSigningRequest")
            if resource.kind == CERTIFICATE and request is not None:
                check("register_thing", {"certificate_signing_request": request})
                public_key, subject = material.read_request(request)
                found[resource.name] = self._sign(public_key, subject)
        return found

    def _provision(
        self, turn: Turn, resources: list[Resource], signed: Mapping[str, bytes], *, named: str | None = None
    ) -> RegisteredThing:
        """
        Make and attach what the resources of a template say.

        Args:
            turn: all of it belongs to.
            resources: with their values.
            signed: certificates made for requests in them.
            named: the certificate's id, where the template does not have to name it.
        """
        arns: dict[str, str] = {}
        row = None
        for resource in (each for each in resources if each.kind == CERTIFICATE):
            row = self._certificate_of(turn, resource, signed.get(resource.name), named)
            arns[resource.name] = self._place.arn("cert", row.id)
        if row is None:
            raise InvalidRequestException("The template has no certificate.")
        certificate_arn = self._place.arn("cert", row.id)
        for resource in resources:
            if resource.kind == THING:
                arns[resource.name] = self._thing_of(turn, resource, certificate_arn)
            elif resource.kind == POLICY:
                arns[resource.name] = self._policy_of(turn, resource, certificate_arn)
        return RegisteredThing(certificate_pem=pem_certificate(row.certificate_der), resource_arns=arns)

    def _certificate_of(self, turn: Turn, resource: Resource, signed: bytes | None, named: str | None) -> Any:
        status = resource.properties.get("Status", "ACTIVE")
        step = update_step(str(status))
        if signed is not None:
            made = self._keep(turn, "register_thing", signed, created(active=status == "ACTIVE"))
            return self._own(turn.connection, made["certificate_id"])
        row = self._own(turn.connection, str(resource.properties.get("CertificateId", named or "")))
        if row.status != status and resource.overrides.get("Status") != "DO_NOTHING":
            self._move(turn, row, "register_thing", step)
        return row

    def _thing_of(self, turn: Turn, resource: Resource, certificate_arn: str) -> str:
        properties = resource.properties
        name, kind = properties.get("ThingName"), properties.get("ThingTypeName")
        group, attributes = properties.get("BillingGroup"), properties.get("AttributePayload") or {}
        check(
            "register_thing", {"thing_name": name, "thing_type_name": kind, "billing_group_name": group}, ["thing_name"]
        )
        assert isinstance(name, str)
        if iot_thing.thing(turn.connection, self._account_id, name) is None:
            self._create(turn, name, kind, {"attributes": attributes}, group)
        elif resource.overrides.get("AttributePayload") != "DO_NOTHING" and attributes:
            merge = resource.overrides.get("AttributePayload") != "REPLACE"
            self._change(turn, name, kind, {"attributes": attributes, "merge": merge})
        self._attach_principal(turn, name, certificate_arn, SHARED)
        return self._place.arn("thing", name)

    def _policy_of(self, turn: Turn, resource: Resource, certificate_arn: str) -> str:
        """Attach a policy; one that the template brings is named after what is in it unless it has a name."""
        document = resource.properties.get("PolicyDocument")
        text = document if isinstance(document, (str, type(None))) else json.dumps(document)
        name = resource.properties.get("PolicyName")
        if name is None and text is not None:
            name = hashlib.sha256(text.encode()).hexdigest()
        check("register_thing", {"policy_name": name, "policy_document": text}, ["policy_name"])
        assert isinstance(name, str)
        # The first device of the template has brought it.
        if text is not None and iot_policy.policy(turn.connection, self._account_id, name) is None:
            read_document(text)
            self._add_policy(turn, name, text)
        self._attach(turn, name, certificate_arn, "attach_policy")
        return self._arn(name)


def _refuse_hook(hook: Mapping[str, Any] | None) -> None:
    if hook:
        raise InvalidRequestException("A preProvisioningHook calls AWS Lambda, which is not here.")
