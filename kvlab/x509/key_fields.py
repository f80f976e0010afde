"""Algorithms and public keys as fields (RFC 3279, 4055, 5480, 5758 and 8410)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import MalformedElement
from kvlab.x509.der import BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, Element, Reader
from kvlab.x509.oid import OID_NAMES, name_oid
from kvlab.x509.primitive import bits, integer_text, magnitude_hex

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.x509.field import Inspection

_SECTION = "public key"
_LONGEST_REMEMBERED = 100
_PSS = "1.2.840.113549.1.1.10"

_KEY_VAULT_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521", "secp256k1": "P-256K"}
_RAW_KEY_OCTETS = {"X25519": 32, "X448": 56, "Ed25519": 32, "Ed448": 57}

_WITH_NULL = {name for name in OID_NAMES.values() if name.endswith("WithRSAEncryption")} | {"rsaEncryption"}
_WITHOUT_PARAMETERS = {name for name in OID_NAMES.values() if name.startswith("ecdsa-with-")} | {*_RAW_KEY_OCTETS}

_PSS_PARAMETERS = {
    0xA0: ("hashAlgorithm", "sha1"),
    0xA1: ("maskGenAlgorithm", "mgf1 with sha1"),
    0xA2: ("saltLength", "20"),
    0xA3: ("trailerField", "1"),
}
"""Tag -> name and default (RFC 4055 section 3.1)."""


class Algorithm(NamedTuple):
    """An AlgorithmIdentifier as read; ``parameters`` is where they begin, counted from its start, or None."""

    oid: str
    name: str
    parameters: int | None
    problem: str | None


def read_algorithm(seen: Inspection, element: Element) -> Algorithm:
    """
    Read an AlgorithmIdentifier.

    Raises:
        MalformedElement: it is none.
    """
    return _read_algorithm(seen.der[element[1] : element[4]])


def _read_algorithm(octets: bytes) -> Algorithm:
    if len(octets) > _LONGEST_REMEMBERED:
        return _identify.__wrapped__(octets)
    return _identify(octets)


@lru_cache(maxsize=128)
def _identify(octets: bytes) -> Algorithm:
    """Read an AlgorithmIdentifier apart from its input: a few dozen different ones are in nearly all certificates."""
    reader = Reader(octets)
    parts = reader.members(reader.only_child(0, len(octets)))
    if not 1 <= len(parts) <= 2:
        raise MalformedElement("An AlgorithmIdentifier is an OID and at most one parameter.")
    oid, name = name_oid(reader.content(parts[0], OBJECT_IDENTIFIER))
    parameters = parts[1] if len(parts) == 2 else None
    problem = next((sentence for sentence, _ in reader.faults.values()), None)
    if name in _WITHOUT_PARAMETERS and parameters is not None:
        problem = problem or f"{name} has no parameters, but there are some here."
    elif name in _WITH_NULL and (parameters is None or parameters[0] != NULL or parameters[2] != parameters[3]):
        problem = problem or f"The parameters of {name} must be NULL."
    return Algorithm(oid, name, None if parameters is None else parameters[1], problem)


def _parameters_of(seen: Inspection, element: Element, algorithm: Algorithm) -> Element | None:
    if algorithm.parameters is None:
        return None
    return seen.only_child(element[1] + algorithm.parameters, element[3])


def algorithm_fields(
    seen: Inspection, section: str, name: str, element: Element, problem: str | None = None
) -> Algorithm:
    """
    Add a row for an AlgorithmIdentifier, and one for each parameter of RSASSA-PSS.

    Raises:
        MalformedElement: it is none.
    """
    algorithm = read_algorithm(seen, element)
    seen.row(section, name, algorithm.name, element, algorithm.oid, problem or algorithm.problem)
    if algorithm.oid == _PSS and (parameters := _parameters_of(seen, element, algorithm)):
        _pss_fields(seen, section, parameters)
    return algorithm


def _pss_fields(seen: Inspection, section: str, parameters: Element) -> None:
    try:
        given = {child[0]: child for child in seen.members(parameters)}
    except MalformedElement as fault:
        seen.raw(section, "parameters", parameters, str(fault))
        return
    for tag, (name, default) in _PSS_PARAMETERS.items():
        child = given.pop(tag, None)
        if child is None:
            seen.derived(section, name, default)
            continue
        try:
            seen.row(section, name, _pss_parameter(seen, seen.only_child(child[2], child[3])), child)
        except MalformedElement as fault:
            seen.raw(section, name, child, str(fault))
    for child in given.values():
        seen.raw(section, "parameters", child, "RSASSA-PSS has no such parameter.")


def _pss_parameter(seen: Inspection, value: Element) -> str:
    if value[0] == INTEGER:
        return integer_text(seen.der[value[2] : value[3]])[0]
    algorithm = read_algorithm(seen, value)
    parameters = _parameters_of(seen, value, algorithm)
    if algorithm.name != "mgf1" or parameters is None:
        return algorithm.name
    return f"mgf1 with {read_algorithm(seen, parameters).name}"


def public_key_fields(seen: Inspection, element: Element) -> None:
    """
    Add the rows of a SubjectPublicKeyInfo: one for the whole, then algorithm, parameters, key and size.

    Raises:
        MalformedElement: it is not a SEQUENCE of an AlgorithmIdentifier and a BIT STRING.
    """
    parts = seen.members(element)
    if len(parts) != 2 or parts[1][0] != BIT_STRING:
        raise MalformedElement("A SubjectPublicKeyInfo is an AlgorithmIdentifier and a BIT STRING.")
    place = len(seen.rows)
    algorithm = algorithm_fields(seen, _SECTION, "algorithm", parts[0])
    try:
        parameters = _parameters_of(seen, parts[0], algorithm)
        summary = _KEYS.get(algorithm.oid, _opaque_key)(seen, algorithm.name, parameters, parts[1])
    except MalformedElement as fault:
        seen.raw(_SECTION, "subjectPublicKey", parts[1], str(fault))
        summary = algorithm.name
    at = element[1]
    seen.rows.insert(place, (_SECTION, "subjectPublicKeyInfo", summary, None, None, at, element[4] - at, None))


def _rsa_key(seen: Inspection, name: str, _parameters: Element | None, key: Element) -> str:
    _, problem = bits(seen.der[key[2] : key[2] + 1])
    parts = seen.members(seen.only_child(key[2] + 1, key[3]))
    if len(parts) != 2:
        raise MalformedElement("An RSA key is a modulus and an exponent.")
    modulus = seen.content(parts[0], INTEGER)
    exponent = seen.content(parts[1], INTEGER)
    text, modulus_problem = magnitude_hex(modulus)
    seen.row(_SECTION, "modulus", text, parts[0], None, modulus_problem or problem)
    text, problem = integer_text(exponent)
    if not problem and (exponent[0] >= 0x80 or exponent[-1] % 2 == 0 or exponent == b"\x01"):
        problem = "The exponent of an RSA key is odd and at least 3."
    seen.row(_SECTION, "publicExponent", text, parts[1], None, problem)
    size = int.from_bytes(modulus, "big").bit_length()
    seen.derived(_SECTION, "keySize", str(size))
    return f"{'RSA' if name == 'rsaEncryption' else name} {size} bits"


def _ec_key(seen: Inspection, _name: str, curve: Element | None, key: Element) -> str:
    if curve is None or curve[0] != OBJECT_IDENTIFIER:
        if curve is not None:
            seen.raw(_SECTION, "ecParameters", curve, "RFC 5480 allows a named curve only.")
        else:
            seen.derived(_SECTION, "namedCurve", "", None, "The curve is missing.")
        _key_row(seen, key, None)
        return "EC"
    oid, name = name_oid(seen.der[curve[2] : curve[3]])
    shown = f"{name} ({_KEY_VAULT_CURVES[name]})" if name in _KEY_VAULT_CURVES else name
    seen.row(_SECTION, "namedCurve", shown, curve, oid)
    size = _curve_bits(name)
    _key_row(seen, key, _point_problem(seen.der[key[2] + 1 : key[3]], size))
    if size is not None:
        seen.derived(_SECTION, "keySize", str(size))
    return f"EC {shown}"


def _curve_bits(name: str) -> int | None:
    digits = name[4:7] if name.startswith("sec") else name[10:13] if name.startswith("brainpool") else ""
    return int(digits) if digits.isdigit() else None


def _point_problem(point: bytes, size: int | None) -> str | None:
    if size is None:
        return None
    octets = (size + 7) // 8
    if (point[:1] == b"\x04" and len(point) == 1 + 2 * octets) or (
        point[:1] in b"\x02\x03" and len(point) == 1 + octets
    ):
        return None
    return f"The point does not have the form or the length of one on a curve of {size} bits."


def _dsa_key(seen: Inspection, _name: str, parameters: Element | None, key: Element) -> str:
    _, problem = bits(seen.der[key[2] : key[2] + 1])
    size = 0
    if parameters is not None:
        numbers = seen.members(parameters)
        for part, number in zip(("p", "q", "g"), numbers, strict=False):
            text, number_problem = magnitude_hex(seen.content(number, INTEGER))
            seen.row(_SECTION, part, text, number, None, number_problem)
        if len(numbers) != 3:
            problem = "The parameters of a DSA key are p, q and g."
        else:
            size = int.from_bytes(seen.content(numbers[0], INTEGER), "big").bit_length()
    public = seen.only_child(key[2] + 1, key[3])
    text, number_problem = magnitude_hex(seen.content(public, INTEGER))
    seen.row(_SECTION, "y", text, public, None, number_problem or problem)
    if not size:
        return "DSA"
    seen.derived(_SECTION, "keySize", str(size))
    return f"DSA {size} bits"


def _opaque_key(seen: Inspection, name: str, parameters: Element | None, key: Element) -> str:
    if parameters is not None:
        seen.row(_SECTION, "parameters", seen.der[parameters[1] : parameters[4]].hex(), parameters)
    size = _RAW_KEY_OCTETS.get(name)
    problem = None
    if size is not None and key[3] - key[2] - 1 != size:
        problem = f"A key of {name} has {size} octets."
    _key_row(seen, key, problem)
    return name


def _key_row(seen: Inspection, key: Element, problem: str | None) -> None:
    octets, bits_problem = bits(seen.der[key[2] : key[3]])
    seen.row(_SECTION, "subjectPublicKey", octets.hex(), key, None, bits_problem or problem)


_KEYS: dict[str, Callable[[Inspection, str, Element | None, Element], str]] = {
    "1.2.840.113549.1.1.1": _rsa_key,
    _PSS: _rsa_key,
    "1.2.840.113549.1.1.7": _rsa_key,
    "1.2.840.10045.2.1": _ec_key,
    "1.3.132.1.12": _ec_key,
    "1.2.840.10040.4.1": _dsa_key,
}
