"""
How long field inspection takes, beside reading the same fields with cryptography.

Run with ``pytest -s tests/bench/test_inspect.py``. Both times come from the same run, the same certificates and the same
machine, in turns; what counts is their ratio, which should be at most 2. Nothing here fails for being slow.
"""

import datetime as dt
import ipaddress
import statistics
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from kvlab.x509.explain import explain

CERTIFICATES = 1000
ROUNDS = 7
START = dt.datetime(2026, 6, 1, 9)
CURVES = [ec.SECP256R1(), ec.SECP256R1(), ec.SECP384R1()]


def name(*pairs: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


def build() -> list[bytes]:
    """
    Make the certificates: all different, one in five with an RSA key, one in ten a CA, four issuers, one in three with
    distribution points, access descriptions and a policy; the others have the extensions Key Vault asks for.
    """
    issuers = [
        (
            name(
                (NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "Contoso"), (NameOID.COMMON_NAME, f"CA {n}")
            ),
            ec.derive_private_key(0xCA + n, ec.SECP256R1()),
        )
        for n in range(4)
    ]
    rsa_keys = [rsa.generate_private_key(65537, 2048).public_key() for _ in range(3)]
    return [_certificate(number, *issuers[number % 4], rsa_keys) for number in range(CERTIFICATES)]


def _certificate(
    number: int, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, rsa_keys: list[rsa.RSAPublicKey]
) -> bytes:
    own = ec.derive_private_key(0x10000 + number, CURVES[number % 3]).public_key()
    key = rsa_keys[number % 3] if number % 5 == 0 else own
    host = f"host{number}.contoso.com"
    is_authority = number % 10 == 0
    builder = (
        x509.CertificateBuilder()
        .subject_name(name((NameOID.COMMON_NAME, host), (NameOID.ORGANIZATION_NAME, "Contoso, Ltd")))
        .issuer_name(issuer)
        .serial_number(0x7A1F9C027BE35D88 * (number + 1) ** 3 % 2**127 + 1)
        .not_valid_before(START + dt.timedelta(minutes=number))
        .not_valid_after(START + dt.timedelta(days=199, minutes=number))
        .public_key(key)
    )
    for extension, critical in _extensions(number, host, key, issuer_key, is_authority):
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


def _extensions(number, host, key, issuer_key, is_authority):
    yield x509.KeyUsage(True, False, not is_authority, False, False, is_authority, is_authority, False, False), True
    yield x509.BasicConstraints(is_authority, 0 if is_authority else None), True
    yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False
    names = [x509.DNSName(host), x509.DNSName(f"www.{host}")]
    if number % 4 == 1:
        names.append(x509.IPAddress(ipaddress.ip_address(0x0A000000 + number)))
    yield x509.SubjectAlternativeName(names), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
    yield x509.SubjectKeyIdentifier.from_public_key(key), False
    if number % 3 == 0:
        base = f"http://ca{number % 4}.contoso.com"
        uri = x509.UniformResourceIdentifier
        yield x509.CRLDistributionPoints([x509.DistributionPoint([uri(f"{base}/ca.crl")], None, None, None)]), False
        access = [
            x509.AccessDescription(AuthorityInformationAccessOID.OCSP, uri(f"{base}/ocsp")),
            x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, uri(f"{base}/ca.cer")),
        ]
        yield x509.AuthorityInformationAccess(access), False
        policy = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)
        yield x509.CertificatePolicies([policy]), False


def floor(der: bytes) -> list[str]:
    """
    Read the same fields as text with cryptography, with as little of its own work as that takes.
    """
    certificate = x509.load_der_x509_certificate(der)
    texts = [f"{certificate.serial_number:X}"]
    texts += [attribute.value for attribute in certificate.issuer]
    texts += [attribute.value for attribute in certificate.subject]
    texts += [certificate.not_valid_before_utc.isoformat(), certificate.not_valid_after_utc.isoformat()]
    key = certificate.public_key()
    numbers = key.public_numbers()
    if isinstance(numbers, rsa.RSAPublicNumbers):
        texts += [f"{numbers.n:x}", str(numbers.e)]
    else:
        texts += [numbers.curve.name, f"{numbers.x:x}", f"{numbers.y:x}"]
    texts += [certificate.signature_algorithm_oid.dotted_string, certificate.signature.hex()]
    for extension in certificate.extensions:
        texts += [extension.oid.dotted_string, str(extension.critical)]
        texts += EXTENSION_TEXTS[type(extension.value)](extension.value)
    return texts


EXTENSION_TEXTS: dict[type, Callable] = {
    x509.KeyUsage: lambda value: [str(value.digital_signature), str(value.key_encipherment), str(value.key_cert_sign)],
    x509.BasicConstraints: lambda value: [str(value.ca), str(value.path_length)],
    x509.ExtendedKeyUsage: lambda value: [purpose.dotted_string for purpose in value],
    x509.SubjectAlternativeName: lambda value: [str(member.value) for member in value],
    x509.AuthorityKeyIdentifier: lambda value: [value.key_identifier.hex()],
    x509.SubjectKeyIdentifier: lambda value: [value.digest.hex()],
    x509.CRLDistributionPoints: lambda value: [member.value for point in value for member in point.full_name],
    x509.AuthorityInformationAccess: lambda value: [member.access_location.value for member in value],
    x509.CertificatePolicies: lambda value: [policy.policy_identifier.dotted_string for policy in value],
}


def seconds(read: Callable[[bytes], list], certificates: list[bytes]) -> float:
    start = time.perf_counter()
    for der in certificates:
        read(der)
    return time.perf_counter() - start


def assert_shows_all(der: bytes) -> None:
    """Every text of the floor must be among the rows, as a value, a part of one, or an OID."""
    fields = explain(der)
    shown = {field.value for field in fields} | {field.oid for field in fields}
    point = next((field.value for field in fields if field.name == "subjectPublicKey"), "")
    usage = next(field.value for field in fields if field.name == "keyUsage")
    words = set(usage.split(", "))
    for text in floor(der):
        if text in shown or text in ("True", "False", "None"):
            continue
        times_and_serial = {text.replace("+00:00", "Z"), text.zfill(len(text) + len(text) % 2)}
        is_curve = any(value.startswith(f"{text} (") for value in shown if value)
        assert times_and_serial & shown or is_curve or text in point, text
    key_usage = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.KeyUsage).value
    assert ("keyCertSign" in words, "keyEncipherment" in words) == (key_usage.key_cert_sign, key_usage.key_encipherment)


def test_inspecting_takes_no_more_than_twice_the_reading():
    certificates = build()
    for der in certificates:
        assert_shows_all(der)
        point = x509.load_der_x509_certificate(der).public_key()
        if isinstance(point, ec.EllipticCurvePublicKey):
            octets = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            assert octets.hex() in {field.value for field in explain(der)}

    floors, inspections = [], []
    for _ in range(ROUNDS):
        floors.append(seconds(floor, certificates))
        inspections.append(seconds(explain, certificates))
    least, ours = statistics.median(floors), statistics.median(inspections)

    print(
        f"\n{CERTIFICATES} certificates: cryptography {1000 * least:.1f} ms, kvlab {1000 * ours:.1f} ms, "
        f"ratio {ours / least:.2f} (median of {ROUNDS} rounds)"
    )
