"""The floor: the same key generation, request, certificate and parse with bare ``cryptography``, and nothing else."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def make_ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def make_rsa_key():
    return rsa.generate_private_key(65537, 2048)


def _with_profile(builder, host):
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    return (
        builder.add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
        .add_extension(x509.BasicConstraints(False, None), False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
    )


def create_certificate(make_key, host: str) -> bytes:
    """Key, request, self-signed certificate with the default profile; the certificate parsed and its fields read."""
    key = make_key()
    return certify(key, host)


def certify(key, host: str) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    _with_profile(x509.CertificateSigningRequestBuilder().subject_name(name), host).sign(
        key, hashes.SHA256()
    ).public_bytes(Encoding.DER)
    now = datetime.now(UTC)
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=10))
        .not_valid_after(now + timedelta(days=365))
    )
    builder = (
        _with_profile(builder, host)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
        .add_extension(identifier, False)
    )
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    certificate = x509.load_der_x509_certificate(der)
    _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.fingerprint(hashes.SHA1())
    return der


def request_pem(host: str) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(make_ec_key(), hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def seconds(function, *arguments) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def in_turns(rounds: int, **functions) -> dict[str, float]:
    """Time several functions in turns, so that a busy machine slows them alike; the median of each, in seconds."""
    times = {name: [] for name in functions}
    for function in functions.values():
        function(-1)
    for number in range(rounds):
        for name, function in functions.items():
            times[name].append(seconds(function, number))
    return {name: statistics.median(found) for name, found in times.items()}


def report(title: str, figures: dict[str, float], floor: str = "floor") -> None:
    print(f"\n{title}")
    for name, value in figures.items():
        ratio = f"  {value / figures[floor]:5.2f} x floor" if floor in figures and name != floor else ""
        print(f"  {name:<28}{value * 1e6:10.0f} µs{ratio}")
