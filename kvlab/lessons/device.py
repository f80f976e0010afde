"""Lesson 08: devices that connect to AWS IoT."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.iot.iot import Iot
from kvlab.iot.lookup import Device, find_device
from kvlab.iot.material import certificate_id
from kvlab.iot.mqtt.access import Access, connection_facts
from kvlab.iot.state import Status
from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault

_SHARED = "everybody"
_LOOPBACK = "127.0.0.1"


def _lamp(draw: Draw) -> dict[str, Any]:
    plant = draw.plant()
    return {"name": f"{plant}-lamp", "other": f"{plant}-heater"}


def _vault_lamp(draw: Draw) -> dict[str, Any]:
    return {"name": draw.plant()}


def _let_in(at: Look) -> Iterator[Row]:
    task = at.task
    device = _device(at, task.name)
    yield _is_active(device, task.name)
    access = _access(device, task.name)
    yield _allowed(access, "iot:Connect", task.name, "may_connect")
    yield _allowed(access, "iot:Publish", f"lamps/{task.name}/state", "may_publish")
    topic = f"lamps/{task.other}/state"
    wide = access.allows("iot:Publish", topic)
    yield Row(f"iot:Publish on {topic}", "denied", "allowed" if wide else "denied", not wide, "policy_too_wide")


def _own_key(at: Look) -> Iterator[Row]:
    task = at.task
    at.require(task.name)
    current = at.current(task.name)
    status = at.status(task.name)
    yield Row("operation status", "completed", status, current is not None, "never_merged")
    if current is None:
        return
    own = certificate_id(current.leaf.public_bytes(Encoding.DER))
    attached = _devices(at, task.name)
    device = next((one for one in attached if one.certificate_id == own), attached[-1])
    same = device.certificate_id == own
    yield Row("certificateId", f"{own[:16]}…", f"{device.certificate_id[:16]}…", same, "another_certificate")
    by_aws = any(event.kind == "create_certificate_from_csr" and own in event.object for event in at.events)
    signer = "AWS IoT" if by_aws else current.leaf.issuer.rfc4514_string()
    yield Row("signed by", "AWS IoT", signer, by_aws, "who_was_to_sign")
    yield _is_active(device, task.name)


def _stolen_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    iot = Iot(vault)
    statement = {"Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": "*"}
    iot.create_policy(_SHARED, json.dumps({"Version": "2012-10-17", "Statement": statement}))
    made = {}
    for name in (given["name"], given["other"]):
        operation = vault.create_certificate(name, CertificatePolicy.manual(f"CN={name}", kty="EC"))
        assert operation.csr is not None
        request = x509.load_der_x509_csr(operation.csr).public_bytes(Encoding.PEM).decode()
        made[name] = iot.create_certificate_from_csr(request, set_as_active=True)
        iot.create_thing(name)
        iot.attach_thing_principal(name, made[name].certificate_arn)
        iot.attach_policy(_SHARED, made[name].certificate_arn)
    return {"certificate_id": made[given["name"]].certificate_id}


def _stolen(at: Look) -> Iterator[Row]:
    task = at.task
    stolen = find_device(at.vault, task.certificate_id)
    status = stolen.status.value if stolen else "deleted"
    yield Row(f"{task.name}: status", "REVOKED", status, status in ("REVOKED", "deleted"), "not_for_good")
    other = _device(at, task.other)
    yield _is_active(other, task.other)
    access = _access(other, task.other)
    yield _allowed(access, "iot:Connect", task.other, "who_else")
    yield _allowed(access, "iot:Publish", f"lamps/{task.other}/state", "who_else")


def _device(at: Look, thing: str) -> Device:
    """
    Return the newest certificate that is attached to a thing, of those that are ACTIVE if any is.

    Raises:
        Stuck: there is none.
    """
    found = _devices(at, thing)
    return next((one for one in reversed(found) if one.status is Status.ACTIVE), found[-1])


def _devices(at: Look, thing: str) -> list[Device]:
    """
    Return the certificates that are attached to a thing, the newest last.

    Raises:
        Stuck: there is none.
    """
    known = dict.fromkeys(event.object.rpartition("/")[2] for event in at.events if ":cert/" in event.object)
    found = [device for one in known if (device := find_device(at.vault, one)) and device.thing(thing)]
    if not found:
        raise Stuck(f"No certificate is attached to a thing {thing} yet: create_thing, then attach_thing_principal.")
    return found


def _access(device: Device, client_id: str) -> Access:
    certificate = x509.load_der_x509_certificate(device.certificate_der)
    return Access(device, connection_facts(certificate, device, client_id, _LOOPBACK, [], None), client_id)


def _is_active(device: Device, name: str) -> Row:
    passed = device.status is Status.ACTIVE
    return Row(f"{name}: status", "ACTIVE", device.status.value, passed, "who_else" if passed else "not_activated")


def _allowed(access: Access, action: str, name: str, hint: str) -> Row:
    passed = access.allows(action, name)
    return Row(f"{action} on {name}", "allowed", "allowed" if passed else "denied", passed, hint)


MAKINGS = {
    "08.1": Making(_lamp, _let_in),
    "08.2": Making(_vault_lamp, _own_key),
    "08.3": Making(_lamp, _stolen, _stolen_scene),
}
