"""Keys: OpenSSL makes them in every form, RFCs give vectors, and nothing but an X509Error comes of bad input."""

import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import (
    ExcessiveWork,
    InvalidKey,
    KeyMismatch,
    LegacyKeyFormat,
    UnreadableContainer,
    UnsupportedKey,
    WrongPassword,
    X509Error,
)
from kvlab.x509.container import pem
from kvlab.x509.element import encode, encode_identifier, encode_integer
from kvlab.x509.key import (
    CURVES,
    KeySpec,
    key_format,
    key_spec,
    keys_match,
    load_pkcs8_der,
    load_private_key,
    private_key_from_rsa_numbers,
    private_key_from_scalar,
    private_key_pem,
    private_key_pkcs8_der,
    public_key_der,
    require_match,
)
from tests.tool import tool

PASSWORD = b"correct horse"
RSA = rsa.generate_private_key(65537, 2048)
KEYS = {"RSA": RSA} | {crv: private_key_from_scalar(crv, 7**80) for crv in CURVES}
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS8, TRADITIONAL = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()

EC_KEY, DSA_KEY = bytes.fromhex("2a8648ce3d0201"), bytes.fromhex("2a8648ce380401")


def openssl(*arguments, data=None):
    done = subprocess.run([tool("openssl"), *arguments], input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def public_der_by_openssl(key_file):
    return openssl("pkey", "-in", str(key_file), "-passin", "pass:" + PASSWORD.decode(), "-pubout", "-outform", "DER")


# --- What kind of key


@pytest.mark.parametrize("size", [2048, 3072, 4096])
def test_spec_of_an_rsa_key(size):
    public_key = rsa.RSAPublicNumbers(65537, (1 << size) - 1).public_key()

    assert key_spec(public_key) == KeySpec("RSA", size, None)


@pytest.mark.parametrize(("crv", "size"), [("P-256", 256), ("P-384", 384), ("P-521", 521), ("P-256K", 256)])
def test_spec_of_an_ec_key(crv, size):
    assert key_spec(KEYS[crv].public_key()) == KeySpec("EC", size, crv)
    assert CURVES[crv].key_size == CURVES[crv].curve.key_size == size


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ],
    ids=["RSA 1024", "P-224", "brainpool", "Ed25519", "X25519", "DSA"],
)
def test_other_keys_are_refused_with_a_list_of_what_is_allowed(key):
    allowed = "Allowed are RSA of 2048, 3072 or 4096 bits and EC on P-256, P-384, P-521 or P-256K"

    with pytest.raises(UnsupportedKey, match=allowed):
        key_spec(key.public_key())
    with pytest.raises(UnsupportedKey, match=allowed):
        load_private_key(key.private_bytes(DER, PKCS8, PLAIN))
    with pytest.raises(UnsupportedKey, match=allowed):
        load_private_key(key.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(PASSWORD)), PASSWORD)


# --- From numbers


def test_scalar_gives_the_key_of_rfc_6979():
    """RFC 6979 A.2.5."""
    key = private_key_from_scalar("P-256", 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)

    numbers = key.public_key().public_numbers()
    assert numbers.x == 0x60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6
    assert numbers.y == 0x7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize("scalar", [0, -1, P256_ORDER, P256_ORDER + 1, 1 << 5000])
def test_scalar_out_of_range_is_refused(scalar):
    with pytest.raises(InvalidKey, match="between 1 and the order"):
        private_key_from_scalar("P-256", scalar)


def test_the_first_and_last_scalar_are_taken():
    first, last = (private_key_from_scalar("P-256", scalar) for scalar in (1, P256_ORDER - 1))

    assert first.public_key().public_numbers().x == last.public_key().public_numbers().x


def test_scalar_of_an_unknown_curve_is_refused():
    with pytest.raises(UnsupportedKey):
        private_key_from_scalar("secp256r1", 1)


def rsa_numbers():
    numbers = RSA.private_numbers()
    return {"p": numbers.p, "q": numbers.q, "e": numbers.public_numbers.e, "d": numbers.d}


@pytest.mark.parametrize("trusted", [False, True])
def test_rsa_key_from_its_numbers(trusted):
    assert keys_match(private_key_from_rsa_numbers(**rsa_numbers(), trusted=trusted), RSA)


