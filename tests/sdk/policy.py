"""Policies of the SDK whose keys are quickly made, and what came of them."""

from datetime import UTC, datetime, timedelta

from azure.keyvault.certificates import CertificatePolicy
from cryptography import x509

from tests.vault.make import OutsideCA


def ec_policy(issuer="Self", subject="CN=contoso.com", **properties):
    return CertificatePolicy(issuer, subject=subject, **{"key_type": "EC", **properties})


def rsa_policy(issuer="Self", **properties):
    return ec_policy(issuer, **{"key_type": "RSA", "key_size": 2048, **properties})


def created(clients, name, policy=None, **options):
    """The certificate that a poller brings, without a pause between two polls."""
    poller = clients.certificates.begin_create_certificate(name, policy or ec_policy(), _polling_interval=0, **options)
    return poller.result()


def pending(clients, name, policy=None):
    """The operation of a certificate that somebody else has to sign; older pollers end with nothing instead of it."""
    created(clients, name, policy or ec_policy("Unknown"))
    return clients.certificates.get_certificate_operation(name)


def leaf_of(certificate):
    return x509.load_der_x509_certificate(bytes(certificate.cer))


def outside_ca():
    """A CA that is no business of any vault's, valid now."""
    return OutsideCA(datetime.now(UTC).replace(microsecond=0) - timedelta(days=1))
