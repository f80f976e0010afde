"""Who is let in: the registry's word on a client certificate, and what a first connection does."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.errors import StoreUnavailable
from kvlab.iot.joining import register_at_connect
from kvlab.iot.lookup import Device, find_device
from kvlab.iot.material import certificate_id
from kvlab.iot.mqtt.hub import Message
from kvlab.iot.state import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography import x509

    from kvlab.iot.view import Place
    from kvlab.vault.vault import Vault

REGISTERED_TOPIC = "$aws/events/certificates/registered"
"""On ``…/<CA's id>`` AWS IoT tells that a certificate was registered at its first connection, or still waits."""

SNI_ONLY = "SNI_ONLY"

_UNKNOWN = "the certificate is not registered"
_log = logging.getLogger(__name__)


class Announcement(NamedTuple):
    """A message that the service itself publishes, and whose devices get it."""

    place: Place
    message: Message


class Gate:
    """
    Decides in the handshake.

    Args:
        vault: beside whose registry the broker stands.
        tell: puts something into the event log.
        later: runs work on the registry in another thread, and publishes what it returns.
    """

    def __init__(
        self,
        vault: Vault,
        tell: Callable[..., None],
        later: Callable[[Callable[[], Announcement | None]], None],
    ) -> None:
        self._vault = vault
        self._tell = tell
        self._later = later

    def admit(self, certificate: x509.Certificate, server_name: str | None, address: str) -> Device | None:
        """
        Look a certificate up; None refuses it.

        The chain that came with it does not count, nor who signed it: only whether the account registered it.

        Source: https://docs.aws.amazon.com/iot/latest/developerguide/x509-client-certs.html
        """
        der = certificate.public_bytes(Encoding.DER)
        found = certificate_id(der)
        try:
            device = find_device(self._vault, found)
            reason = self._reason(device, certificate, server_name)
        except StoreUnavailable:
            device, reason = None, "the registry can not be read"
        except Exception:  # noqa: BLE001  a bug, or a certificate that nobody has thought of: nobody comes in by it
            _log.exception("A certificate could not be looked up.")
            device, reason = None, "the certificate can not be read"
        if reason is None:
            return device
        about = device.arn if device else f"iot/{found}"
        self._tell("refuse_connection", about, reason=reason, address=address)
        if server_name and (device.status is Status.PENDING_ACTIVATION if device else reason == _UNKNOWN):
            self._later(lambda: self._first_connection(certificate))
        return None

    def refusal(self, device: Device | None, validity: tuple[datetime, datetime]) -> str | None:
        """
        Say why a device with this certificate is not let in, or not any more; None if it is.

        Args:
            device: as the registry has it; None if it does not.
            validity: the certificate's notBefore and notAfter, on the vault's clock.
        """
        if device is None:
            return _UNKNOWN
        if device.status is not Status.ACTIVE:
            return f"the certificate is {device.status.value}"
        now = self._vault.clock.now()
        if now > validity[1]:
            return f"the certificate expired at {validity[1].isoformat().replace('+00:00', 'Z')}"
        return "the certificate is not valid yet" if now < validity[0] else None

    def _reason(self, device: Device | None, certificate: x509.Certificate, server_name: str | None) -> str | None:
        reason = self.refusal(device, (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
        if reason is None and device and device.mode == SNI_ONLY and not server_name:
            return "the certificate is registered without a CA, so a device must name the host it wants (SNI)"
        return reason

    def _first_connection(self, certificate: x509.Certificate) -> Announcement | None:
        """Register an unknown certificate whose CA does that by itself, or remind of one that waits."""
        device = register_at_connect(self._vault, certificate)
        if device is None or device.ca_id is None:
            return None
        milliseconds = int(1000 * self._vault.clock.now().timestamp())
        event = {
            "certificateId": device.certificate_id,
            "caCertificateId": device.ca_id,
            "timestamp": milliseconds,
            "certificateStatus": device.status.value,
            "awsAccountId": device.place.account,
            "certificateRegistrationTimestamp": str(1000 * device.created),
        }
        message = Message(f"{REGISTERED_TOPIC}/{device.ca_id}", json.dumps(event).encode(), 1)
        return Announcement(device.place, message)
