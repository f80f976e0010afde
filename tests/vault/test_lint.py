"""What the vault and its practice CA sign passes pkilint's RFC 5280 lint."""

import pytest

from kvlab import CertificatePolicy, tables
from tests.vault.make import ec_policy, finish

pkilint = pytest.importorskip("pkilint", reason="needs the package pkilint")


def findings(source):
    """The findings of severity ERROR or worse, as text."""
    table = tables.lint(source)
    bad = table[table["severity"].isin(["ERROR", "FATAL"])]
    return [" ".join(str(value) for value in row) for row in bad.itertuples(index=False)]


def default(kty):
    return CertificatePolicy.self_signed("CN=contoso.com", kty=kty)


@pytest.mark.parametrize(
    "policy",
    [
        default("RSA"), default("EC"), ec_policy("CN=contoso.com, O=Contoso, C=US", dns_names=["contoso.com"]),
        ec_policy("CN=a", emails=["a@contoso.com"], upns=["a@b"], uris=["https://contoso.com/b"], ip_addresses=["::1"]),
        ec_policy("CN=Zürich", crv="P-384", validity_months=120),
    ],
    ids=["default RSA", "default EC", "full subject", "all kinds of names", "UTF-8"],
)  # fmt: skip
def test_self_signed_certificates_pass(vault, policy):
    assert findings(finish(vault, policy=policy).cer) == []


@pytest.mark.parametrize("subject", ["CN=contoso.com", ""], ids=["subject", "no subject"])
def test_the_practice_ca_and_its_leaves_pass(vault, subject):
    ca = vault.practice_ca()
    operation = vault.create_certificate("web", ec_policy(subject, issuer="Unknown", dns_names=["contoso.com"]))

    for der in (
        ca.root_der,
        ca.issuing_der,
        ca.sign(operation)[0],
        ca.sign(operation, copy_extensions=bool(subject))[0],
    ):
        assert findings(der) == []


@pytest.mark.parametrize(
    "policy",
    [ec_policy(key_usage=["keyCertSign"]), ec_policy("", dns_names=["contoso.com"])],
    ids=["a leaf that signs certificates", "self-signed, so an empty issuer name"],
)
def test_a_policy_that_asks_for_what_rfc_5280_forbids_is_obeyed_and_the_lint_shows_it(vault, policy):
    shown = findings(finish(vault, policy=policy))

    assert shown
    assert "certificate" in shown[0]
