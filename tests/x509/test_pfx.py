"""PKCS#12: OpenSSL, Java and cryptography open what is written; what they write is read; bombs do not go off."""

import hashlib
import hmac
import subprocess
import time
from pathlib import Path

import cryptography_vectors
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import (
    ExcessiveWork,
    KeyMismatch,
    UnreadableContainer,
    UnsupportedKey,
    WrongPassword,
    X509Error,
)
from kvlab.x509 import pfx
from kvlab.x509.container import pem_certificate, sniff
from kvlab.x509.der import Reader
from kvlab.x509.element import encode, encode_identifier
from kvlab.x509.key import CURVES, keys_match, private_key_from_scalar, private_key_pem, private_key_pkcs8_der
from kvlab.x509.pbe import Password
from kvlab.x509.pfx import read_pfx, write_pfx, write_protected_pfx
from tests.tool import tool
from tests.x509.test_container import CA, CA_KEY, certificate, damaged, is_der

SALT = b"0123456789abcdef"
PASSWORD = b"correct horse"
KEYS = {"RSA": rsa.generate_private_key(65537, 2048)} | {crv: private_key_from_scalar(crv, 7**80) for crv in CURVES}
CHAINS = {name: [certificate(key, "web", CA_KEY, "CA"), CA] for name, key in KEYS.items()}
KEY, CHAIN = KEYS["P-256"], CHAINS["P-256"]
DER = serialization.Encoding.DER
PLAIN_PFX = write_pfx(KEY, CHAIN, salt=SALT, friendly_name="web")

DATA, ENCRYPTED = bytes.fromhex("2a864886f70d010701"), bytes.fromhex("2a864886f70d010706")


def run(program, *arguments, data=None):
    return subprocess.run([tool(program), *arguments], input=data, capture_output=True, timeout=60, check=False)


def openssl(*arguments, data=None):
    done = run("openssl", *arguments, data=data)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """PEM files for OpenSSL: the key, the leaf, the chain behind it, and a second key."""
    folder = tmp_path_factory.mktemp("pfx")
    (folder / "key").write_text(private_key_pem(KEY))
    (folder / "leaf").write_text(pem_certificate(CHAIN[0]))
    (folder / "ca").write_text(pem_certificate(CHAIN[1]))
    return folder


def export(files, *options, password="correct horse"):
    """Let OpenSSL write a PFX."""
    return openssl(
        "pkcs12", "-export", "-inkey", str(files / "key"), "-in", str(files / "leaf"), "-certfile", str(files / "ca"),
        "-passout", "pass:" + password, *options,
    )  # fmt: skip


# --- Written without a password


@pytest.mark.parametrize("name", KEYS)
def test_openssl_opens_what_is_written(name):
    data = write_pfx(KEYS[name], CHAINS[name], salt=SALT, friendly_name="web")

    shown = openssl("pkcs12", "-passin", "pass:", "-nodes", data=data).decode()
    assert shown.count("BEGIN CERTIFICATE") == 2
    assert shown.count("BEGIN PRIVATE KEY") == 1
    assert shown.count("friendlyName: web") == 2
    assert shown.index("CN = web") < shown.index("CN = CA")
    openssl("pkcs12", "-passin", "pass:", "-noout", data=data)
    assert run("openssl", "pkcs12", "-passin", "pass:wrong", "-noout", data=data).returncode != 0


@pytest.mark.parametrize("password", [None, b""])
@pytest.mark.parametrize("name", KEYS)
def test_cryptography_opens_what_is_written(name, password):
    loaded = pkcs12.load_pkcs12(write_pfx(KEYS[name], CHAINS[name], salt=SALT, friendly_name="wéb"), password)

    assert keys_match(loaded.key, KEYS[name])
    assert loaded.cert.certificate.public_bytes(DER) == CHAINS[name][0]
    assert loaded.cert.friendly_name == "wéb".encode()
    assert [other.certificate.public_bytes(DER) for other in loaded.additional_certs] == [CA]


