"""What the tables of one certificate take: every form of it, chains, OpenSSL beside it, and no rubbish."""

import os
import re
import subprocess
from hashlib import sha256

import pandas as pd
import pytest
from cryptography import x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvlab import tables
from kvlab.errors import UnreadableContainer, WrongPassword, X509Error
from kvlab.tables.field import DTYPES
from kvlab.x509.container import write_p7b
from tests.tool import tool
from tests.vault.make import (
    OutsideCA,
    ec_key,
    ec_policy,
    finish,
    pem_file,
    pem_of,
    pfx_file,
    pkcs8_der,
    pkcs8_pem,
    self_signed,
)

FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck))
KEY = ec_key()
DER = self_signed(KEY)


@pytest.fixture(scope="module")
def family():
    key, ca = ec_key(), OutsideCA()
    return key, [ca.leaf(key.public_key()), ca.intermediate, ca.root]


@pytest.mark.parametrize("form", ["list", "PEM bundle", "P7B", "PFX", "path", "memory", "with its key"])
def test_a_chain_in_any_form_is_the_same_table_of_all_its_certificates(family, form, tmp_path):
    key, chain = family
    (tmp_path / "chain.p7b").write_bytes(write_p7b(chain))
    source = {
        "list": [x509.load_der_x509_certificate(chain[0]), chain[1], pem_of(chain[2])],
        "PEM bundle": "".join(map(pem_of, chain)),
        "P7B": write_p7b(chain),
        "PFX": pfx_file(key, *chain),
        "path": tmp_path / "chain.p7b",
        "memory": memoryview(write_p7b(chain)),
        "with its key": pem_file(key, *chain).encode(),
    }[form]

    table = tables.fields(source)

    pd.testing.assert_frame_equal(table, tables.fields(chain))
    assert list(table.columns) == list(DTYPES)
    for number, der in enumerate(chain, start=1):
        part = table[table["section"].astype("string").str.startswith(f"{number}: ")]
        assert list(part["value"]) == list(tables.fields(der)["value"])
    assert pkcs8_pem(key).splitlines()[1] not in " ".join(table["value"])


def test_the_secret_of_a_certificate_is_its_chain_without_the_key(vault):
    bundle = finish(vault)

    pd.testing.assert_frame_equal(tables.fields(vault.get_secret("web")), tables.fields(bundle))
    pd.testing.assert_frame_equal(
        tables.fields(vault.get_certificate("web", bundle.id.rsplit("/", 1)[1])), tables.fields(bundle)
    )


def test_every_extension_that_openssl_prints_is_a_row_with_oid_criticality_and_its_whole_element(vault):
    der = finish(vault, policy=ec_policy("CN=web", dns_names=["web"])).cer
    parsed = subprocess.run(
        [tool("openssl"), "asn1parse", "-inform", "DER"], input=der, capture_output=True, check=True, timeout=30
    ).stdout.decode()
    headers = {int(offset): int(head) + int(size)
               for offset, head, size in re.findall(r"^ *(\d+):d=\d+ +hl=(\d+) l= *(\d+)", parsed, re.MULTILINE)}  # fmt: skip

    table = tables.fields(der)

    placed = table.dropna(subset=["offset"])
    inside = {
        offset: size for offset, size in zip(placed["offset"], placed["length"], strict=True) if offset in headers
    }
    assert inside == {offset: headers[offset] for offset in inside}
    assert len(inside) > 20
    rows = table[(table["section"] == "extensions") & table["critical"].notna()].set_index("oid")
    loaded = x509.load_der_x509_certificate(der)
    assert {extension.oid.dotted_string: extension.critical for extension in loaded.extensions} == dict(
        rows["critical"]
    )
    for row in rows.itertuples():
        assert der[row.offset] == 0x30


def test_text_that_openssl_prints_is_in_the_table(vault):
    der = finish(vault, policy=ec_policy("CN=web.contoso.com, O=Contoso", dns_names=["web.contoso.com"])).cer
    printed = subprocess.run(
        [tool("openssl"), "x509", "-inform", "DER", "-noout", "-text"], input=der, capture_output=True, check=True, timeout=30
    ).stdout.decode()  # fmt: skip

    table = tables.fields(der).set_index("field")

    squeezed = re.sub(r"[\s:]", "", printed).lower()
    for field in ("signatureValue", "subjectPublicKey", "serialNumber", "subjectKeyIdentifier"):
        assert table.loc[[field], "value"].iloc[0].lower() in squeezed
    assert "DNS:web.contoso.com" in printed
    assert "ecdsa-with-SHA256" in table.loc["signatureAlgorithm", "value"]


