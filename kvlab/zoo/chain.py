"""Specimens whose fault is in a CA's certificate, or in how certificates stand together."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509

from kvlab.x509.extension import key_usage
from kvlab.zoo.blank import extension, name, spki, utc_time
from kvlab.zoo.family import CA_NAME, HOST, NOW, ROOT_NAME, Exhibit, Family
from kvlab.zoo.specimen import Specimen

LEAF_NAME = "CN=till.contoso.com"


def _below_a_leaf(family: Family) -> Exhibit:
    """Let a server's certificate sign another one."""
    till = family.good.having(subject=name(LEAF_NAME), public_key=spki(family.key("till")), basicConstraints=None)
    forged = family.good.having(issuer=name(LEAF_NAME), authorityKeyIdentifier=family.authority_key("till"))
    return family.exhibit(forged.signed(family.key("till")), till.signed(family.key("ca")), family.ca)


def _too_deep(family: Family) -> Exhibit:
    """Put a further CA below one that allows none."""
    below = "CN=Zoo CA 2,O=Contoso,C=US"
    second = family.ca_blank.having(
        issuer=name(CA_NAME),
        subject=name(below),
        public_key=spki(family.key("second")),
        subjectKeyIdentifier=extension(x509.SubjectKeyIdentifier.from_public_key(family.key("second").public_key())),
        authorityKeyIdentifier=family.authority_key("ca"),
    )
    leaf = family.good.having(issuer=name(below), authorityKeyIdentifier=family.authority_key("second"))
    return family.exhibit(leaf.signed(family.key("second")), second.signed(family.key("ca")), family.ca)


def stranger_ca(family: Family) -> bytes:
    """Make a CA certificate of the CA's name for another key: DER."""
    stranger = family.ca_blank.having(
        public_key=spki(family.key("stranger")),
        subjectKeyIdentifier=extension(x509.SubjectKeyIdentifier.from_public_key(family.key("stranger").public_key())),
    )
    return stranger.signed(family.key("root"))


def _impostor(family: Family) -> Exhibit:
    return family.exhibit(family.good.signed(family.key("impostor")))


def _fresh_key(family: Family) -> Exhibit:
    return family.leaf(public_key=spki(family.key("clerk")))


def _self_signed(family: Family) -> bytes:
    own = family.good.having(issuer=name(f"CN={HOST}"), authorityKeyIdentifier=family.authority_key("shop"))
    return own.signed(family.key("shop"))


def _expired_root(family: Family) -> Exhibit:
    old = family.root_blank.having(not_after=utc_time(NOW - timedelta(days=1))).signed(family.key("root"))
    return family.exhibit(family.good.signed(family.key("ca")), family.ca, roots=[old])


def _limited(family: Family) -> Exhibit:
    limits = x509.NameConstraints([x509.DNSName("fabrikam.com")], None)
    return family.under(family.ca_blank.having(nameConstraints=extension(limits, critical=True)))


def _good(family: Family) -> bytes:
    return family.good.signed(family.key("ca"))


# fmt: off
CHAINS = (
    Specimen("Z09", "X509_V_ERR_INVALID_CA", "Signed by a server", "basicConstraints", "RFC 5280 4.2.1.9", "The issuer is another server's certificate, which is no CA. If this were allowed, every server could sign for every other.", _below_a_leaf, "chain"),
    Specimen("Z10", "X509_V_ERR_KEYUSAGE_NO_CERTSIGN", "A CA that may not sign", "keyUsage", "RFC 5280 4.2.1.3", "cA is true, but keyCertSign is missing from the CA's key usage.", lambda f: f.under(f.ca_blank.having(keyUsage=extension(key_usage(["cRLSign"]), critical=True))), "chain"),
    Specimen("Z11", "X509_V_ERR_PATH_LENGTH_EXCEEDED", "Path too long", "basicConstraints", "RFC 5280 4.2.1.9", "pathLenConstraint 0 allows no further CA below, and there is one.", _too_deep, "chain"),
    Specimen("Z12", "X509_V_ERR_PERMITTED_VIOLATION", "Outside the CA's names", "nameConstraints", "RFC 5280 4.2.1.10", "The CA may sign for fabrikam.com only.", _limited, "chain"),
    Specimen("Z13", "X509_V_ERR_CERT_SIGNATURE_FAILURE", "The CA's name, another key", "signature", "RFC 5280 6.1.3", "The issuer's name is right; the signature was made by somebody else. A name can be copied.", _impostor, "chain"),
    Specimen("Z15", "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "The intermediate is missing", "chain", "RFC 8446 4.4.2", "The server sends its own certificate only; a client that knows the root can not find the way.", lambda f: Exhibit((_good(f),), (f.root,)), "chain"),
    Specimen("Z16", "X509_R_KEY_VALUES_MISMATCH", "The CA comes first", "chain", "RFC 8446 4.4.2", "The file begins with the CA's certificate, so the server takes it for its own, and the key does not fit.", lambda f: Exhibit((f.ca, _good(f)), (f.root,)), "chain"),
    Specimen("Z23", "X509_V_ERR_CA_BCONS_NOT_CRITICAL", "A CA's constraints not critical", "basicConstraints", "RFC 5280 4.2.1.9", "A client that does not know the extension would pass over the one word that makes it a CA.", lambda f: f.under(f.ca_blank.having(basicConstraints=extension(x509.BasicConstraints(True, 0)))), "chain"),
    Specimen("Z46", "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", "Self-signed, and nobody trusts it", "issuer", "RFC 5280 6.1", "It vouches for itself. Whoever wants to trust exactly this one puts it on the list.", lambda f: Exhibit((_self_signed(f),), (f.root,)), "chain"),
    Specimen("Z46b", "", "Self-signed, and trusted", "", "RFC 5280 6.1", "Nothing, for this client: it has put exactly this certificate on its list.", lambda f: Exhibit((_self_signed(f),), (_self_signed(f),)), "chain"),
    Specimen("Z47", "X509_V_ERR_CERT_HAS_EXPIRED", "The CA's certificate is expired", "notAfter", "RFC 5280 6.1.3", "The server's own dates are fine; one above it is over. Every link must be valid.", lambda f: f.under(f.ca_blank.having(not_after=utc_time(NOW - timedelta(days=1)))), "chain"),
    Specimen("Z53", "X509_V_ERR_CERT_HAS_EXPIRED", "The root is expired", "notAfter", "RFC 5280 6.1.3", "An old trust list: the root on it is over.", _expired_root, "chain"),
    Specimen("Z56", "X509_V_ERR_INVALID_CA", "A CA without constraints", "basicConstraints", "RFC 5280 4.2.1.9", "Nothing says that it is a CA. openssl would still take such a root, not such an intermediate.", lambda f: f.under(f.ca_blank.having(basicConstraints=None)), "chain"),
    Specimen("Z57", "X509_V_ERR_SUBJECT_ISSUER_MISMATCH", "Another CA beside it", "issuer", "RFC 5280 6.1.3", "The key is right, but the name of the CA that is sent is not the one that stands in issuer.", lambda f: f.under(f.ca_blank.having(subject=name(ROOT_NAME.replace("Root", "CA 9")))), "chain"),
    Specimen("R3", "fresh key instead of the request's", "For a key that you do not have", "subjectPublicKeyInfo", "BR 6.1.1.3", "The clerk made a fresh key. Every tool finds the certificate good; only the vault, which has the key, refuses the merge.", _fresh_key, "chain"),
)
# fmt: on
