"""What one connected device may do."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING

from kvlab.iot.decision import RESOURCE_KINDS, Decision, decide
from kvlab.iot.variable import CertificateVariables, thing_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography import x509

    from kvlab.iot.lookup import Device

_MOST_REMEMBERED = 2000
"""Decisions that one connection keeps; a client may name ever new topics."""


class Access:
    """
    The policies of a device's certificate, asked for one connection.

    Args:
        device: as the registry has it.
        facts: the policy variables of its certificate and its connection, see ``connection_facts``.
        client_id: of MQTT; it says which attached thing policies speak of.
    """

    def __init__(self, device: Device, facts: Mapping[str, tuple[str, ...]], client_id: str) -> None:
        self._device = device
        self._facts = facts
        self._client_id = client_id
        thing = device.thing(client_id)
        known = thing_variables(thing.name, thing.thing_type, thing.attributes) if thing else thing_variables(None)
        self._context: Mapping[str, tuple[str, ...]] = ChainMap(known, facts)  # type: ignore[arg-type]
        self._policies = {policy.name: policy.statements for policy in device.policies}
        self._decisions: dict[tuple[str, str], Decision] = {}

    def decide(self, action: str, name: str) -> Decision:
        """Decide whether the device may do this with a client id, topic or topic filter."""
        found = self._decisions.get((action, name))
        if found is None:
            if len(self._decisions) >= _MOST_REMEMBERED:
                self._decisions.clear()
            arn = self._device.place.arn(RESOURCE_KINDS[action], name)
            found = self._decisions[action, name] = decide(self._policies, action, arn, self._context)
        return found

    def allows(self, action: str, name: str) -> bool:
        """Say whether the device may."""
        return self.decide(action, name).allowed

    def denial(self, action: str, name: str) -> str:
        """Say why the device may not: which policy denies it, or that none allows it."""
        decision = self.decide(action, name)
        if decision.reason == "explicitDeny":
            return f"policy {', '.join(decision.policies)} denies {action} on {name}"
        if not decision.policies:
            return f"no policy is attached to the certificate, so {action} is denied"
        return f"no policy allows {action} on {name}"

    def renewed(self, device: Device) -> Access:
        """Return the access of the same connection after a change in the registry."""
        return self if device == self._device else Access(device, self._facts, self._client_id)


def connection_facts(
    certificate: x509.Certificate, device: Device, client_id: str, address: str, attributes: list[str], will: str | None
) -> Mapping[str, tuple[str, ...]]:
    """
    Return the policy variables of a connection, things aside.

    Args:
        certificate: that the device has shown.
        device: as the registry has it.
        client_id: of MQTT.
        address: the client's.
        attributes: ``PersistentConnect``, ``LastWill``, as the client asks for them.
        will: the topic of its last will.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/basic-policy-variables.html, and connect-policy.html
    """
    found = {
        "iot:CertificateId": (device.certificate_id,),
        "iot:ClientId": (client_id,),
        "iot:ConnectAttributes": tuple(attributes),
        "aws:SourceIp": (address,),
    }
    if will is not None:
        found["iot:LastWillTopic"] = (device.place.arn("topic", will),)
    return ChainMap(found, CertificateVariables(certificate))  # type: ignore[arg-type]
