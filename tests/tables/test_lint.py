"""pkilint's findings: of one certificate or several, and never an exception for a damaged one."""

import sys
from importlib.util import find_spec
from pathlib import Path

import cryptography_vectors
import pytest

from kvlab import tables
from kvlab.errors import UnreadableContainer
from tests.tool import missing
from tests.vault.make import ec_key, ec_policy, self_signed

CUSTOM = Path(cryptography_vectors.__file__).parent / "x509" / "custom"


@pytest.fixture(autouse=True)
def _needs_pkilint(request):
    if find_spec("pkilint") is None and "without" not in request.node.name:
        missing("the extra 'lint'")


def test_several_certificates_are_told_apart_by_their_place():
    one, two = self_signed(ec_key()), self_signed(ec_key())

    alone, both = tables.lint(one), tables.lint([one, two])

    assert len(both) == len(alone) + len(tables.lint(two)) > 0
    assert set(both["where"].str[:3]) == {"1: ", "2: "}
    assert list(both["where"].str[3:][: len(alone)]) == list(alone["where"])


@pytest.mark.parametrize("file", ["long-form-name-attribute.pem", "ec_no_named_curve.pem", "bad_country.pem"])
@pytest.mark.parametrize("rules", ["pkix", "cabf"])
def test_a_damaged_certificate_has_findings(file, rules):
    table = tables.lint(CUSTOM / file, rules)

    assert len(table) > 0
    assert set(table["severity"]) <= {"FATAL", "ERROR", "WARNING", "NOTICE", "INFO"}


def test_a_request_and_unknown_rules_are_refused_with_what_is_allowed(vault):
    operation = vault.create_certificate("shop", ec_policy(issuer="Unknown"))

    with pytest.raises(UnreadableContainer, match="only certificates"):
        tables.lint(operation)
    with pytest.raises(ValueError, match="pkix or cabf"):
        tables.lint(self_signed(ec_key()), "all")


def test_without_pkilint_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pkilint", None)

    with pytest.raises(ModuleNotFoundError, match=r'pip install "kvlab\[lint\]"'):
        tables.lint(self_signed(ec_key()))
