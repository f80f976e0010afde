"""Containers: whatever OpenSSL writes is read, what is written OpenSSL reads, and damage is told apart."""

import base64
import os
import subprocess
import textwrap
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st

from kvlab.errors import (
    ExcessiveWork,
    LegacyKeyFormat,
    UnreadableContainer,
    UnsupportedKey,
    WrongPassword,
    X509Error,
)
from kvlab.x509.container import (
    PemBlock,
    load_certificates,
    load_request,
    pem,
    pem_blocks,
    pem_certificate,
    pem_p7b,
    pem_request,
    read_pem_import,
    sniff,
    write_p7b,
    write_pem,
)
from kvlab.x509.der import Reader
from kvlab.x509.element import encode
from kvlab.x509.key import (
    keys_match,
    load_private_key,
    private_key_from_scalar,
    private_key_pem,
    private_key_pkcs8_der,
    public_key_der,
)
from kvlab.x509.pfx import write_pfx
from tests.tool import tool

PASSWORD = b"correct horse"
DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
PKCS8, TRADITIONAL = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
PLAIN = serialization.NoEncryption()


def named(common_name):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def certificate(key, common_name, issuer_key=None, issuer_name=None):
    builder = x509.CertificateBuilder(
        named(issuer_name or common_name),
        named(common_name),
        key.public_key(),
        serial_number=7,
        not_valid_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(2036, 1, 1, tzinfo=UTC),
    )
    return builder.sign(issuer_key or key, hashes.SHA256()).public_bytes(DER)


KEY = private_key_from_scalar("P-256", 7**80)
CA_KEY = private_key_from_scalar("P-384", 7**90)
LEAF = certificate(KEY, "web", CA_KEY, "CA")
CA = certificate(CA_KEY, "CA")
CHAIN = [LEAF, CA]
REQUEST = x509.CertificateSigningRequestBuilder(named("web")).sign(KEY, hashes.SHA256()).public_bytes(DER)
KEY_PEM = private_key_pem(KEY)
CHAIN_PEM = pem_certificate(LEAF) + pem_certificate(CA)


def openssl(*arguments, data=None):
    done = subprocess.run([tool("openssl"), *arguments], input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def b64(data):
    return base64.b64encode(data)


# --- PEM blocks


def test_blocks_with_text_around_and_between():
    text = f"subject=CN = web\n{pem_certificate(LEAF)}\n0 s:CN = CA\n{pem_certificate(CA)}trailing § text"

    assert pem_blocks(text) == [PemBlock("CERTIFICATE", LEAF), PemBlock("CERTIFICATE", CA)]
    assert pem_blocks(text.encode()) == pem_blocks(text.replace("\n", "\r\n")) == pem_blocks(text)


def test_a_text_without_blocks_has_none():
    assert pem_blocks("") == pem_blocks("hello") == []


def test_block_on_one_line():
    assert pem_blocks(CHAIN_PEM.replace("\n", " ")) == pem_blocks(CHAIN_PEM)


def test_headers_of_a_traditional_encrypted_key():
    text = KEY.private_bytes(PEM, TRADITIONAL, serialization.BestAvailableEncryption(PASSWORD)).decode()

    for form in (text, text.replace("\n", "\r\n")):
        (block,) = pem_blocks(form)
        assert block.label == "EC PRIVATE KEY"
        assert block.headers[0] == ("Proc-Type", "4,ENCRYPTED")
        assert block.headers[1][0] == "DEK-Info"
        assert block.encrypted


def test_only_keys_with_a_password_are_encrypted():
    encrypted = KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(PASSWORD))

    assert [block.encrypted for block in pem_blocks(KEY_PEM + encrypted.decode() + CHAIN_PEM)] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (KEY_PEM.replace("-----END PRIVATE KEY-----", ""), "'-----END PRIVATE KEY-----' is missing"),
        (pem_certificate(LEAF)[:-30] + CHAIN_PEM, "'-----END CERTIFICATE-----' is missing"),
        (CHAIN_PEM.replace("BEGIN CERTIFICATE", "BEGIN PKCS7", 1), "begins as 'PKCS7' and ends as 'CERTIFICATE'"),
        (CHAIN_PEM.replace("-----BEGIN CERTIFICATE-----", "", 1), "stands without its BEGIN"),
        (CHAIN_PEM.replace("M", "!", 1), "'CERTIFICATE' is not base64"),
        (CHAIN_PEM.replace("M", "", 1), "'CERTIFICATE' is not base64"),
        (CHAIN_PEM.replace("\n", "\\n"), r"two characters \\n where lines should end"),
        ("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "'CERTIFICATE' is empty"),
        ("-----BEGIN CERTIFICATE-----\na: b\n-----END CERTIFICATE-----\n", "'CERTIFICATE' is empty"),
    ],
    ids=["no end", "next begins", "labels", "no begin", "letter", "length", "escapes", "empty", "headers"],
)
def test_broken_blocks_say_what_is_wrong(text, message):
    with pytest.raises(UnreadableContainer, match=message):
        pem_blocks(text)


