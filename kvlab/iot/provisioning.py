"""What a device's first connection does: just-in-time registration, and provisioning by a template."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from kvlab.errors import InvalidRequestException, IotError, ResourceAlreadyExistsException
from kvlab.iot import material
from kvlab.iot.iot import Iot
from kvlab.iot.lookup import Device, find_device
from kvlab.iot.state import Status
from kvlab.iot.view import Place
from kvlab.store import iot as rows
from kvlab.x509.container import pem_certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.vault.vault import Vault

PREFIX = "AWS::IoT::Certificate::"
"""Of the parameters that a template gets from a certificate."""

_SUBJECT = {
    "Country": NameOID.COUNTRY_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "DistinguishedNameQualifier": NameOID.DN_QUALIFIER,
    "StateName": NameOID.STATE_OR_PROVINCE_NAME,
    "CommonName": NameOID.COMMON_NAME,
    "SerialNumber": NameOID.SERIAL_NUMBER,
}


def register_at_connect(vault: Vault, certificate: x509.Certificate) -> Device | None:
    """
    Register a certificate that a device has shown, if an active CA with automatic registration signed it.

    It is ``PENDING_ACTIVATION`` then, and ``ACTIVE`` where the CA's template provisions it. The connection that brought
    it is refused all the same.

    Returns:
        The registration, also one that was made before; None where there is no such CA.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/auto-register-device-cert.html, and
        jit-provisioning.html
    """
    der = material.der_of(certificate)
    if (known := find_device(vault, der)) is not None:
        return known
    try:
        material.read_certificate(pem_certificate(der))
    except IotError:
        return None
    core = vault._core  # noqa: SLF001  the registry is a part of the same vault
    with core.read() as connection:
        found = rows.cas_by_subject(connection, core.vault_id, material.name_der(certificate.issuer))
    for row in found:
        ca = x509.load_der_x509_certificate(row.certificate_der)
        if row.status == "ACTIVE" and row.auto_registration and material.is_issued_by(certificate, ca):
            iot = Iot(vault, account=row.account, region=row.region)
            iot.register_by_ca(der, row.id)
            if row.registration_config:
                _provision(iot, certificate, json.loads(row.registration_config))
            return find_device(vault, der, account=row.account)
    return None


def _provision(iot: Iot, certificate: x509.Certificate, config: Mapping[str, str]) -> None:
    """Do what a CA's template says; where it can not be done, the certificate stays as it is, and an event says why."""
    found = material.certificate_id(material.der_of(certificate))
    arn = Place(iot.account, iot.region).arn("cert", found)
    try:
        _Template(config.get("templateBody"), certificate).provision(iot, arn, found)
    except IotError as error:
        iot.record("refuse_provisioning", arn, reason=error.message)
    else:
        iot.record("provision", arn)


class _Template:
    """
    A provisioning template with the values of one certificate.

    Args:
        body: JSON with ``Parameters`` and ``Resources``.
        certificate: whose subject the parameters come from.

    Raises:
        InvalidRequestException: no such template, or the subject lacks what it wants.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/provision-template.html
    """

    def __init__(self, body: str | None, certificate: x509.Certificate) -> None:
        if body is None:
            raise InvalidRequestException("Only a template in the CA's registrationConfig.templateBody is known here.")
        try:
            found = json.loads(body)
            self._resources: dict[str, dict[str, Any]] = {
                resource["Type"]: resource.get("Properties", {}) for resource in found["Resources"].values()
            }
            declared = dict(found.get("Parameters", {}))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InvalidRequestException("The provisioning template is no JSON with Resources.") from None
        self._values = {name: self._parameter(name, certificate) for name in declared}

    def _parameter(self, name: str, certificate: x509.Certificate) -> str:
        short = name.removeprefix(PREFIX)
        if short == "Id":
            return material.certificate_id(material.der_of(certificate))
        values = certificate.subject.get_attributes_for_oid(_SUBJECT[short]) if short in _SUBJECT else []
        if not values:
            raise InvalidRequestException(f"The certificate's subject has nothing for the parameter {name}.")
        return str(values[0].value)

    def _fill(self, value: Any) -> Any:
        """Put the parameters' values in for ``Ref``, and join what is to be joined."""
        if isinstance(value, list):
            return [self._fill(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            if value["Ref"] not in self._values:
                raise InvalidRequestException(f"The provisioning template has no parameter {value['Ref']}.")
            return self._values[value["Ref"]]
        if set(value) == {"Fn::Join"}:
            separator, parts = self._fill(value["Fn::Join"])
            return str(separator).join(map(str, parts))
        return {name: self._fill(item) for name, item in value.items()}

    def provision(self, iot: Iot, arn: str, certificate_id: str) -> None:
        """Make thing and policy, attach them, and set the status."""
        try:
            thing, policy, certificate = (
                self._fill(self._resources.get(f"AWS::IoT::{kind}")) for kind in ("Thing", "Policy", "Certificate")
            )
        except (ValueError, TypeError, RecursionError):
            raise InvalidRequestException("The provisioning template's properties can not be filled in.") from None
        if thing:
            iot.create_thing(thing["ThingName"], thing.get("ThingTypeName"), _attributes(thing))
        if policy:
            iot.attach_policy(_policy_name(iot, policy), arn)
        if thing:
            iot.attach_thing_principal(thing["ThingName"], arn)
        iot.update_certificate(certificate_id, (certificate or {}).get("Status") or Status.ACTIVE.value)


def _attributes(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": thing.get("AttributePayload") or {}}


def _policy_name(iot: Iot, policy: Mapping[str, Any]) -> str:
    """Return the name of the policy to attach; one that the template brings is made, and named after what is in it."""
    document = policy.get("PolicyDocument")
    if document is None:
        return str(policy.get("PolicyName"))
    text = document if isinstance(document, str) else json.dumps(document)
    name = str(policy.get("PolicyName") or hashlib.sha256(text.encode()).hexdigest()[:40])
    # The first device of the template has brought it.
    with contextlib.suppress(ResourceAlreadyExistsException):
        iot.create_policy(name, text)
    return name
