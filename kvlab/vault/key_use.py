"""What keys do: sign, verify, encrypt, decrypt, wrap and unwrap, as far as key_ops and the state of things allow."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import load_der_public_key

from kvlab.errors import (
    InvalidProperty,
    KeyDisabled,
    KeyExpired,
    KeyNotYetValid,
    KeyOperationForbidden,
    KeyParameterInvalid,
)
from kvlab.store import certificate as certificates
from kvlab.vault.inoperable import Condition, condition, refused
from kvlab.vault.key import FoundKey, KeyOperations
from kvlab.vault.key_material import open_key
from kvlab.vault.view import operation
from kvlab.wire.key import KeyOperationResult, KeyVerifyResult
from kvlab.wire.model import decode_base64
from kvlab.x509 import jwa

_REFUSALS: dict[Condition, type[KeyDisabled | KeyExpired | KeyNotYetValid]] = {
    "disabled": KeyDisabled,
    "expired": KeyExpired,
    "not yet valid": KeyNotYetValid,
}


class CryptographicOperations(KeyOperations):
    """The operations that use a key."""

    @operation()
    def sign(self, name: str, alg: str, value: bytes | str, *, version: str | None = None) -> KeyOperationResult:
        """
        Sign a digest with a key.

        Args:
            name: of the key or certificate.
            alg: RS256, RS384, RS512, PS256, PS384, PS512, RSNULL; ES256, ES256K, ES384 or ES512.
            value: the digest (octets, or base64url).
            version: 32 hexadecimal digits; the newest when left out.

        Returns:
            The signature; an EC one is r and s, not DER.

        Raises:
            KeyOperationForbidden: and ``KeyDisabled``, ``KeyExpired``, ``KeyNotYetValid``: 403.
            KeyParameterInvalid: 400.
            KeyNotFound: 404.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/sign
        """
        found, digest = self._usable_key(name, version, "sign"), _octets("value", value)
        with _OperandErrors():
            signature = jwa.sign(self._private(found), alg, digest, deterministic=self._core.seeded)
        return self._used(found, "sign", alg, signature)

    @operation()
    def verify(
        self, name: str, alg: str, digest: bytes | str, value: bytes | str, *, version: str | None = None
    ) -> KeyVerifyResult:
        """
        Tell whether ``value`` is the key's signature over ``digest``; other arguments and errors as for ``sign``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/verify
        """
        found = self._usable_key(name, version, "verify")
        hashed, signature = _octets("digest", digest), _octets("value", value)
        with _OperandErrors():
            holds = jwa.verify(_public(found), alg, hashed, signature)
        return KeyVerifyResult(value=holds)

    @operation()
    def encrypt(self, name: str, alg: str, value: bytes | str, *, version: str | None = None) -> KeyOperationResult:
        """
        Encrypt octets for the key's holder.

        Args:
            name: of the key or certificate.
            alg: RSA1_5, RSA-OAEP or RSA-OAEP-256.
            value: octets, or base64url.
            version: 32 hexadecimal digits; the newest when left out.

        Raises:
            VaultError: as for ``sign``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/encrypt
        """
        return self._public_operation("encrypt", name, alg, value, version)

    @operation()
    def decrypt(self, name: str, alg: str, value: bytes | str, *, version: str | None = None) -> KeyOperationResult:
        """
        Decrypt octets; arguments and errors as for ``encrypt``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/decrypt
        """
        return self._private_operation("decrypt", name, alg, value, version)

    @operation()
    def wrap_key(self, name: str, alg: str, value: bytes | str, *, version: str | None = None) -> KeyOperationResult:
        """
        Encrypt a symmetric key; arguments and errors as for ``encrypt``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key
        """
        return self._public_operation("wrapKey", name, alg, value, version)

    @operation()
    def unwrap_key(self, name: str, alg: str, value: bytes | str, *, version: str | None = None) -> KeyOperationResult:
        """
        Decrypt a symmetric key; arguments and errors as for ``encrypt``.

        Source: https://learn.microsoft.com/rest/api/keyvault/keys/unwrap-key
        """
        return self._private_operation("unwrapKey", name, alg, value, version)

    def _public_operation(
        self, verb: str, name: str, alg: str, value: bytes | str, version: str | None
    ) -> KeyOperationResult:
        found, octets = self._usable_key(name, version, verb), _octets("value", value)
        with _OperandErrors():
            result = jwa.encrypt(_public(found), alg, octets)
        return self._used(found, verb, alg, result)

    def _private_operation(
        self, verb: str, name: str, alg: str, value: bytes | str, version: str | None
    ) -> KeyOperationResult:
        found, octets = self._usable_key(name, version, verb), _octets("value", value)
        with _OperandErrors():
            result = jwa.decrypt(self._private(found), alg, octets)
        return self._used(found, verb, alg, result)

    def _usable_key(self, name: str, version: str | None, verb: str) -> FoundKey:
        """Find a key that may do something now."""
        with self._core.read() as connection:
            found = self._find_key(connection, name, version)
        state = condition(found.state, int(self._core.clock.now().timestamp()))
        if refused(verb, state, managed=found.managed, mode=self._core.inoperable):
            raise _REFUSALS[state](verb)
        if verb not in found.key_ops.split(","):
            raise KeyOperationForbidden(verb)
        return found

    def _private(self, found: FoundKey) -> Any:
        with self._core.read() as connection:
            return open_key(self._core, certificates.find_key(connection, found.key_id))

    def _used(self, found: FoundKey, verb: str, alg: str, result: bytes) -> KeyOperationResult:
        with self._core.turn(self._principal) as turn:
            turn.record(verb, f"keys/{found.name}", version=found.version, alg=alg)
        return KeyOperationResult(kid=self._place.id("keys", found.name, found.version), value=result)


class _OperandErrors:
    """Turn what ``jwa`` finds wrong with an algorithm or value into the service's refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, jwa.BadOperand):
            raise KeyParameterInvalid(error.field, str(error)) from None


def _public(found: FoundKey) -> Any:
    return load_der_public_key(found.public_der)


def _octets(field: str, value: bytes | str) -> bytes:
    octets = decode_base64(value) if isinstance(value, str) else value
    if not isinstance(octets, bytes):
        raise InvalidProperty(field, "It is octets, or base64url.")
    return octets