def test_pem_is_as_openssl_writes_it():
    assert openssl("x509", "-inform", "DER", data=LEAF).decode() == pem_certificate(LEAF)
    assert openssl("req", "-inform", "DER", data=REQUEST).decode() == pem_request(REQUEST)
    assert pem("PKCS7", write_p7b(CHAIN)) == pem_p7b(CHAIN)


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["\n", "\r\n", " ", "\n\n"]))
@settings(deadline=None, max_examples=60)
def test_pem_round_trip(der, line_end):
    assert pem_blocks(pem("CERTIFICATE", der).replace("\n", line_end)) == [PemBlock("CERTIFICATE", der)]


# --- Certificates


def openssl_p7b(*form):
    return openssl("crl2pkcs7", "-nocrl", *form, "-certfile", "/dev/stdin", data=CHAIN_PEM.encode())


FORMS = {
    "PEM": CHAIN_PEM,
    "PEM bytes": CHAIN_PEM.encode(),
    "PEM CR LF": CHAIN_PEM.replace("\n", "\r\n"),
    "PEM with a key": KEY_PEM + CHAIN_PEM,
    "PEM of X509": CHAIN_PEM.replace(" CERTIFICATE", " X509 CERTIFICATE"),
    "PEM with BOM": "\ufeff" + CHAIN_PEM,
    "base64 of PEM": b64(CHAIN_PEM.encode()),
    "p7b": write_p7b(CHAIN),
    "p7b PEM": pem_p7b(CHAIN),
    "p7b PEM as CMS": pem("CMS", write_p7b(CHAIN)),
    "p7b PEM as certificate": pem("CERTIFICATE", write_p7b(CHAIN)),
    "base64 of p7b": b64(write_p7b(CHAIN)).decode(),
    "base64 of base64 of p7b": b64(b64(write_p7b(CHAIN))),
}
LEAF_FORMS = {
    "DER": LEAF,
    "base64": b64(LEAF),
    "base64 in lines": textwrap.fill(b64(LEAF).decode(), 64),
    "base64 with spaces": " \t" + textwrap.fill(b64(LEAF).decode(), 10).replace("\n", " \r\n ") + "\n\n",
    "base64 unpadded": b64(LEAF).decode().rstrip("="),
    "base64 with END": b64(LEAF) + b"\n-----END CERTIFICATE-----\n",
    "base64 of base64 with END": b64(b64(LEAF) + b"-----END CERTIFICATE-----"),
    "base64 of base64 in lines with END": b64(pem_certificate(LEAF).encode().partition(b"\n")[2]),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_chain_in_every_form(form):
    assert load_certificates(form) == CHAIN


@pytest.mark.parametrize("form", LEAF_FORMS.values(), ids=LEAF_FORMS)
def test_certificate_in_every_form(form):
    assert load_certificates(form) == [LEAF]


@pytest.mark.parametrize("chain", [CHAIN, CHAIN[::-1], [LEAF, CA, LEAF]], ids=["leaf first", "root first", "twice"])
def test_order_is_that_of_the_file(chain):
    assert load_certificates("".join(map(pem_certificate, chain))) == chain
    assert load_certificates(write_p7b(chain)) == chain


@pytest.mark.parametrize("form", [["-outform", "PEM"], ["-outform", "DER"]], ids=["PEM", "DER"])
def test_pkcs7_by_openssl(form):
    assert load_certificates(openssl_p7b(*form)) == CHAIN


def test_pkcs7_of_indefinite_length():
    """BER, as signing tools that stream write it."""

    def indefinite(tag, *contents):
        return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"

    data = indefinite(0x30, encode(6, bytes.fromhex("2a864886f70d010701")))
    signed = indefinite(0x30, b"\x02\x01\x01", encode(0x31), data, indefinite(0xA0, *CHAIN), encode(0x31))
    p7b = indefinite(0x30, encode(6, bytes.fromhex("2a864886f70d010702")), indefinite(0xA0, signed))
    assert openssl("pkcs7", "-inform", "DER", "-print_certs", data=p7b).count(b"BEGIN CERTIFICATE") == 2

    assert load_certificates(p7b) == CHAIN


def test_others_read_the_written_pkcs7():
    assert openssl("pkcs7", "-inform", "DER", "-print_certs", data=write_p7b(CHAIN)).count(b"BEGIN CERTIFICATE") == 2
    assert openssl("pkcs7", "-inform", "PEM", "-print_certs", data=pem_p7b(CHAIN).encode()).count(b"CN = web") == 1
    read = pkcs7.load_der_pkcs7_certificates(write_p7b([LEAF]))
    assert [found.public_bytes(DER) for found in read] == [LEAF]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        "no base64!",
        b"\x30",
        b"\x30\x00",
        LEAF[:-1],
        LEAF + b"\n",
        LEAF + CA,
        b64(LEAF)[:-5],
        b64(b64(b64(b64(LEAF)))),
        REQUEST,
        KEY_PEM,
        private_key_pkcs8_der(KEY),
        pem("CERTIFICATE", REQUEST),
        pem("CERTIFICATE", b"hello"),
        pem_certificate(LEAF) + pem("CERTIFICATE", LEAF[:-1]),
        write_p7b([]),
        write_p7b([b"\x30\x00"]),
        write_pfx(None, CHAIN, salt=b"0123456789abcdef"),
        write_p7b(CHAIN)[:-8],
        encode(0x30, encode(6, bytes.fromhex("2a864886f70d010702")), encode(0xA0)),
        encode(0x30, encode(6, bytes.fromhex("2a864886f70d010702")), encode(0xA0, encode(4, b""))),
    ],
)
def test_what_holds_no_certificates_is_refused(data):
    with pytest.raises(UnreadableContainer):
        load_certificates(data)


