"""Lesson 06: who may do what, and why the private key never leaves."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kvlab.errors import VaultError
from kvlab.lessons.draw import PLANTS
from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import answer_words, fingerprint, key_words
from kvlab.lessons.life import make_first
from kvlab.lessons.self_signed import issued, made_here_row, plant_and_host
from kvlab.vault.access import PERMISSIONS, allows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault

TEXT_LENGTH = 32
"""As long as a SHA-256 digest, so that who signs the text itself gets an answer, and a wrong one."""

COORDINATE = 32
MAY_READ = {name for name in PERMISSIONS if name.startswith("get_") and PERMISSIONS[name].area == "secrets"}
AREAS = ("certificates", "keys", "secrets")


def grants(at: Look, principal: str) -> Mapping[str, Sequence[str]]:
    """Return what a principal may do now, as the log tells it; nothing for one that nobody defined."""
    told = at.about(principal, "principals")
    return {area: told[-1].detail.get(area, ()) if told else () for area in (*AREAS, "roles")}


def allowed(granted: Mapping[str, Sequence[str]]) -> set[str]:
    """Return the operations that grants allow."""
    return {name for name, permission in PERMISSIONS.items() if allows(granted, permission)}


def _server(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "principal": f"{draw.plant()}-web"}


def _server_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    make_first(vault, given, kty="EC", content_type="application/x-pem-file")
    return {}


def _least(at: Look) -> Iterator[Row]:
    may = allowed(grants(at, at.task.principal))
    if not may and not at.about(at.task.principal, "principals"):
        raise Stuck(f"{at.task.principal} has no permission yet: vault.set_principal('{at.task.principal}', …)")
    reads = "get_secret" in may
    found = "200" if reads else "403"
    yield Row(f"secret read as {at.task.principal}", "200", found, reads, "which_object")
    more = _more_than_get(grants(at, at.task.principal))
    words = ", ".join(more[:3]) + (f" and {len(more) - 3} more" if len(more) > 3 else "") if more else "nothing"
    yield Row("what else it may do", "nothing", words, not more, "what_else")


def _more_than_get(granted: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what grants allow beyond secrets/get; the smallest role reads lists of secrets too, and may."""
    named = [f"{area}/{name}" for area in AREAS for name in granted[area] if (area, name) != ("secrets", "get")]
    by_role = allowed({**dict.fromkeys(AREAS, ()), "roles": granted["roles"]})
    return sorted({*named, *(by_role - MAY_READ)})


def _three(draw: Draw) -> dict[str, Any]:
    plant, host = draw.plant(), draw.hosts(1)[0]
    return {
        "name": plant,
        "host": host,
        "deploy": f"{plant}-deploy",
        "web": f"{plant}-web",
        "signer": f"{plant}-signer",
    }


HAD = {"deploy": {"certificates": ["get"]}, "web": {"certificates": ["get"]}, "signer": {"keys": ["get"]}}
MISSING = {"deploy": ("certificates", "create"), "web": ("secrets", "get"), "signer": ("keys", "sign")}


