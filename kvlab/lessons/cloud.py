"""Lesson 09: from the notebook to the cloud, with the same calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import dns_names, is_named, is_signed_by
from kvlab.lessons.look import refusal_words
from kvlab.lessons.self_signed import plant_and_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kvlab.events import Event
    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault
    from kvlab.wire.policy import CertificatePolicy


def _client(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "client": f"{draw.plant()}-pipeline"}


def _client_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    vault.set_principal(given["client"], certificates=["create", "get", "update"])
    return {}


def _by_hand(at: Look) -> Iterator[Row]:
    task = at.task
    at.require(task.name)
    create = _last(at, "create_certificate")
    actor = create.actor if create else "nobody"
    yield Row("create called by", task.client, actor, actor == task.client, "whose_rights")
    merge, current = _last(at, "merge_certificate"), at.current(task.name)
    if merge is None or current is None:
        refused = at.refused("merge_certificate", task.name)
        words, seq = (refusal_words(refused), refused.seq) if refused else ("never called", None)
        yield Row("merge", "201 created", words, False, "merge_is_yours", seq)
        return
    # A merge that was tried again afterwards is refused, and takes nothing back.
    yield Row("merge", "201 created", "201 created", True, "merge_is_yours")
    yield Row("merge called by", task.client, merge.actor, merge.actor == task.client, "whose_rights")
    version = current.leaf.version.name
    yield Row("version", "v3", version, version == "v3", "what_openssl_kept")
    names = dns_names(current.leaf)
    yield Row("subjectAltName", task.host, ", ".join(names) or "none", is_named(names, task.host), "what_openssl_kept")
    own = is_signed_by(current.leaf, current.leaf)
    yield Row("signed by", "a CA", "itself" if own else "a CA", not own, "self_vouched")


def _last(at: Look, kind: str) -> Event | None:
    return next((event for event in reversed(at.about(at.task.name)) if event.kind == kind), None)


def _two_doors(draw: Draw) -> dict[str, Any]:
    plant, host = draw.plant(), draw.hosts(1)[0]
    return {
        "name": plant, "host": host, "first": f"{plant}-json", "second": f"{plant}-sdk",
        "months": draw.number("months", 3, 11), "percent": draw.number("percent", 60, 90),
    }  # fmt: skip


def _policy_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    del vault
    policy = {
        "issuer": {"name": "Self"},
        "key_props": {"exportable": True, "kty": "EC", "crv": "P-256", "reuse_key": False},
        "secret_props": {"contentType": "application/x-pem-file"},
        "x509_props": {
            "subject": f"CN={given['host']}",
            "sans": {"dns_names": [given["host"]]},
            "ekus": ["1.3.6.1.5.5.7.3.1"],
            "key_usage": ["digitalSignature"],
            "validity_months": given["months"],
        },
        "lifetime_actions": [
            {"trigger": {"lifetime_percentage": given["percent"]}, "action": {"action_type": "AutoRenew"}}
        ],
    }
    return {"policy": policy}


def _same_policy(at: Look) -> Iterator[Row]:
    task = at.task
    missing = [name for name in (task.first, task.second) if not at.has(name)]
    if len(missing) == 2:
        at.require(task.first)
    if missing:
        raise Stuck(f"{missing[0]} is not there yet: the same policy goes through both doors.")
    for name in (task.first, task.second):
        stored = _members(at.policy(name))
        for member, wanted in _members_of_wish(task.policy).items():
            found = stored.get(member)
            hint = _MEMBER_HINTS.get(member, "who_filled_it_in")
            yield Row(f"{name}: {member}", f"{wanted}", f"{found}", found == wanted, hint)


_MEMBER_HINTS = {"ekus": "empty_is_not_absent", "lifetime_actions": "renewal"}


def _members(policy: CertificatePolicy) -> dict[str, Any]:
    return _members_of_wish(policy.model_dump(mode="json", by_alias=True, exclude_none=True))


def _members_of_wish(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are compared: those that a person chooses."""
    key, about = policy.get("key_props", {}), policy.get("x509_props", {})
    trigger = [action["trigger"] for action in policy.get("lifetime_actions", [])]
    return {
        "issuer": policy.get("issuer", {}).get("name"),
        "kty": key.get("kty"),
        "crv": key.get("crv"),
        "exportable": key.get("exportable"),
        "reuse_key": key.get("reuse_key"),
        "contentType": policy.get("secret_props", {}).get("contentType"),
        "subject": about.get("subject"),
        "dns_names": about.get("sans", {}).get("dns_names"),
        "ekus": about.get("ekus"),
        "key_usage": about.get("key_usage"),
        "validity_months": about.get("validity_months"),
        "lifetime_actions": trigger,
    }


MAKINGS = {
    "09.1": Making(_client, _by_hand, _client_scene),
    "09.2": Making(_two_doors, _same_policy, _policy_scene),
}
