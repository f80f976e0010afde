"""Known issuers through the official clients: the poller waits for the CA, and a failed operation is its result."""

import pytest
from azure.core.exceptions import HttpResponseError
from azure.keyvault.certificates import AdministratorContact, CertificatePolicy
from azure.keyvault.certificates import __version__ as release
from cryptography.x509.oid import NameOID

from tests.sdk.policy import leaf_of

ADMIN = AdministratorContact(first_name="Jo", last_name="Doe", email="jo@contoso.com", phone="4255555555")


def buyer(way, name, provider):
    """Clients of a vault with an issuer object of the given name."""
    way.certificates.create_issuer(
        name, provider, account_id="1001", password="api-key", organization_id="1001", admin_contacts=[ADMIN]
    )
    return way.certificates


def policy(issuer, cty="OV-SSL", subject="CN=www.contoso.com", names=("www.contoso.com",), **properties):
    return CertificatePolicy(
        issuer, subject=subject, san_dns_names=list(names), certificate_type=cty,
        **{"key_type": "EC", "key_curve_name": "P-256", **properties},
    )  # fmt: skip


@pytest.mark.parity("issuer-flow")
@pytest.mark.parametrize("cty", ["OV-SSL", "EV-SSL"])
@pytest.mark.parametrize("provider", ["DigiCert", "GlobalSign"])
def test_the_poller_returns_the_cas_certificate(way, name, provider, cty):
    certificates = buyer(way, name, provider)

    made = certificates.begin_create_certificate(name, policy(name, cty), _polling_interval=0.1).result()

    leaf = leaf_of(made)
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Contoso, Ltd"
    assert provider in leaf.issuer.rfc4514_string()
    assert made.policy.certificate_type == cty
    operation = certificates.get_certificate_operation(name)
    assert (operation.status, operation.issuer_name, operation.error) == ("completed", name, None)
    assert way.secrets.get_secret(name).value
    assert way.keys.get_key(name).properties.managed


@pytest.mark.skipif(release.startswith("4.8."), reason="this release of the SDK can not read any operation that failed")
@pytest.mark.parity("issuer-failed")
@pytest.mark.parametrize("provider", ["DigiCert", "GlobalSign"])
def test_a_refused_order_is_a_failed_operation(way, name, provider):
    certificates = buyer(way, name, provider)

    operation = certificates.begin_create_certificate(
        name, policy(name, subject="CN=server1", names=["server1"]), _polling_interval=0.1
    ).result()

    assert (operation.status, operation.error.code) == ("failed", "Request rejected")
    assert "server1" in operation.error.message
    assert certificates.get_certificate(name).cer is None


@pytest.mark.parity("digicert-organization", "digicert-emails", "certificate-type")
def test_what_the_vault_refuses_at_once(way, name):
    with pytest.raises(HttpResponseError, match="Id in organization details is not set"):
        way.certificates.create_issuer(name, "DigiCert", account_id="1001", password="api-key")
    certificates = buyer(way, name, "DigiCert")
    for change, words in (
        ({"san_emails": ["a@contoso.com"]}, "DigiCert doesn't support emails"), ({"cty": "DV-SSL"}, "OV-SSL and EV-SSL"),
    ):  # fmt: skip
        with pytest.raises(HttpResponseError, match=words) as refusal:
            certificates.begin_create_certificate(name, policy(name, **change))
        assert (refusal.value.status_code, refusal.value.error.code) == (400, "BadParameter")