def _three_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let three callers be refused, each for one permission that is missing."""
    make_first(vault, given, kty="EC")
    for who, had in HAD.items():
        vault.set_principal(given[who], **had)
    policy = vault.get_certificate_policy(given["name"])
    calls = (
        lambda: vault.as_principal(given["deploy"]).create_certificate(f"{given['name']}-next", policy),
        lambda: vault.as_principal(given["web"]).get_secret(given["name"]),
        lambda: vault.as_principal(given["signer"]).sign(given["name"], "ES256", bytes(32)),
    )
    refusals = []
    for call in calls:
        try:
            call()
        except VaultError as error:
            refusals.append(error.message)
    return {"refusals": refusals}


def _three_letters(at: Look) -> Iterator[Row]:
    task = at.task
    ours = {task.deploy, task.web, task.signer}
    # Those of other tasks are called after a plant; whoever is not was invented for this one.
    others = {event.object.partition("/")[2] for event in at.events if event.kind == "set_principal"} - ours
    stranger = any(other.partition("-")[0] not in PLANTS for other in others)
    for who, (area, permission) in MISSING.items():
        now = {part: set(grants(at, task.parameters[who]).get(part, ())) for part in AREAS}
        wanted = {part: set(HAD[who].get(part, ())) for part in AREAS}
        wanted[area].add(permission)
        has = permission in now[area]
        wrong_area = any(permission in now[part] - set(HAD[who].get(part, ())) for part in AREAS if part != area)
        hint = "wrong_area" if wrong_area else "who_was_refused" if stranger else "read_the_letter"
        words = "; ".join(f"{part}: {', '.join(sorted(now[part]))}" for part in AREAS if now[part]) or "nothing"
        yield Row(f"{task.parameters[who]} may {area}/{permission}", "yes", "yes" if has else words, has, hint)
        lost = {f"{part}/{each}" for part in AREAS for each in wanted[part] - now[part]} - {f"{area}/{permission}"}
        yield Row(f"{task.parameters[who]} lost", "nothing", ", ".join(sorted(lost)) or "nothing", not lost, "replaced")
        extra = sorted(f"{part}/{each}" for part in AREAS for each in now[part] - wanted[part])
        extra += [f"role {role}" for role in grants(at, task.parameters[who])["roles"]]
        count = f"{len(extra)}: {', '.join(extra[:3])}…" if len(extra) > 3 else ", ".join(extra) or "nothing"
        yield Row(f"{task.parameters[who]} got besides", "nothing", count, not extra, "for_the_auditor")


def _text(draw: Draw) -> dict[str, Any]:
    plant = draw.plant()
    return {"name": plant, "message": f"Water the {plant} in the morning".ljust(TEXT_LENGTH, ".")[:TEXT_LENGTH]}


def _use_without_having(at: Look) -> Iterator[Row]:
    task = at.task
    current = yield from issued(at, task.name)
    if current is None:
        return
    kind = key_words(current.leaf.public_key())
    yield Row("key", "EC P-256", kind, kind == "EC P-256", "wrong_key")
    # Another key that could leave is another key's story.
    versions = at.versions(task.name)
    mine = fingerprint(current.leaf)
    for number, version in enumerate(versions, start=1):
        if fingerprint(version.leaf) == mine:
            inside = at.holds_key(task.name, version)
            hint = "signed_outside" if number == len(versions) else "was_exportable"
            found = "yes" if inside else "no"
            yield Row(f"private key in the secret of version {number}", "no", found, not inside, hint)
    yield made_here_row(current)
    if at.answer is None:
        raise Stuck(f"Hand in the signature: check('{task.id}', answer)")
    valid = _holds(current.leaf.public_key(), _octets(at.answer), task.message.encode())
    yield Row("signature over the text", "valid", "valid" if valid else "not valid", valid, "digest_not_text")
    signed = any(event.kind == "sign" for event in at.about(task.name, "keys"))
    yield Row("signed in the vault", "yes", "yes" if signed else "no", signed, "signed_outside")


def _octets(answer: object) -> object:
    """Return the octets of a signature: as they are, in the SDK's result, or as text in hexadecimal or base64url."""
    given = getattr(answer, "signature", getattr(answer, "value", answer))
    if isinstance(given, bytearray):
        return bytes(given)
    if not isinstance(given, str):
        return given
    text = given.strip()
    try:
        if len(text) == 4 * COORDINATE:
            return bytes.fromhex(text)
        return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _holds(public: object, signature: object, message: bytes) -> bool:
    """Whether a signature as the vault gives it, r and s of 32 octets each, holds."""
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(signature, bytes):
        return False
    if len(signature) != 2 * COORDINATE:
        return False
    r, s = (int.from_bytes(half, "big") for half in (signature[:COORDINATE], signature[COORDINATE:]))
    try:
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _suspects(draw: Draw) -> dict[str, Any]:
    plant, host = draw.plant(), draw.hosts(1)[0]
    names = {who: f"{plant}-{who}" for who in ("web", "auditor", "backup", "intern", "ops")}
    return {"name": plant, "host": host, **names, "suspects": draw.shuffled("suspects", list(names.values()))}


def _suspects_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let five principals come and go around a key that could leave, and was replaced by one that can not."""
    make_first(vault, given, kty="EC")
    first = vault.get_certificate(given["name"]).id.rsplit("/", 1)[1]
    vault.set_principal(given["web"], secrets=["get"])
    vault.set_principal(given["auditor"], roles=["Key Vault Reader"])
    vault.set_principal(given["backup"], certificates=["get", "list"], keys=["get", "list"])
    with suppress(VaultError):
        vault.as_principal(given["backup"]).get_secret(given["name"])
    vault.set_principal(given["intern"], secrets=["all"])
    vault.clock.advance(86_400)  # type: ignore[attr-defined]  # a lesson's clock is a simulated one
    vault.set_principal(given["intern"], certificates=["get"])
    stays = {"key_props": {"kty": "EC", "crv": "P-256", "exportable": False}}
    vault.update_certificate_policy(given["name"], stays)
    vault.create_certificate(given["name"])
    vault.clock.advance(10)  # type: ignore[attr-defined]
    vault.update_certificate(given["name"], first, attributes={"enabled": False})
    vault.set_principal(given["ops"], secrets=["get"])
    return {}


def _who_could(at: Look) -> Iterator[Row]:
    task = at.task
    if at.answer is None:
        raise Stuck(f"Hand in the names: check('{task.id}', ['…', '…'])")
    named = {word.lower() for word in answer_words(at.answer)}
    rows = (
        ("auditor", False, "what_a_reader_reads"),
        ("backup", False, "tried_and_refused"),
        ("ops", False, "came_too_late"),
        ("web", True, "not_named"),
        ("intern", True, "only_today"),
    )
    for who, could, hint in rows:
        says = task.parameters[who] in named
        words = {True: "could", False: "could not"}
        yield Row(task.parameters[who], words[could], words[says], says is could, hint)


MAKINGS = {
    "06.1": Making(_server, _least, _server_scene),
    "06.2": Making(_three, _three_letters, _three_scene),
    "06.3": Making(_text, _use_without_having),
    "06.4": Making(_suspects, _who_could, _suspects_scene),
}
