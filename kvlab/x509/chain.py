"""
Chains: which certificate was issued by which, and the order a server sends them in.

Names, key identifiers and public keys are compared as the DER octets that stand in the certificates, because real
certificates break the rules of names and extensions in ways a parser refuses, and a chain of them still is one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import PublicKeyAlgorithmOID

from kvlab.errors import BrokenChain, ExcessiveWork, KeyMismatch, UnreadableContainer, UnsupportedKey
from kvlab.x509.key import public_key_der as canonical_public_key

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_CHAIN = 100
"""As OpenSSL's default depth; a set this large is no chain but a trust store."""

_STEPS = 10_000
"""How many partial paths `order_chain` looks at; same-key certificates could otherwise make it try every order."""

_CANDIDATES_VERIFIED = 16
"""With more possible issuers than this, names and key identifiers alone decide, so that nobody can order long work."""

_AUTHORITY_KEY_IDENTIFIER = bytes.fromhex("0603551d23")
_SUBJECT_KEY_IDENTIFIER = bytes.fromhex("0603551d0e")
_KEY_IDENTIFIERS = (_AUTHORITY_KEY_IDENTIFIER, _SUBJECT_KEY_IDENTIFIER)


class IssuerState(StrEnum):
    """What is known about the issuer of a certificate among those given."""

    FOUND = "found"
    SELF_SIGNED = "self-signed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Link:
    """
    How one certificate of a sequence hangs on the others.

    Attributes:
        issuer: whether its issuer was found, is itself, or is missing.
        issuer_index: where the issuer stands in the sequence; its own index when self-signed.
        signature_verifies: whether the issuer's key verifies its signature; None when that can not be said.
        reason: why not, in one sentence; empty when the signature verifies.
    """

    issuer: IssuerState
    issuer_index: int | None
    signature_verifies: bool | None
    reason: str = ""


def order_chain(certificates_der: Sequence[bytes]) -> list[bytes]:
    """
    Put a bag of certificates into order, leaf first, each followed by its issuer.

    Args:
        certificates_der: DER certificates of one chain, at least one, in any order; duplicates count once.

    Returns:
        The same certificates, duplicates dropped; the root, if given, is last. The order does not depend on the order
        given, even where a cross-certified key allows several.

    Raises:
        BrokenChain: none, two leaves, a loop, or a certificate that belongs to no other.
        ExcessiveWork: more than `LONGEST_CHAIN` certificates.
        UnreadableContainer: an item is not a DER certificate.

    Source: RFC 5280 section 6.1, condition (a) of a path, read backwards.
    """
    distinct = sorted(set(certificates_der))
    if len(distinct) > LONGEST_CHAIN:
        raise ExcessiveWork(f"A chain of {len(distinct)} certificates is refused: {LONGEST_CHAIN} is the most.")
    bag = _Bag(distinct)
    return [bag[index].der for index in bag.path_from(bag.only_leaf())]


def order_from_leaf(leaf_der: bytes, others: Sequence[bytes]) -> list[bytes]:
    """
    Put certificates behind a known leaf, each followed by its issuer, and keep what does not fit.

    Args:
        leaf_der: the DER certificate to begin with.
        others: DER certificates in any order; duplicates, and the leaf again, count once.

    Returns:
        The leaf, its issuer and so on; then the certificates that link to nothing, in the order given.

    Raises:
        UnreadableContainer: an item is not a DER certificate.
    """
    bag = _Bag([leaf_der, *others])
    path: dict[int, None] = {}
    following: int | None = 0
    while following is not None:
        path[following] = None
        following = next((index for index in bag.issuers(following) if index not in path), None)
    strangers = [index for index in bag.distinct if index not in path]
    return [bag[index].der for index in (*path, *strangers)]


def find_leaf(certificates_der: Sequence[bytes], public_key_der: bytes) -> int:
    """
    Return the index of the first certificate that carries a public key.

    Args:
        certificates_der: DER certificates.
        public_key_der: DER SubjectPublicKeyInfo.

    Raises:
        KeyMismatch: no certificate carries it.
        UnreadableContainer: an item is not a DER certificate.
    """
    for index, der in enumerate(certificates_der):
        if ChainCertificate(der).public_key_der == public_key_der:
            return index
    # The same EC point can also be written compressed; only then do the octets differ. An RSA key that is for
    # RSASSA-PSS alone also reads as the plain one, but no program takes the two for a pair.
    for index, der in enumerate(certificates_der):
        certificate = x509.load_der_x509_certificate(der)
        if certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.EC_PUBLIC_KEY:
            continue
        with suppress(UnsupportedKey):
            if canonical_public_key(certificate) == public_key_der:
                return index
    raise KeyMismatch