@pytest.mark.parametrize("name", ["RSA", "P-256", "P-256K"])
def test_java_opens_what_is_written(name, tmp_path):
    """keytool lists the entry with its chain, and takes the key out into a keystore of its own."""
    keystore, copy = tmp_path / "web.pfx", tmp_path / "copy.jks"
    keystore.write_bytes(write_pfx(KEYS[name], CHAINS[name], salt=SALT))
    source = ["-storetype", "PKCS12", "-storepass", "", "-keystore", str(keystore)]

    listed = run("keytool", "-list", "-v", *source).stdout.decode()
    assert "Your keystore contains 1 entry" in listed
    assert "Entry type: PrivateKeyEntry" in listed
    assert "Certificate chain length: 2" in listed
    if name == "P-256K":
        return  # Java dropped this curve: it can not make a key of the numbers.
    copied = run(
        "keytool", "-importkeystore", "-noprompt", "-srckeystore", str(keystore), "-srcstoretype", "PKCS12",
        "-srcstorepass", "", "-destkeystore", str(copy), "-deststoretype", "JKS", "-deststorepass", "changeit",
    )  # fmt: skip
    assert b"1 entries successfully imported" in copied.stderr + copied.stdout


@pytest.mark.parametrize("name", KEYS)
def test_round_trip(name):
    contents = read_pfx(write_pfx(KEYS[name], CHAINS[name], salt=SALT, friendly_name="web ☺"))

    assert private_key_pkcs8_der(contents.key) == private_key_pkcs8_der(KEYS[name])
    assert contents.certificates_der == contents.file_order == CHAINS[name]
    assert contents.friendly_name == "web ☺"


def test_certificates_only():
    data = write_pfx(None, CHAIN, salt=SALT, friendly_name="web")

    contents = read_pfx(data)
    assert contents.key is None
    assert contents.certificates_der == contents.file_order == CHAIN
    shown = openssl("pkcs12", "-passin", "pass:", "-nodes", data=data)
    assert (shown.count(b"BEGIN CERTIFICATE"), shown.count(b"PRIVATE KEY")) == (2, 0)
    for password in (None, b""):
        loaded = pkcs12.load_pkcs12(data, password)
        assert loaded.key is None
        assert [one.certificate.public_bytes(DER) for one in loaded.additional_certs] == CHAIN


def test_equal_arguments_give_equal_bytes_and_another_salt_others():
    assert write_pfx(KEY, CHAIN, salt=SALT, friendly_name="web") == PLAIN_PFX
    assert write_pfx(KEY, CHAIN, salt=SALT[::-1], friendly_name="web") != PLAIN_PFX
    assert KEY.private_numbers().private_value.to_bytes(32, "big") not in PLAIN_PFX


def test_key_without_certificates():
    contents = read_pfx(write_pfx(KEY, [], salt=SALT))

    assert keys_match(contents.key, KEY)
    assert contents.certificates_der == []


def test_chain_of_sixty():
    chain = [CHAIN[0], *[CA] * 59]

    assert read_pfx(write_pfx(KEY, chain, salt=SALT)).file_order == chain


def test_sniffed_as_pfx():
    assert sniff(PLAIN_PFX) == sniff(write_pfx(None, CHAIN, salt=SALT)) == "pfx"


# --- Written with a password


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("name", ["RSA", "P-256"])
def test_protected_pfx(name, legacy):
    data = write_protected_pfx(KEYS[name], CHAINS[name], PASSWORD, legacy=legacy)

    shown = openssl("pkcs12", "-passin", "pass:correct horse", "-info", "-nodes", data=data)
    assert (shown.count(b"BEGIN CERTIFICATE"), shown.count(b"BEGIN PRIVATE KEY")) == (2, 1)
    contents = read_pfx(data, PASSWORD)
    assert keys_match(contents.key, KEYS[name])
    assert contents.certificates_der == CHAINS[name]
    for wrong in (None, b"", b"wrong"):
        with pytest.raises(WrongPassword):
            read_pfx(data, wrong)


def test_protected_pfx_of_certificates_only():
    contents = read_pfx(write_protected_pfx(None, CHAIN, PASSWORD), PASSWORD)

    assert contents.key is None
    assert contents.certificates_der == CHAIN


def test_protected_pfx_refusals():
    with pytest.raises(WrongPassword, match="not empty"):
        write_protected_pfx(KEY, CHAIN, b"")
    with pytest.raises(KeyMismatch):
        write_protected_pfx(KEYS["RSA"], CHAIN, PASSWORD)
    with pytest.raises(UnreadableContainer):
        write_protected_pfx(KEY, [b"\x30\x00"], PASSWORD)


# --- Made by others


