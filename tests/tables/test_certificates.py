"""Tables of many certificates: vaults, files of any kind, iterables."""

import contextlib
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cryptography_vectors
import pandas as pd
import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvlab import tables
from kvlab.tables.certificate import DTYPES
from kvlab.x509.container import pem_certificate, pem_request, write_p7b
from tests.tool import tool
from tests.vault.make import ec_key, ec_policy, finish, name_of, pfx_file, pkcs8_pem, rsa_key, self_signed, sign

VECTORS = Path(cryptography_vectors.__file__).parent
FUZZ = settings(deadline=None, suppress_health_check=list(HealthCheck))
NOW = datetime.now(UTC).replace(microsecond=0)
SAN = [(x509.SubjectAlternativeName([x509.DNSName("import.contoso.com")]), False)]


def good(key=None, **options):
    """A certificate that has no problem."""
    return self_signed(key or ec_key(), start=NOW - timedelta(hours=23), **{"extensions": SAN, **options})


def only(source):
    table = tables.certificates(source)
    assert len(table) == 1
    return table.iloc[0]


def test_values_are_those_that_openssl_prints(tmp_path):
    der = good(rsa_key())
    (tmp_path / "web.der").write_bytes(der)
    printed = subprocess.run(
        [tool("openssl"), "x509", "-inform", "DER", "-in", tmp_path / "web.der", "-noout", "-serial", "-subject", "-issuer",
         "-enddate", "-fingerprint", "-sha256", "-ext", "subjectAltName", "-dateopt", "iso_8601"],
        capture_output=True, check=True, timeout=30, text=True,
    ).stdout  # fmt: skip
    told = dict(line.strip().split("=", 1) for line in printed.splitlines() if "=" in line)

    row = only(der)

    assert told["serial"] == row["serial"]
    assert told["sha256 Fingerprint"].replace(":", "").lower() == row["sha256"]
    assert told["subject"].replace(" = ", "=").replace(" ", "") == row["subject"]
    assert told["issuer"].replace(" = ", "=").replace(" ", "") == row["issuer"]
    assert pd.Timestamp(told["notAfter"]) == row["not_after"]
    assert row["san"].replace("dNSName: ", "DNS:") in printed
    assert (row["key_type"], row["key_size"], row["status"], row["days_left"]) == ("RSA", 2048, "valid", 364)
    assert pd.isna(row["problems"])


def test_every_certificate_of_the_vectors_has_the_values_that_cryptography_reads(recwarn):
    ders = []
    for path in sorted((VECTORS / "x509").rglob("*")):
        load = {".pem": x509.load_pem_x509_certificates, ".crt": _load, ".der": _load}.get(path.suffix)
        with contextlib.suppress(ValueError, x509.InvalidVersion):
            ders += [one.public_bytes(Encoding.DER) for one in (load(path.read_bytes()) if load else ())]

    table = tables.certificates(ders)

    assert len(table) == len(ders) > 400
    assert set(table["status"].dropna()) <= {"valid", "expired", "not yet valid"}
    for der, row in zip(ders, table.itertuples(), strict=True):
        parsed = x509.load_der_x509_certificate(der)
        assert int(row.serial, 16) == parsed.serial_number
        if not pd.isna(row.not_after):
            assert row.not_after.to_pydatetime() == parsed.not_valid_after_utc
        if hasattr(size := _public_key(parsed), "key_size") and not pd.isna(row.key_size):
            assert row.key_size == size.key_size


def _load(octets):
    return [x509.load_der_x509_certificate(octets)]