def test_a_problem_is_told_in_the_note():
    der = bytearray(DER)
    at = bytes(der).index(b"\x17\x0d") + 2
    der[at : at + 4] = b"9913"

    note = tables.fields(bytes(der)).set_index("field").loc["notBefore", "note"]

    assert note == "Valid from this second on. Problem: There is no such date or time."


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"", "nothing in it"),
        ([], "nothing in it"),
        (b" \r\n", "nothing but white space in it"),
        ("web.pem", r"pathlib\.Path"),
        (pkcs8_pem(ec_key()), "Nothing but private key in it: no certificate and no request"),
        ("-----BEGIN CERTIFICATE-----\nMII", "END CERTIFICATE"),
        (pfx_file(KEY, DER, password=b"x"), "protected by a password.*kvlab inspect asks"),
    ],
    ids=["empty", "an empty list", "white space", "a file's name", "a key", "a cut off block", "a closed PFX"],
)
def test_what_holds_no_certificate_is_refused_in_words(source, words):
    with pytest.raises(UnreadableContainer if "password" not in words else WrongPassword, match=words):
        tables.fields(source)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(UnreadableContainer, match=r"tables\.certificates lists"):
        tables.fields(tmp_path)
    with pytest.raises(FileNotFoundError):
        tables.fields(tmp_path / "none.pem")
    with pytest.raises(TypeError, match=r"float is not taken; allowed is .* a pathlib\.Path"):
        tables.fields(1.5)


def test_what_follows_a_certificate_is_told_of_and_is_no_part_of_it(tmp_path):
    key = pkcs8_der(KEY)
    (tmp_path / "joined.der").write_bytes(DER + key)

    for source in (DER + key, tmp_path / "joined.der", [DER + key]):
        trailing = tables.fields(source).set_index("field").loc["trailing"]
        row = tables.certificates(source).iloc[0]

        assert trailing["value"] == "(not shown)"
        assert f"{len(key)} octets follow" in trailing["note"]
        assert row["sha256"] == sha256(DER).hexdigest()
        assert f"{len(key)} octets follow" in row["problems"]
        assert list(tables.chain(source)["link"]) == ["verifies"]


def test_the_trust_settings_that_openssl_adds_are_no_problem(tmp_path):
    (tmp_path / "plain.pem").write_text(pem_of(DER))
    command = [tool("openssl"), "x509", "-in", tmp_path / "plain.pem", "-trustout", "-addtrust", "serverAuth"]
    trusted = subprocess.run(command, capture_output=True, check=True).stdout

    assert b"TRUSTED CERTIFICATE" in trusted
    assert "OpenSSL" in tables.fields(trusted).set_index("field").loc["trailing", "value"]
    row = tables.certificates(trusted).iloc[0]
    assert row["sha256"] == sha256(DER).hexdigest()
    assert "follow" not in str(row["problems"])


def test_a_pipe_is_refused_in_words(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="no regular file") as refused:
        tables.fields(tmp_path / "pipe")
    assert "None" not in str(refused.value)


def test_a_name_of_a_file_as_text_is_no_file_and_says_so():
    for name in ("nope", "certs/web.pem"):
        assert "pathlib.Path" in tables.certificates(name).loc[0, "problems"]


@FUZZ
@given(
    st.one_of(
        st.binary(max_size=200), st.text(max_size=200), st.binary(max_size=100).map(lambda octets: b"\x30\x81" + octets)
    )
)
def test_rubbish_is_a_refusal_or_a_table(data):
    for make in (tables.fields, tables.chain, lambda source: tables.compare(source, DER)):
        try:
            table = make(data)
        except X509Error as error:
            assert str(error)
        else:
            assert len(table)


@FUZZ
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@given(st.integers(0, len(DER) - 1), st.binary(min_size=1, max_size=3))
def test_a_mutated_certificate_is_a_refusal_or_a_table_with_sound_offsets(at, octets):
    der = (DER[:at] + octets + DER[at + len(octets) :])[: len(DER)]
    try:
        table = tables.fields(der)
    except X509Error:
        return
    assert (table["note"] != "").all()
    placed = table.dropna(subset=["offset"])
    assert ((placed["offset"] >= 0) & (placed["offset"] + placed["length"] <= len(der))).all()
    tables.compare(der, DER)
    tables.chain([der, DER])