def test_a_pfx_in_place_of_certificates_is_called_one():
    with pytest.raises(UnreadableContainer, match="holds a pfx"):
        load_certificates(write_pfx(None, CHAIN, salt=b"0123456789abcdef"))


# --- Requests


@pytest.mark.parametrize(
    "data",
    [
        REQUEST,
        pem_request(REQUEST),
        pem_request(REQUEST).replace("CERTIFICATE", "NEW CERTIFICATE"),
        b64(REQUEST),
        textwrap.fill(b64(REQUEST).decode(), 64),
        b64(pem_request(REQUEST).encode()),
        "Certificate Request:\n" + pem_request(REQUEST).replace("\n", "\r\n"),
    ],
    ids=["DER", "PEM", "PEM new", "base64", "base64 in lines", "base64 of PEM", "text"],
)
def test_request_in_every_form(data):
    assert load_request(data) == REQUEST


def test_request_by_openssl(tmp_path):
    (tmp_path / "key.pem").write_text(KEY_PEM)
    made = openssl("req", "-new", "-key", str(tmp_path / "key.pem"), "-subj", "/CN=web", "-newhdr")
    assert b"NEW CERTIFICATE REQUEST" in made

    assert public_key_der(x509.load_der_x509_csr(load_request(made))) == public_key_der(KEY)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pem_request(REQUEST) * 2, "holds 2 certification requests"),
        (CHAIN_PEM, "holds no certification requests"),
        (LEAF, "no certification request, or a damaged one"),
        (REQUEST[:-1], "neither PEM nor DER"),
        ("", "no certification request|neither PEM nor DER"),
    ],
    ids=["two", "certificates", "certificate", "cut", "empty"],
)
def test_bad_requests(data, message):
    with pytest.raises(UnreadableContainer, match=message):
        load_request(data)


