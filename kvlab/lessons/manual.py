"""Lesson 02: your own CA signs, and you carry the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.errors import VaultError, X509Error
from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import (
    dns_names,
    fingerprint,
    is_authority,
    is_for_servers,
    is_named,
    is_signed_by,
    months_of,
    refusal,
    same_names,
)
from kvlab.lessons.look import refusal_words
from kvlab.lessons.self_signed import plant_and_host
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.container import pem_blocks

REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
"""RFC 7468 section 7 has both in use: certreq and keytool write the second, and every CA takes it."""

SCENES = ("asked twice", "two envelopes", "wrong way round")

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look, Version
    from kvlab.vault.vault import Vault
    from kvlab.wire.operation import CertificateOperation


def _two_hosts(draw: Draw) -> dict[str, Any]:
    chance = draw.of("02.1")
    return {"name": chance.plant(), "hosts": chance.hosts(2), "months": chance.number("months", 3, 24)}


def _scene_and_host(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "scene": draw.choice("scene", SCENES)}


def pending(at: Look) -> CertificateOperation:
    """
    Return the operation that the exercise is about.

    Raises:
        Stuck: there is none.
    """
    at.require(at.task.name)
    operation = at.operation(at.task.name)
    if operation is None:
        raise Stuck(f"Nothing is pending on {at.task.name}: do step 1 again, as in exercise 02.1.")
    return operation


def _ask(at: Look) -> Iterator[Row]:
    task = at.task
    refused = at.refused("create_certificate", task.name)
    if refused is not None and not at.has(task.name):
        yield Row("create", "202 accepted", refusal_words(refused), False, "no_such_issuer", refused.seq)
        return
    operation = pending(at)
    issuer = operation.issuer.name or "Unknown"
    yield Row("issuer", "Unknown", issuer, issuer.lower() == "unknown", "signed_by_self")
    status = at.status(task.name)
    yield Row("operation status", "inProgress", status, status in ("inProgress", "completed"), "signed_by_self")
    names = dns_names(x509.load_der_x509_csr(operation.csr))
    right = same_names(names, task.hosts)
    yield Row("names in the request", ", ".join(task.hosts), ", ".join(names) or "none", right, "names_not_asked")


def _take_out(at: Look) -> Iterator[Row]:
    operation = pending(at)
    text = at.text_handed_in()
    try:
        labels = [block.label for block in pem_blocks(text)]
        ders = [block.der for block in pem_blocks(text)]
    except X509Error:
        labels, ders = [], []
    found = ", ".join(labels) or f"{text.strip()[:12]}…"
    labelled = len(labels) == 1 and labels[0] in REQUEST_LABELS
    yield Row("PEM label", REQUEST_LABELS[0], found, labelled, "no_label")
    if not labelled:
        return
    try:
        request = x509.load_der_x509_csr(ders[0])
        valid = request.is_signature_valid
    except ValueError:
        yield Row("own signature", "holds", "no request that can be read", False, "altered")
        return
    yield Row("own signature", "holds", "holds" if valid else "does not hold", valid, "altered")
    mine, theirs = fingerprint(x509.load_der_x509_csr(operation.csr)), fingerprint(request)
    yield Row("public key", mine, theirs, mine == theirs, "other_request")


def issuing_ca(at: Look) -> x509.Certificate:
    """Return the certificate of contoso's issuing CA."""
    return x509.load_der_x509_certificate(at.vault.practice_ca().issuing_der)


def _signed(at: Look) -> Iterator[Row]:
    task, operation = at.task, pending(at)
    handed_in = at.certificates_handed_in()
    if not handed_in:
        raise Stuck("There is no certificate in what you handed in: it is what the CA's sign() returned.")
    # A clerk's file may begin with the CA's certificate: what it is about is the one that is no CA's.
    leaf = next((one for one in handed_in if not is_authority(one)), handed_in[0])
    mine, theirs = fingerprint(x509.load_der_x509_csr(operation.csr)), fingerprint(leaf)
    yield Row("public key", f"{mine}, the request's", theirs, mine == theirs, "fresh_key")
    signed = is_signed_by(leaf, issuing_ca(at))
    yield Row(
        "signature",
        "made by contoso's CA",
        "made by contoso's CA" if signed else "not its key's",
        signed,
        "other_signer",
    )
    names = dns_names(leaf)
    right = same_names(names, task.hosts)
    yield Row("subjectAltName", ", ".join(task.hosts), ", ".join(names) or "none", right, "dropped")
    serves = is_for_servers(leaf)
    yield Row("extended key usage", "serverAuth", "serverAuth" if serves else "none", serves, "dropped")
    months = months_of(leaf)
    yield Row("valid for", f"{task.months} months", f"{months} months", months == task.months, "months")


