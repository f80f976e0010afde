"""What a broker asks: whose certificate a device has shown, and whether an event may have changed the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from kvlab.iot.document import Statement, read_document
from kvlab.iot.material import certificate_id
from kvlab.iot.state import Status
from kvlab.iot.view import Place, place_of
from kvlab.store import iot as rows
from kvlab.store import iot_policy as policies
from kvlab.store import iot_thing as things

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from kvlab.events import Event
    from kvlab.vault.vault import Vault

EVERYBODY = "*"
"""Stands for every certificate: an event may concern them all."""

_OF_CERTIFICATE = frozenset({
    "update_certificate", "delete_certificate", "transfer_certificate", "accept_certificate_transfer",
    "reject_certificate_transfer", "cancel_certificate_transfer", "register_certificate",
    "register_certificate_without_ca", "create_keys_and_certificate", "create_certificate_from_csr",
})  # fmt: skip
_OF_MANY = frozenset({"create_policy_version", "set_default_policy_version", "update_thing"})
_CERTIFICATE_PART = ":cert/"


class AttachedPolicy(NamedTuple):
    """
    A policy of a certificate.

    Attributes:
        name: of the policy.
        arn: its ARN.
        statements: of its default version.
    """

    name: str
    arn: str
    statements: tuple[Statement, ...]


class AttachedThing(NamedTuple):
    """
    A thing of a certificate.

    Attributes:
        name: of the thing.
        thing_type: None if it has none.
        attributes: by name.
        exclusive: whether it is the certificate's only one.
    """

    name: str
    thing_type: str | None
    attributes: Mapping[str, str]
    exclusive: bool


class Device(NamedTuple):
    """
    One registration of a certificate.

    Attributes:
        certificate_id: SHA-256 of the DER, 64 hexadecimal digits.
        certificate_der: the certificate.
        place: account and region that own it.
        arn: its ARN.
        status: only ``ACTIVE`` may connect.
        policies: those attached, in the order in which they were.
        things: those attached, likewise.
        mode: ``SNI_ONLY`` if a device has to name the host it wants, else ``DEFAULT``.
        ca_id: the registered CA that signed it, if one did.
        created: when it was registered, in epoch seconds.
    """

    certificate_id: str
    certificate_der: bytes
    place: Place
    arn: str
    status: Status
    policies: tuple[AttachedPolicy, ...]
    things: tuple[AttachedThing, ...]
    mode: str
    ca_id: str | None
    created: int

    def thing(self, client_id: str) -> AttachedThing | None:
        """Return the thing that connects when the device does so under a client id, see ``thing_of``."""
        return thing_of(self.things, client_id)


def find_device(vault: Vault, certificate: bytes | str, *, account: str | None = None) -> Device | None:
    """
    Find a certificate in the registry of a vault.

    Args:
        vault: whose registry it is.
        certificate: DER, or its id.
        account: whose registration is wanted; where none is named and several have it, an ACTIVE one goes first.

    Returns:
        The registration; None if nobody has registered it.
    """
    core = vault._core  # noqa: SLF001  the registry is a part of the same vault
    wanted = certificate.lower() if isinstance(certificate, str) else certificate_id(certificate)
    with core.read() as connection:
        found = [
            row
            for row in rows.certificates_everywhere(connection, core.vault_id, wanted)
            if account in (None, row.account)
        ]
        if not found:
            return None
        row = next((row for row in found if row.status == Status.ACTIVE), found[0])
        arn = place_of(row).arn("cert", row.id)
        return Device(
            row.id, row.certificate_der, place_of(row), arn, Status(row.status),
            _policies(connection, core.vault_id, arn), attached_things(connection, core.vault_id, arn),
            row.mode, row.ca_id, row.created,
        )  # fmt: skip


def thing_of(attached: Iterable[AttachedThing], client_id: str | None) -> AttachedThing | None:
    """
    Return which of a certificate's things a connection stands for: the one called as the client id, or the only one.

    Source: https://docs.aws.amazon.com/iot/latest/developerguide/exclusive-thing.html
    """
    return next((thing for thing in attached if thing.exclusive or thing.name == client_id), None)


def attached_things(connection: Connection, vault_id: int, arn: str) -> tuple[AttachedThing, ...]:
    """Return the things of a certificate, in the order in which they were attached."""
    return tuple(
        AttachedThing(row.name, row.thing_type, json.loads(row.attributes), row.kind == "EXCLUSIVE_THING")
        for row in things.all_things_of(connection, vault_id, arn)
    )


def concerns(event: Event) -> str | None:
    """
    Say whose right to be connected an event may have changed.

    Returns:
        A certificate's id, ``EVERYBODY``, or None if nobody's.
    """
    if event.kind in _OF_MANY:
        return EVERYBODY
    about = (
        event.object if event.kind in _OF_CERTIFICATE else event.detail.get("target") or event.detail.get("principal")
    )
    if not isinstance(about, str) or not event.object.startswith("arn:aws:iot:") or _CERTIFICATE_PART not in about:
        return None
    return about.partition(_CERTIFICATE_PART)[2]


def _policies(connection: Connection, vault_id: int, arn: str) -> tuple[AttachedPolicy, ...]:
    return tuple(
        AttachedPolicy(row.name, place_of(row).arn("policy", row.name), read_document(row.document))
        for row in policies.documents(connection, vault_id, arn)
    )