# --- The PEM import


@pytest.mark.parametrize(
    "text",
    [KEY_PEM + CHAIN_PEM, CHAIN_PEM + KEY_PEM, pem_certificate(LEAF) + KEY_PEM + pem_certificate(CA)],
    ids=["key first", "key last", "key between"],
)
@pytest.mark.parametrize("password", [None, b"", b"not needed"])
def test_pem_import_in_any_order(text, password):
    contents = read_pem_import(text, password)

    assert keys_match(contents.key, KEY)
    assert contents.certificates_der == contents.file_order == CHAIN
    assert contents.friendly_name == ""


def test_pem_import_keeps_the_order_of_the_file():
    contents = read_pem_import(pem_certificate(CA) + KEY_PEM + pem_certificate(LEAF), None)

    assert contents.certificates_der == contents.file_order == [CA, LEAF]


@pytest.mark.parametrize("v2", [["-v2", "aes-256-cbc"], ["-v2", "des3"], ["-v1", "PBE-SHA1-3DES"]], ids=" ".join)
def test_pem_import_of_an_encrypted_key(v2):
    encrypted = openssl("pkcs8", "-topk8", *v2, "-passout", "pass:correct horse", data=KEY_PEM.encode()).decode()
    assert "BEGIN ENCRYPTED PRIVATE KEY" in encrypted

    assert keys_match(read_pem_import(CHAIN_PEM + encrypted, PASSWORD).key, KEY)
    for wrong in (None, b"", b"wrong"):
        with pytest.raises(WrongPassword):
            read_pem_import(CHAIN_PEM + encrypted, wrong)


RSA_KEY = rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(
    ("key", "form", "label"),
    [
        (RSA_KEY, TRADITIONAL, "RSA PRIVATE KEY"),
        (KEY, TRADITIONAL, "EC PRIVATE KEY"),
        (KEY, serialization.PrivateFormat.OpenSSH, "OPENSSH PRIVATE KEY"),
    ],
    ids=["PKCS#1", "SEC 1", "OpenSSH"],
)
def test_pem_import_refuses_other_key_formats(key, form, label):
    with pytest.raises(LegacyKeyFormat) as caught:
        read_pem_import(CHAIN_PEM + key.private_bytes(PEM, form, PLAIN).decode(), None)

    assert caught.value.label == label


ENCRYPTED_PEM = KEY.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(PASSWORD)).decode()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (CHAIN_PEM, UnreadableContainer, "holds no private keys"),
        (KEY_PEM, UnreadableContainer, "holds no certificate"),
        ("", UnreadableContainer, "holds no private keys"),
        (KEY_PEM + CHAIN_PEM + KEY_PEM, UnreadableContainer, "holds 2 private keys"),
        (KEY_PEM + CHAIN_PEM + ENCRYPTED_PEM, UnreadableContainer, "holds 2 private keys"),
        ((KEY_PEM + CHAIN_PEM).replace("\n", "\r\n"), UnreadableContainer, "CR LF line ends"),
        (KEY_PEM + CHAIN_PEM + "\r", UnreadableContainer, "CR LF line ends"),
        (KEY_PEM + CHAIN_PEM[:-40], UnreadableContainer, "is missing"),
        (KEY_PEM + pem("CERTIFICATE", b"\x30\x00"), UnreadableContainer, "no certificate, or a damaged one"),
        (CHAIN_PEM + pem("PRIVATE KEY", b"\x30\x00"), UnreadableContainer, "no such PKCS#8 key"),
        (
            CHAIN_PEM + pem("PRIVATE KEY", KEY.private_bytes(DER, TRADITIONAL, PLAIN)),
            UnreadableContainer,
            "no such PKCS#8 key",
        ),
        (CHAIN_PEM + ENCRYPTED_PEM.replace("ENCRYPTED ", ""), UnreadableContainer, "no such PKCS#8 key"),
        (CHAIN_PEM + private_key_pem(ec.generate_private_key(ec.SECP224R1())), UnsupportedKey, "secp224r1"),
    ],
    ids=[
        "no key",
        "no certificate",
        "empty",
        "two keys",
        "plain and encrypted",
        "CR LF",
        "one CR",
        "cut",
        "certificate",
        "key",
        "SEC 1 inside",
        "label",
        "P-224",
    ],
)
def test_pem_import_refusals(text, error, message):
    with pytest.raises(error, match=message):
        read_pem_import(text, PASSWORD)


