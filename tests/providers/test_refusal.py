"""Orders a public CA must refuse, each in its own words, and orders that wait for a validation."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from kvlab.providers.provider import Failed, Issued, IssuerError, OrderRefused, Pending
from tests.providers.make import ACCOUNT, API_KEY, PRODUCTS, csr, ec_key, order


def refused(office, request, kind=OrderRefused):
    """The CA's reason for not taking an order."""

    def use(provider):
        with pytest.raises(kind) as caught:
            provider.submit(request)
        assert type(caught.value) is kind
        return caught.value.reason

    return office.provider(use)


def code(office, digicert, globalsign):
    return digicert if office.name == "DigiCert" else globalsign


def with_csr(der, **members):
    return dataclasses.replace(order(**members), csr_der=der)


@pytest.mark.parametrize(
    ("common_name", "dns_names", "globalsign"),
    [
        ("server1", (), "-9971"),
        ("contoso.com", ("localhost",), "-9971"),
        ("contoso.com", ("mail.contoso.local",), "-9971"),
        ("intranet.lab", (), "-9971"),
        ("contoso.com", ("a.contoso.test",), "-9971"),
        ("4.3.2.1.in-addr.arpa", (), "-9971"),
        ("my_host.contoso.com", (), "-9444"),
        ("contoso.com", ("a..contoso.com",), "-9444"),
        ("contoso.com", ("contoso.com.",), "-9444"),
        ("contoso.com", ("-a.contoso.com",), "-9444"),
        ("contoso.com", ("a.*.contoso.com",), "-9444"),
        ("contoso.com", ("x" * 64 + ".contoso.com",), "-9444"),
        ("contoso.com", ("bücher.contoso.com",), "-9444"),
        ("contoso.com", ("contoso.c0m",), "-9444"),
        ("a" * 55 + ".contoso.com", (), "-9444"),
        ("10.0.0.1", (), "-9971"),
    ],
)
def test_names_that_nobody_can_certify(office, common_name, dns_names, globalsign):
    subject = common_name if len(common_name) <= 64 else ""
    request = with_csr(csr(ec_key(), subject), common_name=subject or "contoso.com", dns_names=dns_names)
    request = dataclasses.replace(request, common_name=common_name)
    if not subject:
        request = dataclasses.replace(request, dns_names=(common_name,), common_name="")
    reason = refused(office, request)

    bad = dns_names[0] if dns_names else common_name
    assert code(office, "invalid_dns_names", globalsign) in reason
    assert bad.lower() in reason


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_private_address_is_refused(office, product):
    reason = refused(office, order(ip_addresses=("10.0.0.1",), product=product))

    assert "10.0.0.1" in reason


@pytest.mark.parametrize(
    ("name", "product"), [("DigiCert", "OV-SSL"), ("DigiCert", "EV-SSL"), ("GlobalSign", "EV-SSL")]
)
def test_a_public_address_is_refused_where_it_is_not_sold(vault, name, product):
    from tests.providers.make import Office

    assert "takes domain names only" in refused(
        Office(vault, name), order(ip_addresses=("93.184.216.34",), product=product)
    )


def test_an_ev_wildcard_is_refused(office):
    reason = refused(office, order("*.contoso.com", product="EV-SSL"))

    assert "'*.contoso.com' is a wildcard name" in reason
    assert code(office, "invalid_dns_names", "-9444") in reason


def test_digicert_takes_no_mail_addresses(digicert):
    assert "'ada@contoso.com' is not a valid domain name" in refused(digicert, order(emails=("ada@contoso.com",)))


def test_a_hundred_and_one_names_are_refused(office):
    reason = refused(office, order("a.contoso.com", [f"a{number}.contoso.com" for number in range(100)]))

    assert "101 names" in reason
    assert code(office, "invalid_dns_names", "-6017") in reason


def test_no_name_at_all_is_refused(office):
    assert "common name is missing" in refused(office, order(""))


def test_a_weak_rsa_key_is_refused(office):
    reason = refused(office, with_csr(csr(rsa.generate_private_key(65537, 1024))))

    assert "1024" in reason
    assert code(office, "csr_invalid_weak_key", "-9936") in reason


def test_an_rsa_key_with_near_primes_is_refused(office):
    """Two primes a few steps apart: Fermat's method finds them at once (BR 6.1.1.3)."""
    q, p = (3 << 1022) + 1037, (3 << 1022) + 1697  # the first two primes after 3 * 2**1022
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(65537, p * q),
    )  # fmt: skip

    assert "primes" in refused(office, with_csr(csr(numbers.private_key())))


