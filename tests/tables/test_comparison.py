"""Certificates side by side; policy, request and certificate."""

import pandas as pd
import pytest

from kvlab import CertificatePolicy, tables
from kvlab.errors import InvalidProperty, VaultError
from kvlab.tables.comparison import POLICY_DTYPES
from kvlab.vault.comparison import SECTIONS
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, self_signed, version_of

ACCOUNT = {"account_id": "1", "pwd": "k"}
WISH = {
    "issuer": {"name": "ca", "cty": "OV-SSL"},
    "key_props": {"kty": "EC"},
    "x509_props": {
        "subject": "CN=shop.contoso.com, OU=Web team, O=Contoso",
        "validity_months": 24,
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "sans": {"dns_names": ["shop.contoso.com"]},
    },
}


@pytest.fixture
def ordered(vault):
    vault.set_certificate_issuer("ca", provider="DigiCert", credentials=ACCOUNT, org_details={"id": "7"})
    vault.ca("DigiCert").configure(delay_seconds=0, decision="issue")
    vault.create_certificate("shop", WISH)
    vault.process_due()
    return vault


def by_field(table):
    return table.set_index("field")


def test_a_ca_shows_what_it_overrode_and_why(ordered):
    table = tables.compare(ordered, "shop")

    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == POLICY_DTYPES
    assert all(f"``{name}``" in tables.compare.__doc__ for name in POLICY_DTYPES)
    rows = by_field(table)
    assert dict(rows.loc[["subject CN", "public key", "basicConstraints"], "change"]) == dict.fromkeys(
        ["subject CN", "public key", "basicConstraints"], "as asked"
    )
    assert list(rows.loc["subject OU", ["change", "policy", "csr"]]) == ["dropped", "Web team", "Web team"]
    assert list(rows.loc["validity", ["change", "policy", "certificate"]]) == ["overridden", "24 months", "199 days"]
    assert rows.loc["keyUsage", "certificate"] == "digitalSignature"
    assert rows.loc["certificatePolicies", "change"] == "added"
    assert pd.isna(rows.loc["subject CN", "why"])
    changed = table[(table["change"] != "as asked")]
    assert changed["why"].notna().all()
    assert list(dict.fromkeys(table["section"])) == list(SECTIONS)


def test_every_override_of_the_vault_is_a_changed_row_with_its_reason(ordered):
    rows = by_field(tables.compare(ordered, "shop"))

    for override in ordered.overrides("shop"):
        if override.field == "further extensions":
            for name in override.issued.split(", "):
                assert rows.loc[name, "why"] == override.why
            continue
        assert rows.loc[override.field, "change"] != "as asked"
        assert rows.loc[override.field, "why"] == override.why


def test_a_policy_a_request_and_a_certificate_need_no_vault(ordered):
    csr, cer = ordered.request("shop"), ordered.get_certificate("shop").cer
    whole = tables.compare(ordered, "shop")

    for policy in (WISH, CertificatePolicy.read(WISH, "policy"), ordered.get_certificate_policy("shop")):
        pd.testing.assert_frame_equal(whole, tables.compare(policy, csr, cer, overrides=ordered.overrides("shop")))
    bare = tables.compare(WISH, csr, cer)
    pd.testing.assert_frame_equal(whole.drop(columns="why"), bare.drop(columns="why"))
    assert "last word" in by_field(bare).loc["validity", "why"]


def test_the_vaults_own_signature_is_as_asked(vault):
    finish(vault, policy=ec_policy("CN=web.contoso.com, O=Contoso", dns_names=["web.contoso.com"], upns=["a@contoso.com"],
                                   ip_addresses=["10.0.0.1", "2001:db8::1"], emails=["b@contoso.com"]))  # fmt: skip

    table = tables.compare(vault, "web")

    own = table["section"] != "from the issuer alone"
    assert set(table.loc[own, "change"]) == {"as asked"}
    assert set(table.loc[~own, "change"]) == {"added"}
    assert by_field(table).loc["subjectAltName", "policy"] == (
        "rfc822Name: b@contoso.com, web.contoso.com, otherName: userPrincipalName a@contoso.com, iPAddress: 10.0.0.1, "
        "iPAddress: 2001:db8::1"
    )
    assert by_field(table).loc["subjectAltName", "csr"] == by_field(table).loc["subjectAltName", "policy"]


@pytest.mark.parametrize("months", [1, 12, 13, 24, 60, 120])
def test_months_that_are_held_are_as_asked(vault, months):
    finish(vault, policy=ec_policy(validity_months=months))

    row = by_field(tables.compare(vault, "web")).loc["validity"]

    assert (row["change"], row["certificate"]) == ("as asked", row["policy"])


