"""The server's own certification authority and its TLS certificate. These always run on real time."""

from __future__ import annotations

import base64
import json
import os
import ssl
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from kvlab.clock import SystemClock
from kvlab.entropy import SystemEntropy, serial_number
from kvlab.x509.certificate import issue, self_sign
from kvlab.x509.container import pem_certificate, write_pem
from kvlab.x509.extension import Profile, dns_name, ip_address
from kvlab.x509.key import load_pkcs8_der, private_key_pkcs8_der
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.server.register import Register
    from kvlab.x509.key import PrivateKey

CA_FACT = "ca"
CA_DAYS = 3650
SERVER_DAYS = 365

_CLOCK = SystemClock()
_ENTROPY = SystemEntropy()
_SERVER_AUTH = ("1.3.6.1.5.5.7.3.1",)


class ServerCA:
    """
    The authority that vouches for the server; kept in its register, so that clients trust it after a restart too.

    Args:
        register: of the server.

    Attributes:
        certificate_pem: what a client has to trust.
    """

    def __init__(self, register: Register) -> None:
        kept = json.loads(register.fact(CA_FACT, _new_authority))
        self._certificate_der = base64.b64decode(kept["certificate"])
        self._key: PrivateKey = load_pkcs8_der(base64.b64decode(kept["key"]), trusted=True)
        self.certificate_pem = pem_certificate(self._certificate_der)

    def context(self, host_names: Sequence[str], addresses: Sequence[str]) -> ssl.SSLContext:
        """Return a TLS server context with a certificate for these names and IP addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.renew(context, host_names, addresses)
        return context

    def renew(self, context: ssl.SSLContext, host_names: Sequence[str], addresses: Sequence[str]) -> None:
        """Give a context a new certificate; connections that stand keep the old one."""
        key, chain = self.certify(host_names, addresses)
        _load(context, write_pem(key, chain))

    def certify(
        self, host_names: Sequence[str], addresses: Sequence[str]
    ) -> tuple[ec.EllipticCurvePrivateKey, list[bytes]]:
        """Return a new key, and its certificate for these names and IP addresses with this CA's after it, as DER."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = _CLOCK.now().replace(microsecond=0)
        names = (*map(dns_name, host_names), *map(ip_address, addresses))
        leaf = issue(
            Profile(parse_name("CN=localhost"), names, ("digitalSignature",), _SERVER_AUTH),
            key.public_key(),
            x509.load_der_x509_certificate(self._certificate_der),
            self._key,
            serial_number=serial_number(_ENTROPY, "server"),
            not_before=now - timedelta(hours=1),
            not_after=now + timedelta(days=SERVER_DAYS),
        )
        return key, [leaf, self._certificate_der]

    def __repr__(self) -> str:
        return "ServerCA()"


def _load(context: ssl.SSLContext, pem: str) -> None:
    # The ssl module reads files only.
    descriptor, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(pem)
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def _new_authority() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    now = _CLOCK.now().replace(microsecond=0)
    certificate = self_sign(
        Profile(
            parse_name("CN=kvlab server CA, O=kvlab"), key_usage=("keyCertSign", "cRLSign"), ca=True, path_length=0
        ),
        key,
        serial_number=serial_number(_ENTROPY, "server CA"),
        not_before=now - timedelta(hours=1),
        not_after=now + timedelta(days=CA_DAYS),
    )
    kept = {"certificate": certificate, "key": private_key_pkcs8_der(key)}
    return json.dumps({name: base64.b64encode(octets).decode() for name, octets in kept.items()}).encode()
