"""The fields of certificates and requests, against what cryptography and OpenSSL read in the same octets."""

import datetime as dt
import itertools
import re
import subprocess

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from kvlab.errors import X509Error
from kvlab.x509.explain import explain
from kvlab.x509.field import Field
from kvlab.x509.primitive import visible
from tests.tool import tool
from tests.x509.specimen import LEAF, certificate, is_one_element, one, vectors


def assert_names_agree(name: x509.Name, fields: list[Field], section: str) -> None:
    shown = [field for field in fields if field.section == section and field.name != section]
    theirs = [attribute for rdn in name.rdns for attribute in rdn]

    assert sorted(a.oid.dotted_string for a in theirs) == sorted(f.oid for f in shown)
    if all(len(list(rdn)) == 1 for rdn in name.rdns):
        pairs = [(a.value, f.value) for a, f in zip(theirs, shown, strict=True) if isinstance(a.value, str)]
        assert [visible(value) for value, _ in pairs] == [value for _, value in pairs]


def assert_extensions_agree(extensions: x509.Extensions, fields: list[Field]) -> None:
    shown = [(field.oid, field.critical) for field in fields if field.critical is not None]

    assert shown == [(extension.oid.dotted_string, extension.critical) for extension in extensions]
    for extension in extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            row = next(place for place, field in enumerate(fields) if field.oid == "2.5.29.17")
            members = []
            for field in fields[row + 1 :]:
                if field.critical is not None or field.section != "extensions":
                    break
                members.append(field)
            theirs = [visible(name) for name in extension.value.get_values_for_type(x509.DNSName)]
            assert [field.value for field in members if field.name == "dNSName"] == theirs
            addresses = [str(address) for address in extension.value.get_values_for_type(x509.IPAddress)]
            assert [field.value for field in members if field.name == "iPAddress"] == addresses


def iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


CHECKS = {
    "subject": lambda name, fields: assert_names_agree(name, fields, "subject"),
    "issuer": lambda name, fields: assert_names_agree(name, fields, "issuer"),
    "extensions": assert_extensions_agree,
    "serial_number": lambda n, fields: equal(n, int(one(fields, "serialNumber", "certificate").value, 16)),
    "not_valid_before_utc": lambda moment, fields: equal(iso(moment), one(fields, "notBefore", "validity").value),
    "not_valid_after_utc": lambda moment, fields: equal(iso(moment), one(fields, "notAfter", "validity").value),
    "signature_algorithm_oid": lambda oid, fields: equal(oid.dotted_string, one(fields, "signatureAlgorithm").oid),
    "signature": lambda octets, fields: equal(octets.hex(), one(fields, "signatureValue").value),
}
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def equal(theirs: object, ours: object) -> None:
    assert theirs == ours


def assert_agrees(theirs: x509.Certificate | x509.CertificateSigningRequest, fields: list[Field]) -> int:
    """
    Compare with every part that cryptography can read, and return how many parts that were.
    """
    compared = 0
    for part, check in CHECKS.items():
        try:
            value = getattr(theirs, part, None)
        except UNREADABLE:
            continue
        if value is not None:
            check(value, fields)
            compared += 1
    return compared


def _loaded(octets: bytes) -> x509.Certificate | x509.CertificateSigningRequest | None:
    for load in (x509.load_der_x509_certificate, x509.load_der_x509_csr):
        try:
            return load(octets)
        except (ValueError, TypeError, x509.InvalidVersion):
            continue
    return None


@pytest.mark.filterwarnings("ignore")  # cryptography warns of what is illegal in its own vectors
def test_every_vector_of_cryptography_is_inspected_and_agrees():
    files, inspected, agreed, parts = set(), 0, 0, 0
    for name, octets in vectors():
        files.add(name.partition("#")[0])
        theirs = _loaded(octets)
        try:
            fields = explain(octets)
        except X509Error:
            assert theirs is None, name
            continue
        inspected += 1
        for field in fields:
            if field.offset is not None:
                assert is_one_element(octets[field.offset : field.offset + field.length]), (name, field)
        if theirs is not None:
            try:
                parts += assert_agrees(theirs, fields)
            except AssertionError as error:
                error.add_note(name)
                raise
            agreed += 1
    print(
        f"{len(files)} files, {inspected} inspected, {agreed} of them read by cryptography too, {parts} parts compared"
    )
    assert len(files) > 1700
    assert agreed > 500


def test_offsets_are_those_of_openssl(tmp_path):
    """asn1parse names the OID one level inside each Extension; that SEQUENCE is the row's element."""
    path = tmp_path / "leaf.der"
    path.write_bytes(LEAF)
    run = subprocess.run([tool("openssl"), "asn1parse", "-inform", "DER", "-in", path], capture_output=True, check=True)
    lines = re.findall(
        r"^ *(\d+):d=(\d+) +hl=(\d+) +l= *(\d+) +\w+: +(\S+) *:?(.*)$", run.stdout.decode(), re.MULTILINE
    )
    theirs = [
        (int(above[0]), int(above[2]) + int(above[3]))
        for above, line in itertools.pairwise(lines)
        if line[5].startswith("X509v3")
    ]

    ours = [(field.offset, field.length) for field in explain(LEAF) if field.critical is not None]

    assert len(ours) == 5
    assert ours == theirs


def test_serial_number_is_written_as_openssl_does(tmp_path):
    path = tmp_path / "x.der"
    for serial in (1, 0x80, 0x4A1F, 2**158 + 5):
        path.write_bytes(certificate(serial=serial))
        command = [tool("openssl"), "x509", "-inform", "DER", "-in", path, "-noout", "-serial"]
        run = subprocess.run(command, capture_output=True, check=True, text=True)

        assert f"serial={one(explain(path.read_bytes()), 'serialNumber').value}\n" == run.stdout