def test_pem_import_does_not_ask_whether_the_key_belongs():
    assert read_pem_import(private_key_pem(CA_KEY) + pem_certificate(LEAF), None).certificates_der == [LEAF]


# --- The managed secret's PEM


def test_written_pem_is_key_leaf_chain():
    text = write_pem(KEY, CHAIN)

    assert text == KEY_PEM + CHAIN_PEM
    assert text.endswith("-----END CERTIFICATE-----\n")
    assert "\r" not in text
    assert "\n\n" not in text
    assert write_pem(None, CHAIN) == CHAIN_PEM
    assert openssl("pkey", "-pubout", "-outform", "DER", data=text.encode()) == public_key_der(KEY)
    assert openssl("x509", "-outform", "DER", data=text.encode()) == LEAF


def test_written_pem_is_what_an_import_takes():
    assert read_pem_import(write_pem(RSA_KEY, CHAIN), None).file_order == CHAIN


# --- Telling files apart


CRL = (
    x509.CertificateRevocationListBuilder(named("CA"), datetime(2026, 1, 1), datetime(2027, 1, 1))
    .sign(CA_KEY, hashes.SHA256())
    .public_bytes(DER)
)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (CHAIN_PEM.encode(), "pem"),
        (b"0 s:CN = web\n" + CHAIN_PEM.encode(), "pem"),
        (LEAF, "certificate"),
        (REQUEST, "request"),
        (write_p7b(CHAIN), "p7b"),
        (write_pfx(KEY, CHAIN, salt=b"0123456789abcdef"), "pfx"),
        (private_key_pkcs8_der(KEY), "key"),
        (private_key_pkcs8_der(RSA_KEY), "key"),
        (RSA_KEY.private_bytes(DER, TRADITIONAL, PLAIN), "key"),
        (KEY.private_bytes(DER, TRADITIONAL, PLAIN), "key"),
        (KEY.private_bytes(DER, PKCS8, serialization.BestAvailableEncryption(PASSWORD)), "key"),
        (public_key_der(KEY), "unknown"),
        (CRL, "unknown"),
        (b64(LEAF), "unknown"),
        (LEAF[:-1], "unknown"),
        (LEAF + b"\0", "unknown"),
        (b"", "unknown"),
        (b"\x30\x00", "unknown"),
    ],
)
def test_sniff(data, kind):
    assert sniff(data) == kind


def test_sniff_certificate_of_version_1(tmp_path):
    (tmp_path / "key.pem").write_text(KEY_PEM)
    request = openssl("req", "-new", "-key", str(tmp_path / "key.pem"), "-subj", "/CN=old")
    made = openssl("x509", "-req", "-signkey", str(tmp_path / "key.pem"), "-outform", "DER", data=request)
    assert x509.load_der_x509_certificate(made).version is x509.Version.v1

    assert sniff(made) == "certificate"


# --- Anything at all


def is_der(content):
    return content[:1] == b"\x30" and Reader(content).children(0, len(content))[0][4] == len(content)


def damaged(der):
    """Yield DER without one of its elements, or with one of them emptied, for each of them."""
    reader = Reader(der)
    elements = reader.children(0, len(der))
    parts = [der[start:end] for _, start, _, _, end in elements]
    for index, (tag, _, body, stop, _) in enumerate(elements):
        before, after, content = b"".join(parts[:index]), b"".join(parts[index + 1 :]), der[body:stop]
        yield before + after
        yield before + encode(tag) + after
        yield before + encode(5) + after
        if tag & 0x20 or (tag == 4 and is_der(content)):
            yield from (before + encode(tag, less) + after for less in damaged(content))


READERS = [
    pem_blocks,
    load_certificates,
    load_request,
    sniff,
    lambda data: read_pem_import(data.decode("latin-1"), PASSWORD),
]


