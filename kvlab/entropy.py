"""The one place where chance comes from: the machine's, or a seed's for lessons that must repeat."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric import ec, rsa

SERIAL_OCTETS = 16
"""Octets drawn for a serial number; RFC 5280 4.1.2.2 allows 20, the CA/Browser Forum asks for 64 bits of chance."""

RSA_PUBLIC_EXPONENT = 65537


CURVE_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    "secp521r1": int(
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA518"
        "68783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
        16,
    ),
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
"""The order of each curve's base point, by OpenSSL name (SEC 2 version 2; FIPS 186-5)."""


class Entropy(Protocol):
    """Every draw says for which object and for what purpose it is made."""

    @property
    def seed(self) -> str | None:
        """The seed all draws come from; None when they are real randomness."""

    def octets(self, name: str, purpose: str, size: int) -> bytes:
        """Draw ``size`` octets."""

    def rsa_key(self, name: str, key_size: int) -> rsa.RSAPrivateKey:
        """Make an RSA key of ``key_size`` bits."""

    def ec_key(self, name: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        """Make a key on ``curve``."""


def identifier(entropy: Entropy, name: str, purpose: str) -> str:
    """Draw a version or request id: 32 lower-case hexadecimal digits."""
    return entropy.octets(name, purpose, 16).hex()


def serial_number(entropy: Entropy, name: str) -> int:
    """Draw a positive serial number of at most 16 octets with 126 bits of chance (RFC 5280 section 4.1.2.2)."""
    number = int.from_bytes(entropy.octets(name, "serial number", SERIAL_OCTETS), "big")
    # The top bit must be 0 for the INTEGER to be positive; the next one is 1 so that the length never varies.
    return number & ~(1 << 127) | 1 << 126


class SystemEntropy:
    """The operating system's randomness."""

    seed: str | None = None

    def octets(self, name: str, purpose: str, size: int) -> bytes:  # noqa: ARG002  a seed needs to know
        """Draw ``size`` random octets."""
        return os.urandom(size)

    def rsa_key(self, name: str, key_size: int) -> rsa.RSAPrivateKey:  # noqa: ARG002
        """Make a random RSA key of ``key_size`` bits."""
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415  ``import kvlab`` stays light

        return rsa.generate_private_key(RSA_PUBLIC_EXPONENT, key_size)

    def ec_key(self, name: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:  # noqa: ARG002
        """Make a random key on ``curve``."""
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        return ec.generate_private_key(curve)

    def __repr__(self) -> str:
        return "SystemEntropy()"


class SeededEntropy:
    """
    Draws that repeat: each is derived by HKDF-SHA256 (RFC 5869) from seed, vault, name, purpose and ordinal.

    One draw never shifts another one, whatever a second thread or a cell run twice does.
    Keys made so are **not secret**.

    Args:
        seed: any text; the same text gives the same draws.
        vault: the vault's name, so that two vaults of one seed differ.
        ordinals: how many draws each (name, purpose) has had, from an earlier session.
    """

    def __init__(self, seed: str, vault: str, ordinals: Mapping[tuple[str, str], int] | None = None) -> None:
        self.seed: str | None = seed
        self._vault = vault
        self._ordinals = dict(ordinals or {})
        self._changed: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def octets(self, name: str, purpose: str, size: int) -> bytes:
        """Derive the next ``size`` octets (at most 255 * 32) for this name and purpose."""
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        info = json.dumps([self._vault, name.casefold(), purpose, self._next_ordinal(name, purpose)]).encode()
        secret = f"{self.seed}".encode()
        return HKDF(hashes.SHA256(), size, salt=b"kvlab seeded entropy 1", info=info).derive(secret)

    def rsa_key(self, name: str, key_size: int) -> rsa.RSAPrivateKey:
        """Make the RSA key of this draw: pycryptodome's generator on a derived key stream."""
        from Crypto.PublicKey import RSA  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        key = RSA.generate(key_size, randfunc=self._stream(name, f"RSA {key_size} key"), e=RSA_PUBLIC_EXPONENT)
        public = rsa.RSAPublicNumbers(key.e, key.n)
        d, p, q = int(key.d), int(key.p), int(key.q)
        numbers = rsa.RSAPrivateNumbers(
            p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
        )
        return numbers.private_key()

    def ec_key(self, name: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        """Make the key of this draw: a scalar from 64 octets more than the order needs (FIPS 186-5 A.2.1)."""
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        wide = int.from_bytes(self.octets(name, f"{curve.name} key", (curve.key_size + 7) // 8 + 8), "big")
        return ec.derive_private_key(wide % (CURVE_ORDERS[curve.name] - 1) + 1, curve)

    def catch_up(self, ordinals: Mapping[tuple[str, str], int]) -> None:
        """Go on after the draws that somebody else made of the same seed."""
        with self._lock:
            for key, ordinal in ordinals.items():
                self._ordinals[key] = max(ordinal, self._ordinals.get(key, 0))

    def take_changes(self) -> dict[tuple[str, str], int]:
        """Return the ordinals that moved since the last call, to be stored with what was drawn."""
        if not self._changed:
            return {}
        with self._lock:
            changes = {key: self._ordinals[key] for key in self._changed}
            self._changed.clear()
        return changes

    def _next_ordinal(self, name: str, purpose: str) -> int:
        key = (name.casefold(), purpose)
        with self._lock:
            ordinal = self._ordinals.get(key, 0)
            self._ordinals[key] = ordinal + 1
            self._changed.add(key)
        return ordinal

    def _stream(self, name: str, purpose: str) -> Callable[[int], bytes]:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms  # noqa: PLC0415

        key = self.octets(name, purpose, 32)
        encryptor = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
        return lambda size: encryptor.update(bytes(size))

    def __repr__(self) -> str:
        return "SeededEntropy()"
