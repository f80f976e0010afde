"""AWS IoT's registry: device certificates with what hangs on them, and things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.iot.lookup import find_device
from kvlab.tables.frame import INSTANT, frame
from kvlab.x509.name import format_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from kvlab.iot.iot import Iot
    from kvlab.iot.lookup import Device

DEVICE_DTYPES = {
    "certificate_id": "string",
    "status": "category",
    "subject": "string",
    "issuer": "string",
    "created": INSTANT,
    "expires": INSTANT,
    "policies": "string",
    "things": "string",
    "ca_certificate_id": "string",
    "mode": "category",
}
THING_DTYPES = {
    "thing": "string",
    "type": "string",
    "attributes": "string",
    "certificates": "string",
    "version": "Int64",
}

PAGE = 250


def devices(iot: Iot) -> pd.DataFrame:
    """
    List the device certificates of an account, oldest first.

    Args:
        iot: the account's registry.

    Returns:
        A frame with the columns

        - ``certificate_id``: string, 64 hexadecimal digits: the SHA-256 of the certificate.
        - ``status``: category, such as ``ACTIVE``.
        - ``subject``, ``issuer``: string, RFC 4514.
        - ``created``, ``expires``: datetime64[s, UTC]; when it was registered, and its notAfter.
        - ``policies``, ``things``: string, the names of what is attached, separated by commas.
        - ``ca_certificate_id``: string, of the registered CA that signed it, or ``<NA>``.
        - ``mode``: category, ``DEFAULT`` or ``SNI_ONLY``.
    """
    found = (
        find_device(iot.vault, row.certificate_id, account=iot.account)
        for row in _all(iot.list_certificates, "certificates", "next_marker", "marker", ascending_order=True)
    )
    return frame((_device_row(device) for device in found if device), DEVICE_DTYPES)


def _device_row(device: Device) -> tuple[Any, ...]:
    certificate = x509.load_der_x509_certificate(device.certificate_der)
    return (
        device.certificate_id,
        device.status.value,
        format_name(certificate.subject),
        format_name(certificate.issuer),
        device.created,
        certificate.not_valid_after_utc,
        ", ".join(policy.name for policy in device.policies),
        ", ".join(thing.name for thing in device.things),
        device.ca_id,
        device.mode,
    )


def things(iot: Iot) -> pd.DataFrame:
    """
    List the things of an account, oldest first.

    Args:
        iot: the account's registry.

    Returns:
        A frame with the columns

        - ``thing``: string, its name; ``type``: string, or ``<NA>``.
        - ``attributes``: string, JSON.
        - ``certificates``: string, the ids of those it is attached to, separated by commas.
        - ``version``: Int64, counted from 1.
    """
    rows = (
        (
            thing.thing_name,
            thing.thing_type_name,
            json.dumps(thing.attributes),
            ", ".join(arn.rpartition("/")[2] for arn in iot.list_thing_principals(thing.thing_name).principals),
            thing.version,
        )
        for thing in _all(iot.list_things, "things", "next_token", "next_token")
    )
    return frame(rows, THING_DTYPES)


def _all(operation: Callable[..., Any], member: str, following: str, asks: str, **options: Any) -> Iterator[Any]:
    """Yield what an operation lists, page by page."""
    size = {"page_size" if asks == "marker" else "max_results": PAGE}
    answer = operation(**size, **options)
    yield from getattr(answer, member)
    while (token := getattr(answer, following)) is not None:
        answer = operation(**size, **options, **{asks: token})
        yield from getattr(answer, member)
