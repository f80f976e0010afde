"""The ways of a device certificate into AWS IoT: which steps each has, between whom, and what each is for."""

from __future__ import annotations

from kvlab.render.script import Line, Script

DEVICE, IOT, CA = "device", "AWS IoT", "CA"

REGISTERED_BY_HAND = ("register_certificate", "register_certificate_without_ca")
BEGINNINGS = ("create_keys_and_certificate", "create_certificate_from_csr", *REGISTERED_BY_HAND, "register_by_ca")
"""The events by which a certificate comes into the registry."""

TITLES = {
    "create_keys_and_certificate": "One click: AWS IoT makes the key",
    "create_certificate_from_csr": "Your own request: the key stays",
    "register_certificate": "Your own CA: you register it",
    "register_certificate_without_ca": "Any certificate: no CA counts",
    "register_by_ca": "Just in time: connect and be known",
}

_ONE_CLICK: Script = (
    Line(
        DEVICE, IOT, "Ask for everything", "CreateKeysAndCertificate",
        "Whoever sets the device up asks AWS IoT for a key pair and a certificate in one call.",
    ),
    Line(
        IOT, CA, "Sign the public key", "Amazon's CA for devices",
        "AWS IoT makes an RSA key pair, and its own CA signs a certificate for it, valid to the end of 2049.",
    ),
    Line(
        IOT, DEVICE, "Certificate and private key", "returned once, never kept",
        "This answer is the only place where the private key is ever seen: it must get to the device and nowhere else.",
    ),
)  # fmt: skip
_OWN_REQUEST: Script = (
    Line(
        DEVICE, IOT, "Certificate signing request", "CreateCertificateFromCsr",
        "The key pair is made on the device, or in a key vault. What travels is the request: the public key, signed.",
    ),
    Line(
        IOT, CA, "Sign the request's key", "Amazon's CA for devices",
        "AWS IoT's CA signs a certificate for the public key in the request.",
    ),
    Line(
        IOT, DEVICE, "Certificate", "public; no private key in it",
        "The certificate comes back. AWS IoT has never seen the private key.",
    ),
)  # fmt: skip
_OWN_CA: Script = (
    Line(
        DEVICE, CA, "Request to your own CA", "in the factory",
        "The device's request is signed by a CA of your own; AWS IoT can not see this.",
    ),
    Line(CA, DEVICE, "Certificate", "signed by your CA", "Your CA signs; the certificate is on the device now."),
    Line(
        DEVICE, IOT, "Register the certificate", "RegisterCertificate",
        "AWS IoT takes the certificate into the registry: it is found there by the SHA-256 of its octets.",
    ),
)  # fmt: skip
_ALONE = (*_OWN_CA[:2], _OWN_CA[2]._replace(detail="RegisterCertificateWithoutCA"))
_JUST_IN_TIME = (
    *_OWN_CA[:2],
    Line(
        DEVICE, IOT, "Connect for the first time", "refused, but registered",
        "The certificate is unknown, but its CA is registered for automatic registration. It becomes "
        "PENDING_ACTIVATION, and the connection is closed all the same.",
    ),
)  # fmt: skip
HEADS: dict[str, Script] = {
    "create_keys_and_certificate": _ONE_CLICK,
    "create_certificate_from_csr": _OWN_REQUEST,
    "register_certificate": _OWN_CA,
    "register_certificate_without_ca": _ALONE,
    "register_by_ca": _JUST_IN_TIME,
}
TAIL: Script = (
    Line(
        IOT, IOT, "Activate", "UpdateCertificate: ACTIVE",
        "Only an ACTIVE certificate authenticates a device. INACTIVE can be undone, REVOKED can not.",
    ),
    Line(
        IOT, IOT, "Attach a policy", "AttachPolicy",
        "A policy says what the device may do: connect, publish, subscribe, receive. Without one it may do nothing.",
    ),
    Line(
        DEVICE, IOT, "Connect by mutual TLS", "both show a certificate",
        "The device proves that it has the key; AWS IoT looks the certificate up, and asks the policies.",
    ),
    Line(
        DEVICE, IOT, "Publish and subscribe", "MQTT",
        "Each message and each subscription is asked about again: policies may change while the device is connected.",
    ),
)  # fmt: skip
