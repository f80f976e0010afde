"""Extensions about policies and name spaces, and statements of qualified certificates, as fields."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from kvlab.errors import MalformedElement
from kvlab.x509.der import BOOLEAN, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, Element
from kvlab.x509.name_fields import network
from kvlab.x509.oid import name_oid
from kvlab.x509.primitive import STRING_TAGS, Told, boolean_text, integer_text, string_text

if TYPE_CHECKING:
    from kvlab.x509.field import Inspection

_SECTION = "extensions"
_OUTLINE_DEPTH = 4
_NUMBERS = {INTEGER: integer_text, BOOLEAN: boolean_text}


def policies(seen: Inspection, element: Element) -> Told:
    """
    Read certificatePolicies (RFC 5280 section 4.2.1.4).
    """
    names: dict[str, None] = {}
    repeated = None
    for part in seen.members(element):
        inner = seen.members(part)
        if not inner:
            raise MalformedElement("A PolicyInformation is empty.")
        oid, name = name_oid(seen.content(inner[0], OBJECT_IDENTIFIER))
        seen.row(_SECTION, "policyIdentifier", name, inner[0], oid)
        if len(inner) > 1:
            for qualifier in seen.members(inner[1]):
                _qualifier(seen, qualifier)
        if name in names:
            repeated = f"The policy {name} appears twice."
        names[name] = None
    return ", ".join(names), repeated or (None if names else "There must be at least one policy.")


def _qualifier(seen: Inspection, element: Element) -> None:
    parts = seen.members(element)
    if len(parts) != 2:
        raise MalformedElement("A PolicyQualifierInfo is a type and a qualifier.")
    oid, name = name_oid(seen.content(parts[0], OBJECT_IDENTIFIER))
    value = parts[1]
    if name == "unotice" and value[0] == SEQUENCE:
        for part in seen.members(value):
            seen.row(_SECTION, "noticeRef" if part[0] == SEQUENCE else "explicitText", outline(seen, part), part, oid)
        return
    text, problem = string_text(value[0], seen.der[value[2] : value[3]])
    seen.row(_SECTION, "cPSuri" if name == "cps" else name, text, value, oid, problem)


def policy_mappings(seen: Inspection, element: Element) -> Told:
    """
    Read policyMappings (RFC 5280 section 4.2.1.5), each shown as ``issuer's -> subject's``.
    """
    shown = []
    for part in seen.members(element):
        inner = seen.members(part)
        if len(inner) != 2:
            raise MalformedElement("A policy mapping is two policies.")
        names = [name_oid(seen.content(policy, OBJECT_IDENTIFIER))[1] for policy in inner]
        problem = "anyPolicy must not be mapped." if "anyPolicy" in names else None
        shown.append(" -> ".join(names))
        seen.row(_SECTION, "policyMapping", shown[-1], part, None, problem)
    return ", ".join(shown), None if shown else "There must be at least one mapping."


def policy_constraints(seen: Inspection, element: Element) -> Told:
    """
    Read policyConstraints (RFC 5280 section 4.2.1.11).
    """
    shown = []
    for part in seen.members(element):
        name = {0x80: "requireExplicitPolicy", 0x81: "inhibitPolicyMapping"}.get(part[0])
        if name is None:
            raise MalformedElement("PolicyConstraints has no such part.")
        text, problem = integer_text(seen.der[part[2] : part[3]])
        seen.row(_SECTION, name, text, part, None, problem)
        shown.append(f"{name}: {text}")
    return ", ".join(shown), None if shown else "PolicyConstraints must not be empty."


def name_constraints(seen: Inspection, element: Element) -> Told:
    """
    Read nameConstraints (RFC 5280 section 4.2.1.10); a row for each subtree.
    """
    shown = []
    for part in seen.members(element):
        name = {0xA0: "permittedSubtrees", 0xA1: "excludedSubtrees"}.get(part[0])
        if name is None:
            raise MalformedElement("NameConstraints has no such part.")
        trees = [_subtree(seen, name, tree) for tree in seen.children(part[2], part[3])]
        shown.append(f"{name}: {', '.join(trees)}")
    return "; ".join(shown), None if shown else "NameConstraints must not be empty."


def _subtree(seen: Inspection, name: str, element: Element) -> str:
    parts = seen.members(element)
    if not parts:
        raise MalformedElement("A GeneralSubtree is empty.")
    base = network(seen, parts[0])
    problem = base.problem
    text = str(base)
    for part in parts[1:]:
        distance, _ = integer_text(seen.der[part[2] : part[3]])
        text += f" ({'minimum' if part[0] == 0x80 else 'maximum'} {distance})"
        problem = problem or "RFC 5280 allows neither minimum nor maximum in a name constraint."
    seen.row(_SECTION, name, text, element, base.oid, problem)
    return text


def qualified_statements(seen: Inspection, element: Element) -> Told:
    """
    Read qcStatements (RFC 3739 section 3.2.6, ETSI EN 319 412-5); a row for each statement.
    """
    shown = []
    for part in seen.members(element):
        inner = seen.members(part)
        if not inner:
            raise MalformedElement("A QCStatement is empty.")
        oid, name = name_oid(seen.content(inner[0], OBJECT_IDENTIFIER))
        told = ", ".join(outline(seen, extra) for extra in inner[1:])
        seen.row(_SECTION, name, told or "present", part, oid)
        shown.append(f"{name}: {told}" if told else name)
    return ", ".join(shown), None if shown else "There must be at least one statement."


def outline(seen: Inspection, element: Element, depth: int = _OUTLINE_DEPTH) -> str:
    """
    Write any small value on one line: primitives as text, the members of a SEQUENCE or SET between commas, else hex.
    """
    tag = element[0]
    octets = seen.der[element[2] : element[3]]
    if tag in STRING_TAGS:
        return string_text(tag, octets)[0]
    if tag in _NUMBERS:
        return _NUMBERS[tag](octets)[0]
    if tag in (SEQUENCE, SET) and depth:
        return ", ".join(outline(seen, child, depth - 1) for child in seen.children(element[2], element[3]))
    if tag == OBJECT_IDENTIFIER:
        with suppress(MalformedElement):
            return name_oid(octets)[1]
    return seen.der[element[1] : element[4]].hex()
