"""Certificates of this vault, and certificates from elsewhere (made with `cryptography`), for tests."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)

from kvlab import CertificatePolicy

DAY = timedelta(days=1)


def ec_policy(subject="CN=contoso.com", issuer="Self", **properties):
    """A policy whose key is quickly made."""
    return CertificatePolicy.of(issuer, subject, kty="EC", **properties)


MAIL_ONLY = [{"trigger": {"lifetime_percentage": 80}, "action": {"action_type": "EmailContacts"}}]
"""Lifetime actions under which a certificate is left to expire."""


def finish(vault, name="web", policy=None, **arguments):
    """Create a self-signed certificate and let the vault finish it; returns its bundle."""
    vault.create_certificate(name, policy or ec_policy(), **arguments)
    vault.process_due()
    return vault.get_certificate(name)


def parsed(bundle):
    """The certificate in a bundle, read by `cryptography` from its DER."""
    return x509.load_der_x509_certificate(bundle.cer)


def version_of(bundle):
    """The version id that a bundle's URL ends with."""
    return bundle.id.rsplit("/", 1)[1]


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def name_of(common_name, **others):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def sign(public_key, subject, issuer, issuer_key, *, start=None, days=365, extensions=()):
    """A certificate (DER) signed by somebody else's CA."""
    start = start or datetime(2026, 6, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + days * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


def self_signed(key, common_name="import.contoso.com", **options):
    """A self-signed certificate (DER) made outside the vault."""
    return sign(key.public_key(), name_of(common_name), name_of(common_name), key, **options)


class OutsideCA:
    """A root, an intermediate and leaves, valid from `start`: three certificates that chain."""

    def __init__(self, start=None):
        self.start = start
        self.root_key, self.key = ec_key(), ec_key()
        ca = [(x509.BasicConstraints(ca=True, path_length=None), True)]
        self.root = self_signed(self.root_key, "Outside Root", start=start, extensions=ca)
        self.intermediate = sign(
            self.key.public_key(),
            name_of("Outside CA"),
            name_of("Outside Root"),
            self.root_key,
            start=start,
            extensions=ca,
        )

    def leaf(self, public_key, common_name="contoso.com", **options):
        options.setdefault("start", self.start)
        return sign(public_key, name_of(common_name), name_of("Outside CA"), self.key, **options)

    def leaf_of_request(self, csr, **options):
        return self.leaf(x509.load_der_x509_csr(csr).public_key(), **options)


def pem_of(der):
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def pkcs8_pem(key, password=None):
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def pkcs8_der(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def pem_file(key, *certificates):
    """PEM as the service imports it."""
    return pkcs8_pem(key) + "".join(map(pem_of, certificates))


def pfx_file(key, leaf, *chain, password=None):
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    loaded = [x509.load_der_x509_certificate(der) for der in chain]
    return pkcs12.serialize_key_and_certificates(
        b"web", key, x509.load_der_x509_certificate(leaf), loaded or None, encryption
    )


def spki(public_key):
    return public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def digest(text=b"what is signed", name="sha256"):
    return hashlib.new(name, text).digest()


def opened_pfx(secret):
    """(key, leaf, others) of a secret's PFX, opened with the empty password."""
    return pkcs12.load_key_and_certificates(base64.b64decode(secret.value), b"")