def test_p256k_is_refused(office):
    reason = refused(office, order(key=ec_key("P-256K")))

    assert "secp256k1" in reason
    assert code(office, "csr_invalid_key_type", "-9961") in reason


def test_ed25519_is_refused(office):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "contoso.com")])
    key = ed25519.Ed25519PrivateKey.generate()
    der = x509.CertificateSigningRequestBuilder(name).sign(key, None).public_bytes(Encoding.DER)

    assert "Ed25519" in refused(office, with_csr(der))


def test_globalsign_refuses_p521(globalsign):
    assert "(-9961)" in refused(globalsign, order(key=ec_key("P-521")))


def test_digicert_never_takes_a_key_twice(digicert):
    key = ec_key()
    digicert.issue(order(key=key))

    assert refused(digicert, order(key=key, reference="r2")) == (
        "The CSR has already been used. Please generate a new CSR. (csr_already_used)"
    )


def test_globalsign_takes_a_key_twice_for_the_same_name_only(globalsign):
    key = ec_key()
    globalsign.issue(order(key=key))

    assert isinstance(globalsign.issue(order(key=key, reference="r2")), Issued)
    assert "(-6007)" in refused(globalsign, order("shop.contoso.com", key=key, reference="r3"))


def test_the_key_of_a_rejected_order_may_come_again(office):
    key = ec_key()
    office.configure(decision="reject")
    office.issue(order(key=key))
    office.configure()

    assert isinstance(office.issue(order(key=key, reference="r2")), Issued)


def test_a_request_whose_signature_does_not_hold_is_refused(office):
    der = bytearray(csr(ec_key()))
    der[-1] ^= 1
    reason = refused(office, with_csr(bytes(der)))

    assert "signature" in reason
    assert code(office, "csr_invalid_signature", "-101") in reason


def test_a_request_with_another_name_swapped_in_is_refused(office):
    """Tampering: the name in the request is changed, its signature is the old one."""
    der = csr(ec_key(), "contoso.com").replace(b"contoso.com", b"c0ntoso.com")

    assert "signature" in refused(office, with_csr(der))


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x00", b"no request", csr(ec_key())[:-10]], ids=["empty", "DER", "text", "cut"]
)
def test_what_is_no_request_is_refused(office, der):
    assert code(office, "csr_invalid_cannot_parse", "-101") in refused(office, with_csr(der))


@pytest.mark.parametrize(
    "account", [dataclasses.replace(ACCOUNT, password="wrong-key"), dataclasses.replace(ACCOUNT, account_id="PAR9")]
)
def test_an_unknown_account_is_the_issuers_error(office, account):
    office.configure(accounts=[{"account_id": ACCOUNT.account_id, "password": API_KEY}])
    assert isinstance(office.issue(order()), Issued)
    office.account = account
    if office.name == "DigiCert" and account.password == API_KEY:
        return  # the API key alone says who it is
    reason = refused(office, order(reference="r2"), IssuerError)

    assert code(office, "access_denied|invalid_api_key", "-4001") in reason
    assert account.password not in reason


def test_credentials_that_become_wrong_while_an_order_is_out_fail_it(office):
    office.configure(delay_seconds=60)
    request = order()
    order_id = office.submit(request)
    office.account = dataclasses.replace(ACCOUNT, password="revoked")
    office.configure(delay_seconds=60, accounts=[{"account_id": ACCOUNT.account_id, "password": API_KEY}])

    assert isinstance(office.poll(order_id, request), Failed)


@pytest.mark.parametrize("password", ["", " padded ", "new\r\nHost: evil", "schlüssel"])
def test_a_password_that_no_header_can_hold_is_never_sent(office, password):
    office.account = dataclasses.replace(ACCOUNT, password=password)

    assert "credentials" in refused(office, order(), IssuerError)
    assert office.heard == []


def test_a_product_that_is_not_enabled_is_refused(office):
    office.configure(products=["OV-SSL"])

    assert isinstance(office.issue(order()), Issued)
    reason = refused(office, order(product="EV-SSL", reference="r2"))
    assert "EV-SSL is not enabled" in reason
    assert code(office, "not_found|product", "-9901") in reason


