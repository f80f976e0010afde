"""Devices' keys, requests and certificates, and CAs of one's own, made with `cryptography` alone."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from kvlab.store.schema import metadata

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}'


def ec_key(curve=None):
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def name_of(common_name, **others):
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)]
    attributes += [x509.NameAttribute(getattr(x509.NameOID, oid), value) for oid, value in others.items()]
    return x509.Name(attributes)


def request(key=None, common_name="sensor-1", digest=None):
    """A PEM certificate signing request."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name_of(common_name))
    return pem(builder.sign(key or ec_key(), digest if digest is not None else hashes.SHA256()))


def certificate(key, subject, issuer_key=None, issuer=None, *, ca=None, usage=None, start=NOW, days=365, digest=None):
    """Any certificate; self-signed unless an issuer is given."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), True)
    if usage is not None:
        bits = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**bits | dict.fromkeys(usage, True)), True)
    return builder.sign(issuer_key or key, hashes.SHA256() if digest is None else digest)


def pem(thing):
    return thing.public_bytes(Encoding.PEM).decode()


def der(text):
    """The DER of a PEM certificate."""
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)


class OwnCA:
    """A CA whose key we have."""

    def __init__(self, common_name="Factory CA", key=None, **options):
        self.key = key or ec_key()
        self.name = name_of(common_name)
        self.certificate = certificate(self.key, self.name, **{"ca": True, **options})
        self.pem = pem(self.certificate)

    def leaf(self, common_name="sensor-1", key=None, **options):
        """A PEM certificate signed by the CA."""
        subject = name_of(common_name, **options.pop("others", {}))
        return pem(certificate(key or ec_key(), subject, self.key, self.name, **options))

    def register(self, iot, *, active=True, **options):
        """Register the CA as AWS asks for it; returns its id."""
        code = iot.get_registration_code().registration_code
        made = iot.register_ca_certificate(
            self.pem, self.leaf(code), set_as_active=active, **options
        )  # fmt: skip
        return made.certificate_id


def status_of(iot, certificate_id):
    return iot.describe_certificate(certificate_id).certificate_description.status


def state_of(iot):
    """All that the registry holds, for "nothing changed"."""
    with iot._core.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table))]
            for table in metadata.sorted_tables
            if table.name.startswith("iot_")
        }
