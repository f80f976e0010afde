"""Lesson 10: run contoso for a year."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import fingerprint, is_signed_by
from kvlab.lessons.known_issuer import ACCOUNT, ORGANIZATION
from kvlab.lessons.manual import issuing_ca
from kvlab.lessons.permission import MAY_READ, allowed, grants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look, Version
    from kvlab.vault.vault import Vault

DAYS = 425
"""Fourteen months."""

WAYS = {"shop": "Self", "blog": "Self", "mail": "Unknown", "pay": "Unknown", "www": "", "api": ""}
"""Which certificate comes which way; empty is the known issuer."""

COVERAGE_HINTS = {"Self": "not_by_itself", "Unknown": "whose_calendar", "": "what_the_ca_gave"}


def _names(draw: Draw) -> dict[str, Any]:
    plant = draw.plant()
    names = {word: f"{plant}-{word}" for word in WAYS}
    return {
        "name": plant, **names, "issuer": f"{plant}-ca", "server": f"{plant}-web",
        "day": draw.number("day", 40, 120), "self": [names["shop"], names["blog"]],
        "manual": [names["mail"], names["pay"]], "known": [names["www"], names["api"]],
    }  # fmt: skip


def _year_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    vault.set_certificate_issuer(given["issuer"], provider="DigiCert", credentials=ACCOUNT, org_details=ORGANIZATION)
    return {"start": vault.clock.now()}


def _a_year(at: Look) -> Iterator[Row]:
    task = at.task
    missing = [task.parameters[word] for word in WAYS if not at.has(task.parameters[word])]
    if missing:
        raise Stuck(f"Not there yet: {', '.join(missing)}.")
    days = (at.now - task.start).days
    yield Row("days that passed", f"{DAYS} or more", str(days), days >= DAYS, "let_time_pass")
    for word, way in WAYS.items():
        name = task.parameters[word]
        issuer = at.policy(name).issuer
        found = (issuer and issuer.name) or "Unknown"
        wanted = way or task.issuer
        yield Row(f"issuer of {name}", wanted, found, found.lower() == wanted.lower(), "way_asked_for")
        versions = at.versions(name)
        if way == "Unknown":
            strange = [version for version in versions if not is_signed_by(version.leaf, issuing_ca(at))]
            signer = strange[0].leaf.issuer.rfc4514_string() if strange else "contoso's CA"
            yield Row(f"signer of {name}", "contoso's CA", signer, not strange, "way_asked_for")
        gap = _gap(versions, at.now)
        yield Row(f"coverage of {name}", "no gap", gap or "no gap", not gap, COVERAGE_HINTS[way])
        serves = bool(versions) and versions[-1].enabled
        yield Row(f"version of {name} in use", "enabled", "enabled" if serves else "disabled", serves, "self_stopped")
    yield from _leak(at, task.start + timedelta(days=task.day))
    may = allowed(grants(at, task.server))
    reads = "get_secret" in may
    found = (
        "nothing" if not may else f"{len(may)} operations" if not may <= MAY_READ else "secrets" if reads else "lists"
    )
    yield Row(f"rights of {task.server}", "secrets", found, reads and may <= MAY_READ, "who_audits")


def _gap(versions: Sequence[Version], now: datetime) -> str:
    """Return the first day on which no version was valid; empty if there was none."""
    ends = [version.leaf.not_valid_after_utc for version in versions]
    begins = [version.leaf.not_valid_before_utc for version in versions[1:]]
    late = [end for end, begin in zip(ends, [*begins, now], strict=True) if begin > end] if ends else [now]
    return f"none from {late[0]:%d %B %Y}" if late else ""


def _leak(at: Look, day: datetime) -> Iterator[Row]:
    task, versions = at.task, at.versions(at.task.shop)
    old = [version for version in versions if (version.bundle.attributes.created or 0) < day.timestamp()]
    latest = (day + timedelta(days=1)).timestamp()
    answers = [version for version in versions[len(old) :] if (version.bundle.attributes.created or 0) <= latest]
    leaked = {fingerprint(version.leaf) for version in old}
    fresh = [version for version in answers if fingerprint(version.leaf) not in leaked]
    found = "a version with the leaked key" if answers and not fresh else "a new key" if fresh else "nothing"
    yield Row(
        f"{task.shop}: on day {task.day}", "a new key", found, bool(fresh), "leaked_again" if answers else "a_day"
    )
    enabled = [version for version in old if version.enabled]
    words = "enabled" if enabled else "disabled"
    yield Row(f"{task.shop}: leaked versions", "disabled", words, not enabled, "still_open")


MAKINGS = {"10.1": Making(_names, _a_year, _year_scene)}
