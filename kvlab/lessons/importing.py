"""Lesson 03: a key that exists already moves in."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kvlab.errors import X509Error
from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import dns_names, fingerprint, is_authority, is_for_servers, is_named, is_signed_by
from kvlab.lessons.look import refusal_words
from kvlab.lessons.self_signed import plant_and_host
from kvlab.providers.authority import make_hierarchy, sign_request
from kvlab.vault.own_key import certificate_from_key, request_from_key
from kvlab.x509.container import pem, pem_blocks, pem_certificate
from kvlab.x509.key import private_key_from_scalar, private_key_pem, private_key_pkcs8_der
from kvlab.x509.pbe import encrypt
from kvlab.x509.pfx import write_protected_pfx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look, Version
    from kvlab.vault.vault import Vault

PASSWORD = "geranium"  # noqa: S105  printed in the lesson
LABELS = ("EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "Windows line ends")
OPEN_LABELS = ("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")


def made_key(purpose: str) -> EllipticCurvePrivateKey:
    """Make a key that a task hands out; everybody can read from what."""
    return private_key_from_scalar("P-256", int.from_bytes(sha256(purpose.encode()).digest()[:30], "big"))


def own_certificate(key: EllipticCurvePrivateKey, host: str, now: datetime, *, months: int = 12) -> bytes:
    """Make the self-signed certificate of a server: DER."""
    return certificate_from_key(key, _wish(host, months), now=now, serial_number=20260601, deterministic=True)


def _wish(host: str, months: int) -> dict[str, Any]:
    return {"x509_props": {"subject": f"CN={host}", "sans": {"dns_names": [host]}, "validity_months": months}}


def _label_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    key = made_key(f"03.1 {given['name']}")
    leaf = pem_certificate(own_certificate(key, given["host"], vault.clock.now()))
    text = private_key_pem(key)
    if given["label"] == "EC PRIVATE KEY":
        text = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    elif given["label"] == "ENCRYPTED PRIVATE KEY":
        text = locked_key(key)
    else:
        text, leaf = text.replace("\n", "\r\n"), leaf.replace("\n", "\r\n")
    return {"key": text, "certificate": leaf, "password": PASSWORD}


def locked_key(key: EllipticCurvePrivateKey) -> str:
    """Write a key as PKCS#8 under the lesson's password, the same octets each time."""
    salt = sha256(private_key_pkcs8_der(key)).digest()
    octets = encrypt(private_key_pkcs8_der(key), PASSWORD.encode(), salt=salt[:16], iv=salt[16:], rounds=2048)
    return pem("ENCRYPTED PRIVATE KEY", octets)


def _four_labels(at: Look) -> Iterator[Row]:
    task, text = at.task, at.text_handed_in()
    try:
        labels = [block.label for block in pem_blocks(text)]
    except X509Error:
        labels = []
    keys = [label for label in labels if "PRIVATE KEY" in label]
    yield Row("private keys in the file", "1", str(len(keys)), len(keys) == 1, "no_key_in_file")
    if len(keys) != 1:
        return
    yield Row("label of the key", " or ".join(OPEN_LABELS), keys[0], keys[0] in OPEN_LABELS, "key_label")
    others = ", ".join(label for label in labels if label not in keys) or "none"
    yield Row("label of the certificate", "CERTIFICATE", others, others == "CERTIFICATE", "not_a_certificate")
    ends = "CR LF" if "\r" in text else "LF"
    yield Row("line ends", "LF", ends, ends == "LF", "line_ends")
    current = at.current(task.name) if at.has(task.name) else None
    if current is not None:
        # What was refused before or after it takes nothing back.
        yield Row("import", "imported", "imported", True, "not_imported")
        yield _same_key(current, x509.load_pem_x509_certificate(task.certificate.encode()))
        return
    refused = at.refused("import_certificate", task.name)
    words, seq = (refusal_words(refused), refused.seq) if refused else ("not imported", None)
    hint = "locked" if refused and keys[0].startswith("ENCRYPTED") else "not_imported"
    yield Row("import", "imported", words, False, hint, seq)


def _same_key(current: Version, wanted: object, hint: str = "other_key_imported") -> Row:
    mine, theirs = fingerprint(wanted), fingerprint(current.leaf)
    return Row("public key", mine, theirs, mine == theirs, hint)


def imported(at: Look) -> Version:
    """
    Return the version that was imported last.

    Raises:
        Stuck: there is none.
    """
    refused = at.refused("import_certificate", at.task.name)
    if not at.has(at.task.name) and refused is not None:
        raise Stuck(f"The import was refused: {refusal_words(refused)}")
    current = at.current(at.task.name)
    if current is None:
        raise Stuck(f"{at.task.name} is still pending: this exercise imports it.")
    return current


def _pfx_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    key = made_key(f"03.2 {given['name']}")
    leaf = own_certificate(key, given["host"], vault.clock.now())
    return {"pfx": write_protected_pfx(key, [leaf], PASSWORD.encode()), "password": PASSWORD, "leaf": leaf}


def _pfx_to_stay(at: Look) -> Iterator[Row]:
    task, current = at.task, imported(at)
    yield _same_key(current, x509.load_der_x509_certificate(task.leaf))
    policy = at.policy(task.name)
    leaves = policy.key_props is None or policy.key_props.exportable is not False
    yield Row("exportable, in the policy", "false", str(leaves).lower(), not leaves, "import_assumes")
    for number, version in enumerate(at.versions(task.name), start=1):
        held = at.secret(task.name, version.id)
        inside = bool(held and held.keys)
        found = "yes" if inside else "no"
        yield Row(f"private key in the secret of version {number}", "no", found, not inside, "old_version_open")
    tags = [tag for version in at.versions(task.name) for tag in (version.bundle.tags or {}).items()]
    told = any(task.password in part for tag in tags for part in tag)
    yield Row("password in a tag", "no", "yes" if told else "no", not told, "password_in_tag")


