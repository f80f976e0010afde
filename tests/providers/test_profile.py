"""What the simulated CAs sign: the profile of the CA/Browser Forum, by pkilint and, where it is blind, by hand."""

import hashlib
import ipaddress
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from kvlab import SimulatedClock, Vault, tables
from kvlab.providers.baseline import longest_validity
from kvlab.providers.hierarchy import LOGS
from kvlab.providers.provider import Issued, IssuerError
from kvlab.x509.key import public_key_der
from tests.providers.make import CAS, PRODUCTS, Office, days, ec_key, extension, names, order, parsed

RSA_KEYS = {}

KEYS = ("P-256", "P-384", "RSA 2048", "RSA 3072", "RSA 4096")


def make_key(kind):
    """A key of this kind; RSA keys are made once, for they take long."""
    if kind.startswith("P-"):
        return ec_key(kind)
    if kind not in RSA_KEYS:
        RSA_KEYS[kind] = rsa.generate_private_key(65537, int(kind.removeprefix("RSA ")))
    return RSA_KEYS[kind]


def assert_lints(der, *, warnings=()):
    """pkilint has no ERROR for it under the CA/B Forum's rules, and no WARNING but these."""
    pytest.importorskip("pkilint", reason="needs the package pkilint")
    found = tables.lint(der, rules="cabf")
    by_severity = Counter(found["severity"].astype(str))
    bad = sorted(found[found["severity"].isin(["WARNING", "ERROR", "FATAL"])]["code"])
    assert bad == sorted(warnings), by_severity


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("name", CAS)
def test_leaves_pass_the_forums_lint(vault, name, product, kind):
    answer = Office(vault, name).issue(order(key=make_key(kind), product=product, dns_names=("api.contoso.com",)))

    common_name = "cabf.ev_guidelines" if product == "EV-SSL" else "cabf.serverauth.ov"
    expected = [f"{common_name}.common_name_attribute_present"]
    if kind.startswith("RSA"):
        expected.append("cabf.serverauth.subscriber_rsa_digitalsignature_and_keyencipherment_present")
    assert_lints(answer.leaf_der, warnings=expected)


def test_digicert_takes_p521_and_the_leaf_passes(digicert):
    answer = digicert.issue(order(key=ec_key("P-521")))

    assert_lints(answer.leaf_der, warnings=["cabf.serverauth.ov.common_name_attribute_present"])


def test_root_and_issuing_cas_pass_the_forums_lint(office):
    chain = office.chain()

    assert sorted(chain) == ["EV", "OV", "root"]
    for der in chain.values():
        assert_lints(der)


def test_the_lint_sees_a_mistake(vault):
    """The check itself works: a self-signed certificate of the vault is no public one."""
    from tests.vault.make import finish

    found = tables.lint(finish(vault).cer, rules="cabf")

    assert "ERROR" in set(found["severity"].astype(str))


def test_public_addresses_and_a_wildcard_pass_where_they_are_sold(globalsign):
    answer = globalsign.issue(
        order("*.contoso.com", ip_addresses=("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"))
    )

    leaf = parsed(answer.leaf_der)
    assert names(leaf)[0] == "*.contoso.com"
    assert ipaddress.ip_address("93.184.216.34") in [
        name.value for name in extension(leaf, x509.SubjectAlternativeName)
    ]
    assert_lints(answer.leaf_der, warnings=["cabf.serverauth.ov.common_name_attribute_present"])