def only_x509_errors(data):
    for read in READERS:
        start = time.perf_counter()
        try:
            read(data)
        except X509Error as error:
            assert PASSWORD.decode() not in str(error)
        assert time.perf_counter() - start < 2


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=300))
def test_any_octets_give_an_answer_or_an_x509_error(data):
    only_x509_errors(data)
    only_x509_errors(b"-----BEGIN " + data)
    only_x509_errors(b64(data))
    only_x509_errors(pem("CERTIFICATE", data or b"0").encode())


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize(
    "sample", [KEY_PEM.encode() + CHAIN_PEM.encode(), LEAF, write_p7b(CHAIN), REQUEST], ids=["PEM", "DER", "p7b", "CSR"]
)
@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_damaged_files_give_an_answer_or_an_x509_error(sample, data):
    position = data.draw(st.integers(0, len(sample) - 1))
    flipped = bytes([sample[position] ^ 1 << data.draw(st.integers(0, 7))])

    only_x509_errors(sample[:position] + flipped + sample[position + 1 :])
    only_x509_errors(sample[:position])


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize(
    "sample",
    [
        LEAF,
        REQUEST,
        write_p7b(CHAIN),
        private_key_pkcs8_der(KEY),
        KEY.private_bytes(DER, TRADITIONAL, PLAIN),
        KEY.private_bytes(DER, PKCS8, serialization.BestAvailableEncryption(PASSWORD)),
    ],
    ids=["certificate", "request", "p7b", "PKCS#8", "SEC 1", "encrypted"],
)
def test_no_missing_element_is_missed(sample):
    for data in damaged(sample):
        only_x509_errors(data)
        only_x509_errors((CHAIN_PEM + pem("ENCRYPTED PRIVATE KEY", data)).encode() if data else data)
        with suppress(X509Error):
            load_private_key(data, PASSWORD)


N = 5_000_000
LONG = {
    "zeros": b"\0" * N,
    "random": os.urandom(N),
    "letters": b"A" * N,
    "short lines": b"A\n" * (N // 2),
    "dashes": b"-" * N,
    "begins": b"-----BEGIN CERTIFICATE-----" * (N // 27),
    "key begins": b"-----BEGIN PRIVATE KEY-----" * (N // 27),
    "ends": b"-----END CERTIFICATE-----" * (N // 25),
    "one block": b"-----BEGIN CERTIFICATE-----\n" + b"A" * (N - 56) + b"\n-----END CERTIFICATE-----\n",
    "headers": b"-----BEGIN CERTIFICATE-----\n" + b"a:b\n" * 1_240_000 + b"\n\nAAAA\n-----END CERTIFICATE-----\n",
    "blocks": b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" * (N // 59),
    "elements": encode(0x30, b"\x05\0" * (N // 2 - 10)),
    "nested": b"\x30\x80" * (N // 2),
}


@pytest.mark.parametrize("data", LONG.values(), ids=LONG)
def test_five_megabytes_of_garbage_are_refused_soon(data):
    only_x509_errors(data)
    for read in (load_certificates, load_request):
        with pytest.raises(X509Error):
            read(data)


@pytest.mark.parametrize("read", READERS, ids=range(len(READERS)))
def test_more_than_five_megabytes_are_not_read(read):
    with pytest.raises(ExcessiveWork, match="5,000,000"):
        read(b"\0" * (N + 1))


def test_more_than_a_thousand_certificates_are_refused():
    with pytest.raises(ExcessiveWork, match="1000"):
        load_certificates(pem_certificate(LEAF) * 1001)
    with pytest.raises(ExcessiveWork, match="1000"):
        load_certificates(write_p7b([LEAF] * 1001))


def test_errors_hold_no_key():
    secret_lines = KEY_PEM.splitlines()[1:-1]
    for text in (
        KEY_PEM,
        KEY_PEM * 2 + CHAIN_PEM,
        KEY_PEM.replace("=", "!"),
        KEY_PEM[:-30],
        KEY_PEM.replace("\n", "\\n"),
    ):
        with pytest.raises(X509Error) as caught:
            read_pem_import(text, None)
        shown = f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
        assert not any(line[:20] in shown for line in secret_lines)