def test_trusted_rsa_key_signs_as_the_same_key():
    again = load_pkcs8_der(private_key_pkcs8_der(RSA), trusted=True)

    assert again.private_numbers() == RSA.private_numbers()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"d": 3}, InvalidKey),
        ({"d": 0}, InvalidKey),
        ({"e": 4}, InvalidKey),
        ({"e": 1 << 5000}, InvalidKey),
        ({"p": 0}, UnsupportedKey),
        ({"p": 3}, UnsupportedKey),
        ({"p": 1, "q": 1 << 2047}, InvalidKey),
        ({"p": (1 << 1990) + 1, "q": (1 << 57) + 1}, InvalidKey),
        ({"q": (1 << 1023) + 1}, InvalidKey),
    ],
    ids=repr,
)
def test_rsa_numbers_that_make_no_key_are_refused(change, error):
    numbers = rsa_numbers() | change
    if "q" in change and "p" not in change:
        numbers["p"] = (1 << 1024) - 1

    with pytest.raises(error):
        private_key_from_rsa_numbers(**numbers)


def test_equal_rsa_primes_are_refused():
    prime = RSA.private_numbers().p

    with pytest.raises(InvalidKey):
        private_key_from_rsa_numbers(prime, prime, 65537, RSA.private_numbers().d)


# --- Files


FORMS = {
    "PKCS#8": ["pkcs8", "-topk8", "-nocrypt"],
    "PKCS#8 AES": ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
    "PKCS#8 3DES PBES2": ["pkcs8", "-topk8", "-v2", "des3"],
    "PKCS#8 3DES PKCS#12": ["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"],
    "PKCS#8 scrypt": ["pkcs8", "-topk8", "-scrypt"],
    "legacy": ["pkey", "-traditional"],
}
LEGACY_ENCRYPTED = ["-aes128", "-aes256", "-des3"]


@pytest.fixture(scope="module")
def plain_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("RSA", "P-521", "P-256K"):
        (folder / name).write_text(private_key_pem(KEYS[name]))
    return folder


@pytest.mark.parametrize("name", ["RSA", "P-521", "P-256K"])
@pytest.mark.parametrize("encoding", ["PEM", "DER"])
@pytest.mark.parametrize("form", FORMS)
def test_loads_what_openssl_writes(plain_files, form, encoding, name):
    command = FORMS[form]
    if command[0] == "pkcs8" and "-nocrypt" not in command:
        command = [*command, "-passout", "pass:" + PASSWORD.decode()]

    data = openssl(*command, "-in", str(plain_files / name), "-outform", encoding)

    assert public_key_der(load_private_key(data, PASSWORD)) == public_der_by_openssl(plain_files / name)


@pytest.mark.parametrize("name", ["RSA", "P-521"])
@pytest.mark.parametrize("cipher", LEGACY_ENCRYPTED)
def test_loads_a_traditional_pem_with_dek_info(plain_files, cipher, name):
    command = ["rsa", "-traditional"] if name == "RSA" else ["ec"]
    data = openssl(*command, cipher, "-passout", "pass:" + PASSWORD.decode(), "-in", str(plain_files / name))
    assert b"DEK-Info" in data

    assert keys_match(load_private_key(data, PASSWORD), KEYS[name])
    with pytest.raises(WrongPassword):
        load_private_key(data, b"wrong")
    with pytest.raises(WrongPassword, match="needs a password"):
        load_private_key(data)


def test_text_around_a_key_and_cr_lf_are_fine():
    text = "Bag Attributes\n  friendlyName: web\n" + private_key_pem(KEYS["P-256"]) + "\nthat was it\n"

    assert keys_match(load_private_key(text.replace("\n", "\r\n").encode()), KEYS["P-256"])


def test_ec_parameters_before_a_key_are_skipped():
    data = openssl("ecparam", "-name", "prime256v1", "-genkey")
    assert b"EC PARAMETERS" in data

    assert key_spec(load_private_key(data).public_key()).crv == "P-256"


def test_windows_key_usage_attribute_is_skipped():
    """Key Vault writes EC keys with an attribute [0] at the end of PKCS#8."""
    der = private_key_pkcs8_der(KEYS["P-256"])
    attribute = encode(0xA0, encode(0x30, bytes.fromhex("0603551d0f"), encode(0x31, bytes.fromhex("03020080"))))
    with_attribute = encode(0x30, der[3:] + attribute)
    assert der[:2] == b"\x30\x81"

    assert keys_match(load_private_key(with_attribute), KEYS["P-256"])


@pytest.mark.parametrize("encoding", [DER, PEM], ids=["DER", "PEM"])
def test_wrong_or_missing_password(encoding):
    data = KEYS["P-256"].private_bytes(encoding, PKCS8, serialization.BestAvailableEncryption(PASSWORD))

    assert keys_match(load_private_key(data, PASSWORD), KEYS["P-256"])
    with pytest.raises(WrongPassword, match="does not open"):
        load_private_key(data, b"wrong")
    for nothing in (None, b""):
        with pytest.raises(WrongPassword, match="needs a password"):
            load_private_key(data, nothing)


