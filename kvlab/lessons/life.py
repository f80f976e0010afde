"""Lesson 05: versions, renewal, recovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import fingerprint, key_words
from kvlab.lessons.look import refusal_words
from kvlab.lessons.self_signed import issued, names_row, plant_and_host, renewal_row
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault

ID_PARTS = 5
"""Of an id with a version: https:, the empty part, host, kind, name; the version is one more."""


def make_first(vault: Vault, given: Mapping[str, Any], **properties: Any) -> None:
    """Make a self-signed certificate for a scene, and wait for it."""
    policy = CertificatePolicy.self_signed(f"CN={given['host']}", dns_names=[given["host"]], **properties)
    vault.create_certificate(given["name"], policy)
    vault.clock.advance(10)  # type: ignore[attr-defined]  # a lesson's clock is a simulated one


def _curve(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "curve": draw.choice("curve", ("P-256", "P-384"))}


def _rsa_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    make_first(vault, given, kty="RSA")
    return {}


def _next_version(at: Look) -> Iterator[Row]:
    task = at.task
    current = at.current(task.name)
    versions = at.versions(task.name)
    count = len(versions)
    if count < 2:
        # Once there is a next version, what was refused or made elsewhere before it is past.
        refused = at.refused("create_certificate", task.name)
        if refused is not None:
            yield Row("create", "202 accepted", refusal_words(refused), False, "members_disagree", refused.seq)
            return
        yield from elsewhere(at)
    yield Row("versions", "2 or more", str(count), count >= 2, "plan_carried_out")
    if current is None or count < 2:
        return
    first, kind = key_words(versions[0].leaf.public_key()), key_words(current.leaf.public_key())
    first += ", enabled" if versions[0].enabled else ", disabled"
    yield Row("key of version 1", "RSA 2048, enabled", first, first == "RSA 2048, enabled", "first_stays")
    wanted = f"EC {task.curve}"
    yield Row(f"key of version {count}", wanted, kind, kind == wanted, "wrong_key")
    yield names_row(current, task.host)


def elsewhere(at: Look) -> Iterator[Row]:
    """Tell of a certificate under a name that begins as the task's: made beside it, and not in its place."""
    other = next((name for name in sorted(at.names) if name != at.task.name and name.startswith(at.task.name)), "")
    if other:
        yield Row("name", at.task.name, other, False, "name_nobody_reads")


def _renewal(draw: Draw) -> dict[str, Any]:
    return {
        **plant_and_host(draw), "months": draw.number("months", 3, 12), "percent": draw.number("percent", 60, 85),
    }  # fmt: skip


def _let_it_renew(at: Look) -> Iterator[Row]:
    task = at.task
    refused = at.refused("create_certificate", task.name)
    if refused is not None and not at.has(task.name):
        yield Row("create", "202 accepted", refusal_words(refused), False, "who_signs_at_night", refused.seq)
        return
    current = yield from issued(at, task.name, "who_signs_at_night")
    if current is None:
        return
    policy = at.policy(task.name)
    months = policy.x509_props.validity_months if policy.x509_props else None
    yield Row("validity", f"{task.months} months", f"{months} months", months == task.months, "length_of_life")
    yield renewal_row(policy, task.percent)
    versions = at.versions(task.name)
    count = len(versions)
    yield Row("versions", "2", str(count), count == 2, "too_few" if count < 2 else "too_many")
    by_hand = [version for version in versions[1:] if version.made_by != "renewal"]
    found = ", ".join(version.made_by for version in versions[1:]) or "nothing"
    made = count > 1 and not by_hand
    yield Row("version 2 made by", "renewal", found, made, "by_hand", by_hand[0].event if by_hand else None)


def _one_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    make_first(vault, given, kty="EC")
    return {}


def _id_to_configure(at: Look) -> Iterator[Row]:
    task, text = at.task, at.text_handed_in().strip()
    parts = text.rstrip("/").split("/")
    if len(parts) < ID_PARTS or "/".join(parts[:3]).lower() != at.vault.vault_url.rstrip("/").lower():
        yield Row("id", f"begins with {at.vault.vault_url}", text[:60] or "no text", False, "no_id")
        return
    yield Row("kind", "secrets", parts[3], parts[3].lower() == "secrets", "no_key_at_this_address")
    yield Row("name", task.name, parts[4], parts[4].lower() == task.name, "name_nobody_reads")
    version = "/".join(parts[5:])
    known = version in {each.id for each in at.versions(task.name)}
    yield Row("version", "none", version or "none", not version, "pinned" if known or not version else "placeholder")


def _leak_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    make_first(vault, given, kty="EC")
    return {"leaked": vault.get_certificate(given["name"]).id.rsplit("/", 1)[1]}


def _leaked(at: Look) -> Iterator[Row]:
    task = at.task
    deleted = at.is_deleted(task.name)
    yield Row("certificate", "live", "deleted" if deleted else "live", not deleted, "outage")
    if deleted:
        return
    versions = at.versions(task.name)
    leaked = next((version for version in versions if version.id == task.leaked), None)
    if leaked is None:
        raise Stuck(f"Version 1 of {task.name} is gone. Begin anew: lesson = kvlab.lesson('05')")
    current = versions[-1]
    yield Row(
        "current version", "enabled", "enabled" if current.enabled else "disabled", current.enabled, "self_stopped"
    )
    new = fingerprint(current.leaf) != fingerprint(leaked.leaf)
    yield Row("current key", "a new one", "a new one" if new else "the leaked one", new, "leaked_again")
    yield names_row(current, task.host)
    for number, version in enumerate(versions[:-1], start=1):
        if fingerprint(version.leaf) == fingerprint(leaked.leaf):
            found = "enabled" if version.enabled else "disabled"
            yield Row(f"version {number}", "disabled", found, not version.enabled, "still_open")


def _deleted_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    make_first(vault, given, kty="EC")
    make_first(vault, given, kty="EC")
    versions = sorted(item.id.rsplit("/", 1)[1] for item in vault.get_certificate_versions(given["name"]))
    vault.delete_certificate(given["name"])
    return {"versions": versions}


def _bring_back(at: Look) -> Iterator[Row]:
    task = at.task
    live = at.has(task.name)
    if not live:
        yield from elsewhere(at)
    refused = at.refused("create_certificate", task.name)
    if not live and not at.is_deleted(task.name):
        raise Stuck(
            f"{task.name} is purged: nobody can bring it back, and after 90 days the vault does that by itself. Begin "
            f"anew: lesson = kvlab.lesson('05'); vault = lesson.vault; task = lesson.task('{task.id}')"
        )
    if not live:
        words = refusal_words(refused) if refused else "deleted"
        yield Row("certificate", "live", words, False, "read_its_last_words", refused.seq if refused else None)
        return
    yield Row("certificate", "live", "live", True, "read_its_last_words")
    found = sorted(version.id for version in at.versions(task.name))
    same = set(task.versions) <= set(found)
    words = f"{len(found)} others" if not set(found) & set(task.versions) else f"{len(found)}"
    yield Row("versions", f"the same {len(task.versions)}", "the same" if same else words, same, "purged")


MAKINGS = {
    "05.1": Making(_curve, _next_version, _rsa_scene),
    "05.2": Making(_renewal, _let_it_renew),
    "05.3": Making(plant_and_host, _id_to_configure, _one_scene),
    "05.4": Making(plant_and_host, _leaked, _leak_scene),
    "05.5": Making(plant_and_host, _bring_back, _deleted_scene),
}