def _key_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    del vault
    key = made_key(f"03.3 {given['name']}")
    return {"key": private_key_pem(key), "public": fingerprint(key)}


def _from_own_key(at: Look) -> Iterator[Row]:
    task, current = at.task, imported(at)
    theirs = fingerprint(current.leaf)
    yield Row("public key", f"{task.public}, of task.key", theirs, theirs == task.public, "made_with_another_key")
    version = current.leaf.version.name
    yield Row("version", "v3", version, version == "v3", "old_version_number")
    names = dns_names(current.leaf)
    hint = "names_differ" if names else "cn_only"
    yield Row("subjectAltName", task.host, ", ".join(names) or "none", is_named(names, task.host), hint)
    authority = is_authority(current.leaf)
    yield Row("basicConstraints cA", "false", str(authority).lower(), not authority, "may_sign")
    serves = is_for_servers(current.leaf)
    yield Row("extended key usage", "serverAuth", "serverAuth" if serves else "none", serves, "not_for_servers")


def _pairs_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hand out three keys and four certificates: one good pair, one expired, two of keys not there."""
    host, now, name = given["host"], vault.clock.now(), given["name"]
    keys = {word: made_key(f"03.4 {name} {word}") for word in ("good", "old", "spare", "lost", "newest")}
    made = {
        "good": own_certificate(keys["good"], host, now - timedelta(days=100)),
        "old": own_certificate(keys["old"], host, now - timedelta(days=500)),
        "lost": own_certificate(keys["lost"], host, now - timedelta(days=50)),
        "newest": own_certificate(keys["newest"], host, now - timedelta(days=1)),
    }
    return {
        "keys": [private_key_pem(keys[word]) for word in given["key_order"]],
        "certificates": [pem_certificate(made[word]) for word in given["certificate_order"]],
        "good": fingerprint(keys["good"]),
    }


def _three_and_four(draw: Draw) -> dict[str, Any]:
    return {
        **plant_and_host(draw),
        "key_order": draw.shuffled("keys", ("good", "old", "spare")),
        "certificate_order": draw.shuffled("certificates", ("good", "old", "lost", "newest")),
    }


def _which_two(at: Look) -> Iterator[Row]:
    task = at.task
    refused = at.refused("import_certificate", task.name)
    if refused is not None and not at.has(task.name):
        hint = "expired_pair" if "expired" in str(refused.detail.get("message", "")).lower() else "no_pair"
        yield Row("import", "imported", refusal_words(refused), False, hint, refused.seq)
        return
    current = imported(at)
    yield Row("made by", "import", current.made_by, current.made_by == "import", "no_pair")
    theirs = fingerprint(current.leaf)
    yield Row("public key", "of the pair that is valid", theirs, theirs == task.good, "no_pair")


def _order_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hand out a file that came root first, and an intermediate of the same name with another key."""
    key, now = made_key(f"03.5 {given['name']}"), vault.clock.now()
    root, issuing = _authority("Contoso Plants", now)
    _, stranger = _authority("Contoso Plants", now, twin=" twin")
    leaf = sign_request(
        request_from_key(key, _wish(given["host"], 12), deterministic=True),
        issuing,
        serial_number=35,
        now=now,
        months=12,
        copy_extensions=True,
        seeded=True,
    )
    certificates = [root.certificate_der, issuing.certificate_der, leaf]
    return {
        "key": private_key_pem(key),
        "bundle": private_key_pem(key) + "".join(map(pem_certificate, certificates)),
        "leaf": pem_certificate(leaf),
        "stranger": pem_certificate(stranger.certificate_der),
        "intermediate": issuing.certificate_der,
    }


def _authority(name: str, now: datetime, twin: str = "") -> Any:
    return make_hierarchy(name, lambda part: made_key(f"03.5 {part}{twin}"), len, now, seeded=True)


def _order(at: Look) -> Iterator[Row]:
    task, current = at.task, imported(at)
    leaf = x509.load_pem_x509_certificate(task.leaf.encode())
    yield _same_key(current, leaf)
    held = at.secret(task.name)
    chain = held.certificates if held else []
    first = chain[0].subject.rfc4514_string() if chain else "nothing"
    yield Row("first in the secret", leaf.subject.rfc4514_string(), first, chain[:1] == [leaf], "root_first")
    count = len(chain)
    yield Row("certificates in the secret", "2 or more", str(count), count >= 2, "chain_left_out")
    signed = count < 2 or is_signed_by(chain[0], chain[1])
    yield Row(
        "second in the secret", "signed the first", "signed the first" if signed else "did not", signed, "stranger"
    )


def _labelled(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "label": draw.choice("label", LABELS)}


MAKINGS = {
    "03.1": Making(_labelled, _four_labels, _label_scene),
    "03.2": Making(plant_and_host, _pfx_to_stay, _pfx_scene),
    "03.3": Making(plant_and_host, _from_own_key, _key_scene),
    "03.4": Making(_three_and_four, _which_two, _pairs_scene),
    "03.5": Making(plant_and_host, _order, _order_scene),
}
