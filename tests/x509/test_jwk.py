"""JSON Web Keys: the vector of the RFC, there and back, and nothing but an X509Error for members that make no key."""

import base64
import time
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import InvalidKey, UnsupportedKey, X509Error
from kvlab.x509.jwk import jwk, private_key_from_jwk, public_key_from_jwk
from kvlab.x509.key import CURVES, keys_match, private_key_from_scalar

KEYS = {"RSA": rsa.generate_private_key(65537, 2048)} | {crv: private_key_from_scalar(crv, 7**80) for crv in CURVES}

RFC_7517_EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    "use": "enc",
    "kid": "1",
}
"""RFC 7517 appendix A.2."""


def private_jwk(name):
    key = KEYS[name]
    number = lambda value: base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).decode()  # noqa: E731
    numbers = key.private_numbers()
    if name == "RSA":
        return jwk(key.public_key()) | {part: number(getattr(numbers, part)).rstrip("=") for part in ("d", "p", "q")}
    return jwk(key.public_key()) | {"d": number(numbers.private_value).rstrip("=")}


def test_private_jwk_of_rfc_7517():
    key = private_key_from_jwk(RFC_7517_EC)

    assert jwk(key.public_key()) == {part: RFC_7517_EC[part] for part in ("kty", "crv", "x", "y")}


@pytest.mark.parametrize("name", KEYS)
def test_jwk_round_trip(name):
    public_key = KEYS[name].public_key()

    assert keys_match(public_key_from_jwk(jwk(public_key)), public_key)
    assert private_key_from_jwk(private_jwk(name)).private_numbers() == KEYS[name].private_numbers()


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(list(CURVES)), st.integers(1, 2**250))
def test_coordinates_have_the_length_of_the_field(crv, scalar):
    members = jwk(private_key_from_scalar(crv, scalar).public_key())

    length = {"P-256": 32, "P-256K": 32, "P-384": 48, "P-521": 66}[crv]
    assert [len(base64.urlsafe_b64decode(members[part] + "==")) for part in "xy"] == [length, length]
    assert jwk(public_key_from_jwk(members)) == members


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({}, UnsupportedKey),
        ({"kty": "oct", "k": "AA"}, UnsupportedKey),
        ({"kty": ["EC"]}, UnsupportedKey),
        ({"kty": "EC", "crv": "P-224", "x": "AA", "y": "AA", "d": "AQ"}, UnsupportedKey),
        ({"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA", "d": "AQ"}, UnsupportedKey),
        (RFC_7517_EC | {"x": None}, InvalidKey),
        (RFC_7517_EC | {"x": "+/+/"}, InvalidKey),
        (RFC_7517_EC | {"x": "é"}, InvalidKey),
        (RFC_7517_EC | {"x": "AQ"}, InvalidKey),
        (RFC_7517_EC | {"x": "A" * 1025}, InvalidKey),
        (RFC_7517_EC | {"x": "A"}, InvalidKey),
        ({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, X509Error),
        ({"kty": "RSA", "n": "AQAB"}, InvalidKey),
    ],
    ids=["empty", "oct", "kty", "curve", "list", "null", "base64", "letter", "point", "long", "one", "small", "no e"],
)
def test_bad_public_jwk(members, error):
    with pytest.raises(error):
        public_key_from_jwk(members)
    with pytest.raises(X509Error):
        private_key_from_jwk(members)


@pytest.mark.parametrize("change", [{"d": "AQ"}, {"d": "AA"}, {"d": None}, {"d": "_" * 43}], ids=str)
def test_private_ec_jwk_that_does_not_fit(change):
    with pytest.raises(InvalidKey):
        private_key_from_jwk(RFC_7517_EC | change)


@pytest.mark.parametrize("part", ["n", "e", "d", "p", "q"])
def test_private_rsa_jwk_that_does_not_fit(part):
    members = private_jwk("RSA")

    with pytest.raises(InvalidKey):
        private_key_from_jwk({name: value for name, value in members.items() if name != part})
    with pytest.raises(InvalidKey):
        private_key_from_jwk(members | {part: ("B" if members[part][0] == "A" else "A") + members[part][1:]})


@settings(deadline=None, max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["kty", "crv", "x", "y", "d", "n", "e", "p", "q"]),
        st.sampled_from(["RSA", "EC", "P-256", "P-521", "AQ", "AQAB", "", "_" * 342, None, 3]) | st.text(max_size=5),
    )
)
def test_any_members_give_a_key_or_an_x509_error(members):
    start = time.perf_counter()
    for read in (public_key_from_jwk, private_key_from_jwk):
        with suppress(X509Error):
            read(members)
    assert time.perf_counter() - start < 2
