"""Lesson 04: the vault does the errand itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import dns_names, is_named
from kvlab.lessons.look import refusal_words
from kvlab.lessons.self_signed import issued, plant_and_host
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kvlab.events import Event
    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault

ACCOUNT = {"account_id": "1234567", "pwd": "practice-api-key"}
ORGANIZATION = {"id": "4711"}
NEW_KEY = "a-new-key"
ADMIN = {"first_name": "Ann", "last_name": "Other", "email": "ann@contoso.com", "phone": "+1 425 555 0100"}
HOUR, DAY = 3600, 86_400


def _issuers(draw: Draw) -> dict[str, Any]:
    return {"first": f"{draw.plant()}-digicert", "second": f"{draw.plant()}-globalsign"}


def _card_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    del vault, given
    return {"account": dict(ACCOUNT), "organization": dict(ORGANIZATION), "admin": dict(ADMIN)}


def _setup(at: Look) -> Iterator[Row]:
    if not any("issuers/" in event.object for event in at.events):
        raise Stuck("No issuer was set yet: vault.set_certificate_issuer(…)")
    for name, provider in ((at.task.first, "DigiCert"), (at.task.second, "GlobalSign")):
        yield from _issuer(at, name, provider)


def _issuer(at: Look, name: str, provider: str) -> Iterator[Row]:
    there = {item.id.rsplit("/", 1)[1].lower() for item in at.vault.get_certificate_issuers()}
    if name not in there:
        refused = _refused_issuer(at, name)
        hint = "not_set" if refused is None else _why_refused(refused, provider)
        words = refusal_words(refused) if refused else "none"
        yield Row(f"issuer {name}", "set", words, False, hint, refused.seq if refused else None)
        return
    issuer = at.vault.get_certificate_issuer(name)
    found = issuer.provider or "none"
    yield Row(f"issuer {name}", provider, found, found.lower() == provider.lower(), "not_set")
    account = (issuer.credentials and issuer.credentials.account_id) or "none"
    yield Row(f"account of {name}", ACCOUNT["account_id"], account, account == ACCOUNT["account_id"], "not_set")
    details = issuer.org_details
    if provider == "DigiCert":
        company = (details and details.id) or "none"
        yield Row(f"organization of {name}", ORGANIZATION["id"], company, company == ORGANIZATION["id"], "not_set")
    else:
        called = [person.email or "" for person in (details and details.admin_details) or ()]
        right = ADMIN["email"] in map(str.lower, called)
        yield Row(f"administrator of {name}", ADMIN["email"], ", ".join(called) or "none", right, "not_set")


def _refused_issuer(at: Look, name: str) -> Event | None:
    """Return the last refusal of an issuer of this name, or of one of the two names that are taken."""
    for event in reversed(at.events):
        told = event.object.rpartition("/")[2].lower()
        if event.kind == "refused" and "issuers/" in event.object and told in (name, "self", "unknown"):
            return event
    return None


def _why_refused(event: Event, provider: str) -> str:
    if event.object.rpartition("/")[2].lower() in ("self", "unknown"):
        return "reserved_word"
    return "no_organization" if provider == "DigiCert" else "no_administrator"


def _one_issuer(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "issuer": f"{draw.plant()}-ca"}


def _issuer_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    vault.set_certificate_issuer(given["issuer"], provider="DigiCert", credentials=ACCOUNT, org_details=ORGANIZATION)
    vault.ca("DigiCert").configure(delay_seconds=HOUR)
    return {}


def _by_name(at: Look) -> Iterator[Row]:
    task = at.task
    refused = at.refused("create_certificate", task.name)
    if refused is not None and not at.has(task.name):
        yield Row("create", "202 accepted", refusal_words(refused), False, "provider_is_no_issuer", refused.seq)
        return
    at.require(task.name)
    issuer = (at.policy(task.name).issuer and at.policy(task.name).issuer.name) or "Unknown"  # type: ignore[union-attr]
    yield Row("issuer", task.issuer, issuer, issuer.lower() == task.issuer, "who_signed")
    current = at.current(task.name)
    # Who was refused a merge, waited, and has the CA's certificate now, has understood it.
    merge = at.refused("merge_certificate", task.name) if current is None else None
    merged = next((event for event in at.about(task.name) if event.kind == "merge_certificate"), None)
    told = merge or merged
    found = "none" if told is None else refusal_words(merge) if merge else "merged by you"
    yield Row("merge by you", "none", found, told is None, "not_your_turn", told.seq if told else None)
    current = yield from issued(at, task.name, "still_waiting")
    if current is None:
        return
    product = _product(current.leaf)
    yield Row("certificate type", "OV", product, product == "OV", "certificate_type")
    names = dns_names(current.leaf)
    yield Row("subjectAltName", task.host, ", ".join(names) or "none", is_named(names, task.host), "names_differ")


def _product(leaf: x509.Certificate) -> str:
    """Return what a public CA says that it has verified, by the Forum's policy in the certificate (BR 7.1.6.1)."""
    try:
        policies = leaf.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return "none"
    stated = {policy.policy_identifier.dotted_string for policy in policies}
    return next((word for word, policy in _STATED.items() if policy in stated), "another")