def test_another_organization_id_is_refused_once_records_are_given(office):
    office.configure(organizations=[{"id": "2001", "name": "Tailspin Toys", "state": "Ohio", "vetting": "OV"}])
    reason = refused(office, order()) if office.name == "DigiCert" else None
    if office.name == "GlobalSign":
        # GlobalSign's profile follows from the vetted domain; without one it is the issuer object's organization id.
        reason = refused(office, order("tailspin.example.org"))

    assert "There is no organization '1001'" in reason
    assert code(office, "not_found|organization", "-9401") in reason


def unvalidated(vetting):
    return [{"id": "1001", "name": "Tailspin Toys", "state": "Ohio", "vetting": vetting, "domains": ["contoso.com"]}]


def test_an_order_for_an_organization_that_is_not_validated_waits_until_it_is(office):
    office.configure(organizations=unvalidated("none"))
    request = order()
    order_id = office.submit(request)
    waiting = office.poll(order_id, request)

    assert isinstance(waiting, Pending)
    assert "organization" in waiting.detail
    assert waiting.retry_seconds is None
    office.configure(organizations=unvalidated("OV"))
    assert isinstance(office.poll(order_id, request), Issued)


def test_an_ev_order_above_the_vetting_waits_at_digicert(digicert):
    digicert.configure(organizations=unvalidated("OV"))
    request = order(product="EV-SSL")
    waiting = digicert.poll(digicert.submit(request), request)

    assert "the organization is not validated yet" in waiting.detail


def test_an_ev_order_above_the_vetting_is_refused_by_globalsign(globalsign):
    globalsign.configure(organizations=unvalidated("OV"))

    assert "(-9450)" in refused(globalsign, order(product="EV-SSL"))


def test_an_order_whose_organization_is_taken_away_waits(office):
    office.configure(delay_seconds=60, organizations=unvalidated("OV"))
    request = order()
    order_id = office.submit(request)
    office.configure(organizations=[{"id": "7", "name": "Other", "state": "Ohio", "vetting": "OV"}])

    assert "organization" in office.poll(order_id, request).detail


def test_names_outside_the_validated_domains_wait_at_digicert(digicert):
    digicert.configure(require_domain_validation=True)
    request = order("contoso.com", ("shop.tailspin.example.org",))
    order_id = digicert.submit(request)

    assert "not validated yet: shop.tailspin.example.org" in digicert.poll(order_id, request).detail
    digicert.configure(require_domain_validation=True, domains=["contoso.com", "tailspin.example.org"])
    assert isinstance(digicert.poll(order_id, request), Issued)


def test_names_outside_the_validated_domains_are_refused_by_globalsign(globalsign):
    globalsign.configure(require_domain_validation=True)

    assert "(-9440)" in refused(globalsign, order("contoso.com", ("shop.tailspin.example.org",)))


def test_a_domain_that_only_ends_alike_is_another_domain(digicert):
    digicert.configure(require_domain_validation=True)
    request = order("evilcontoso.com")

    assert isinstance(digicert.poll(digicert.submit(request), request), Pending)


@pytest.mark.parametrize("domain", ["contoso.com", "fabrikam.com", "example.com", "shop.contoso.com", "*.example.com"])
def test_the_sample_domains_are_validated_from_the_start(office, domain):
    office.configure(require_domain_validation=True)

    assert isinstance(office.issue(order(domain)), Issued)


def test_caa_that_names_another_ca_forbids(office):
    office.configure(caa={"contoso.com": ["letsencrypt.org"]})
    reason = refused(office, order("shop.contoso.com"))

    assert "CAA" in reason
    assert "letsencrypt.org" in reason
    assert code(office, "caa_check_failed", "-101") in reason


def test_caa_of_the_nearest_domain_counts(office):
    own = f"{office.name.lower()}.com; account=1"
    office.configure(caa={"contoso.com": ["letsencrypt.org"], "shop.contoso.com": ["letsencrypt.org", own]})

    assert isinstance(office.issue(order("a.shop.contoso.com")), Issued)


def test_empty_caa_forbids_everybody(office):
    office.configure(caa={"contoso.com": [";"]})

    assert "allow nobody" in refused(office, order("shop.contoso.com"))


def test_globalsign_wants_a_contact(globalsign):
    globalsign.account = dataclasses.replace(ACCOUNT, last_name="", email="")

    assert "ContactInfo" in refused(globalsign, order())