@pytest.mark.parametrize("product", PRODUCTS)
def test_the_extensions_of_a_leaf(office, product):
    answer = office.issue(order(product=product))
    leaf, issuing = parsed(answer.leaf_der), parsed(answer.chain_der[0])

    policies = extension(leaf, x509.CertificatePolicies)
    assert [one.policy_identifier.dotted_string for one in policies] == [
        {"OV-SSL": "2.23.140.1.2.2", "EV-SSL": "2.23.140.1.1"}[product]
    ]
    assert [one.policy_identifier for one in extension(issuing, x509.CertificatePolicies)] == [
        one.policy_identifier for one in policies
    ]
    assert list(extension(leaf, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extension(leaf, x509.BasicConstraints).ca is False
    key_id = extension(leaf, x509.AuthorityKeyIdentifier)
    assert key_id.key_identifier == extension(issuing, x509.SubjectKeyIdentifier).digest
    assert key_id.authority_cert_serial_number is None
    methods = {one.access_method: one.access_location.value for one in extension(leaf, x509.AuthorityInformationAccess)}
    assert set(methods) == {AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS}
    (point,) = extension(leaf, x509.CRLDistributionPoints)
    assert all(url.startswith("http://") for url in (*methods.values(), point.full_name[0].value))
    with pytest.raises(x509.ExtensionNotFound):
        extension(leaf, x509.SubjectKeyIdentifier)


def test_two_logs_promise_to_publish_a_leaf_and_their_signatures_hold(office, clock):
    answer = office.issue(order())
    leaf, issuing = parsed(answer.leaf_der), parsed(answer.chain_der[0])
    found = list(extension(leaf, x509.PrecertificateSignedCertificateTimestamps))
    logs = office.signers()

    keys = {hashlib.sha256(public_key_der(logs[role].key)).digest(): logs[role].key.public_key() for role in LOGS}
    assert {one.log_id for one in found} == set(keys)
    assert len(found) == 2
    # RFC 6962 section 3.2: what a log signs is the certificate without the promises, under its issuer's key.
    tbs = leaf.tbs_precertificate_bytes
    for one in found:
        assert one.timestamp.replace(tzinfo=UTC) == clock.now()
        signed = (
            b"\x00\x00" + int(clock.now().timestamp() * 1000).to_bytes(8, "big") + b"\x00\x01"
            + hashlib.sha256(public_key_der(issuing)).digest() + len(tbs).to_bytes(3, "big") + tbs + b"\x00\x00"
        )  # fmt: skip
        keys[one.log_id].verify(one.signature, signed, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(("kind", "enciphers"), [("P-256", False), ("P-384", False), ("RSA 2048", True)])
def test_key_usage_follows_the_key_not_the_request(office, kind, enciphers):
    answer = office.issue(order(key=make_key(kind), key_usage=("nonRepudiation", "dataEncipherment")))
    usage = extension(parsed(answer.leaf_der), x509.KeyUsage)

    assert usage.digital_signature
    assert usage.key_encipherment is enciphers
    assert not (usage.content_commitment or usage.data_encipherment or usage.key_agreement)


def test_the_hash_follows_the_issuing_key(office):
    answer = office.issue(order(key=ec_key("P-384")))
    leaf, issuing, root = (parsed(der) for der in (answer.leaf_der, *answer.chain_der))

    assert isinstance(issuing.public_key().curve, ec.SECP256R1)
    assert isinstance(root.public_key().curve, ec.SECP384R1)
    assert isinstance(leaf.signature_hash_algorithm, hashes.SHA256)
    assert isinstance(issuing.signature_hash_algorithm, hashes.SHA384)
    assert isinstance(root.signature_hash_algorithm, hashes.SHA384)


def test_serial_numbers_are_127_bits_of_chance(office):
    leaves = [parsed(office.issue(order(reference=f"r{number}")).leaf_der) for number in range(40)]
    numbers = [leaf.serial_number for leaf in leaves]

    assert len(set(numbers)) == 40
    assert all(0 < number < 2**127 for number in numbers)
    # Each bit is set in some and clear in some: of 40 draws that fails once in 2**32 for all bits together.
    for bit in range(127):
        assert 0 < sum(number >> bit & 1 for number in numbers) < 40


def test_a_leaf_begins_when_it_is_signed_and_lies_within_its_issuers_validity(office, clock):
    clock.advance(days=3)
    answer = office.issue(order())
    leaf, issuing, root = (parsed(der) for der in (answer.leaf_der, *answer.chain_der))

    assert timedelta(0) <= clock.now() - leaf.not_valid_before_utc <= timedelta(hours=1)
    for inner, outer in ((leaf, issuing), (issuing, root)):
        assert outer.not_valid_before_utc <= inner.not_valid_before_utc
        assert inner.not_valid_after_utc <= outer.not_valid_after_utc
    assert 2922 <= days(root) <= 9132


@pytest.mark.parametrize(
    ("months", "expected"), [(12, 199), (120, 199), (7, 199), (24, 199), (1, (30, 31)), (3, (91, 92)), (6, (182, 184))]
)
def test_validity_is_199_days_whatever_was_asked_and_less_if_less_was_asked(office, months, expected):
    answer = office.issue(order(months=months))
    found = days(parsed(answer.leaf_der))

    lowest, highest = expected if isinstance(expected, tuple) else (expected, expected)
    assert lowest <= found <= highest


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-14T00:00Z", 397),
        ("2026-03-15T00:00Z", 199),
        ("2027-03-15T00:09Z", 99),
        ("2026-11-01T00:00Z", 199),
        ("2027-03-16T00:00Z", 99),
        ("2029-03-16T00:00Z", 46),
    ],
)
def test_the_limit_follows_the_calendar_of_the_requirements(start, expected):
    with Vault(clock=SimulatedClock(start)) as vault:
        answer = Office(vault, "DigiCert").issue(order(months=24))

    assert days(parsed(answer.leaf_der)) == expected
    assert_lints(answer.leaf_der, warnings=["cabf.serverauth.ov.common_name_attribute_present"])


def test_the_limits_end_where_the_requirements_say():
    assert longest_validity(datetime.fromisoformat("2026-03-14T23:59:59Z")) == 397
    assert longest_validity(datetime.fromisoformat("2026-03-15T00:00:00Z")) == 199
    assert longest_validity(datetime.fromisoformat("2027-03-15T00:00:00Z")) == 99
    assert longest_validity(datetime.fromisoformat("2029-03-15T00:00:00Z")) == 46


def test_the_cas_own_limit_counts_where_it_is_lower(office):
    office.configure(max_validity_days=47)

    assert days(parsed(office.issue(order()).leaf_der)) == 47


def test_the_cas_own_limit_does_not_raise_the_programmes(office):
    office.configure(max_validity_days=398)

    assert days(parsed(office.issue(order()).leaf_der)) == 199


def test_a_leaf_never_outlives_its_issuer_and_an_expired_issuer_signs_no_more(office, clock):
    end = parsed(office.chain()["OV"]).not_valid_after_utc
    clock.advance((end - clock.now()).total_seconds() - 86_400)
    answer = office.issue(order())

    assert parsed(answer.leaf_der).not_valid_after_utc == end
    clock.advance(days=2)
    with pytest.raises(IssuerError, match="expired"):
        office.submit(order(reference="r2"))


def test_the_organization_comes_from_the_validated_record_and_ou_is_dropped(office):
    answer = office.issue(order("fabrikam.com", subject="CN=fabrikam.com, OU=IT, O=Somebody Else, C=FR"))
    subject = parsed(answer.leaf_der).subject

    # DigiCert certifies the organization that was ordered for; GlobalSign the one whose domain it is.
    expected = "Contoso, Ltd" if office.name == "DigiCert" else "Fabrikam, Inc."
    assert [one.value for one in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == [expected]
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME) == []


def test_the_subject_of_ov_in_the_order_of_the_requirements(office):
    subject = parsed(office.issue(order()).leaf_der).subject

    assert [(one.oid, one.value) for one in subject] == [
        (NameOID.COUNTRY_NAME, "US"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Washington"),
        (NameOID.LOCALITY_NAME, "Redmond"),
        (NameOID.ORGANIZATION_NAME, "Contoso, Ltd"),
        (NameOID.COMMON_NAME, "contoso.com"),
    ]


def test_the_subject_of_ev_has_the_registry_too(office):
    subject = parsed(office.issue(order(product="EV-SSL")).leaf_der).subject

    assert [(one.oid, one.value) for one in subject][:4] == [
        (NameOID.JURISDICTION_COUNTRY_NAME, "US"),
        (NameOID.JURISDICTION_STATE_OR_PROVINCE_NAME, "Washington"),
        (NameOID.BUSINESS_CATEGORY, "Private Organization"),
        (NameOID.SERIAL_NUMBER, "603 123 456"),
    ]


def test_a_configured_organization_is_certified(office):
    office.configure(
        organizations=[{
            "name": "Müller & Söhne GmbH", "country": "DE", "state": "Bayern", "locality": "München", "vetting": "EV",
            "registration_number": "HRB 12345", "business_category": "Business Entity", "domains": ["mueller.example.org"],
            "jurisdiction_state": "Bayern", "jurisdiction_locality": "München",
        }]
    )  # fmt: skip
    answer = office.issue(order("www.mueller.example.org", product="EV-SSL"))

    subject = parsed(answer.leaf_der).subject
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Müller & Söhne GmbH"
    assert subject.get_attributes_for_oid(NameOID.JURISDICTION_LOCALITY_NAME)[0].value == "München"
    assert_lints(answer.leaf_der, warnings=["cabf.ev_guidelines.common_name_attribute_present"])


@pytest.mark.parametrize(
    ("common_name", "dns_names", "expected"),
    [
        ("contoso.com", (), ["contoso.com", "www.contoso.com"]),
        ("www.contoso.com", (), ["www.contoso.com", "contoso.com"]),
        ("contoso.com", ("contoso.com",), ["contoso.com", "www.contoso.com"]),
        ("contoso.com", ("b.contoso.com", "www.contoso.com", "a.contoso.com", "b.contoso.com"),
         ["contoso.com", "www.contoso.com", "b.contoso.com", "a.contoso.com"]),
        ("shop.contoso.com", ("contoso.com",), ["shop.contoso.com", "contoso.com"]),
        ("*.contoso.com", (), ["*.contoso.com"]),
        ("Shop.Contoso.COM", ("API.contoso.com",), ["shop.contoso.com", "api.contoso.com"]),
    ],
    ids=["bare", "www", "common name listed", "each once, in order", "subdomain", "wildcard", "lower case"],
)  # fmt: skip
def test_the_names_of_a_leaf(office, common_name, dns_names, expected):
    leaf = parsed(office.issue(order(common_name, dns_names)).leaf_der)

    assert names(leaf) == expected
    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value in names(leaf)


def test_without_a_common_name_the_first_dns_name_is_it(office):
    leaf = parsed(office.issue(order("", ("api.contoso.com", "b.contoso.com"))).leaf_der)

    assert leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "api.contoso.com"
    assert names(leaf) == ["api.contoso.com", "b.contoso.com"]


def test_a_hundred_names_are_taken(office):
    answer = office.issue(order("a0.contoso.com", [f"a{number}.contoso.com" for number in range(100)]))

    assert isinstance(answer, Issued)
    assert len(names(parsed(answer.leaf_der))) == 100
