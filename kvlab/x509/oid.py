"""Object identifiers: the numbers in certificates, and the names that standards give them."""

from __future__ import annotations

from functools import lru_cache

from kvlab.errors import MalformedElement
from kvlab.x509.attribute import ATTRIBUTES

_MOST_OCTETS = 128

_ATTRIBUTE_NAMES = {
    "2.5.4.0": "objectClass",
    "2.5.4.15": "businessCategory",
    "2.5.4.16": "postalAddress",
    "2.5.4.41": "name",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.72": "role",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "1.2.840.113549.1.9.8": "unstructuredAddress",
    "1.3.6.1.5.5.7.9.1": "dateOfBirth",
    "1.3.6.1.5.5.7.9.2": "placeOfBirth",
    "1.3.6.1.5.5.7.9.3": "gender",
    "1.3.6.1.5.5.7.9.4": "countryOfCitizenship",
    "1.3.6.1.5.5.7.9.5": "countryOfResidence",
    "1.2.643.100.1": "OGRN",
    "1.2.643.100.3": "SNILS",
    "1.2.643.3.131.1.1": "INN",
}

_REQUEST_ATTRIBUTE_NAMES = {
    "1.2.840.113549.1.9.7": "challengePassword",
    "1.2.840.113549.1.9.14": "extensionRequest",
    "1.3.6.1.4.1.311.2.1.14": "certExtensions",
    "1.3.6.1.4.1.311.13.2.1": "enrollmentNameValuePair",
    "1.3.6.1.4.1.311.13.2.2": "enrollmentCSP",
    "1.3.6.1.4.1.311.13.2.3": "osVersion",
    "1.3.6.1.4.1.311.21.20": "requestClientInfo",
}

_EXTENSION_NAMES = {
    "2.5.29.9": "subjectDirectoryAttributes",
    "2.5.29.14": "subjectKeyIdentifier",
    "2.5.29.15": "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod",
    "2.5.29.17": "subjectAltName",
    "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints",
    "2.5.29.20": "cRLNumber",
    "2.5.29.21": "reasonCode",
    "2.5.29.24": "invalidityDate",
    "2.5.29.27": "deltaCRLIndicator",
    "2.5.29.28": "issuingDistributionPoint",
    "2.5.29.29": "certificateIssuer",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    "2.5.29.37": "extKeyUsage",
    "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.2": "biometricInfo",
    "1.3.6.1.5.5.7.1.3": "qcStatements",
    "1.3.6.1.5.5.7.1.7": "ipAddrBlocks",
    "1.3.6.1.5.5.7.1.8": "autonomousSysIds",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess",
    "1.3.6.1.5.5.7.1.12": "logotype",
    "1.3.6.1.5.5.7.1.14": "proxyCertInfo",
    "1.3.6.1.5.5.7.1.24": "tlsFeature",
    "1.3.6.1.5.5.7.1.31": "acmeIdentifier",
    "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
    "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestampList",
    "1.3.6.1.4.1.11129.2.4.3": "ctPoison",
    "1.3.6.1.4.1.11129.2.4.5": "ocspSignedCertificateTimestampList",
    "1.3.6.1.4.1.311.20.2": "certificateTemplateName",
    "1.3.6.1.4.1.311.21.1": "caVersion",
    "1.3.6.1.4.1.311.21.2": "previousCertificateHash",
    "1.3.6.1.4.1.311.21.7": "certificateTemplate",
    "1.3.6.1.4.1.311.21.10": "applicationPolicies",
    "1.3.6.1.4.1.311.25.2": "ntdsCaSecurity",
    "1.2.840.113533.7.65.0": "entrustVersion",
    "1.2.840.113549.1.9.15": "sMIMECapabilities",
    "1.3.36.8.3.3": "admission",
    "1.2.643.100.111": "subjectSignTool",
    "1.2.643.100.112": "issuerSignTool",
    "2.16.840.1.113730.1.1": "netscapeCertType",
    "2.16.840.1.113730.1.2": "netscapeBaseUrl",
    "2.16.840.1.113730.1.3": "netscapeRevocationUrl",
    "2.16.840.1.113730.1.4": "netscapeCaRevocationUrl",
    "2.16.840.1.113730.1.7": "netscapeRenewalUrl",
    "2.16.840.1.113730.1.8": "netscapeCaPolicyUrl",
    "2.16.840.1.113730.1.12": "netscapeSslServerName",
    "2.16.840.1.113730.1.13": "netscapeComment",
    "2.23.140.3.1": "cabfOrganizationIdentifier",
}