def test_password_for_a_key_without_one_is_ignored():
    for form in (PKCS8, TRADITIONAL):
        assert keys_match(load_private_key(RSA.private_bytes(PEM, form, PLAIN), b"not needed"), RSA)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no private key of a known format"),
        (b"hello", "no private key of a known format"),
        (b"\x30\x03\x02\x01\x00", "no private key of a known format"),
        (private_key_pem(KEYS["P-256"]).encode() * 3, "holds 3 private keys"),
        (pem("CERTIFICATE", b"\x30\x00").encode(), "holds no private keys"),
        (private_key_pem(KEYS["P-256"]).encode()[:-30], "'-----END PRIVATE KEY-----' is missing"),
        (private_key_pem(KEYS["P-256"]).replace("M", "!").encode(), "no base64"),
        (pem("RSA PRIVATE KEY", b"\x30\x00").encode(), "can not be read"),
        (private_key_pkcs8_der(KEYS["P-256"])[:-1], "no private key of a known format"),
        (private_key_pkcs8_der(KEYS["P-256"]) + b"\0", "no private key of a known format"),
        (encode(0x30, encode_integer(0), encode_identifier(EC_KEY, b""), encode(4, b"")), "can not be read"),
    ],
    ids=["empty", "text", "DER", "three", "none", "no end", "no base64", "legacy", "cut", "trailing", "no curve"],
)
def test_unreadable_keys(data, message):
    with pytest.raises(UnreadableContainer, match=message):
        load_private_key(data)


def test_openssh_format_is_refused_by_name():
    data = KEYS["P-256"].private_bytes(PEM, serialization.PrivateFormat.OpenSSH, PLAIN)

    with pytest.raises(LegacyKeyFormat) as caught:
        load_private_key(data)
    assert caught.value.label == "OPENSSH PRIVATE KEY"


def test_rsa_key_with_a_wrong_number_is_refused():
    der = RSA.private_bytes(DER, TRADITIONAL, PLAIN)
    d = RSA.private_numbers().d
    length = (d.bit_length() + 7) // 8
    damaged = der.replace(d.to_bytes(length, "big"), (d ^ 2).to_bytes(length, "big"))
    assert damaged != der

    with pytest.raises(InvalidKey):
        load_private_key(damaged)


def test_rsa_key_whose_modulus_is_another_one_is_refused():
    der = RSA.private_bytes(DER, TRADITIONAL, PLAIN)
    n = RSA.public_key().public_numbers().n
    damaged = der.replace(n.to_bytes(256, "big"), (n ^ 2).to_bytes(256, "big"))

    with pytest.raises((InvalidKey, UnreadableContainer)):
        load_private_key(damaged)


def test_key_formats_by_their_shape():
    shapes = {key_format(KEYS[name].private_bytes(DER, form, PLAIN)) for name in KEYS for form in (PKCS8, TRADITIONAL)}

    assert shapes == {"PrivateKeyInfo", "RSAPrivateKey", "ECPrivateKey"}
    assert key_format(public_key_der(RSA)) is None


# --- Work that is refused before it is done


def test_huge_dsa_key_is_refused_before_its_public_half_is_computed():
    """A DSA key of 20 kB takes cryptography minutes to load."""
    numbers = map(encode_integer, ((1 << 60_000) - 1, (1 << 255) + 1, (1 << 59_999) - 1))
    how = encode_identifier(DSA_KEY, encode(0x30, *numbers))
    data = encode(0x30, encode_integer(0), how, encode(4, encode_integer((1 << 59_998) + 1)))
    start = time.perf_counter()

    with pytest.raises(UnsupportedKey, match="too long"):
        load_private_key(data)
    assert time.perf_counter() - start < 0.1


def test_more_than_five_megabytes_are_refused():
    with pytest.raises(ExcessiveWork, match="5,000,000"):
        load_private_key(b"\0" * 5_000_001)


# --- Writing


@pytest.mark.parametrize("name", KEYS)
def test_pem_is_pkcs8_of_64_columns_and_openssl_reads_it(name):
    text = private_key_pem(KEYS[name])

    lines = text.splitlines()
    assert lines[0] == "-----BEGIN PRIVATE KEY-----"
    assert lines[-1] == "-----END PRIVATE KEY-----"
    assert {len(line) for line in lines[1:-2]} == {64}
    assert "\r" not in text
    assert text.endswith("-----\n")
    assert openssl("pkey", "-pubout", "-outform", "DER", data=text.encode()) == public_key_der(KEYS[name])


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("trusted", [False, True])
def test_pkcs8_der_round_trip(name, trusted):
    der = private_key_pkcs8_der(KEYS[name])

    assert private_key_pkcs8_der(load_pkcs8_der(der, trusted=trusted)) == der