def test_your_own_ca_may_change_everything_but_the_key(vault):
    operation = vault.create_certificate("web", ec_policy("CN=asked, O=Contoso", issuer="Unknown", dns_names=["asked"]))
    pending = tables.compare(vault, "web")
    vault.merge_certificate("web", OutsideCA(start=vault.clock.now()).leaf_of_request(operation.csr))

    rows = by_field(tables.compare(vault, "web"))

    assert set(pending["change"]) == {"pending"}
    assert pending["certificate"].isna().all()
    assert rows.loc["public key", "change"] == "as asked"
    assert rows.loc["subject CN", "change"] == "overridden"
    assert rows.loc["subject O", "change"] == "dropped"
    assert rows.loc["subjectAltName", "change"] == "dropped"
    assert "last word" in rows.loc["subject CN", "why"]


def test_the_request_of_another_version_is_left_out(vault):
    first = version_of(finish(vault))
    finish(vault)

    assert tables.compare(vault, "web", version=first)["csr"].isna().all()
    assert tables.compare(vault, "web")["csr"].notna().any()


def test_two_certificates_stand_side_by_side(vault):
    first = finish(vault, policy=ec_policy("CN=web, O=Contoso", dns_names=["a", "b"]))
    second = finish(vault, policy=ec_policy("CN=web, C=DE", dns_names=["a", "c"]))

    table = tables.compare(first, second.cer)

    rows = table.set_index(["section", "field"])
    assert rows.loc[("subject", "commonName"), "change"] == "same"
    assert rows.loc[("subject", "organizationName"), "change"] == "removed"
    assert list(rows.loc[("subject", "countryName"), ["change", "second"]]) == ["added", "DE"]
    assert rows.loc[("extensions", "subjectAltName"), "first"] == "dNSName: a, dNSName: b"
    assert rows.loc[("extensions", "subjectAltName"), "change"] == "changed"
    assert rows.loc[("extensions", "keyUsage"), "first"].startswith("critical, ")
    assert table["note"].notna().all()
    assert {str(table[name].dtype) for name in ("section", "change")} == {"category"}
    assert set(tables.compare(first, first)["change"]) == {"same"}


def test_chains_and_several_certificates_are_compared_by_place():
    ca = OutsideCA()
    one, two = ([ca.leaf(ec_key().public_key()), ca.root] for _ in range(2))

    table = tables.compare(one, two, one, names=["old", "new", "old again"])

    assert {"1: subject", "2: subject"} <= set(table["section"])
    assert list(table.columns)[3:6] == ["old", "new", "old again"]
    serial = table[(table["section"] == "1: certificate") & (table["field"] == "serialNumber")].iloc[0]
    assert serial["change"] == "changed"
    assert set(table.loc[table["section"] == "2: subject", "change"]) == {"same"}


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda vault, der: tables.compare(der), ValueError, "Two to 8"),
        (lambda vault, der: tables.compare(), ValueError, "Two to 8"),
        (lambda vault, der: tables.compare(*[der] * 9), ValueError, "not 9"),
        (lambda vault, der: tables.compare(der, der, names=["a", "a"]), ValueError, "different names"),
        (lambda vault, der: tables.compare(der, der, names=["a", "note"]), ValueError, "no column's own"),
        (lambda vault, der: tables.compare(der, 7), TypeError, "allowed is"),
        (lambda vault, der: tables.compare(WISH, None), TypeError, "what there is none of is None"),
        (lambda vault, der: tables.compare(WISH, der, der, der), TypeError, "what there is none of is None"),
        (lambda vault, der: tables.compare(vault), TypeError, "Which certificate"),
        (lambda vault, der: tables.compare(vault, "nothing"), VaultError, "not found"),
        (lambda vault, der: tables.compare({"key_props": {"kty": "oct"}}, None, der), InvalidProperty, "RSA"),
        (lambda vault, der: tables.compare(b"rubbish!", der), ValueError, r"\w"),
    ],
    ids=["one", "none", "nine", "equal names", "a column's name", "a number", "two", "four", "no name", "unknown", "policy",
         "rubbish"],
)  # fmt: skip
def test_what_can_not_be_compared_is_refused_with_what_is_allowed(vault, call, error, words):
    with pytest.raises(error, match=words):
        call(vault, self_signed(ec_key()))


def test_a_certificate_for_another_key_than_the_requests_is_no_key_as_asked(vault):
    policy = ec_policy(issuer="Unknown")
    vault.create_certificate("web", policy)
    request = vault.get_certificate_operation("web").csr

    table = tables.compare(policy, request, self_signed(ec_key())).set_index("field")

    assert table.loc["public key", "change"] == "overridden"
    assert table.loc["public key", "why"] == "the certificate holds another key than the request"


@pytest.mark.parametrize("table", [tables.events, tables.operations, tables.mails])
def test_the_tables_of_a_vault_say_what_they_take(table):
    with pytest.raises(TypeError, match=r"int is no vault; allowed is one, such as kvlab\.Vault\(\)"):
        table(5)