_PURPOSE_NAMES = {
    "2.5.29.37.0": "anyExtendedKeyUsage",
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
    "1.3.6.1.5.5.7.3.6": "ipsecTunnel",
    "1.3.6.1.5.5.7.3.7": "ipsecUser",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    "1.3.6.1.5.5.7.3.13": "eapOverPPP",
    "1.3.6.1.5.5.7.3.14": "eapOverLAN",
    "1.3.6.1.5.5.7.3.17": "ipsecIKE",
    "1.3.6.1.5.5.7.3.21": "secureShellClient",
    "1.3.6.1.5.5.7.3.22": "secureShellServer",
    "1.3.6.1.5.5.7.3.27": "cmcCA",
    "1.3.6.1.5.5.7.3.28": "cmcRA",
    "1.3.6.1.5.5.7.3.29": "cmcArchive",
    "1.3.6.1.5.5.7.3.30": "bgpsecRouter",
    "1.3.6.1.5.5.7.3.31": "brandIndicatorForMessageIdentification",
    "1.3.6.1.5.5.7.3.35": "bundleSecurity",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.5.2.3.4": "pkinitClientAuth",
    "1.3.6.1.5.2.3.5": "pkinitKdc",
    "1.3.6.1.4.1.311.10.3.1": "microsoftTrustListSigning",
    "1.3.6.1.4.1.311.10.3.3": "microsoftServerGatedCrypto",
    "1.3.6.1.4.1.311.10.3.4": "encryptingFileSystem",
    "1.3.6.1.4.1.311.10.3.4.1": "fileRecovery",
    "1.3.6.1.4.1.311.10.3.12": "microsoftDocumentSigning",
    "1.3.6.1.4.1.311.10.3.13": "lifetimeSigning",
    "1.3.6.1.4.1.311.20.2.1": "enrollmentAgent",
    "1.3.6.1.4.1.311.20.2.2": "smartcardLogon",
    "1.3.6.1.4.1.311.21.5": "caExchange",
    "1.3.6.1.4.1.311.21.6": "keyRecoveryAgent",
    "1.3.6.1.4.1.311.54.1.2": "remoteDesktopAuthentication",
    "1.3.6.1.4.1.11129.2.4.4": "certificateTransparency",
    "2.16.840.1.113730.4.1": "netscapeServerGatedCrypto",
}