def links(certificates_der: Sequence[bytes]) -> list[Link]:
    """
    Say of each certificate who issued it, as far as the others tell, and whether the signature verifies.

    Args:
        certificates_der: DER certificates in any order; a duplicate has a link of its own.

    Returns:
        One link for each, in the order given.

    Raises:
        UnreadableContainer: an item is not a DER certificate.
    """
    bag = _Bag(certificates_der)
    return [bag.link(index) for index in range(len(certificates_der))]


class ChainCertificate:
    """
    The fields of one certificate that decide who issued it.

    Attributes:
        der: the whole certificate.
        parsed: as ``cryptography`` reads it.
        issuer: and ``subject``, ``public_key_der``: DER, as it stands there.
        subject_key: octets of subjectKeyIdentifier, None without; ``authority_key``: of authorityKeyIdentifier.

    Raises:
        UnreadableContainer: it is not a DER certificate.
    """

    def __init__(self, der: bytes) -> None:
        self.der = der
        try:
            self.parsed = x509.load_der_x509_certificate(der)
        except (ValueError, x509.InvalidVersion) as error:
            raise UnreadableContainer(f"Not a DER certificate: {error}") from None
        # The content of the first element in the outer one, TBSCertificate, as it stands there.
        fields = _elements(_content(_content(der)))
        # TBSCertificate of RFC 5280 section 4.1: version 1 certificates leave out the version, [0].
        first = 1 if fields[0][0] == 0xA0 else 0
        self.issuer, self.subject, self.public_key_der = fields[first + 2], fields[first + 4], fields[first + 5]
        identifiers = _identifiers(fields[-1]) if fields[-1][0] == 0xA3 else {}
        self.subject_key = _subject_key(identifiers.get(_SUBJECT_KEY_IDENTIFIER))
        self.authority_key = _authority_key(identifiers.get(_AUTHORITY_KEY_IDENTIFIER))

    def names_key_of(self, issuer: ChainCertificate) -> bool:
        """Whether the key identifiers allow ``issuer``: where one is missing they say nothing."""
        return self.authority_key is None or issuer.subject_key in {None, self.authority_key}

    def verify(self, issuer: ChainCertificate) -> tuple[bool | None, str]:
        """Return whether the issuer's key verifies the signature, None if that can not be computed, and why not."""
        try:
            self.parsed.verify_directly_issued_by(issuer.parsed)
        except InvalidSignature:
            return False, "The signature does not verify with the public key of the issuer."
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            return None, f"The signature can not be checked: {error}"
        return True, ""