def _public_key(parsed):
    try:
        return parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def test_a_folder_of_anything_is_a_row_for_each_thing(tmp_path):
    key = ec_key()
    leaf, other = good(key), good()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "one.der").write_bytes(leaf)
    (tmp_path / "two.pem").write_text(f"comment\n{pem_certificate(leaf)}{pem_certificate(other)}")
    (tmp_path / "with-key.pem").write_text(pkcs8_pem(key) + pem_certificate(leaf))
    (below / "open.pfx").write_bytes(pfx_file(key, leaf))
    (below / "closed.pfx").write_bytes(pfx_file(key, leaf, password=b"secret"))
    (below / "both.p7b").write_bytes(write_p7b([leaf, other]))
    (below / "key.pem").write_text(pkcs8_pem(key))
    (below / "empty").write_bytes(b"")
    (below / "cat.jpg").write_bytes(os.urandom(1000))
    (below / "broken.pem").write_text(pem_certificate(leaf)[:200] + "\n" + pem_certificate(other))
    os.mkfifo(below / "pipe")
    (below / "nowhere").symlink_to("missing")
    (tmp_path / "loop").symlink_to(tmp_path)

    table = tables.certificates(tmp_path).set_index("name")

    digests = {True: table.loc["one.der", "sha256"], False: table.loc["two.pem#2", "sha256"]}
    assert digests[True] != digests[False]
    for name in ("two.pem#1", "with-key.pem", "a/b/open.pfx", "a/b/both.p7b#1"):
        assert table.loc[name, "sha256"] == digests[True], name
    assert table.loc["a/b/both.p7b#2", "sha256"] == table.loc["a/b/broken.pem#2", "sha256"] == digests[False]
    assert "END CERTIFICATE" in table.loc["a/b/broken.pem#1", "problems"]
    unreadable = {name.removeprefix("a/b/") for name in table.index[table["status"] == "unreadable"]}
    assert unreadable == {"closed.pfx", "empty", "cat.jpg", "broken.pem#1", "pipe", "nowhere"}
    assert "password" in table.loc["a/b/closed.pfx", "problems"]
    assert "no regular file" in table.loc["a/b/pipe", "problems"]
    assert (table.loc["a/b/key.pem", "status"], table.loc["a/b/key.pem", "problems"]) == (
        "no certificate", "no certificate: a private key",
    )  # fmt: skip


def test_a_problem_of_issuer_and_subject_alike_is_told_once():
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "7 a", _type=_ASN1Type.NumericString)])
    key = ec_key()
    der = sign(key.public_key(), name, name, key)

    problems = tables.certificates(der).loc[0, "problems"]

    assert problems.count("NumericString") == 1


def test_items_of_any_kind_are_rows_and_never_exceptions(vault):
    bundle = finish(vault)
    items = [bundle, bundle.cer, x509.load_der_x509_certificate(bundle.cer), pem_certificate(bundle.cer),
             bytearray(bundle.cer), memoryview(bundle.cer), [bundle.cer], b"", b"\x30\x80", "text", 7, None, {}, object(),
             Path("/nowhere/at all")]  # fmt: skip

    table = tables.certificates(item for item in items)

    assert table["sha256"].notna().sum() == 7
    assert table.loc[0, "name"] == "web"
    bad = table[table["sha256"].isna()]
    assert set(bad["status"]) == {"unreadable"}
    assert bad["problems"].str.startswith("unreadable: ").all()
    assert "allowed is" in bad["problems"].iloc[3]


def test_a_mapping_gives_its_names_and_a_request_says_that_it_is_none(vault):
    operation = vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))

    table = tables.certificates({"mine": finish(vault).cer, "his": pem_request(operation.csr)}).set_index("name")

    assert table.loc["his", "subject"] == "CN=shop"
    assert table.loc["his", "status"] == "no certificate"
    assert table.loc["his", "problems"].startswith("a request, not a certificate")
    assert list(table.index) == ["mine", "his"]


@pytest.mark.parametrize("source", [7, None, 1.5, object()])
def test_what_holds_no_certificates_is_refused_with_what_is_allowed(source):
    with pytest.raises(TypeError, match="allowed is a vault"):
        tables.certificates(source)


def test_a_path_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        tables.certificates(tmp_path / "missing.pem")


def test_problems_name_what_is_weak_or_over(tmp_path):
    ca = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    sha1 = subprocess.run(
        [tool("openssl"), "req", "-x509", "-sha1", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem",
         "-subj", "/CN=old", "-addext", "basicConstraints=CA:FALSE"],
        capture_output=True, check=True, timeout=30,
    ).stdout  # fmt: skip
    old = self_signed(rsa_key(1024), start=NOW - timedelta(days=400), extensions=SAN)
    table = tables.certificates(
        {
            "old": old,
            "future": self_signed(ec_key(), start=NOW + timedelta(days=1), extensions=SAN),
            "unnamed": good(extensions=[]),
            "authority": good(extensions=ca),
            "person": sign(ec_key().public_key(), name_of("Alice Doe"), name_of("CA"), ec_key(), start=NOW),
            "sha1": sha1,
        }
    ).set_index("name")["problems"]

    assert table["old"] == "expired; weak key: RSA of 1024 bits, 2048 are the least"
    assert table["future"] == "not yet valid"
    assert table["unnamed"] == "common name import.contoso.com is not among the alternative names"
    assert pd.isna(table["authority"])
    assert pd.isna(table["person"])
    assert "signed with SHA-1" in table["sha1"]