OPENSSL_OPTIONS = {
    "default": [],
    "AES-128": ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"],
    "AES-192, MAC SHA-512": ["-keypbe", "AES-192-CBC", "-certpbe", "AES-192-CBC", "-macalg", "SHA512"],
    "3DES": ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "SHA1"],
    "3DES two keys": ["-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES"],
    "certificates plain": ["-certpbe", "NONE"],
    "key plain": ["-keypbe", "NONE"],
    "all plain": ["-keypbe", "NONE", "-certpbe", "NONE"],
    "no MAC": ["-nomac"],
    "MAC SHA-384": ["-macalg", "SHA384"],
    "one round": ["-noiter", "-nomaciter"],
    "many rounds": ["-iter", "100000"],
    "legacy": ["-legacy"],
    "RC2-128": ["-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"],
    "RC4-128": ["-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-128"],
    "RC4-40": ["-legacy", "-keypbe", "PBE-SHA1-RC4-40", "-certpbe", "PBE-SHA1-RC4-40"],
}


def export_or_skip(files, options, password):
    try:
        return export(files, *options, password=password)
    except AssertionError:
        if "-legacy" in options:
            pytest.skip("needs OpenSSL's legacy provider")
        raise


@pytest.mark.parametrize("password", ["", "correct horse", "pässwörd ☺ 🔑"], ids=["empty", "ASCII", "Unicode"])
@pytest.mark.parametrize("options", OPENSSL_OPTIONS.values(), ids=OPENSSL_OPTIONS)
def test_reads_what_openssl_writes(files, options, password):
    contents = read_pfx(export_or_skip(files, [*options, "-name", "my wéb"], password), password.encode())

    assert keys_match(contents.key, KEY)
    assert contents.certificates_der == contents.file_order == CHAIN
    assert contents.friendly_name == "my wéb"


@pytest.mark.parametrize("options", OPENSSL_OPTIONS.values(), ids=OPENSSL_OPTIONS)
def test_wrong_password(files, options):
    data = export_or_skip(files, options, "correct horse")

    for wrong in (None, b"", b"wrong", b"\xff\xfe", b"\0"):
        with pytest.raises(WrongPassword, match="does not open"):
            read_pfx(data, wrong)


def test_password_is_not_needed_where_nothing_is_protected(files):
    data = export(files, "-keypbe", "NONE", "-certpbe", "NONE", "-nomac")

    for password in (None, b"", b"anything"):
        assert keys_match(read_pfx(data, password).key, KEY)


@pytest.mark.parametrize("options", [["-nokeys"], ["-nokeys", "-certpbe", "NONE"]], ids=["encrypted", "plain"])
def test_pfx_without_a_key(files, options):
    contents = read_pfx(export(files, *options), PASSWORD)

    assert contents.key is None
    assert contents.certificates_der == contents.file_order == CHAIN


def test_java_made_this(tmp_path):
    """A keystore with one key; after a second one it is refused, with the count."""
    keystore = tmp_path / "java.p12"

    def add(alias):
        done = run(
            "keytool", "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", f"CN={alias}",
            "-alias", alias, "-storetype", "PKCS12", "-keystore", str(keystore), "-storepass", "correct horse",
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return keystore.read_bytes()

    contents = read_pfx(add("one"), PASSWORD)
    assert contents.friendly_name == "one"
    (leaf,) = contents.certificates_der
    assert keys_match(contents.key, x509.load_der_x509_certificate(leaf))
    with pytest.raises(UnreadableContainer, match="holds 2 private keys"):
        read_pfx(add("two"), PASSWORD)


VECTORS = sorted((Path(cryptography_vectors.__file__).parent / "pkcs12").glob("*.p12"))


def opened(load, *passwords):
    for password in passwords:
        try:
            return load(password)
        except ValueError:
            continue
    pytest.fail("no password opens it")


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER:UserWarning")
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.name)
def test_reads_the_vectors_of_cryptography_as_cryptography_does(path):
    passwords = (None, b"cryptography", b"password")
    theirs = opened(lambda password: pkcs12.load_pkcs12(path.read_bytes(), password), *passwords)
    ours = opened(lambda password: read_pfx(path.read_bytes(), password), *passwords)

    found = ([theirs.cert] if theirs.cert else []) + theirs.additional_certs
    assert sorted(ours.file_order) == sorted(one.certificate.public_bytes(DER) for one in found)
    assert (ours.key is None) == (theirs.key is None)
    if theirs.cert:
        assert ours.certificates_der[0] == theirs.cert.certificate.public_bytes(DER)
        assert ours.friendly_name == (theirs.cert.friendly_name or b"").decode()
    if theirs.key:
        assert keys_match(ours.key, theirs.key)


