"""Encryption under a password: OpenSSL derives the same keys, reads what is written, and what it writes is read."""

import subprocess
from dataclasses import replace

import pytest

from kvlab.errors import UnreadableContainer, WrongPassword
from kvlab.x509.derivation import read_derivation
from kvlab.x509.element import octets, outermost
from kvlab.x509.key import private_key_from_scalar, private_key_pem, private_key_pkcs8_der
from kvlab.x509.pbe import Password, decrypt, encrypt, password_forms, pkcs12_key
from tests.tool import tool

PASSWORD = "pässwörd ☺ 🔑"
KEY = private_key_from_scalar("P-256", 7**80)
PLAIN = private_key_pkcs8_der(KEY)
SALT, IV = b"0123456789abcdef", b"fedcba9876543210"


def openssl(*arguments, data=None):
    return subprocess.run([tool("openssl"), *arguments], input=data, capture_output=True, timeout=60, check=False)


def parts(info):
    """Take an EncryptedPrivateKeyInfo apart: how the key is derived, and the ciphertext."""
    reader, root = outermost(info)
    how, ciphertext = reader.members(root)
    return read_derivation(reader, how), octets(reader, ciphertext)


OPTIONS = {
    "AES-128": ["-v2", "aes-128-cbc"],
    "AES-192, SHA-512": ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"],
    "AES-256, SHA-1": ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
    "3DES": ["-v2", "des3"],
    "scrypt": ["-scrypt"],
    "PKCS#12 3DES": ["-v1", "PBE-SHA1-3DES"],
    "PKCS#12 3DES, two keys": ["-v1", "PBE-SHA1-2DES"],
    "PKCS#12 RC2-40": ["-v1", "PBE-SHA1-RC2-40", "-provider", "legacy", "-provider", "default"],
    "PKCS#12 RC4-128": ["-v1", "PBE-SHA1-RC4-128", "-provider", "legacy", "-provider", "default"],
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_decrypts_what_openssl_encrypts(options):
    command = ["pkcs8", "-topk8", *options, "-passout", "pass:" + PASSWORD, "-outform", "DER"]
    done = openssl(*command, data=private_key_pem(KEY).encode())
    if done.returncode and "legacy" in options:
        pytest.skip("needs OpenSSL's legacy provider")
    assert done.returncode == 0, done.stderr

    (right,), (wrong,) = password_forms(PASSWORD.encode()), password_forms(b"wrong")
    assert decrypt(*parts(done.stdout), right) == PLAIN
    with pytest.raises((WrongPassword, UnreadableContainer)):
        decrypt(*parts(done.stdout), wrong)


@pytest.mark.parametrize("password", ["", PASSWORD], ids=["empty", "Unicode"])
def test_openssl_decrypts_what_is_encrypted(password):
    info = encrypt(PLAIN, password.encode(), salt=SALT, iv=IV, rounds=2048)

    done = openssl("pkcs8", "-inform", "DER", "-passin", "pass:" + password, data=info)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode() == private_key_pem(KEY)


@pytest.mark.parametrize("length", [5, 20, 64, 200])
@pytest.mark.parametrize(("name", "rounds"), [("sha1", 1), ("sha1", 2048), ("sha256", 3), ("sha512", 3)])
@pytest.mark.parametrize("purpose", [1, 2, 3])
def test_pkcs12_key_is_the_one_that_openssl_derives(purpose, name, rounds, length):
    (password,) = password_forms(PASSWORD.encode())
    options = [
        f"digest:{name}", f"hexpass:{password.bmp.hex()}", f"hexsalt:{SALT.hex()}", f"iter:{rounds}", f"id:{purpose}",
    ]  # fmt: skip
    command = [part for option in options for part in ("-kdfopt", option)]
    done = openssl("kdf", "-keylen", str(length), *command, "-binary", "PKCS12KDF")
    assert done.returncode == 0, done.stderr

    assert pkcs12_key(purpose, SALT, rounds, password, name=name, length=length) == done.stdout


def test_forms_of_a_password():
    assert password_forms(b"") == [Password(b"", b"\0\0"), Password(b"", b"")]
    assert password_forms("é".encode()) == [Password(b"\xc3\xa9", b"\0\xe9\0\0")]
    assert password_forms(b"\xe9") == [Password(b"\xe9", b"\0\xe9\0\0")]


@pytest.mark.parametrize("cipher", ["608648016503040199", "2a864886f70d010c0103"], ids=["unknown", "misplaced"])
def test_unknown_cipher(cipher):
    how, ciphertext = parts(encrypt(PLAIN, b"", salt=SALT, iv=IV, rounds=1))
    right = password_forms(b"")[0]
    assert decrypt(how, ciphertext, right) == PLAIN

    with pytest.raises(UnreadableContainer, match="not supported"):
        decrypt(replace(how, cipher=bytes.fromhex(cipher)), ciphertext, right)
