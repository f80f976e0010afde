"""Each specimen has its fault and no other, repeats, and is judged as its sign says by the tools themselves."""

import shutil

import pytest
from cryptography import x509

from kvlab import zoo
from kvlab.x509.explain import explain
from kvlab.zoo import verdict
from kvlab.zoo.family import Family

SPECIMENS = list(zoo.ALL.values())
LINTED = ("pkix.", "cabf.", "itu.")

OPENSSL = {
    "Z00": "OK", "Z01": "10", "Z02": "9", "Z03": "OK", "Z04": "62", "Z05": "62", "Z06": "62", "Z07": "64", "Z08": "OK",
    "Z09": "79", "Z10": "79", "Z11": "25", "Z12": "47", "Z13": "7", "Z14": "7", "Z15": "20", "Z17": "OK",
    "Z18": "OK", "Z19": "OK", "Z20": "26", "Z21": "OK", "Z22": "OK", "Z23": "OK", "Z24": "34", "Z25": "OK", "Z25b": "20",
    "Z26": "OK", "Z27": "OK", "Z28": "OK", "Z29": "20", "Z30": "OK", "Z32": "OK", "Z32b": "14", "Z33": "OK", "Z34": "62",
    "Z39": "7", "Z40": "OK", "Z41": "OK", "Z41b": "OK", "Z42": "OK", "Z43": "OK", "Z46": "18", "Z46b": "OK", "Z47": "10",
    "Z53": "10", "Z54": "OK", "Z55": "OK", "Z56": "79", "Z57": "20", "R3": "OK",
}  # fmt: skip
"""What ``openssl verify`` answers: OK, or the number of its error. The stable ones; words differ between versions."""

ACCEPTED = {
    "Z00", "Z17", "Z19", "Z21", "Z22", "Z25b", "Z27", "Z28", "Z36", "Z37", "Z41b", "Z44", "Z46b", "Z50", "Z51", "R3",
    "F5", "K1",
}  # fmt: skip
"""What cryptography accepts."""

each = pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda specimen: specimen.id)


def test_there_are_thirty_and_each_has_a_sign_of_its_own():
    assert len(SPECIMENS) >= 30
    assert len({(specimen.id, specimen.title) for specimen in SPECIMENS}) == len(SPECIMENS)
    assert {specimen.kind for specimen in SPECIMENS} == {"certificate", "chain", "request", "pfx", "pem"}
    assert len({specimen.fault for specimen in SPECIMENS}) >= 30


@each
def test_it_repeats_from_its_seed_and_differs_from_another_one(specimen):
    assert specimen.make(Family("a")) == specimen.make(Family("a"))
    assert specimen.make(Family("a")) != specimen.make(Family("b"))


@each
def test_its_sign_says_what_is_wrong_where_and_why(specimen):
    assert specimen.plain.endswith(".")
    assert bool(specimen.rule) is (specimen.id != "Z00")
    assert bool(specimen.fault) is bool(specimen.field)


@each
def test_cryptography_judges_it_so(specimen):
    assert (verdict.cryptography(specimen) == "OK") is (specimen.id in ACCEPTED)


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")
@pytest.mark.parametrize("identifier", OPENSSL)
def test_openssl_judges_it_so(identifier):
    assert verdict.openssl(zoo.specimen(identifier)).split(" ")[0] == OPENSSL[identifier]


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl")
@pytest.mark.parametrize("identifier", ["R1", "R2", "F1", "F3", "K2", "K3", "K4", "K5"])
def test_openssl_refuses_the_file(identifier):
    assert verdict.openssl(zoo.specimen(identifier)) not in ("OK", "no answer")


@pytest.mark.parametrize(
    "specimen", [one for one in SPECIMENS if one.fault.startswith(LINTED)], ids=lambda specimen: specimen.id
)
def test_pkilint_gives_the_fault_the_name_on_the_sign(specimen):
    found = verdict.pkilint(specimen)

    assert specimen.fault in found or found.startswith("does not load")


@pytest.mark.parametrize("identifier", ["Z00", "Z41b", "Z01", "Z25b", "R3"])
def test_pkilint_finds_nothing_wrong_with(identifier):
    assert verdict.pkilint(zoo.specimen(identifier)) == "OK"


def test_the_good_one_is_what_all_others_are_compared_with():
    good = x509.load_der_x509_certificate(zoo.specimen("Z00").der)
    changed = {
        field.name
        for one, other in zip(explain(zoo.specimen("Z00").der), explain(zoo.specimen("Z01").der), strict=True)
        for field in (other,)
        if one.value != other.value
    }

    assert good.subject.rfc4514_string() == "CN=shop.contoso.com"
    assert "notAfter" in changed
    assert changed <= {"notAfter", "signatureValue", "signature", "r", "s"}


def test_a_tool_that_is_absent_is_said_to_be(monkeypatch):
    monkeypatch.setattr(verdict.shutil, "which", lambda _: None)

    assert verdict.openssl.__wrapped__(zoo.specimen("Z00")) == "not installed"


def test_the_table_has_a_row_for_each():
    table = zoo.table("Z00", "Z01", "R1")

    assert list(table["id"]) == ["Z00", "Z01", "R1"]
    assert table.loc[0, "cryptography"] == "OK"
    assert table.loc[2, "pkilint"] == "nothing to say"
    with pytest.raises(KeyError):
        zoo.table("Z99")
