"""Specimens that are no certificate in a handshake: requests, PFX and PEM files."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kvlab.x509.container import pem, pem_certificate, pem_p7b, pem_request
from kvlab.x509.key import private_key_pkcs8_der, public_key_der
from kvlab.x509.pbe import encrypt
from kvlab.x509.pfx import write_pfx
from kvlab.zoo.family import HOST, Exhibit, Family
from kvlab.zoo.specimen import Specimen

SALT = b"salt of the zoo: one for all its PFX files"


def _request(family: Family) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name.from_rfc4514_string(f"CN={HOST}"))
    wanted = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    made = wanted.sign(family.key("shop"), hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.DER)


def _altered(family: Family) -> Exhibit:
    return Exhibit(file=_request(family).replace(b"shop.contoso", b"shep.contoso"))


def _other_key(family: Family) -> Exhibit:
    mine, theirs = public_key_der(family.key("shop")), public_key_der(family.key("till"))
    return Exhibit(file=_request(family).replace(mine, theirs))


def _leaf(family: Family) -> bytes:
    return family.good.signed(family.key("ca"))


def _old_leaf(family: Family) -> bytes:
    return family.leaf(not_after=family.good.not_before).chain[0]


def _old_form(family: Family) -> str:
    form = PrivateFormat.TraditionalOpenSSL
    return family.key("shop").private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def _locked(family: Family) -> str:
    plain = private_key_pkcs8_der(family.key("shop"))
    return pem("ENCRYPTED PRIVATE KEY", encrypt(plain, b"geranium", salt=SALT[:16], iv=SALT[16:32], rounds=2048))


def _pfx(family: Family) -> bytes:
    return write_pfx(family.key("shop"), [_leaf(family), family.ca], salt=SALT)


def _locked_pfx(family: Family) -> Exhibit:
    return Exhibit(file=_pfx(family), password="tulip")  # noqa: S106  that it is the wrong one is the specimen


# fmt: off
FILES = (
    Specimen("R1", "X509_V_ERR_CERT_SIGNATURE_FAILURE", "A request with another name in it", "signature", "RFC 2986 4.2", "Somebody mended the host after it was signed; the request's own signature does not hold.", _altered, "request"),
    Specimen("R2", "X509_V_ERR_CERT_SIGNATURE_FAILURE", "A request for somebody else's key", "subjectPublicKeyInfo", "RFC 2986 4.2", "Another public key was put in. Its owner never signed this: no proof of possession.", _other_key, "request"),
    Specimen("F1", "PKCS12_R_MAC_VERIFY_FAILURE", "PFX, wrong password", "password", "RFC 7292 5.1", "The file is good; the password is another one. It looks the same as a damaged file.", _locked_pfx, "pfx"),
    Specimen("F2", "private key missing", "PFX without a key", "private key", "RFC 7292 4.2", "Certificates only. Nothing can be signed with it, and the vault does not import it.", lambda f: Exhibit(file=write_pfx(None, [_leaf(f), f.ca], salt=SALT)), "pfx"),
    Specimen("F3", "ASN1_R_TOO_LONG", "PFX, cut short", "file", "RFC 7292", "The end is missing: a copy that stopped, or a mail gateway.", lambda f: Exhibit(file=_pfx(f)[:-60]), "pfx"),
    Specimen("F4", "X509_R_KEY_VALUES_MISMATCH", "PFX with another's key", "private key", "RFC 7292 4.2", "Key and certificate are not a pair: a renewed certificate was put beside the old key.", lambda f: Exhibit(file=write_pfx(f.key("till"), [_leaf(f), f.ca], salt=SALT)), "pfx"),
    Specimen("F5", "X509_V_ERR_CERT_HAS_EXPIRED", "PFX with an expired certificate", "notAfter", "RFC 5280 4.1.2.5", "It opens and fits, and its time is over.", lambda f: Exhibit(file=write_pfx(f.key("shop"), [_old_leaf(f), f.ca], salt=SALT)), "pfx"),
    Specimen("K1", "EC PRIVATE KEY", "Key with an older label", "PEM label", "RFC 7468; RFC 5915", "SEC1 in place of PKCS#8. Programs read both; the vault takes PKCS#8 only.", lambda f: Exhibit(file=(_old_form(f) + pem_certificate(_leaf(f))).encode()), "pem"),
    Specimen("K2", "ENCRYPTED PRIVATE KEY", "Key under a password", "PEM label", "RFC 7468 11", "Nobody said the password, so nobody can open it.", lambda f: Exhibit(file=(_locked(f) + pem_certificate(_leaf(f))).encode()), "pem"),
    Specimen("K3", "PEM_R_NO_START_LINE", "Request given as certificate", "PEM label", "RFC 7468 7", "A question, where an answer is wanted: nobody has signed it yet.", lambda f: Exhibit(file=pem_request(_request(f)).encode()), "pem"),
    Specimen("K4", "PEM_R_NO_START_LINE", "P7B given as certificate", "PEM label", "RFC 7468 8", "A bag of certificates. Take them out first: openssl pkcs7 -print_certs.", lambda f: Exhibit(file=pem_p7b([_leaf(f), f.ca]).encode()), "pem"),
    Specimen("K5", "PEM_R_BAD_BASE64_DECODE", "PEM within PEM", "PEM body", "RFC 7468 3", "Base64 of the PEM text in place of base64 of the octets: one encoding too many.", lambda f: Exhibit(file=pem("CERTIFICATE", pem_certificate(_leaf(f)).encode()).encode()), "pem"),
)
# fmt: on
