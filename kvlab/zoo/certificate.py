"""Specimens whose fault stands in the server's own certificate."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from kvlab.entropy import SeededEntropy
from kvlab.x509.der import SEQUENCE
from kvlab.x509.element import encode
from kvlab.x509.extension import key_usage, upn
from kvlab.zoo.blank import (
    ECDSA_SHA1,
    ECDSA_SHA384,
    FALSE,
    ODD_TRUE,
    UTC_TIME,
    V1,
    extension,
    generalized_time,
    integer,
    name,
    raw_extension,
    spki,
    utc_time,
)
from kvlab.zoo.family import BORN, DIES, HOST, NOW, Exhibit, Family, san
from kvlab.zoo.specimen import Specimen

if TYPE_CHECKING:
    from kvlab.x509.key import PrivateKey

SAN_OID, UNKNOWN_OID, BASIC_OID = "2.5.29.17", "1.3.6.1.4.1.311.99.1", "2.5.29.19"
LONG = 398


def _raw_names(*entries: bytes) -> bytes:
    return raw_extension(SAN_OID, encode(SEQUENCE, *entries))


def _dns(octets: bytes) -> bytes:
    return encode(0x82, octets)


def _weak_key(family: Family) -> PrivateKey:
    return SeededEntropy(family.seed, "zoo").rsa_key("weak", 1024)


def _turned(der: bytes) -> bytes:
    """Turn the lowest bit of the last octet, which is in the signature."""
    return der[:-1] + bytes([der[-1] ^ 1])


def _one_bit(family: Family) -> Exhibit:
    return family.exhibit(_turned(family.good.signed(family.key("ca"))))


def _trailing(family: Family) -> Exhibit:
    return family.exhibit(family.good.signed(family.key("ca")) + b"\x05\x00")


def _usage(*names: str, critical: bool = True) -> bytes:
    return extension(key_usage(names), critical=critical)


def _constraints() -> bytes:
    return extension(x509.NameConstraints([x509.DNSName("contoso.com")], None), critical=True)


def _short_address() -> bytes:
    return _raw_names(_dns(HOST.encode()), encode(0x87, ipaddress.ip_address("192.0.2.1").packed[:3]))


def _days(count: int) -> datetime:
    return BORN + timedelta(days=count) - timedelta(seconds=1)


# fmt: off
CERTIFICATES = (
    Specimen("Z00", "", "The good one", "", "", "Nothing: every tool accepts it. All others are this one with one thing changed.", lambda f: f.leaf()),
    Specimen("Z01", "X509_V_ERR_CERT_HAS_EXPIRED", "Expired", "notAfter", "RFC 5280 4.1.2.5", "Its time is over. Nobody renewed it, or the server still has the old file.", lambda f: f.leaf(not_after=utc_time(NOW - timedelta(days=1)))),
    Specimen("Z02", "X509_V_ERR_CERT_NOT_YET_VALID", "Not yet valid", "notBefore", "RFC 5280 4.1.2.5", "Its time has not come: often the clock of the client is slow.", lambda f: f.leaf(not_before=utc_time(NOW + timedelta(days=1)))),
    Specimen("Z03", "cabf.serverauth.subscriber.subject_altname_extension_absent", "Name in the common name only", "subjectAltName", "RFC 9525; BR 7.1.2.7.12", "The host stands in a label for people. openssl still looks there; browsers and cryptography do not.", lambda f: f.leaf(subjectAltName=None)),
    Specimen("Z04", "X509_V_ERR_HOSTNAME_MISMATCH", "Another host", "subjectAltName", "BR 7.1.4.3", "The common name is right, but subjectAltName names another host; where there is one, only it counts.", lambda f: f.leaf(subjectAltName=san("blog.contoso.com"))),
    Specimen("Z05", "X509_V_ERR_HOSTNAME_MISMATCH", "A star, asked for its own domain", "subjectAltName", "RFC 9525 6.3", "*.contoso.com needs a label to stand for; contoso.com has none.", lambda f: f.leaf("contoso.com", subject=name("CN=*.contoso.com"), subjectAltName=san("*.contoso.com"))),
    Specimen("Z06", "X509_V_ERR_HOSTNAME_MISMATCH", "A star, asked for two labels", "subjectAltName", "RFC 9525 6.3", "The star is one label; a.b.contoso.com has two in its place.", lambda f: f.leaf("a.b.contoso.com", subject=name("CN=*.contoso.com"), subjectAltName=san("*.contoso.com"))),
    Specimen("Z07", "X509_V_ERR_IP_ADDRESS_MISMATCH", "Address written as a host name", "subjectAltName", "RFC 5280 4.2.1.6", "192.0.2.10 stands there as text in a dNSName. An address is compared with iPAddress entries, four octets, only.", lambda f: f.leaf("192.0.2.10", subject=name("CN=192.0.2.10"), subjectAltName=san("192.0.2.10"))),
    Specimen("Z08", "X509_V_ERR_INVALID_CA", "A server that may sign", "basicConstraints", "RFC 5280 4.2.1.9; BR 7.1.2.7", "cA is true: whoever has this server's key could sign certificates for every host.", lambda f: f.leaf(basicConstraints=extension(x509.BasicConstraints(True, None), critical=True))),
    Specimen("Z14", "X509_V_ERR_CERT_SIGNATURE_FAILURE", "One bit turned", "signature", "RFC 5280 6.1.3", "One bit of the signature was changed on the way; it fits nothing any more.", _one_bit),
    Specimen("Z17", "X509_V_ERR_EE_KEY_TOO_SMALL", "RSA with 1024 bits", "subjectPublicKeyInfo", "BR 6.1.5", "A key that can be broken. openssl says so only at a higher security level (-auth_level 2).", lambda f: f.leaf(public_key=spki(_weak_key(f)))),
    Specimen("Z18", "X509_V_ERR_CA_MD_TOO_WEAK", "Signed over SHA-1", "signatureAlgorithm", "BR 7.1.3.2", "Two different certificates with one SHA-1 can be made, so the signature proves little.", lambda f: f.leaf(algorithm=ECDSA_SHA1)),
    Specimen("Z19", "pkix.key_usage_value_prohibited_for_ec", "An EC key that shall encipher keys", "keyUsage", "RFC 8813 3; BR 7.1.2.7.11", "keyEncipherment is for RSA; an EC key can not do it. Clients do not mind, linters do.", lambda f: f.leaf(keyUsage=_usage("digitalSignature", "keyEncipherment"))),
    Specimen("Z20", "X509_V_ERR_INVALID_PURPOSE", "For clients only", "extKeyUsage", "RFC 5280 4.2.1.12", "The purpose is clientAuth, and it stands at a server.", lambda f: f.leaf(extKeyUsage=extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])))),
    Specimen("Z21", "cabf.serverauth.subscriber.extended_key_usage_extension_absent", "No purpose", "extKeyUsage", "BR 7.1.2.7.10", "Without a purpose it is good for every one. Public CAs must say serverAuth.", lambda f: f.leaf(extKeyUsage=None)),
    Specimen("Z22", "cabf.serverauth.subscriber.non_critical_key_usage_extension", "Key usage not critical", "keyUsage", "BR 7.1.2.7.11", "A client that does not know the extension may pass over it.", lambda f: f.leaf(keyUsage=_usage("digitalSignature", critical=False))),
    Specimen("Z24", "X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION", "A critical extension that nobody knows", UNKNOWN_OID, "RFC 5280 4.2", "Critical means: refuse me if you do not understand this.", lambda f: f.leaf(unknown=raw_extension(UNKNOWN_OID, b"\x05\x00", b"\x01\x01\xff"))),
    Specimen("Z25", "X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER", "No authority key identifier", "authorityKeyIdentifier", "RFC 5280 4.2.1.1", "The certificate does not say which key of the CA signed it; where a CA has several, clients must try.", lambda f: f.leaf(authorityKeyIdentifier=None)),
    Specimen("Z25b", "X509_V_ERR_AKID_SKID_MISMATCH", "Authority key identifier of nobody", "authorityKeyIdentifier", "RFC 5280 4.2.1.1", "It points to a key that no CA has. To openssl that is a condition, to cryptography a hint.", lambda f: f.leaf(authorityKeyIdentifier=f.authority_key("nobody"))),
    Specimen("Z26", "pkix.certificate_serial_number_out_of_range", "Negative serial number", "serialNumber", "RFC 5280 4.1.2.2", "The first bit of the number is set, which makes it negative: a CA forgot the leading zero.", lambda f: f.leaf(serial_number=integer(b"\x80" + bytes(14) + b"\x01"))),
    Specimen("Z27", "pkix.certificate_serial_number_out_of_range", "Serial number of 21 octets", "serialNumber", "RFC 5280 4.1.2.2", "20 octets are the most; some clients keep no more, and take two certificates for one.", lambda f: f.leaf(serial_number=integer(b"\x01" * 21))),
    Specimen("Z28", "pkix.certificate_serial_number_out_of_range", "Serial number zero", "serialNumber", "RFC 5280 4.1.2.2", "A serial number is positive; zero is what a counter says that was never set.", lambda f: f.leaf(serial_number=integer(b"\x00"))),
    Specimen("Z29", "pkix.duplicate_extension", "An extension twice", "subjectAltName", "RFC 5280 4.2", "Two subjectAltNames: which one counts is left to the reader, and readers differ.", lambda f: f.leaf(again=san("blog.contoso.com"))),
    Specimen("Z30", "pkix.certificate_version_is_not_v3", "Version 1", "version", "RFC 5280 4.1.2.1", "No extensions, so no names and no limits: what openssl x509 -req makes when it is told nothing.", lambda f: f.leaf(version=V1, extensions={})),
    Specimen("Z31", "X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3", "Version 1 with extensions", "version", "RFC 5280 4.1.2.9", "It says version 1 and has what only version 3 has.", lambda f: f.leaf(version=V1)),
    Specimen("Z32", "pkix.wrong_time_useful_type", "GeneralizedTime too early", "notAfter", "RFC 5280 4.1.2.5", "Until 2049 a date is a UTCTime with two digits for the year; this one has four.", lambda f: f.leaf(not_after=generalized_time(DIES))),
    Specimen("Z32b", "X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD", "Time without seconds", "notAfter", "RFC 5280 4.1.2.5.1", "Seconds must stand there, even 00.", lambda f: f.leaf(not_after=encode(UTC_TIME, b"2705170000Z"))),
    Specimen("Z33", "itu.invalid_asn1_syntax", "TRUE written 01", "basicConstraints", "X.690 11.1", "DER knows one TRUE, the octet FF. A second spelling gives one certificate two thumbprints.", lambda f: f.leaf(basicConstraints=raw_extension(BASIC_OID, b"\x30\x00", ODD_TRUE))),
    Specimen("Z33b", "itu.invalid_asn1_syntax", "FALSE written out", "basicConstraints", "X.690 11.5", "A default value is left out in DER; here critical FALSE stands there.", lambda f: f.leaf(extKeyUsage=raw_extension("2.5.29.37", bytes.fromhex("300a06082b06010505070301"), FALSE))),
    Specimen("Z34", "cabf.serverauth.invalid_dnsname_syntax", "A NUL in the name", "subjectAltName", "RFC 5280 4.2.1.6", "shop.contoso.com NUL .evil.example: a reader in C stops at the NUL, and sees another host.", lambda f: f.leaf(subjectAltName=_raw_names(_dns(HOST.encode() + b"\x00.evil.example")))),
    Specimen("Z35", "cabf.serverauth.invalid_dnsname_syntax", "An underscore in the host", "subjectAltName", "BR 7.1.2.7.12", "Underscores are for records, not for hosts.", lambda f: f.leaf("my_shop.contoso.com", subject=name("CN=my_shop.contoso.com"), subjectAltName=_raw_names(_dns(b"my_shop.contoso.com")))),
    Specimen("Z36", "itu.invalid_asn1_syntax", "UTF-8 in a host name", "subjectAltName", "RFC 5280 4.2.1.6; RFC 5891", "A dNSName is ASCII; bücher.contoso.com is written xn--bcher-kva.contoso.com.", lambda f: f.leaf(subjectAltName=_raw_names(_dns(HOST.encode()), _dns("bücher.contoso.com".encode())))),
    Specimen("Z37", "cabf.serverauth.certificate_validity_period_exceeds_200_days", "398 days", "notAfter", "BR 6.3.2", "From 15 March 2026 a public certificate is valid for 200 days at most.", lambda f: f.leaf(not_after=utc_time(_days(LONG)))),
    Specimen("Z38", "pkix.certificate_negative_validity_period", "Ends before it begins", "notAfter", "RFC 5280 4.1.2.5", "No instant is after its beginning and before its end.", lambda f: f.leaf(not_before=utc_time(DIES), not_after=utc_time(BORN))),
    Specimen("Z39", "X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH", "Two algorithms", "signatureAlgorithm", "RFC 5280 4.1.1.2", "Inside it says SHA-256, outside SHA-384; only the inner one is signed.", lambda f: f.leaf(outer_algorithm=ECDSA_SHA384)),
    Specimen("Z40", "itu.invalid_asn1_syntax", "Two octets after the end", "certificate", "X.690", "Something stands behind the certificate. Who hashes the file gets another thumbprint.", _trailing),
    Specimen("Z41", "X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL", "No subject, names not critical", "subjectAltName", "RFC 5280 4.2.1.6", "The names stand in subjectAltName only, so it must be critical.", lambda f: f.leaf(subject=name(""))),
    Specimen("Z41b", "", "No subject, names critical", "", "RFC 5280 4.1.2.6", "Nothing: a certificate needs no subject if subjectAltName is there and critical.", lambda f: f.leaf(subject=name(""), subjectAltName=san(HOST, critical=True))),
    Specimen("Z42", "X509_V_ERR_EMPTY_SUBJECT_ALT_NAME", "No name in subjectAltName", "subjectAltName", "RFC 5280 4.2.1.6", "The extension is there, with nothing in it. openssl falls back to the common name.", lambda f: f.leaf(subjectAltName=_raw_names())),
    Specimen("Z43", "cabf.serverauth.prohibited_san_type", "Host written as a UPN", "subjectAltName", "BR 7.1.2.7.12", "A user principal name is for people who log in; no client compares a host with it.", lambda f: f.leaf(subjectAltName=extension(x509.SubjectAlternativeName([upn(f"shop@{HOST}")])))),
    Specimen("Z44", "pkix.ip_address_wrong_length", "An address of three octets", "subjectAltName", "RFC 5280 4.2.1.6", "iPAddress has 4 or 16 octets.", lambda f: f.leaf(subjectAltName=_short_address())),
    Specimen("Z50", "cabf.serverauth.dv.unknown_attribute_present", "A department in the subject", "subject", "BR 7.1.2.7", "OU is forbidden since 2022: nobody could check it.", lambda f: f.leaf(subject=name(f"CN={HOST},OU=Gardening"))),
    Specimen("Z51", "cabf.internal_domain_name", "An internal name", "subjectAltName", "BR 7.1.2.7.12; 4.2.2", "shop.local belongs to nobody, so no public CA can check whose it is.", lambda f: f.leaf("shop.local", subject=name("CN=shop.local"), subjectAltName=san("shop.local"))),
    Specimen("Z52", "cabf.serverauth.invalid_dnsname_syntax", "A star in the middle", "subjectAltName", "RFC 9525 6.3", "The star may be the left-most label only.", lambda f: f.leaf("shop.eu.contoso.com", subject=name("CN=shop.*.contoso.com"), subjectAltName=_raw_names(_dns(b"shop.*.contoso.com")))),
    Specimen("Z54", "pkix.name_constraints_in_ee_certificate", "A server that limits names", "nameConstraints", "RFC 5280 4.2.1.10", "Only a CA's certificate may limit the names below it; below this one there is nothing.", lambda f: f.leaf(nameConstraints=_constraints())),
    Specimen("Z55", "cabf.serverauth.invalid_dnsname_syntax", "Half a star", "subjectAltName", "RFC 9525 6.3", "sh*.contoso.com: the star must be the whole label. openssl still takes it.", lambda f: f.leaf(subject=name("CN=sh*.contoso.com"), subjectAltName=_raw_names(_dns(b"sh*.contoso.com")))),
)
# fmt: on
