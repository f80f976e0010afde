"""Work that a key derivation asks for is refused before it is done."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import ExcessiveWork, MalformedElement, UnreadableContainer
from kvlab.x509.container import pem
from kvlab.x509.derivation import HMAC_SHA1, MAX_ROUNDS, PBES2, PBKDF2, SCRYPT, Derivation, read_derivation
from kvlab.x509.element import encode, encode_identifier, encode_integer, outermost
from kvlab.x509.key import load_private_key

PASSWORD = b"correct horse"
PBE_3DES, AES256_CBC = bytes.fromhex("2a864886f70d010c0103"), bytes.fromhex("60864801650304012a")
IV = bytes(16)


def encrypted_info(how):
    return encode(0x30, how, encode(4, b"\0" * 64))


def pbes2(kdf):
    return encode_identifier(PBES2, encode(0x30, kdf, encode_identifier(AES256_CBC, encode(4, IV))))


def kdf(oid, *numbers, salt=b"saltsalt"):
    return encode_identifier(oid, encode(0x30, encode(4, salt), *map(encode_integer, numbers)))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (
            pbes2(kdf(PBKDF2, MAX_ROUNDS, 32)),
            Derivation(PBKDF2, b"saltsalt", MAX_ROUNDS, 32, None, HMAC_SHA1, AES256_CBC, IV),
        ),
        (
            pbes2(kdf(SCRYPT, 16384, 8, 4)),
            Derivation(SCRYPT, b"saltsalt", 1, 0, (16384, 8, 4), HMAC_SHA1, AES256_CBC, IV),
        ),
        (kdf(PBE_3DES, 2048), Derivation(PBE_3DES, b"saltsalt", 2048, 0, None, HMAC_SHA1, PBE_3DES, b"")),
    ],
    ids=["PBKDF2", "scrypt", "PKCS#12 scheme"],
)
def test_what_is_at_the_limit_is_read(how, expected):
    assert read_derivation(*outermost(how)) == expected


BOMBS = {
    "PBKDF2": pbes2(kdf(PBKDF2, 1_000_001)),
    "PBKDF2 2^62": pbes2(kdf(PBKDF2, 1 << 62)),
    "PBKDF2 2^1000": pbes2(kdf(PBKDF2, 1 << 1000)),
    "PBKDF2 long key": pbes2(kdf(PBKDF2, 1000, 1 << 30)),
    "PBKDF2 long salt": pbes2(kdf(PBKDF2, 1000, salt=b"s" * 5000)),
    "PKCS#12 scheme": kdf(PBE_3DES, 1 << 31),
    "scrypt N": pbes2(kdf(SCRYPT, 1 << 30, 8, 1)),
    "scrypt r": pbes2(kdf(SCRYPT, 16384, 1 << 20, 1)),
    "scrypt p": pbes2(kdf(SCRYPT, 16384, 8, 1 << 20)),
}


@pytest.mark.parametrize("how", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("encoding", ["PEM", "DER"])
def test_excessive_key_derivation_is_refused_at_once(how, encoding):
    data = encrypted_info(how)
    if encoding == "PEM":
        data = pem("ENCRYPTED PRIVATE KEY", data).encode()
    start = time.perf_counter()

    with pytest.raises(ExcessiveWork):
        load_private_key(data, PASSWORD)
    assert time.perf_counter() - start < 0.1


@pytest.mark.parametrize("rounds", [0, -5])
def test_rounds_that_are_not_positive_are_refused(rounds):
    data = encrypted_info(
        pbes2(encode_identifier(PBKDF2, encode(0x30, encode(4, b"s"), encode(2, bytes([rounds & 0xFF])))))
    )

    with pytest.raises(UnreadableContainer, match="not positive"):
        load_private_key(data, PASSWORD)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=60))
def test_any_octets_give_a_derivation_or_a_refusal(data):
    for how in (encode_identifier(PBES2, data), encode_identifier(PBE_3DES, encode(0x30, data)), pbes2(data)):
        try:
            assert 1 <= read_derivation(*outermost(how)).rounds <= MAX_ROUNDS
        except (ExcessiveWork, MalformedElement, UnreadableContainer):
            continue