def test_fast_path_refuses_what_is_no_key():
    with pytest.raises(UnreadableContainer):
        load_pkcs8_der(b"garbage")
    with pytest.raises(UnsupportedKey):
        load_pkcs8_der(ed25519.Ed25519PrivateKey.generate().private_bytes(DER, PKCS8, PLAIN))


# --- Belonging together


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    """A key, and OpenSSL's certificate and request for it with the point compressed."""
    folder = tmp_path_factory.mktemp("compressed")
    key_file, compressed_file = folder / "key.pem", folder / "compressed.pem"
    key_file.write_text(private_key_pem(KEYS["P-256"]))
    openssl("ec", "-in", str(key_file), "-conv_form", "compressed", "-out", str(compressed_file))
    subject = ["-key", str(compressed_file), "-subj", "/CN=web"]
    certificate = x509.load_der_x509_certificate(openssl("req", "-new", "-x509", *subject, "-outform", "DER"))
    request = x509.load_der_x509_csr(openssl("req", "-new", *subject, "-outform", "DER"))
    return certificate, request


def test_compressed_and_uncompressed_points_are_equal(compressed):
    certificate, request = compressed
    key = KEYS["P-256"]
    assert public_key_der(key)[-64:] not in certificate.public_bytes(DER), "OpenSSL did not compress"

    assert keys_match(key, key.public_key(), certificate, request)
    require_match(certificate, request)


def test_other_keys_do_not_match(compressed):
    certificate, request = compressed

    assert not keys_match(KEYS["P-384"], certificate)
    with pytest.raises(KeyMismatch):
        require_match(certificate, request, RSA)


def test_one_thing_or_none_matches():
    assert keys_match()
    assert keys_match(RSA)


def test_what_has_no_public_key_is_refused():
    with pytest.raises(UnsupportedKey, match="can not be read"):
        public_key_der("web")


# --- Anything at all


def only_x509_errors(call, *arguments):
    start = time.perf_counter()
    try:
        call(*arguments)
    except X509Error as error:
        assert PASSWORD.decode() not in str(error)
    assert time.perf_counter() - start < 2


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=200))
def test_any_octets_give_a_key_or_an_x509_error(data):
    only_x509_errors(load_private_key, data)
    only_x509_errors(load_pkcs8_der, data)
    only_x509_errors(load_private_key, b"-----BEGIN " + data)
    only_x509_errors(load_private_key, pem("PRIVATE KEY", data).encode())


SAMPLES = {
    "PKCS#8": private_key_pkcs8_der(KEYS["P-256"]),
    "SEC 1": KEYS["P-384"].private_bytes(DER, TRADITIONAL, PLAIN),
    "PEM": private_key_pem(KEYS["P-256"]).encode(),
    "PKCS#1": RSA.private_bytes(DER, TRADITIONAL, PLAIN),
    "encrypted": KEYS["P-256"].private_bytes(DER, PKCS8, serialization.BestAvailableEncryption(PASSWORD)),
    "DEK-Info": KEYS["P-256"].private_bytes(PEM, TRADITIONAL, serialization.BestAvailableEncryption(PASSWORD)),
}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_keys_give_a_key_or_an_x509_error(sample, data):
    position = data.draw(st.integers(0, len(sample) - 1))
    flipped = bytes([sample[position] ^ 1 << data.draw(st.integers(0, 7))])

    only_x509_errors(load_private_key, sample[:position] + flipped + sample[position + 1 :], PASSWORD)
    only_x509_errors(load_private_key, sample[:position], PASSWORD)


def test_errors_hold_neither_password_nor_key():
    text = private_key_pem(KEYS["P-256"])
    secret_lines = text.splitlines()[1:-1]
    attempts = [
        (text.replace("-----END", "-----AND").encode(), None),
        (text.replace("\n-----END", "!\n-----END").encode(), None),
        ((text + text).encode(), None),
        (text[:150].encode() + b"-----END PRIVATE KEY-----", None),
        (SAMPLES["encrypted"], b"a secret password"),
        (SAMPLES["DEK-Info"], b"a secret password"),
    ]
    for data, password in attempts:
        with pytest.raises(X509Error) as caught:
            load_private_key(data, password)
        shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
        assert "a secret password" not in shown
        assert not any(line[:20] in shown for line in secret_lines)