def test_a_damaged_certificate_is_a_row_with_what_can_be_read():
    der = bytearray(good())
    at = bytes(der).index(b"\x17\x0d") + 2
    der[at : at + 4] = b"9913"

    row = only(bytes(der))

    assert row["subject"] == "CN=import.contoso.com"
    assert "There is no such date or time" in row["problems"]


def test_a_vault_tells_by_its_own_clock_and_a_bundle_by_the_systems(vault):
    bundle = finish(vault, policy=ec_policy("CN=web", validity_months=1, lifetime_actions=[]))
    vault.clock.advance(days=40)

    assert only(vault)["status"] == "expired"
    assert only(vault)["problems"].startswith("expired")
    assert only(vault)["days_left"] == -10
    assert pd.isna(only([bundle])["enabled"])


def test_progress_is_told_and_the_end_too(vault, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.der").write_bytes(good())
    told = []

    tables.certificates(tmp_path, progress=lambda done, of: told.append((done, of)))
    tables.certificates([good()] * 501, progress=lambda done, of: told.append((done, of)))
    tables.certificates((good() for _ in range(2)), progress=lambda done, of: told.append((done, of)))
    tables.certificates(vault, progress=lambda done, of: told.append((done, of)))

    assert told == [(3, 3), (500, 501), (501, 501), (2, None), (0, 0)]


def test_a_bar_is_shown_in_a_notebook(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)

    tables.certificates([good()] * 3, progress=True)

    assert [(bar.value, bar.max, bar.description) for bar in shown] == [(3, 3, "3 of 3")]


def test_batches_are_the_same_rows_piece_by_piece():
    ders = [good() for _ in range(7)]

    pieces = list(tables.batches(ders, rows=3))

    assert [len(piece) for piece in pieces] == [3, 3, 1]
    assert list(pd.concat(pieces)["sha256"]) == list(tables.certificates(ders)["sha256"])
    assert list(tables.batches([])) == []
    assert {name: str(dtype) for name, dtype in pieces[-1].dtypes.items()} == DTYPES
    with pytest.raises(ValueError, match="at least one row"):
        list(tables.batches(ders, rows=0))


def test_a_pem_bundle_of_any_length_is_read_block_by_block(tmp_path):
    text = pem_certificate(good())
    (tmp_path / "many.pem").write_text(text * 1500)
    (tmp_path / "joined.pem").write_text(text.strip() * 3)

    assert len(tables.certificates(tmp_path / "many.pem")) == 1500
    assert tables.certificates(tmp_path / "joined.pem")["problems"].isna().all()
    assert len(tables.certificates(text * 2)) == 2


@FUZZ
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300), st.just(b"-----BEGIN CERTIFICATE-----\n"),
                 st.binary(max_size=200).map(lambda octets: b"\x30\x82" + octets)))  # fmt: skip
def test_whatever_comes_is_a_row(value):
    table = tables.certificates([value])

    assert len(table) <= 1
    assert table["problems"].notna().all()


@FUZZ
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_a_mutated_certificate_is_a_row(place, octets):
    der = bytearray(DER)
    at = place % len(der)
    der[at : at + len(octets)] = octets

    assert len(tables.certificates([bytes(der)])) == 1


DER = good()


def test_hostile_file_names_are_text(tmp_path):
    (tmp_path / "<img src=x onerror=alert(1)>\u202egpj").write_bytes(DER)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")).write_bytes(DER)

    table = tables.certificates(tmp_path)

    page = table._repr_html_()
    assert "<img" not in page
    assert "\u202e" not in "".join(table["name"])
    assert "\\xff\\xfe" in set(table["name"])
    "".join(table["name"]).encode()