# --- Edited


def edit(der, change):
    """Rebuild DER, also what stands inside octet strings, with ``change(tag, content)`` at every primitive element."""
    reader, rebuilt = Reader(der), b""
    for tag, start, body, stop, end in reader.children(0, len(der)):
        content = der[body:stop]
        if tag & 0x20 or (tag == 4 and is_der(content)):
            rebuilt += encode(tag, edit(content, change))
        else:
            rebuilt += encode(tag, change(tag, content))
        assert end - start >= 2
    return rebuilt


def with_rounds(data, *numbers):
    """Change the counts of 2048 rounds, in the order of the file; the last number serves all that follow."""
    left = list(numbers)

    def change(tag, content):
        if tag == 2 and content == b"\x08\x00":
            number = left.pop(0) if len(left) > 1 else left[0]
            return number.to_bytes(number.bit_length() // 8 + 1, "big")
        return content

    changed = edit(data, change)
    assert changed != data
    return changed


def safe(*bags):
    """A ContentInfo of plain data with bags."""
    return pfx._plain_content(encode(0x30, *bags))


def certificate_safe(chain, attributes=()):
    return safe(*(pfx._bag(pfx._CERTIFICATE_BAG, pfx._certificate_bag(der), attributes) for der in chain))


def encrypted_safe(contents):
    """A ContentInfo of data encrypted under the empty password, made of a SafeContents."""
    how, ciphertext = split(pfx._shrouded(contents, SALT))
    hidden = encode(0x30, encode(6, DATA), how, encode(0x80, ciphertext))
    return encode(0x30, encode(6, ENCRYPTED), encode(0xA0, encode(0x30, b"\x02\x01\x00", hidden)))


def split(info):
    reader = Reader(info)
    how, ciphertext = reader.members(reader.only_child(0, len(info)))
    return info[how[1] : how[4]], info[ciphertext[2] : ciphertext[3]]


def shrouded_bag(key, attributes=()):
    return pfx._bag(pfx._SHROUDED_BAG, pfx._shrouded(private_key_pkcs8_der(key), SALT), attributes)


def file_of(*safes):
    authenticated = encode(0x30, *safes)
    return encode(0x30, b"\x02\x01\x03", pfx._plain_content(authenticated), pfx._mac_data(authenticated, SALT))


def test_edited_pfx_without_a_change_is_the_same():
    assert edit(PLAIN_PFX, lambda _, content: content) == PLAIN_PFX


# --- Order


def test_the_leaf_comes_first_and_the_order_of_the_file_is_kept():
    """Tools write the leaf anywhere; ``preserveCertOrder`` needs to know where."""
    other = certificate(KEYS["P-384"], "other")
    contents = read_pfx(file_of(certificate_safe([CA, CHAIN[0], other]), safe(shrouded_bag(KEY))))

    assert contents.file_order == [CA, CHAIN[0], other]
    assert contents.certificates_der == [CHAIN[0], CA, other]


def test_without_a_certificate_of_the_key_the_order_is_the_files():
    contents = read_pfx(file_of(safe(shrouded_bag(KEYS["RSA"])), certificate_safe([CA, CHAIN[0]])))

    assert contents.certificates_der == contents.file_order == [CA, CHAIN[0]]


def test_of_two_certificates_of_the_key_the_marked_one_is_the_leaf():
    old, new = certificate(KEY, "old"), certificate(KEY, "new")
    mark = [pfx._attribute(pfx._LOCAL_KEY_ID, encode(4, b"\x01"))]
    other_mark = [pfx._attribute(pfx._LOCAL_KEY_ID, encode(4, b"\x02"))]
    safes = [certificate_safe([old], other_mark), certificate_safe([CA]), certificate_safe([new], mark)]

    marked = read_pfx(file_of(*safes, safe(shrouded_bag(KEY, mark))))
    unmarked = read_pfx(file_of(*safes, safe(shrouded_bag(KEY))))

    assert marked.certificates_der == [new, old, CA]
    assert unmarked.certificates_der == [old, CA, new]
    assert marked.file_order == unmarked.file_order == [old, CA, new]


def test_order_across_plain_and_encrypted_safes():
    bags = [pfx._bag(pfx._CERTIFICATE_BAG, pfx._certificate_bag(der), []) for der in (CHAIN[0], CA)]
    data = file_of(
        encrypted_safe(encode(0x30, bags[1])), safe(bags[0]), encrypted_safe(encode(0x30, shrouded_bag(KEY)))
    )

    assert read_pfx(data).file_order == [CA, CHAIN[0]]
    assert pkcs12.load_pkcs12(data, b"").key is not None, "the file made here is no good"


def test_bags_in_bags_are_read_but_not_too_deep():
    inner = encode(0x30, shrouded_bag(KEY))
    for _ in range(4):
        inner = encode(0x30, pfx._bag(pfx._SAFE_BAG, inner, []))

    assert keys_match(read_pfx(file_of(pfx._plain_content(inner))).key, KEY)
    deeper = encode(0x30, pfx._bag(pfx._SAFE_BAG, inner, []))
    with pytest.raises(ExcessiveWork, match="deep"):
        read_pfx(file_of(pfx._plain_content(deeper)))


def test_other_bags_are_skipped():
    crl_bag = pfx._bag(
        bytes.fromhex("2a864886f70d010c0a0104"), encode(0x30, encode(6, DATA), encode(0xA0, b"\x05\0")), []
    )

    assert read_pfx(file_of(safe(crl_bag), certificate_safe(CHAIN))).file_order == CHAIN


# --- Less usual files


def indefinite(der, depth):
    """Rewrite constructed elements in the indefinite form, and octet strings at the top in pieces."""
    reader, rebuilt = Reader(der), b""
    for tag, start, body, stop, end in reader.children(0, len(der)):
        if not depth:
            rebuilt += der[start:end]
        elif tag & 0x20:
            rebuilt += bytes([tag, 0x80]) + indefinite(der[body:stop], depth - 1) + b"\0\0"
        elif tag == 4:
            pieces = [encode(4, der[at : min(at + 100, stop)]) for at in range(body, stop, 100)]
            rebuilt += b"\x24\x80" + b"".join(pieces) + b"\0\0"
        else:
            rebuilt += der[start:end]
    return rebuilt


def test_indefinite_lengths_as_older_tools_write_them():
    data = indefinite(PLAIN_PFX, 4)
    assert b"\x24\x80" in data
    assert openssl("pkcs12", "-passin", "pass:", "-nodes", data=data).count(b"BEGIN") == 3

    contents = read_pfx(data)
    assert keys_match(contents.key, KEY)
    assert contents.file_order == CHAIN


@pytest.mark.parametrize(("name", "prf"), [("sha256", "09"), ("sha512", "0b")])
def test_pbmac1(name, prf):
    """RFC 9579."""
    authenticated = encode(0x30, certificate_safe(CHAIN), safe(shrouded_bag(KEY)))
    hash_of = encode_identifier(bytes.fromhex("2a864886f70d02" + prf), b"\x05\0")
    parameters = encode(0x30, encode(4, SALT), b"\x02\x02\x08\x00", b"\x02\x01\x20", hash_of)
    kdf = encode_identifier(bytes.fromhex("2a864886f70d01050c"), parameters)
    how = encode_identifier(bytes.fromhex("2a864886f70d01050e"), encode(0x30, kdf, hash_of))
    mac = hmac.digest(hashlib.pbkdf2_hmac(name, b"", SALT, 2048, 32), authenticated, name)
    mac_data = encode(0x30, encode(0x30, how, encode(4, mac)), encode(4, b"unused"))
    data = encode(0x30, b"\x02\x01\x03", pfx._plain_content(authenticated), mac_data)
    assert keys_match(pkcs12.load_pkcs12(data, b"").key, KEY)

    assert keys_match(read_pfx(data).key, KEY)
    with pytest.raises(WrongPassword):
        read_pfx(data, b"wrong")
    with pytest.raises(ExcessiveWork):
        read_pfx(with_rounds(data, 2048, 1_000_001))


def test_no_password_without_a_mac(files):
    """Nothing says which idea of no password the 3DES key comes of."""
    data = export(files, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-nomac", password="")

    assert read_pfx(data).certificates_der == CHAIN


def test_both_ideas_of_no_password(monkeypatch):
    """The MAC over no octets at all in place of two zero ones."""
    monkeypatch.setattr(pfx, "password_forms", lambda _: [Password(b"", b"")])
    data = write_pfx(KEY, CHAIN, salt=SALT)
    monkeypatch.undo()
    assert data != write_pfx(KEY, CHAIN, salt=SALT)
    openssl("pkcs12", "-passin", "pass:", "-noout", data=data)

    for password in (None, b""):
        assert keys_match(read_pfx(data, password).key, KEY)


def test_scrypt(files):
    """No tool writes it into a PFX, but PKCS#8 has it."""
    info = openssl(
        "pkcs8", "-topk8", "-scrypt", "-scrypt_N", "1024", "-in", str(files / "key"), "-outform", "DER",
        "-passout", "pass:correct horse",
    )  # fmt: skip
    authenticated = encode(0x30, safe(pfx._bag(pfx._SHROUDED_BAG, info, [])))
    data = encode(0x30, b"\x02\x01\x03", pfx._plain_content(authenticated))

    assert keys_match(read_pfx(data, PASSWORD).key, KEY)
    with pytest.raises(WrongPassword):
        read_pfx(data, b"wrong")
    huge = edit(data, lambda tag, content: b"\x40\x00\x00\x00" if (tag, content) == (2, b"\x04\x00") else content)
    with pytest.raises(ExcessiveWork):
        read_pfx(huge, PASSWORD)


@pytest.mark.parametrize(
    "key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 1024)], ids=["Ed25519", "RSA 1024"]
)
def test_unsupported_key(key):
    data = pkcs12.serialize_key_and_certificates(None, key, None, None, serialization.NoEncryption())

    with pytest.raises(UnsupportedKey, match="Allowed are"):
        read_pfx(data)


# --- Refused


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no DER"),
        (b"hello", "no DER"),
        (b"\x30\x00", "lacks members"),
        (CA, "lacks members"),
        (private_key_pkcs8_der(KEY), "damaged|unknown"),
        (PLAIN_PFX[:-1], "cut off"),
        (PLAIN_PFX + b"\0", "cut off"),
        (file_of(), "neither a certificate nor a private key"),
        (file_of(safe()), "neither a certificate nor a private key"),
        (file_of(safe(shrouded_bag(KEY), shrouded_bag(CA_KEY))), "holds 2 private keys"),
        (file_of(safe(*[shrouded_bag(KEY)] * 3)), "holds 3 private keys"),
        (file_of(certificate_safe([b"\x30\x00"])), "no certificate, or a damaged one"),
        (file_of(safe(pfx._bag(pfx._KEY_BAG, b"\x30\x00", []))), "private key in the PKCS#12 file is damaged"),
        (PLAIN_PFX.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040299")), "not supported"),
        (PLAIN_PFX.replace(bytes.fromhex("60864801650304012a"), bytes.fromhex("608648016503040199")), "not open"),
        (PLAIN_PFX.replace(encode(6, DATA), encode(6, DATA[:-1] + b"\x02"), 1), "public key"),
    ],
    ids=[
        "empty",
        "text",
        "DER",
        "certificate",
        "key",
        "cut",
        "trailing",
        "nothing",
        "empty safe",
        "two keys",
        "three keys",
        "bad certificate",
        "bad key",
        "hash",
        "altered",
        "signed",
    ],
)
def test_unreadable_files(data, message):
    with pytest.raises((UnreadableContainer, WrongPassword), match=message):
        read_pfx(data)


def test_more_than_five_megabytes_are_not_read():
    with pytest.raises(ExcessiveWork, match="5,000,000"):
        read_pfx(b"\x30" * 5_000_001)


def test_more_than_a_thousand_items_are_refused():
    with pytest.raises(ExcessiveWork, match="1000 items"):
        read_pfx(write_pfx(None, [CA] * 1001, salt=SALT))


# --- Bombs


def bomb_in_the_dark():
    """A key under too many rounds, hidden in data that has to be decrypted to see it."""
    bag = with_rounds(shrouded_bag(KEY), 1 << 30)
    return file_of(encrypted_safe(encode(0x30, bag)))


BOMBS = {
    "MAC": with_rounds(PLAIN_PFX, 2048, 1_000_001),
    "key": with_rounds(PLAIN_PFX, 1_000_001, 2048),
    "2^31": with_rounds(PLAIN_PFX, 1 << 31),
    "2^63": with_rounds(PLAIN_PFX, 1 << 63),
    "2^2000": with_rounds(PLAIN_PFX, 1 << 2000),
    "hidden": bomb_in_the_dark(),
    "sum of three": with_rounds(file_of(*[safe(shrouded_bag(KEY))] * 2), 700_000),
    "many keys": with_rounds(file_of(safe(*[shrouded_bag(KEY)] * 500)), 5000),
    "encrypted data": with_rounds(file_of(encrypted_safe(encode(0x30, shrouded_bag(KEY)))), 1_000_001, 2048),
    "BER": indefinite(with_rounds(PLAIN_PFX, 1 << 31), 4),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("password", [None, PASSWORD], ids=["none", "password"])
def test_bombs_do_not_go_off(data, password):
    start = time.perf_counter()

    with pytest.raises((ExcessiveWork, WrongPassword)) as caught:
        read_pfx(data, password)
    assert time.perf_counter() - start < 0.25
    # The hidden one is refused for its password before anything of it is seen.
    assert caught.type is ExcessiveWork or (password and data == BOMBS["hidden"])


def test_long_salts_are_refused():
    data = edit(PLAIN_PFX, lambda tag, content: content * 100 if tag == 4 and len(content) == 16 else content)

    with pytest.raises(ExcessiveWork, match="salt"):
        read_pfx(data)


# --- Anything at all


def only_x509_errors(data, password=None):
    start = time.perf_counter()
    try:
        read_pfx(data, password)
    except X509Error as error:
        assert PASSWORD.decode() not in str(error)
    assert time.perf_counter() - start < 3


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_octets_give_an_x509_error(data):
    only_x509_errors(data)
    only_x509_errors(encode(0x30, b"\x02\x01\x03", data))
    only_x509_errors(encode(0x30, b"\x02\x01\x03", pfx._plain_content(data)))
    only_x509_errors(encode(0x30, b"\x02\x01\x03", pfx._plain_content(encode(0x30, safe(data)))))


UNPROTECTED = encode(
    0x30,
    b"\x02\x01\x03",
    pfx._plain_content(encode(0x30, certificate_safe(CHAIN), safe(shrouded_bag(KEY)))),
)
"""Without a MAC, so that damage gets past it."""


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("sample", [PLAIN_PFX, UNPROTECTED], ids=["with MAC", "without MAC"])
@settings(deadline=None, max_examples=120)
@given(data=st.data())
def test_damaged_files_give_an_x509_error_or_their_contents(sample, data):
    position = data.draw(st.integers(0, len(sample) - 1))
    flipped = bytes([sample[position] ^ 1 << data.draw(st.integers(0, 7))])

    only_x509_errors(sample[:position] + flipped + sample[position + 1 :])
    with pytest.raises(UnreadableContainer):
        read_pfx(sample[:position])


@pytest.mark.parametrize(
    "sample",
    [
        UNPROTECTED,
        PLAIN_PFX,
        edit(file_of(encrypted_safe(encode(0x30, shrouded_bag(KEY)))), lambda _, content: content),
    ],
    ids=["without MAC", "with MAC", "encrypted"],
)
def test_no_missing_element_is_missed(sample):
    damage = list(damaged(sample))
    assert len(damage) > 100

    for data in damage:
        only_x509_errors(data)


def test_five_megabytes_of_garbage_are_refused_soon():
    for data in (b"\0" * 5_000_000, b"\x30\x80" * 2_500_000, encode(0x30, b"\x05\0" * 2_400_000), b"\x30" * 5_000_000):
        start = time.perf_counter()
        with pytest.raises(X509Error):
            read_pfx(data)
        assert time.perf_counter() - start < 1


def test_errors_hold_neither_password_nor_key(files):
    secret = private_key_pkcs8_der(KEY)[-40:-10]
    for data in (export(files), export(files, "-nomac"), file_of(safe(shrouded_bag(KEY), shrouded_bag(CA_KEY)))):
        with pytest.raises(X509Error) as caught:
            read_pfx(data, b"a secret password")
        shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
        assert "a secret password" not in shown
        assert secret.hex() not in shown
        assert str(secret) not in shown
