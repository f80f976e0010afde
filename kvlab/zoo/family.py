"""Where all specimens come from: a root, the CA below it, and one good server certificate; all drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from kvlab.entropy import SeededEntropy
from kvlab.x509.extension import key_usage
from kvlab.zoo.blank import Blank, extension, integer, name, spki, utc_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kvlab.x509.key import PrivateKey

SEED = "zoo"
HOST = "shop.contoso.com"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""When the zoo is looked at."""

BORN, DIES = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 5, 17, tzinfo=UTC)
CA_BORN, CA_DIES = datetime(2024, 1, 1, tzinfo=UTC), datetime(2034, 1, 1, tzinfo=UTC)
ROOT_NAME, CA_NAME = "CN=Zoo Root,O=Contoso,C=US", "CN=Zoo CA 1,O=Contoso,C=US"
DOMAIN_VALIDATED = x509.ObjectIdentifier("2.23.140.1.2.1")


@dataclass(frozen=True)
class Exhibit:
    """
    What a client gets to see.

    Attributes:
        chain: DER certificates in the order in which a server sends them, its own first.
        roots: DER certificates that the client trusts.
        host: the name, or address, that the client asked for.
        file: octets of a request, PFX or PEM file, where that is the specimen.
        password: of the PFX, as the one who opens it believes.
    """

    chain: tuple[bytes, ...] = ()
    roots: tuple[bytes, ...] = ()
    host: str = HOST
    file: bytes = b""
    password: str = ""


@dataclass
class Family:
    """
    Keys and certificates of one seed.

    Attributes:
        seed: the same one gives the same octets.
    """

    seed: str = SEED
    _keys: dict[str, PrivateKey] = field(default_factory=dict, repr=False)

    def key(self, who: str) -> ec.EllipticCurvePrivateKey:
        """Return somebody's P-256 key; made when first asked for."""
        if who not in self._keys:
            self._keys[who] = SeededEntropy(self.seed, "zoo").ec_key(who, ec.SECP256R1())
        made = self._keys[who]
        assert isinstance(made, ec.EllipticCurvePrivateKey)
        return made

    @cached_property
    def root_blank(self) -> Blank:
        """The root, unsigned."""
        return self._authority(ROOT_NAME, ROOT_NAME, "root").having(
            authorityKeyIdentifier=None, basicConstraints=extension(x509.BasicConstraints(True, None), critical=True)
        )

    @cached_property
    def ca_blank(self) -> Blank:
        """The CA below the root, unsigned."""
        return self._authority(CA_NAME, ROOT_NAME, "ca")

    @cached_property
    def root(self) -> bytes:
        """The root: DER."""
        return self.root_blank.signed(self.key("root"))

    @cached_property
    def ca(self) -> bytes:
        """The CA below the root: DER."""
        return self.ca_blank.signed(self.key("root"))

    @cached_property
    def good(self) -> Blank:
        """The good server certificate, unsigned."""
        return Blank(
            serial_number=integer(bytes.fromhex("4a1f00c0ffee5eed4a1f00c0ffee5eed")),
            issuer=name(CA_NAME),
            not_before=utc_time(BORN),
            not_after=utc_time(DIES),
            subject=name(f"CN={HOST}"),
            public_key=spki(self.key("shop")),
            extensions={
                "keyUsage": extension(key_usage(["digitalSignature"]), critical=True),
                "extKeyUsage": extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])),
                "basicConstraints": extension(x509.BasicConstraints(False, None), critical=True),
                "subjectAltName": san(HOST),
                "authorityKeyIdentifier": self.authority_key("ca"),
                "authorityInfoAccess": extension(_where_the_ca_is()),
                "cRLDistributionPoints": extension(_where_the_list_is()),
                "certificatePolicies": extension(
                    x509.CertificatePolicies([x509.PolicyInformation(DOMAIN_VALIDATED, None)])
                ),
            },
        )

    def leaf(self, host: str = HOST, **changes: Any) -> Exhibit:
        """Return the good certificate with something changed, in its chain; arguments as for ``Blank.having``."""
        return self.exhibit(self.good.having(**changes).signed(self.key("ca")), host=host)

    def exhibit(self, *chain: bytes, host: str = HOST, roots: Sequence[bytes] | None = None) -> Exhibit:
        """Return a chain as it is sent; a single certificate gets its CA beside it."""
        whole = chain if len(chain) != 1 else (chain[0], self.ca)
        return Exhibit(whole, tuple(roots if roots is not None else [self.root]), host)

    def under(self, authority: Blank, signer: str = "root") -> Exhibit:
        """Return the good certificate below another CA certificate for the CA's key."""
        return self.exhibit(self.good.signed(self.key("ca")), authority.signed(self.key(signer)))

    def authority_key(self, who: str) -> bytes:
        """Write the authority key identifier of a key."""
        return extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key(who).public_key()))

    def _authority(self, subject: str, issuer: str, who: str) -> Blank:
        return Blank(
            serial_number=integer(b"\x10" + who.encode()),
            issuer=name(issuer),
            not_before=utc_time(CA_BORN),
            not_after=utc_time(CA_DIES),
            subject=name(subject),
            public_key=spki(self.key(who)),
            extensions={
                "basicConstraints": extension(x509.BasicConstraints(True, 0), critical=True),
                "keyUsage": extension(key_usage(["keyCertSign", "cRLSign"]), critical=True),
                "subjectKeyIdentifier": extension(
                    x509.SubjectKeyIdentifier.from_public_key(self.key(who).public_key())
                ),
                "authorityKeyIdentifier": self.authority_key("root"),
            },
        )


def san(*hosts: str, critical: bool = False) -> bytes:
    """Write a subject alternative name of dNSNames."""
    return extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=critical)


def _where_the_ca_is() -> x509.AuthorityInformationAccess:
    place = x509.UniformResourceIdentifier("http://ca.contoso.com/ca1.crt")
    return x509.AuthorityInformationAccess([x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)])


def _where_the_list_is() -> x509.CRLDistributionPoints:
    place = x509.UniformResourceIdentifier("http://ca.contoso.com/ca1.crl")
    return x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])