_POLICY_NAMES = {
    "2.5.29.32.0": "anyPolicy",
    "1.3.6.1.5.5.7.2.1": "cps",
    "1.3.6.1.5.5.7.2.2": "unotice",
    "2.23.140.1.1": "extended-validation",
    "2.23.140.1.2.1": "domain-validated",
    "2.23.140.1.2.2": "organization-validated",
    "2.23.140.1.2.3": "individual-validated",
    "2.23.140.1.3": "extended-validation-codesigning",
    "2.23.140.1.4.1": "code-signing-requirements",
    "2.23.140.1.31": "onion",
    "1.3.6.1.5.5.7.48.1": "ocsp",
    "1.3.6.1.5.5.7.48.2": "caIssuers",
    "1.3.6.1.5.5.7.48.3": "timeStampingService",
    "1.3.6.1.5.5.7.48.5": "caRepository",
    "1.3.6.1.5.5.7.48.10": "rpkiManifest",
    "1.3.6.1.5.5.7.48.11": "signedObject",
    "1.3.6.1.5.5.7.48.13": "rpkiNotify",
    "1.3.6.1.5.5.7.11.1": "qcSyntax-v1",
    "1.3.6.1.5.5.7.11.2": "qcSyntax-v2",
    "0.4.0.1862.1.1": "QcCompliance",
    "0.4.0.1862.1.2": "QcLimitValue",
    "0.4.0.1862.1.3": "QcRetentionPeriod",
    "0.4.0.1862.1.4": "QcSSCD",
    "0.4.0.1862.1.5": "QcPDS",
    "0.4.0.1862.1.6": "QcType",
    "0.4.0.1862.1.6.1": "qct-esign",
    "0.4.0.1862.1.6.2": "qct-eseal",
    "0.4.0.1862.1.6.3": "qct-web",
    "0.4.0.1862.1.7": "QcCClegislation",
    "0.4.0.19495.2": "psd2-qcStatement",
}

_OTHER_NAME_TYPES = {
    "1.3.6.1.4.1.311.20.2.3": "userPrincipalName",
    "1.3.6.1.4.1.311.25.1": "ntdsReplication",
    "1.3.6.1.4.1.311.25.2.1": "ntdsObjectSid",
    "1.3.6.1.5.2.2": "pkinitPrincipalName",
    "1.3.6.1.5.5.7.8.3": "permanentIdentifier",
    "1.3.6.1.5.5.7.8.4": "hardwareModuleName",
    "1.3.6.1.5.5.7.8.5": "xmppAddr",
    "1.3.6.1.5.5.7.8.7": "srvName",
    "1.3.6.1.5.5.7.8.8": "naiRealm",
    "1.3.6.1.5.5.7.8.9": "smtpUTF8Mailbox",
    "1.3.6.1.5.5.7.8.10": "acpNodeName",
    "1.3.6.1.5.5.7.8.11": "bundleEID",
}

_KEY_NAMES = {
    "1.2.840.113549.1.1.1": "rsaEncryption",
    "1.2.840.113549.1.1.7": "RSAES-OAEP",
    "1.2.840.10040.4.1": "id-dsa",
    "1.2.840.10045.2.1": "id-ecPublicKey",
    "1.2.840.10046.2.1": "dhpublicnumber",
    "1.2.840.113549.1.3.1": "dhKeyAgreement",
    "1.3.132.1.12": "id-ecDH",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "1.2.840.10045.3.1.1": "secp192r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.10": "secp256k1",
    "1.3.132.0.33": "secp224r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    "1.3.132.0.1": "sect163k1",
    "1.3.132.0.15": "sect163r2",
    "1.3.132.0.16": "sect283k1",
    "1.3.132.0.17": "sect283r1",
    "1.3.132.0.26": "sect233k1",
    "1.3.132.0.27": "sect233r1",
    "1.3.132.0.36": "sect409k1",
    "1.3.132.0.37": "sect409r1",
    "1.3.132.0.38": "sect571k1",
    "1.3.132.0.39": "sect571r1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
    "1.2.643.2.2.19": "gostR3410-2001",
    "1.2.643.7.1.1.1.1": "gostR3410-2012-256",
    "1.2.643.7.1.1.1.2": "gostR3410-2012-512",
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
    "2.16.840.1.101.3.4.4.2": "ML-KEM-768",
    "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
}

