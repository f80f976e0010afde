"""One plain sentence on what a field is for."""

from __future__ import annotations

_BY_NAME = {
    "version": "3 for every certificate with extensions; written as 2 in the bytes.",
    "serialNumber": "The issuer's number for this certificate; with the issuer's name it is unique.",
    "signature": "The algorithm again, inside the signed part, so that nobody can swap it.",
    "issuer": "Who signed: the name of the CA, or of itself.",
    "notBefore": "Valid from this second on.",
    "notAfter": "Valid up to and including this second.",
    "subject": "Whom the certificate is about; clients compare hosts with subjectAltName, not with this.",
    "subjectPublicKeyInfo": "The public key and its kind: what the certificate vouches for.",
    "algorithm": "What kind of key it is.",
    "namedCurve": "The curve of an elliptic-curve key.",
    "subjectPublicKey": "The public key itself.",
    "modulus": "The public number of an RSA key.",
    "publicExponent": "The second public number of an RSA key, nearly always 65537.",
    "keySize": "Strength of the key in bits.",
    "commonName": "A label for people; browsers stopped reading host names from it in 2017.",
    "countryName": "Two letters of ISO 3166.",
    "organizationName": "The organization, as its CA has checked it, or not.",
    "organizationalUnitName": "A department; public CAs no longer put it in.",
    "localityName": "A town.",
    "businessCategory": "What kind of organization it is, as the EV Guidelines tell them apart.",
    "jurisdictionCountryName": "The country in whose register the organization stands.",
    "jurisdictionStateOrProvinceName": "The state in whose register the organization stands.",
    "jurisdictionLocalityName": "The town in whose register the organization stands.",
    "organizationIdentifier": "The organization's number in a register, with the register's name before it.",
    "stateOrProvinceName": "A state or province.",
    "domainComponent": "One label of a domain name, as directories use it.",
    "emailAddress": "An address in the subject; its proper place is subjectAltName.",
    "keyUsage": "What the key may be used for, as bits.",
    "extKeyUsage": "For which purposes the certificate may be used, such as to be a TLS server.",
    "KeyPurposeId": "One allowed purpose.",
    "basicConstraints": "Whether this certificate may sign others.",
    "cA": "true for a CA; false, the default, for everybody else.",
    "pathLenConstraint": "How many further CAs may stand between this one and a leaf.",
    "subjectAltName": "The names the certificate is good for: this is what a browser compares.",
    "dNSName": "A host name; a star stands for exactly one label.",
    "iPAddress": "An address; a host name does not match it, nor it a host name.",
    "rfc822Name": "A mail address.",
    "uniformResourceIdentifier": "A URI.",
    "otherName": "A name of a kind of its own, such as a Windows user principal name.",
    "directoryName": "A whole distinguished name.",
    "authorityKeyIdentifier": "Which of the issuer's keys signed; its own, if self-signed.",
    "keyIdentifier": "A short name of a key, usually a hash of it.",
    "subjectKeyIdentifier": "A short name of this key, for those it signs to point back to.",
    "cRLDistributionPoints": "Where the issuer lists the certificates it has revoked.",
    "authorityInfoAccess": "Where to ask about revocation, and where to find the issuer's certificate.",
    "certificatePolicies": "Under which rules the CA issued it.",
    "nameConstraints": "Which names a CA may speak for.",
    "signatureAlgorithm": "How it was signed.",
    "signatureValue": "The signature itself, over every field before signatureAlgorithm.",
    "extensionRequest": "The extensions the requester wishes for; a CA may leave them out.",
    "challengePassword": "A password for the CA, in clear; better left out.",
    "attributes": "What a request asks for beside name and key.",
    "extensions": "What version 3 added to name, key and dates.",
}

_BY_OID = {
    "1.3.6.1.5.5.7.3.1": "May be a TLS server.",
    "1.3.6.1.5.5.7.3.2": "May be a TLS client.",
    "1.3.6.1.5.5.7.3.3": "May sign programs.",
    "1.3.6.1.5.5.7.3.4": "May sign and decrypt mail.",
    "1.3.6.1.5.5.7.3.8": "May stamp documents with the time.",
    "1.3.6.1.5.5.7.3.9": "May answer for a CA about revocation.",
    "2.5.29.37.0": "Any purpose at all.",
    "1.3.6.1.4.1.311.20.2.3": "A Windows user principal name.",
    "1.3.6.1.4.1.11129.2.4.2": "Receipts of public logs: the certificate was published.",
}


_BY_SECTION = {
    ("request", "version"): "1 for every request; written as 0 in the bytes.",
    ("subject", "serialNumber"): "A number in the name, such as a company's or a device's.",
    ("issuer", "serialNumber"): "A number in the name, such as a company's or a device's.",
}


def note(section: str, name: str, oid: str | None) -> str:
    """Return what a field is for; empty if there is nothing to say."""
    return _BY_SECTION.get((section, name)) or _BY_OID.get(oid or "") or _BY_NAME.get(name, "")