def _nothing_overridden(at: Look) -> Iterator[Row]:
    task = at.task
    refused = at.refused("create_certificate", task.name)
    if refused is not None and not at.has(task.name):
        yield Row("create", "202 accepted", refusal_words(refused), False, "no_mailbox", refused.seq)
        return
    current = yield from issued(at, task.name, "still_waiting")
    if current is None:
        return
    issuer = at.policy(task.name).issuer
    name = (issuer and issuer.name) or "Unknown"
    yield Row("issuer", task.issuer, name, name.lower() == task.issuer, "who_signed")
    changed = {each.field: each for each in at.vault.overrides(task.name) if each.asked}
    for field, hint in _MAY_CHANGE.items():
        each = changed.pop(field, None)
        found = "as asked" if each is None else f"{each.asked} → {each.issued or 'dropped'}"
        yield Row(field, "as asked", found, each is None, hint)
    for field, each in changed.items():
        yield Row(field, "as asked", f"{each.asked} → {each.issued or 'dropped'}", False, "changed_by_ca")


_STATED = {"EV": "2.23.140.1.1", "OV": "2.23.140.1.2.2", "DV": "2.23.140.1.2.1"}
_MAY_CHANGE = {"subject OU": "department", "validity": "day_limit", "extendedKeyUsage": "default_usages"}


def _four(draw: Draw) -> dict[str, Any]:
    plant = draw.plant()
    words = {word: f"{plant}-{word}" for word in ("waiting", "key", "rejected", "unwanted")}
    return {"name": plant, "issuer": f"{plant}-ca", "operations": list(words.values()), **words}


def _four_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave four operations behind: one waits, one failed for the key, one was rejected, one nobody wants."""
    # At the other CA than the tasks before, whose delay must stay: all scenes may be set before one task is done.
    issuer, globalsign = given["issuer"], vault.ca("GlobalSign")
    organization = {"admin_details": [ADMIN]}
    vault.set_certificate_issuer(issuer, provider="GlobalSign", credentials=ACCOUNT, org_details=organization)
    globalsign.configure(decision="reject", reason="The phone call was not answered.")
    rejected = vault.create_certificate(given["rejected"], _policy(issuer, given["rejected"]))
    vault.clock.advance(10)  # type: ignore[attr-defined]  # a lesson's clock is a simulated one
    globalsign.configure(delay_seconds=DAY)
    for word in ("waiting", "unwanted"):
        vault.create_certificate(given[word], _policy(issuer, given[word]))
    vault.clock.advance(10)  # type: ignore[attr-defined]
    accounts = [{"account_id": "7654321", "password": NEW_KEY}, {"account_id": "1234567", "password": ACCOUNT["pwd"]}]
    globalsign.configure(delay_seconds=DAY, accounts=accounts)
    other = f"{issuer}-2"
    old = {"account_id": "7654321", "pwd": "the old key"}
    vault.set_certificate_issuer(other, provider="GlobalSign", credentials=old, org_details=organization)
    vault.create_certificate(given["key"], _policy(other, given["key"]))
    vault.clock.advance(10)  # type: ignore[attr-defined]
    return {"paper": vault.practice_ca().sign(rejected), "other_issuer": other, "new_key": NEW_KEY}


def _policy(issuer: str, name: str) -> CertificatePolicy:
    host = f"{name}.contoso.com"
    return CertificatePolicy.of(issuer, f"CN={host}", dns_names=[host], kty="EC", validity_months=6)


def _waiting_or_failed(at: Look) -> Iterator[Row]:
    task = at.task
    waiting = at.status(task.waiting)
    merge = at.refused("merge_certificate", task.waiting)
    if merge is not None and waiting != "completed":
        yield Row(task.waiting, "completed by itself", refusal_words(merge), False, "impatient", merge.seq)
    else:
        gone = waiting in ("none", "cancelled")
        hint = "orphaned" if gone else "leave_it"
        yield _from_the_ca(at, task.waiting, waiting or "none", "completed by itself", hint)
    key = at.status(task.key)
    yield _from_the_ca(at, task.key, _with_error(at, task.key, key), "completed", "same_wrong_key")
    rejected = at.current(task.rejected) if at.has(task.rejected) else None
    merged = rejected is not None and rejected.made_by == "merge"
    found = rejected.made_by if rejected else _with_error(at, task.rejected, at.status(task.rejected))
    yield Row(task.rejected, "merged from paper", "merged from paper" if merged else found, merged, "may_be_merged")
    unwanted = [event.detail.get("to") for event in at.about(task.unwanted) if "to" in event.detail]
    right = unwanted[-1:] == ["cancelled"] or unwanted[-2:] == ["cancelled", "none"]
    words = "cancelled" if right else " → ".join(map(str, unwanted[-2:]))
    yield Row(task.unwanted, "cancelled", words, right, "order_left")


def _from_the_ca(at: Look, name: str, status: str, wanted: str, hint: str) -> Row:
    """Look whether an operation is completed, and by the CA that was asked, as the certificate itself says."""
    current = at.current(name) if status == "completed" else None
    if current is None:
        return Row(name, wanted, status, False, hint)
    by_ca = _product(current.leaf) != "none"
    return Row(name, wanted, wanted if by_ca else f"made by {current.made_by}", by_ca, "who_signed", current.event)


def _with_error(at: Look, name: str, status: str) -> str:
    operation = at.operation(name)
    error = operation.error if operation else None
    return f"{status}: {error.code}" if error else status or "none"


MAKINGS = {
    "04.1": Making(_issuers, _setup, _card_scene),
    "04.2": Making(_one_issuer, _by_name, _issuer_scene),
    "04.3": Making(_one_issuer, _nothing_overridden, _issuer_scene),
    "04.4": Making(_four, _waiting_or_failed, _four_scene),
}
