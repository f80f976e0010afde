"""JSON Web Keys (RFC 7517) of the kinds that the vault takes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kvlab.errors import InvalidKey, UnsupportedKey
from kvlab.x509.key import (
    ALLOWED,
    CRYPTOGRAPHY_REFUSES,
    curve_named,
    key_spec,
    keys_match,
    private_key_from_rsa_numbers,
    private_key_from_scalar,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kvlab.x509.key import PrivateKey, PublicKey


def jwk(public_key: PublicKey) -> dict[str, str]:
    """
    Write a public key as a JSON Web Key (RFC 7518 section 6).

    Returns:
        ``kty``, ``n``, ``e``, or ``kty``, ``crv``, ``x``, ``y``: base64url without padding; coordinates have the full
        length of the curve's field.

    Raises:
        UnsupportedKey: the vault does not take such a key.
    """
    spec = key_spec(public_key)
    if isinstance(public_key, rsa.RSAPublicKey):
        modulus = public_key.public_numbers()
        return {"kty": "RSA", "n": _b64url(modulus.n), "e": _b64url(modulus.e)}
    point = public_key.public_numbers()
    length = (spec.key_size + 7) // 8
    return {"kty": "EC", "crv": f"{spec.crv}", "x": _b64url(point.x, length), "y": _b64url(point.y, length)}


def public_key_from_jwk(members: Mapping[str, object]) -> PublicKey:
    """
    Read the public half of a JSON Web Key; private members and unknown ones are ignored.

    Raises:
        UnsupportedKey: of a type, size or curve that the vault does not take.
        InvalidKey: a member is missing or malformed, or they make no key.
    """
    try:
        if _kty(members) == "EC":
            x, y = _number(members, "x"), _number(members, "y")
            return ec.EllipticCurvePublicNumbers(x, y, curve_named(members.get("crv"))).public_key()
        n, e = _number(members, "n"), _number(members, "e")
        key = rsa.RSAPublicNumbers(e, n).public_key()
    except (*CRYPTOGRAPHY_REFUSES,) as error:
        if isinstance(error, (InvalidKey, UnsupportedKey)):
            raise
        raise InvalidKey("The members of the JSON Web Key make no public key.") from None
    key_spec(key)
    return key


def private_key_from_jwk(members: Mapping[str, object]) -> PrivateKey:
    """
    Read a private JSON Web Key (RFC 7518 sections 6.2.2 and 6.3.2).

    RSA needs ``n``, ``e``, ``d``, ``p`` and ``q``: to find the primes from ``d`` alone can be made to take for ever.
    ``dp``, ``dq`` and ``qi`` follow from the others and are not read. EC needs ``d``; ``x`` and ``y`` must fit.

    Raises:
        UnsupportedKey: of a type, size or curve that the vault does not take.
        InvalidKey: a member is missing or malformed, or they do not fit together.
    """
    if _kty(members) == "RSA":
        n, e, d, p, q = (_number(members, name) for name in ("n", "e", "d", "p", "q"))
        if n != p * q:
            raise InvalidKey("n of the JSON Web Key is not the product of p and q.")
        return private_key_from_rsa_numbers(p, q, e, d)
    key = private_key_from_scalar(f"{members.get('crv')}", _number(members, "d"))
    if ("x" in members or "y" in members) and not keys_match(key, public_key_from_jwk(members)):
        raise InvalidKey("x and y of the JSON Web Key are not those of d.")
    return key


def _kty(members: Mapping[str, object]) -> object:
    kty = members.get("kty")
    if kty not in ("RSA", "EC"):
        raise UnsupportedKey(f"The JSON Web Key's kty is neither RSA nor EC. {ALLOWED}")
    return kty


def _b64url(number: int, length: int = 0) -> str:
    octets = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _number(members: Mapping[str, object], name: str) -> int:
    text = members.get(name)
    # 1024 characters are 6144 bits: more than any number of an RSA key of 4096.
    if not isinstance(text, str) or not 0 < len(text) <= 1024:
        raise InvalidKey(f"{name} of the JSON Web Key is missing, or is no base64url text of 1 to 1024 characters.")
    try:
        octets = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise InvalidKey(f"{name} of the JSON Web Key is no base64url text.") from None
    return int.from_bytes(octets, "big")
