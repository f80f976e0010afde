"""The table of one certificate's fields."""

import subprocess

import pandas as pd
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab import tables
from kvlab.errors import UnreadableContainer
from kvlab.tables.field import DTYPES
from kvlab.x509.container import pem_certificate
from kvlab.x509.key import private_key_from_scalar, private_key_pem
from tests.tool import tool
from tests.vault.make import ec_policy, finish

POLICY = ec_policy("CN=web.contoso.com, O=Contoso", dns_names=["web.contoso.com", "*.web.contoso.com"])


@pytest.fixture
def bundle(vault):
    return finish(vault, policy=POLICY)


def value(table, field):
    return table.loc[table["field"] == field, "value"].iloc[0]


def test_columns_have_the_types_that_the_docstring_promises(bundle):
    table = tables.fields(bundle)

    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == DTYPES
    for name in DTYPES:
        assert f"- ``{name}``" in tables.fields.__doc__


def test_values_are_those_that_cryptography_reads(bundle):
    parsed = x509.load_der_x509_certificate(bundle.cer)
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    table = tables.fields(bundle)

    assert f"{parsed.serial_number:X}" == value(table, "serialNumber").lstrip("0")
    assert f"{parsed.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}" == value(table, "notAfter")
    assert names.get_values_for_type(x509.DNSName) == list(table.loc[table["field"] == "dNSName", "value"])


def test_offset_and_length_cut_the_element_out_of_the_der(bundle):
    table = tables.fields(bundle)

    row = table.loc[table["field"] == "notAfter"].iloc[0]
    octets = bundle.cer[row["offset"] : row["offset"] + row["length"]]

    assert octets[:2] == b"\x17\x0d"
    assert octets[2:].decode().endswith("Z")


def test_only_extensions_are_critical_or_not(bundle):
    table = tables.fields(bundle)

    known = table[table["critical"].notna()]
    assert {"extensions"} == set(known["section"])
    assert bool(known.set_index("field").loc["keyUsage", "critical"])
    assert not known.set_index("field").loc["subjectAltName", "critical"]


@pytest.mark.parametrize("form", ["der", "pem text", "pem octets", "path", "object", "pem with key"])
def test_every_form_of_a_certificate_gives_the_same_table(bundle, form, tmp_path):
    parsed = x509.load_der_x509_certificate(bundle.cer)
    pem = parsed.public_bytes(Encoding.PEM)
    (tmp_path / "web.pem").write_bytes(pem)
    source = {
        "der": bundle.cer,
        "pem text": pem.decode(),
        "pem octets": pem,
        "path": tmp_path / "web.pem",
        "object": parsed,
        "pem with key": private_key_pem(private_key_from_scalar("P-256", 7)) + pem.decode(),
    }[form]

    pd.testing.assert_frame_equal(tables.fields(bundle), tables.fields(source))


def test_an_operation_shows_its_request(vault):
    operation = vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown", dns_names=["shop.contoso.com"]))

    table = tables.fields(operation)

    assert "request" in set(table["section"])
    assert value(table, "dNSName") == "shop.contoso.com"
    request = x509.load_der_x509_csr(operation.csr)
    pd.testing.assert_frame_equal(table, tables.fields(request))


def test_every_field_of_an_ordinary_certificate_has_a_note(bundle, vault):
    chain = vault.practice_ca()

    for der in (bundle.cer, chain.root_der, chain.issuing_der):
        table = tables.fields(der)
        assert list(table.loc[table["note"] == "", "field"]) == []
        assert table["note"].str.endswith(".").all()


def test_a_version_that_is_pending_has_no_fields(vault):
    vault.create_certificate("shop", ec_policy(issuer="Unknown"))

    with pytest.raises(UnreadableContainer, match="pending"):
        tables.fields(vault.get_certificate("shop"))


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", "rubbish", b"\x30\x03\x02\x01\x01"])
def test_rubbish_is_refused_with_a_clear_error(rubbish):
    with pytest.raises(ValueError, match=r"\w"):
        tables.fields(rubbish)


def test_something_else_is_a_type_error():
    with pytest.raises(TypeError, match="int"):
        tables.fields(7)


def test_hostile_names_stay_text_on_the_page(tmp_path):
    subject = "/CN=<script>alert(1)<\\/script>\u202egpj.exe"
    made = subprocess.run(
        [tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8",
         "-keyout", tmp_path / "key.pem", "-subj", subject],
        capture_output=True, check=True, timeout=30,
    )  # fmt: skip

    page = tables.fields(made.stdout)._repr_html_()

    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert r"\u202E" in page


def test_a_selection_is_shown_like_the_whole(bundle):
    page = tables.fields(bundle)[["field", "value"]].head(3)._repr_html_()

    assert page.count("<tr>") == 4
    assert "3 rows" in page
    assert pem_certificate(bundle.cer) not in page
