"""Import, and what the secret of a certificate is good for."""

import base64

import pytest
from azure.core.exceptions import HttpResponseError
from azure.keyvault.certificates import CertificateContentType, CertificatePolicy
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

from tests.sdk.handshake import handshake
from tests.sdk.policy import created, ec_policy, leaf_of, outside_ca, pending, rsa_policy
from tests.vault.make import ec_key, pem_file, pem_of, pfx_file, pkcs8_pem, rsa_key

PEM = CertificatePolicy("Unknown", content_type=CertificateContentType.pem)
HOST = "shop.contoso.com"


@pytest.fixture(scope="module")
def authority():
    return outside_ca()


@pytest.mark.parity("import_certificate", "import-pfx", "import-pem")
@pytest.mark.parametrize("password", [None, "1234"], ids=("no password", "password"))
@pytest.mark.parametrize("kind", ["PFX", "PEM"])
def test_import(way, name, authority, kind, password):
    key = ec_key()
    leaf = authority.leaf(key.public_key(), HOST)
    secret = password.encode() if password else None
    if kind == "PFX":
        octets, policy = pfx_file(key, leaf, authority.intermediate, password=secret), None
    else:
        octets, policy = (pkcs8_pem(key, secret) + pem_of(leaf) + pem_of(authority.intermediate)).encode(), PEM

    made = way.certificates.import_certificate(name, octets, password=password, policy=policy, tags={"a": "b"})

    assert bytes(made.cer) == leaf
    assert made.properties.tags == {"a": "b"}
    assert made.policy.subject == f"CN={HOST}"
    assert made.policy.key_type == "EC"
    assert made.policy.content_type == (CertificateContentType.pkcs12 if kind == "PFX" else CertificateContentType.pem)
    value = way.secrets.get_secret(name).value
    if kind == "PEM":
        assert value == pem_file(key, leaf, authority.intermediate)
    else:
        held = pkcs12.load_pkcs12(base64.b64decode(value), None)
        assert held.key.private_numbers() == key.private_numbers()
        assert [each.certificate.public_bytes(Encoding.DER) for each in held.additional_certs] == [
            authority.intermediate
        ]


@pytest.mark.parity("import_certificate")
def test_a_second_import_is_a_new_version_and_a_wrong_password_is_refused(way, name, authority):
    key = ec_key()
    octets = pfx_file(key, authority.leaf(key.public_key()), password=b"right")

    first = way.certificates.import_certificate(name, octets, password="right", enabled=False)
    second = way.certificates.import_certificate(name, octets, password="right")
    with pytest.raises(HttpResponseError, match="PKCS#12") as refused:
        way.certificates.import_certificate(name, octets, password="wrong")

    assert first.properties.version != second.properties.version
    assert (first.properties.enabled, second.properties.enabled) == (False, True)
    assert refused.value.error.code == "BadParameter"
    assert "wrong" not in str(refused.value)


@pytest.mark.parity("get_secret", "pem-secret", "exportable")
@pytest.mark.parametrize("policy", [ec_policy, rsa_policy], ids=("EC", "RSA"))
@pytest.mark.parametrize("content_type", list(CertificateContentType), ids=("PFX", "PEM"))
def test_the_secret_of_a_certificate_serves_tls(way, name, policy, content_type, tmp_path):
    made = created(way, name, policy(san_dns_names=[HOST], content_type=content_type, exportable=True))

    secret = way.secrets.get_secret(name, made.properties.version)

    assert secret.properties.content_type == content_type
    assert secret.properties.key_id == made.key_id
    assert secret.properties.managed
    own = pem_of(bytes(made.cer))
    assert handshake(_pem(secret), own, HOST, tmp_path) == bytes(made.cer)


@pytest.mark.parity("import_certificate", "merge_certificate")
def test_the_secret_serves_the_chain_it_came_with(way, name, authority, tmp_path):
    key = rsa_key()
    named = [(x509.SubjectAlternativeName([x509.DNSName(HOST)]), False)]
    imported = pfx_file(key, authority.leaf(key.public_key(), extensions=named), authority.intermediate)
    way.certificates.import_certificate(f"{name}-imported", imported)
    csr = bytes(pending(way, f"{name}-merged").csr)
    leaf = authority.leaf_of_request(csr, extensions=named)
    way.certificates.merge_certificate(f"{name}-merged", [leaf, authority.intermediate])

    for each in ("imported", "merged"):
        pem = _pem(way.secrets.get_secret(f"{name}-{each}"))
        assert pem.count("BEGIN CERTIFICATE") == 2
        got = handshake(pem, pem_of(authority.root), HOST, tmp_path)
        assert got == bytes(way.certificates.get_certificate(f"{name}-{each}").cer)


@pytest.mark.parity("exportable", "not-exportable-pfx")
def test_a_key_that_can_not_leave_does_not(way, name):
    for content_type in CertificateContentType:
        made = created(way, name, ec_policy(content_type=content_type, exportable=False))
        value = way.secrets.get_secret(name).value
        if content_type == CertificateContentType.pem:
            assert value == pem_of(bytes(made.cer))
        else:
            held = pkcs12.load_pkcs12(base64.b64decode(value), None)
            assert held.key is None
            assert [each.certificate for each in held.additional_certs] == [leaf_of(made)]


def _pem(secret):
    """Key and chain of a secret, as a server's file."""
    if secret.properties.content_type == CertificateContentType.pem:
        return secret.value
    held = pkcs12.load_pkcs12(base64.b64decode(secret.value), None)
    key = held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    chain = [held.cert, *held.additional_certs]
    return key + "".join(each.certificate.public_bytes(Encoding.PEM).decode() for each in chain)