def _bring_home(at: Look) -> Iterator[Row]:
    task = at.task
    at.require(task.name)
    current = at.current(task.name)
    if current is None or current.made_by != "merge":
        refused = at.refused("merge_certificate", task.name)
        words, seq = (refusal_words(refused), refused.seq) if refused else ("not merged", None)
        yield Row("merge", "201 created", words, False, "wrong_first" if refused else "not_merged", seq)
        return
    # A merge that was tried again afterwards is refused, and takes nothing back.
    yield Row("merge", "201 created", "201 created", True, "not_merged")
    chain = (at.secret(task.name) or ([], []))[1]
    issuing = issuing_ca(at)
    whole = len(chain) >= 2 and chain[1] == issuing
    shown = ", ".join(one.subject.rfc4514_string() for one in chain) or "nothing"
    yield Row("chain in the secret", f"yours, then {issuing.subject.rfc4514_string()}", shown, whole, "leaf_only")


def _scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Let a merge be refused, in one of three ways."""
    name, host, ca = given["name"], given["host"], vault.practice_ca()
    policy = CertificatePolicy.manual(f"CN={host}", dns_names=[host], kty="EC")
    first = vault.create_certificate(name, policy)
    papers = ca.sign(first)
    if given["scene"] == "asked twice":
        vault.delete_certificate_operation(name)
        vault.create_certificate(name, policy)
    elif given["scene"] == "two envelopes":
        stall = CertificatePolicy.manual("CN=stall.contoso.com", dns_names=["stall.contoso.com"], kty="EC")
        request = vault.create_certificate(f"{name}-stall", stall)
        vault.practice_ca().sign(request)
        mixing = vault.practice_ca()
        mixing.sign(request)
        papers = mixing.sign(first, mistake="mixes requests")
    else:
        papers = papers[::-1]
    try:
        vault.merge_certificate(name, papers)
    except VaultError as error:
        refused = error.message
    else:
        raise AssertionError("The scene's merge was not refused.")
    return {"papers": papers, "refusal": refused, "key": fingerprint(x509.load_der_x509_csr(first.csr))}


def _repair(at: Look) -> Iterator[Row]:
    task = at.task
    other = next(
        (name for name in sorted(at.names) if name not in (task.name, f"{task.name}-stall") and task.name in name), ""
    )
    current = at.current(task.name)
    if current is None and other:
        yield Row("name", task.name, other, False, "other_name")
        return
    if current is None:
        refused = at.refused("merge_certificate", task.name)
        words = refusal_words(refused) if refused else "not merged"
        yield Row("merge", "201 created", words, False, "not_merged", refused.seq if refused else None)
        return
    imported = current.made_by == "import"
    yield Row("made by", "merge", current.made_by, not imported, "key_from_outside", current.event)
    yield _issuer_row(at, current)
    names = dns_names(current.leaf)
    yield Row("subjectAltName", task.host, ", ".join(names) or "none", is_named(names, task.host), "dropped")


def _issuer_row(at: Look, current: Version) -> Row:
    """Look whether the practice CA signed."""
    ours = "contoso's CA"
    signed = is_signed_by(current.leaf, issuing_ca(at))
    return Row("issuer", ours, ours if signed else current.leaf.issuer.rfc4514_string(), signed, "self_vouched")


def _accepted_and_wrong_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Merge a certificate from which the clerk dropped the names."""
    name, host = given["name"], given["host"]
    policy = CertificatePolicy.manual(f"CN={host}", dns_names=[host], kty="EC")
    request = vault.create_certificate(name, policy)
    merged = vault.merge_certificate(name, vault.practice_ca().sign(request, mistake="drops extensions"))
    return {"first": merged.id.rsplit("/", 1)[1]}


def _accepted_and_wrong(at: Look) -> Iterator[Row]:
    task = at.task
    current = at.current(task.name)
    count = len(at.versions(task.name))
    refused = at.refused("merge_certificate", task.name)
    if count < 2 and refused is not None:
        yield Row("merge", "201 created", refusal_words(refused), False, "finished", refused.seq)
        return
    yield Row("versions", "2", str(count), count >= 2, "plan_only")
    if current is None or count < 2:
        return
    yield _issuer_row(at, current)
    names = dns_names(current.leaf)
    named = is_named(names, task.host)
    yield Row("subjectAltName of the new version", task.host, ", ".join(names) or "none", named, "same_again")
    authority = at.vault.practice_ca()
    root, issuing = map(x509.load_der_x509_certificate, (authority.root_der, authority.issuing_der))
    said = refusal(current.leaf, task.host, [root], at.now, [issuing])
    yield Row("a client that trusts contoso's root", "accepts", said or "accepts", not said, "more_than_names")
    there = task.first in {version.id for version in at.versions(task.name)}
    yield Row("version 1", "still there", "still there" if there else "gone", there, "purged")


MAKINGS = {
    "02.1": Making(_two_hosts, _ask),
    "02.2": Making(_two_hosts, _take_out),
    "02.3": Making(_two_hosts, _signed),
    "02.4": Making(_two_hosts, _bring_home),
    "02.5": Making(_scene_and_host, _repair, _scene),
    "02.6": Making(plant_and_host, _accepted_and_wrong, _accepted_and_wrong_scene),
}
