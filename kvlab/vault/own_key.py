"""
A certificate, or a request for one, from a private key you have already: with what a policy asks for, without a vault.

The key stays yours: nothing is stored. What comes out can be imported, or merged by whoever holds the key.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from kvlab.errors import InvalidProperty
from kvlab.vault.policy import SELF, Meaning, complete
from kvlab.wire.policy import CertificatePolicy, IssuerParameters, KeyProperties
from kvlab.x509.certificate import BACKDATED, add_months, self_sign
from kvlab.x509.key import KeySpec, PrivateKey, key_spec, load_private_key
from kvlab.x509.request import build_request

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    Policy = CertificatePolicy | Mapping[str, Any] | str

_SERIAL_BITS = 159
"""Bits of the largest positive INTEGER of 20 octets."""


def certificate_from_key(
    key: PrivateKey | bytes,
    policy: Policy,
    *,
    now: datetime,
    serial_number: int,
    password: bytes | str | None = None,
    deterministic: bool = False,
) -> bytes:
    """
    Make a self-signed certificate as the vault would, but with a key of your own.

    Args:
        key: a private key, or a file of one in any format of ``load_private_key``.
        policy: a model, mapping or JSON text. ``key_props`` may be left out; its issuer does not count.
        now: aware instant; validity begins 10 minutes earlier and ends ``validity_months`` later.
        serial_number: positive, at most 20 octets (RFC 5280 section 4.1.2.2).
        password: of an encrypted key.
        deterministic: sign with RFC 6979 nonces (EC only; RSA always repeats).

    Returns:
        DER.

    Raises:
        InvalidProperty, InvalidSubject: the policy can not be carried out, or asks for another key than this one.
        X509Error: the key can not be read.
    """
    if not 0 < serial_number < 1 << _SERIAL_BITS:
        raise InvalidProperty("serial_number", "It is positive and has at most 20 octets.")
    private_key = _private_key(key, password)
    meaning = policy_for_key(private_key, policy)
    assert meaning.policy.x509_props is not None
    instant = now.astimezone(UTC).replace(microsecond=0)
    try:
        not_after = add_months(instant, meaning.policy.x509_props.validity_months or 1)
    except OverflowError:
        raise InvalidProperty("policy.x509_props.validity_months", "It leads past the year 9999.") from None
    return self_sign(
        meaning.profile,
        private_key,
        serial_number=serial_number,
        not_before=instant - BACKDATED,
        not_after=not_after,
        deterministic=deterministic,
    )


def request_from_key(
    key: PrivateKey | bytes,
    policy: Policy,
    *,
    password: bytes | str | None = None,
    deterministic: bool = False,
) -> bytes:
    """
    Make a certification request as the vault would, but with a key of your own.

    Args:
        key: a private key, or a file of one in any format of ``load_private_key``.
        policy: a model, mapping or JSON text. ``key_props`` may be left out; its issuer does not count.
        password: of an encrypted key.
        deterministic: sign with RFC 6979 nonces (EC only; RSA always repeats).

    Returns:
        DER of the PKCS#10 request.

    Raises:
        InvalidProperty, InvalidSubject: the policy can not be carried out, or asks for another key than this one.
        X509Error: the key can not be read.
    """
    private_key = _private_key(key, password)
    return build_request(policy_for_key(private_key, policy).profile, private_key, deterministic=deterministic)


def policy_for_key(key: PrivateKey, policy: Policy) -> Meaning:
    """
    Complete a policy with what a key is, and with the vault's defaults.

    Args:
        key: the private key.
        policy: a model, mapping or JSON text; whoever it names as issuer, it is completed as one of ``Self``.

    Raises:
        InvalidProperty: a member is not allowed, or asks for another key than this one.
        InvalidSubject: the subject is no X.500 name.
        UnsupportedKey: of a type, size or curve that the vault does not take.
    """
    wish = CertificatePolicy.read(policy, "policy")
    own = key_spec(key.public_key())
    key_props = _key_props(wish.key_props or KeyProperties(), own)
    return complete(wish.model_copy(update={"key_props": key_props, "issuer": IssuerParameters(name=SELF)}))


def _private_key(key: PrivateKey | bytes, password: bytes | str | None) -> PrivateKey:
    if isinstance(key, PrivateKey):
        return key
    return load_private_key(key, password.encode() if isinstance(password, str) else password)


def _key_props(wish: KeyProperties, own: KeySpec) -> KeyProperties:
    facts = {"kty": own.kty, "key_size": own.key_size, "crv": own.crv}
    for member, fact in facts.items():
        wanted = getattr(wish, member)
        if wanted is not None and wanted not in (fact, f"{fact}-HSM"):
            named = f"no {member}" if fact is None else f"{member} {fact}"
            raise InvalidProperty(f"policy.key_props.{member}", f"The key has {named}, not {wanted}.")
    return wish.model_copy(update={**facts, "kty": wish.kty or own.kty})