class _Bag:
    """Certificates by index, and who may have issued whom; a duplicate goes by the index of the first of its kind."""

    def __init__(self, certificates_der: Sequence[bytes]) -> None:
        self.certificates = [ChainCertificate(der) for der in certificates_der]
        self.first: dict[bytes, int] = {}
        for index, certificate in enumerate(self.certificates):
            self.first.setdefault(certificate.der, index)
        self.distinct = list(self.first.values())
        self.by_subject: dict[bytes, list[int]] = {}
        for index in self.distinct:
            self.by_subject.setdefault(self.certificates[index].subject, []).append(index)
        self.known: dict[int, list[int]] = {}

    def __getitem__(self, index: int) -> ChainCertificate:
        return self.certificates[index]

    def possible_issuers(self, index: int) -> list[int]:
        """Return who may have issued a certificate: itself too, if it is self-signed."""
        if index not in self.known:
            named = self.by_subject.get(self[index].issuer, [])
            fitting = [issuer for issuer in named if self[index].names_key_of(self[issuer])]
            verify = 1 < len(fitting) <= _CANDIDATES_VERIFIED
            self.known[index] = self.likeliest(index, fitting) if verify else fitting
        return self.known[index]

    def likeliest(self, index: int, fitting: list[int]) -> list[int]:
        """Return those whose key verifies the signature, else those whose key can not be tried, else all."""
        verdicts = {issuer: self[index].verify(self[issuer])[0] for issuer in fitting}
        verifying = [issuer for issuer, verdict in verdicts.items() if verdict]
        return verifying or [issuer for issuer, verdict in verdicts.items() if verdict is None] or fitting

    def issuers(self, index: int) -> list[int]:
        """Return who else may have issued a certificate."""
        return [issuer for issuer in self.possible_issuers(index) if issuer != index]

    def ends_chain(self, index: int) -> bool:
        possible = self.possible_issuers(index)
        return not possible or index in possible

    def only_leaf(self) -> int:
        """Return the one certificate that issued no other."""
        if not self.distinct:
            raise BrokenChain("There is no certificate.")
        authorities = {issuer for index in self.distinct for issuer in self.issuers(index)}
        leaves = [index for index in self.distinct if index not in authorities]
        if not leaves:
            raise BrokenChain("The certificates issue one another in a loop: none of them is the leaf.")
        if len(leaves) > 1:
            raise BrokenChain(
                f"{len(leaves)} of the certificates issued none of the others. A chain has one such, its leaf: there "
                "are several leaves, one certificate belongs to another chain, or one between them is missing."
            )
        return leaves[0]

    def path_from(self, leaf: int) -> list[int]:
        """Return the way from the leaf through every certificate, always from one to an issuer of it."""
        path = [leaf]
        untried = [iter(self.issuers(leaf))]
        for _ in range(_STEPS):
            if len(path) == len(self.distinct) and self.ends_chain(path[-1]):
                return path
            following = next((issuer for issuer in untried[-1] if issuer not in path), None)
            if following is not None:
                path.append(following)
                untried.append(iter(self.issuers(following)))
                continue
            path.pop()
            untried.pop()
            if not path:
                break
        if not any(map(self.ends_chain, self.distinct)):
            raise BrokenChain("The certificates above the leaf issue one another in a loop: none of them is a root.")
        raise BrokenChain(
            "The certificates are not one line: a cross certificate opens a second way, or some form a loop."
        )

    def link(self, index: int) -> Link:
        certificate = self[index]
        possible = self.possible_issuers(self.first[certificate.der])
        if self.first[certificate.der] in possible:
            return Link(IssuerState.SELF_SIGNED, index, *certificate.verify(certificate))
        if possible:
            return Link(IssuerState.FOUND, possible[0], *certificate.verify(self[possible[0]]))
        reason = "None of the certificates has the name of the issuer."
        if certificate.issuer in self.by_subject:
            reason = "A certificate has the name of the issuer, but not the key identifier that is asked for."
        return Link(IssuerState.MISSING, None, None, reason)


def _element(der: bytes, position: int) -> tuple[int, int]:
    """Return where the content of the DER element at ``position`` starts and where it ends (X.690 section 8.1)."""
    length, start = der[position + 1], position + 2
    if length & 0x80:
        octets = length & 0x7F
        length = int.from_bytes(der[start : start + octets], "big")
        start += octets
    return start, start + length


def _content(der: bytes) -> bytes:
    start, end = _element(der, 0)
    return der[start:end]


def _elements(content: bytes) -> list[bytes]:
    elements, position, size = [], 0, len(content)
    while position < size:
        # Most elements are short, and a chain has hundreds.
        length = content[position + 1]
        end = position + 2 + length if length < 0x80 else _element(content, position)[1]
        elements.append(content[position:end])
        position = end
    return elements


def _identifiers(explicit: bytes) -> dict[bytes, bytes]:
    """Return the key identifiers among the extensions in ``[3]``: DER of the OID to the octets of the value."""
    found = {}
    for extension in _elements(_content(_content(explicit))):
        start, _ = _element(extension, 0)
        if extension.startswith(_KEY_IDENTIFIERS, start):
            identifier, *_, value = _elements(extension[start:])
            found[identifier] = _content(value)
    return found


def _subject_key(extension: bytes | None) -> bytes | None:
    """Return the octets of a subjectKeyIdentifier (RFC 5280 section 4.2.1.2); None if absent or malformed."""
    if extension is None or extension[:1] != b"\x04" or len(extension) < 2:
        return None
    return _content(extension)


def _authority_key(extension: bytes | None) -> bytes | None:
    """Return keyIdentifier of an authorityKeyIdentifier (RFC 5280 section 4.2.1.1); None if absent or malformed."""
    if extension is None or extension[:1] != b"\x30":
        return None
    try:
        return next((_content(part) for part in _elements(_content(extension)) if part[0] == 0x80), None)
    except IndexError:
        return None