_SIGNATURE_NAMES = {
    "1.2.840.113549.1.1.2": "md2WithRSAEncryption",
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption",
    "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.3.14.3.2.29": "sha1WithRSASignature",
    "1.2.840.113549.1.1.8": "mgf1",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption",
    "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption",
    "2.16.840.1.101.3.4.3.13": "id-rsassa-pkcs1-v1-5-with-sha3-224",
    "2.16.840.1.101.3.4.3.14": "id-rsassa-pkcs1-v1-5-with-sha3-256",
    "2.16.840.1.101.3.4.3.15": "id-rsassa-pkcs1-v1-5-with-sha3-384",
    "2.16.840.1.101.3.4.3.16": "id-rsassa-pkcs1-v1-5-with-sha3-512",
    "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
    "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
    "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "2.16.840.1.101.3.4.3.9": "id-ecdsa-with-sha3-224",
    "2.16.840.1.101.3.4.3.10": "id-ecdsa-with-sha3-256",
    "2.16.840.1.101.3.4.3.11": "id-ecdsa-with-sha3-384",
    "2.16.840.1.101.3.4.3.12": "id-ecdsa-with-sha3-512",
    "1.2.840.10040.4.3": "id-dsa-with-sha1",
    "2.16.840.1.101.3.4.3.1": "id-dsa-with-sha224",
    "2.16.840.1.101.3.4.3.2": "id-dsa-with-sha256",
    "2.16.840.1.101.3.4.3.3": "id-dsa-with-sha384",
    "2.16.840.1.101.3.4.3.4": "id-dsa-with-sha512",
    "2.16.840.1.101.3.4.3.17": "ML-DSA-44",
    "2.16.840.1.101.3.4.3.18": "ML-DSA-65",
    "2.16.840.1.101.3.4.3.19": "ML-DSA-87",
    "1.2.643.2.2.3": "gostR3411-94-with-gostR3410-2001",
    "1.2.643.7.1.1.3.2": "signwithdigest-gost3410-12-256",
    "1.2.643.7.1.1.3.3": "signwithdigest-gost3410-12-512",
}

_HASH_NAMES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.7": "sha3-224",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
    "2.16.840.1.101.3.4.2.11": "shake128",
    "2.16.840.1.101.3.4.2.12": "shake256",
}

OID_NAMES: dict[str, str] = {
    **_ATTRIBUTE_NAMES,
    **{attribute.oid.dotted_string: attribute.title for attribute in ATTRIBUTES},
    **_REQUEST_ATTRIBUTE_NAMES,
    **_EXTENSION_NAMES,
    **_PURPOSE_NAMES,
    **_POLICY_NAMES,
    **_OTHER_NAME_TYPES,
    **_KEY_NAMES,
    **_SIGNATURE_NAMES,
    **_HASH_NAMES,
}
"""
Dotted OID -> name.

RFC 5280's word where it has one (without ``id-kp-`` and the like), else the word of the RFC or vendor that defines it.
"""


def encode_oid(dotted: str) -> bytes:
    """
    Return the content octets of an OBJECT IDENTIFIER (X.690 section 8.19), without tag and length.
    """
    first, second, *rest = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(groups))
    return bytes(octets)


KNOWN_OIDS: dict[bytes, tuple[str, str]] = {encode_oid(dotted): (dotted, name) for dotted, name in OID_NAMES.items()}
"""Content octets -> dotted OID and name, so that the usual OIDs need no decoding."""


def name_oid(octets: bytes) -> tuple[str, str]:
    """
    Return dotted form and name of an OBJECT IDENTIFIER; the name of an unknown one is its dotted form.

    Args:
        octets: the content octets.

    Raises:
        MalformedElement: empty, cut off, padded, or longer than 128 octets.
    """
    return KNOWN_OIDS.get(octets) or _unknown(octets)


@lru_cache(maxsize=512)
def _unknown(octets: bytes) -> tuple[str, str]:
    if not octets or octets[-1] & 0x80 or len(octets) > _MOST_OCTETS:
        raise MalformedElement("An OBJECT IDENTIFIER is empty, cut off or far too long.")
    arcs: list[int] = []
    arc = 0
    fresh = True
    for octet in octets:
        if fresh and octet == 0x80:
            raise MalformedElement("An OBJECT IDENTIFIER has a padded number in it.")
        arc = arc << 7 | octet & 0x7F
        fresh = octet < 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    dotted = ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))
    return dotted, dotted
