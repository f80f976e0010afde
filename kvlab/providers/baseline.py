"""
What every public certificate authority must check before it signs: names, keys, CAA, and how long it may sign for.

Source: CA/Browser Forum, Baseline Requirements for TLS Server Certificates 2.2.6 (https://cabforum.org/), "BR" below.
"""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kvlab.providers.refusal import Kind, Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kvlab.x509.key import PublicKey

NAMES_LIMIT = 100
COMMON_NAME_LIMIT = 64
FERMAT_ROUNDS = 100
"""BR 6.1.1.3: primes so near that this many rounds of Fermat's method find them are refused."""


class Limit(NamedTuple):
    """Certificates that are issued before ``before`` are valid for at most ``days``: one less than BR 6.3.2 allows."""

    before: datetime
    days: int


LIMITS = (
    Limit(datetime(2026, 3, 15, tzinfo=UTC), 397),
    Limit(datetime(2027, 3, 15, tzinfo=UTC), 199),
    Limit(datetime(2029, 3, 15, tzinfo=UTC), 99),
    Limit(datetime(9999, 12, 31, tzinfo=UTC), 46),
)

RESERVED = frozenset({
    "alt", "arpa", "corp", "domain", "example", "home", "host", "internal", "intranet", "invalid",
    "lab", "lan", "local", "localdomain", "localhost", "mail", "onion", "private", "test", "workgroup",
})  # fmt: skip
"""Top-level labels that no registry delegates (RFC 2606, 6761, 6762, 7686, 9476; ICANN's collision list) or forbids."""

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOP = re.compile(r"[a-z]{2,63}|xn--[a-z0-9-]{1,59}")


def longest_validity(issued: datetime) -> int:
    """Return how many days (of 86,400 s) a certificate that is issued then may be valid, whenever it begins."""
    return next(limit.days for limit in LIMITS if issued < limit.before)


def key_of_request(csr_der: bytes) -> PublicKey:
    """
    Return the public key of a PKCS#10 request, once it is clear that whoever sent it has a key a public CA certifies.

    Raises:
        Refusal: it can not be read, its key is weak or of another type, or its own signature does not hold.

    Source: BR 6.1.1.3, 6.1.5, 6.1.6; RFC 2986 section 4.2.
    """
    try:
        request = x509.load_der_x509_csr(csr_der)
        key = request.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Refusal(Kind.CSR, "The CSR can not be parsed.") from None
    checked = _checked_key(key)
    try:
        holds = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm):
        holds = False
    if not holds:
        raise Refusal(Kind.SIGNATURE, "The CSR's signature does not verify with the public key in it.")
    return checked


def _checked_key(key: object) -> PublicKey:
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(key)
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)):
            raise Refusal(Kind.KEY_TYPE, f"The curve {key.curve.name} is not allowed in TLS certificates.")
        return key
    kind = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    raise Refusal(Kind.KEY_TYPE, f"Keys of type {kind} are not allowed in TLS certificates; use RSA or ECDSA.")


def _check_rsa(key: rsa.RSAPublicKey) -> None:
    numbers = key.public_numbers()
    if key.key_size < 2048 or key.key_size % 8:
        raise Refusal(
            Kind.WEAK_KEY, f"An RSA key needs 2048 bits or more, in whole octets; this one has {key.key_size}."
        )
    if numbers.e < 3 or numbers.e % 2 == 0:
        raise Refusal(Kind.WEAK_KEY, "The RSA public exponent must be odd and 3 or more.")
    if _has_near_primes(numbers.n):
        raise Refusal(Kind.WEAK_KEY, "The primes of the RSA key are too near to each other.")


def _has_near_primes(modulus: int) -> bool:
    middle = math.isqrt(modulus - 1) + 1
    for step in range(FERMAT_ROUNDS):
        rest = (middle + step) ** 2 - modulus
        # A square ends, in binary, in one of few ways: this saves nearly all of the roots.
        if rest & 15 in (0, 1, 4, 9) and math.isqrt(rest) ** 2 == rest:
            return True
    return False


def check_names(common_name: str, names: Sequence[str], *, extended: bool, addresses: bool) -> tuple[str, ...]:
    """
    Check the names of an order.

    Args:
        common_name: in lower case.
        names: all names in lower case, the common name among them.
        extended: the product is EV: no wildcards, no addresses (EV Guidelines 7.1.2.7.12).
        addresses: whether the product takes public IP addresses.

    Returns:
        The names, each once.

    Raises:
        Refusal: a name that no public CA may certify.

    Source: BR 7.1.2.7.12, 7.1.4.2, 4.2.2.
    """
    if not common_name:
        raise Refusal(Kind.NO_NAME, "The common name is missing.")
    unique = tuple(dict.fromkeys(names))
    if len(unique) > NAMES_LIMIT:
        raise Refusal(Kind.MANY_NAMES, f"The order has {len(unique)} names; at most {NAMES_LIMIT} are allowed.")
    if len(common_name) > COMMON_NAME_LIMIT:
        raise Refusal(Kind.NAME, f"The common name '{common_name}' is longer than {COMMON_NAME_LIMIT} characters.")
    for name in unique:
        address = read_address(name)
        if address is None:
            _check_domain_name(name, extended=extended)
        elif extended or not addresses:
            raise Refusal(Kind.ADDRESS, f"'{name}' is an IP address; this product takes domain names only.")
        elif not address.is_global:
            raise Refusal(Kind.INTERNAL, f"'{name}' is a reserved IP address, which nobody can show to control.")
    return unique


def read_address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a name is; None if it is none."""
    if ":" not in name and not name[-1:].isdigit():
        # No address ends so: nearly every name is told from one here.
        return None
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _check_domain_name(name: str, *, extended: bool) -> None:
    base = name.removeprefix("*.")
    labels = base.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refusal(Kind.NAME, f"'{name}' is not a valid domain name: labels have letters, digits and inner hyphens.")
    top = labels[-1]
    if len(labels) < 2 or top in RESERVED:
        raise Refusal(Kind.INTERNAL, f"'{name}' is an internal name, which nobody can show to control.")
    if not _TOP.fullmatch(top):
        raise Refusal(Kind.NAME, f"'{name}' is not a valid domain name: it does not end with a top-level domain.")
    if base != name and extended:
        raise Refusal(Kind.WILDCARD, f"'{name}' is a wildcard name, which an EV certificate can not have.")


def covers(domains: Collection[str], name: str) -> bool:
    """Tell whether a name is one of these domains, or below one."""
    labels = name.removeprefix("*.").split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def check_caa(records: Mapping[str, Collection[str]], names: Sequence[str], authority: str) -> None:
    """
    Refuse names whose CAA records name other CAs only; the nearest domain with records counts.

    Args:
        records: ``issue`` values by domain.
        names: of the order.
        authority: the domain that stands for this CA, such as ``digicert.com``.

    Raises:
        Refusal: a record forbids it.

    Source: RFC 8659 section 3; BR 3.2.2.8.
    """
    for name in names:
        labels = name.removeprefix("*.").split(".")
        for start in range(len(labels)):
            domain = ".".join(labels[start:])
            if domain in records:
                allowed = [value.split(";")[0].strip().lower() for value in records[domain]]
                if authority not in allowed:
                    found = ", ".join(sorted(filter(None, allowed))) or "nobody"
                    raise Refusal(
                        Kind.CAA, f"CAA records of {domain} allow {found} to issue for '{name}', not {authority}."
                    )
                break
