"""Every difference between policy, request and certificate is a row; no difference is none."""

from dataclasses import replace

import pytest
from cryptography import x509

from kvlab.providers.provider import OrderRequest, Override, Wish
from kvlab.x509.extension import upn
from tests.providers.make import csr, ec_key, order

BOTH = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")
SERVER = BOTH[:1]


def rows(answer):
    return {row.field: row for row in answer.overrides}


def exactly(common_name="api.contoso.com", **changes):
    """An order for just what both CAs issue, but for `changes`."""
    subject = f"CN={common_name}, O=Contoso\\, Ltd, L=Redmond, S=Washington, C=US"
    wish = {
        "dns_names": (common_name,),
        "subject": subject,
        "key_usage": ("digitalSignature",),
        "ekus": SERVER,
        "months": 3,
    }
    return order(common_name, **{**wish, **changes})


def test_a_wish_that_fits_gets_one_row_for_what_nobody_can_ask_for(office):
    assert list(rows(office.issue(exactly()))) == ["further extensions"]


@pytest.mark.parametrize(("asked", "expected"), [(False, ("false", "", "logged")), (True, None), (None, None)])
def test_a_certificate_that_was_not_to_be_logged_is_and_says_so(office, asked, expected):
    request = exactly()
    found = rows(office.issue(replace(request, wish=replace(request.wish, cert_transparency=asked))))

    assert (found["cert_transparency"][1:4] if "cert_transparency" in found else None) == expected


def test_what_a_default_policy_gets(office):
    request = OrderRequest(
        "r1",
        csr(ec_key(), "contoso.com", [x509.SubjectAlternativeName([x509.DNSName("contoso.com")])]),
        "contoso.com", ("contoso.com",), 12, "OV-SSL",
        Wish("CN=contoso.com, OU=IT, O=Contoso", ("contoso.com",), key_usage=("digitalSignature", "keyEncipherment"), ekus=BOTH),
    )  # fmt: skip
    found = rows(office.issue(request))

    assert list(found) == [
        "subject OU", "subject O", "subject L", "subject S", "subject C", "subjectAltName", "keyUsage",
        "extendedKeyUsage", "validity", "further extensions",
    ]  # fmt: skip
    assert found["subject O"][1:4] == ("Contoso", "", "Contoso, Ltd")
    assert found["subject OU"][1:4] == ("IT", "", "")
    assert "2022-09-01" in found["subject OU"].why
    assert found["subjectAltName"][1:4] == ("contoso.com", "contoso.com", "contoso.com, www.contoso.com")
    assert found["keyUsage"][1:4] == ("digitalSignature, keyEncipherment", "", "digitalSignature")
    assert "EC key" in found["keyUsage"].why
    assert found["extendedKeyUsage"][1:4] == (", ".join(BOTH), "", SERVER[0])
    assert found["validity"][1:4] == ("12 months", "", "199 days")
    assert "199 days at most" in found["validity"].why


def test_ev_adds_the_registry(office):
    found = rows(office.issue(exactly(product="EV-SSL")))

    assert found["subject SERIALNUMBER"].issued == "603 123 456"
    assert found["subject businessCategory"].issued == "Private Organization"
    assert found["subject jurisdictionCountryName"].issued == "US"
    assert found["subject jurisdictionStateOrProvinceName"].issued == "Washington"


def test_names_that_a_tls_certificate_can_not_hold_are_dropped(office):
    found = rows(office.issue(exactly(uris=("spiffe://contoso.com/a",), upns=("ada@contoso.com",))))

    row = found["subjectAltName"]
    assert row.asked == "api.contoso.com, ada@contoso.com, spiffe://contoso.com/a"
    assert row.issued == "api.contoso.com"
    assert "DNS names and IP addresses only" in row.why


@pytest.mark.parametrize("user", ["ada@contoso.com", "a" * 200 + "@contoso.com"])
def test_a_user_principal_name_in_the_request_is_shown_as_asked(office, user):
    names = x509.SubjectAlternativeName([x509.DNSName("api.contoso.com"), upn(user)])
    request = replace(exactly(upns=(user,)), csr_der=csr(ec_key(), "api.contoso.com", [names]))
    row = rows(office.issue(request))["subjectAltName"]

    assert row[1:4] == (f"api.contoso.com, {user}", f"api.contoso.com, {user}", "api.contoso.com")


@pytest.mark.parametrize(
    ("asked", "told", "untold"),
    [
        (BOTH, ["clientAuth"], ["other than TLS", "must be there"]),
        ((), ["must be there"], ["clientAuth", "other than TLS"]),
        (("1.3.6.1.5.5.7.3.3",), ["other than TLS", "must be there"], ["clientAuth"]),
    ],
    ids=["default", "none", "code signing"],
)
def test_each_purpose_has_its_own_reason(office, asked, told, untold):
    why = rows(office.issue(exactly(ekus=asked)))["extendedKeyUsage"].why

    assert ([words for words in told if words in why], [words for words in untold if words in why]) == (told, [])


@pytest.mark.parametrize(
    ("asked", "reasons"),
    [
        (("keyEncipherment", "digitalSignature"), 1),
        (("keyEncipherment", "digitalSignature", "keyCertSign"), 2),
        ((), 1),
    ],
    ids=["encipher", "encipher and sign certificates", "none"],
)
def test_each_key_usage_has_its_own_reason(office, asked, reasons):
    why = rows(office.issue(exactly(key_usage=asked)))["keyUsage"].why

    assert (len(why.split("; ")), "EC key" in why) == (reasons, "keyEncipherment" in asked)


def test_a_common_name_that_is_not_listed_is_added(office):
    row = rows(office.issue(exactly(dns_names=("b.contoso.com",))))["subjectAltName"]

    assert row[1:4] == ("b.contoso.com", "", "api.contoso.com, b.contoso.com")
    assert "common name must be one of the names" in row.why


def test_capital_letters_are_made_small(office):
    found = rows(office.issue(exactly("API.contoso.com")))

    assert found["subject CN"][1:4] == ("API.contoso.com", "API.contoso.com", "api.contoso.com")
    assert found["subjectAltName"].why == "names are written in lower case"


def test_the_cas_own_limit_is_named(office):
    office.configure(max_validity_days=30)
    row = rows(office.issue(exactly()))["validity"]

    assert (row.asked, row.issued) == ("3 months", "30 days")
    assert "own limit" in row.why


def test_rows_are_plain_values(office):
    for row in office.issue(exactly()).overrides:
        assert isinstance(row, Override)
        assert all(isinstance(value, str) for value in row)
