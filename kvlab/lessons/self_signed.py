"""Lesson 01: the vault signs its own."""

from __future__ import annotations

import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import (
    dns_names,
    fingerprint,
    is_named,
    is_signed_by,
    key_words,
    read_bundle,
    read_pem,
    refusal,
    same_names,
)
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.certificate import BACKDATED, issue
from kvlab.x509.container import pem_certificate
from kvlab.x509.extension import Profile, dns_name
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from datetime import datetime

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look, Version
    from kvlab.vault.vault import Vault

PEM = "application/x-pem-file"
CURVES = ("EC P-256", "EC P-384", "EC P-521")
"""Those of TLS; the verifier does not ask it of a certificate that it is told to trust."""


def plant_and_host(draw: Draw) -> dict[str, Any]:
    """Draw a certificate's name and one host."""
    return {"name": draw.plant(), "host": draw.hosts(1)[0]}


def issued(at: Look, name: str, hint: str = "waiting") -> Generator[Row, None, Version | None]:
    """Look whether there is a version, and return it."""
    current = at.current(name)
    status = "completed" if current else at.status(name) or "none"
    if status in ("failed", "cancelled"):
        operation = at.operation(name)
        error = operation.error if operation else None
        found = f"{status}: {error.message}"[:160] if error else status
        yield Row("operation status", "completed", found, False, "read_the_error")
        return None
    yield Row("operation status", "completed", status, current is not None, hint)
    return current


def names_row(current: Version, host: str) -> Row:
    """Look whether a certificate names a host."""
    names = dns_names(current.leaf)
    hint = "cn_only" if not names else "star" if any("*" in name for name in names) else "names_differ"
    return Row("subjectAltName", f"matches {host}", ", ".join(names) or "none", is_named(names, host), hint)


def _self_signed(at: Look, current: Version) -> Iterator[Row]:
    """Look whether the vault signs this one with its own key, and will sign the next one so."""
    issuer = at.policy(at.task.name).issuer
    name = (issuer and issuer.name) or "Unknown"
    yield Row("policy issuer", "Self", name, name.lower() == "self", "not_self")
    own = is_signed_by(current.leaf, current.leaf)
    yield Row("signature", "its own key's", "its own key's" if own else "another key's", own, "not_its_own")


def _client_row(current: Version, host: str, now: datetime) -> Row:
    """Look whether a client that trusts exactly this certificate, and finds its host in it, accepts the rest too."""
    kind = key_words(current.leaf.public_key())
    unknown = "" if kind.startswith("RSA") or kind in CURVES else f"no client knows {kind}"
    said = unknown or refusal(current.leaf, host, [current.leaf], now)
    return Row("a client that trusts it", "accepts", said or "accepts", not said, "more_than_names")


def made_here_row(current: Version) -> Row:
    """Look whether the key was made in the vault."""
    here = current.made_by != "import"
    return Row("key made in", "the vault", "the vault" if here else "imported", here, "key_from_outside", current.event)


def _first_one(at: Look) -> Iterator[Row]:
    task = at.task
    current = yield from issued(at, task.name)
    if current is None:
        return
    yield from _self_signed(at, current)
    yield names_row(current, task.host)
    yield _client_row(current, task.host, at.now)


def _exactly_these(at: Look) -> Iterator[Row]:
    task = at.task
    current = yield from issued(at, task.name)
    if current is None:
        return
    yield from _self_signed(at, current)
    names = dns_names(current.leaf)
    stars = any("*" in name for name in names)
    for host in task.hosts:
        hint = "apex" if stars and host == f"{task.name}.contoso.com" else "unseen"
        matches = is_named(names, host)
        yield Row(f"host {host}", "accepted", "accepted" if matches else "refused", matches, hint)
    wide = is_named(names, task.other)
    yield Row(f"host {task.other}", "refused", "accepted" if wide else "refused", not wide, "too_wide")
    yield _client_row(current, task.hosts[0], at.now)


def _what_the_server_needs(at: Look) -> Iterator[Row]:
    task = at.task
    current = at.current(task.name)
    if current is None:
        raise Stuck(f"The operation on {task.name} is not completed: move the clock, and ask again.")
    yield from _self_signed(at, current)
    yield names_row(current, task.host)
    properties = at.policy(task.name).secret_props
    kind = ((properties and properties.content_type) or "").lower()
    yield Row("content of the secret", PEM, kind, kind == PEM, "not_pem")
    text = at.text_handed_in()
    if '"kty"' in text or not text:
        yield Row("private keys in it", "1", "public numbers only", False, "public_numbers")
        return
    file = read_pem(text)
    yield Row("private keys in it", "1", str(len(file.keys)), len(file.keys) == 1, "no_key")
    first = file.certificates[:1]
    is_current = first == [current.leaf]
    found = first[0].subject.rfc4514_string() if first else "none"
    label = f"the current version of {task.name}"
    yield Row("first certificate", label, label if is_current else found, is_current, "not_the_file")
    for key in file.keys[:1]:
        pair = fingerprint(key) == fingerprint(current.leaf)
        shown = "the certificate's" if pair else fingerprint(key)
        yield Row("public half of the key", "the certificate's", shown, pair, "not_a_pair")


def _to_order(at: Look) -> Iterator[Row]:
    task = at.task
    current = yield from issued(at, task.name)
    if current is None:
        return
    yield from _self_signed(at, current)
    kind = key_words(current.leaf.public_key())
    yield Row("key", "EC P-384", kind, kind == "EC P-384", "wrong_key")
    names = dns_names(current.leaf)
    right = same_names(names, task.hosts)
    yield Row("DNS names", ", ".join(task.hosts), ", ".join(names) or "none", right, "names_differ")
    policy = at.policy(task.name)
    leaves = policy.key_props is None or policy.key_props.exportable is not False
    yield Row("exportable, in the policy", "false", str(leaves).lower(), not leaves, "may_leave")
    open_version = key_in_a_secret(at, current)
    found = "yes" if open_version else "no"
    event = open_version.event if open_version else None
    yield Row("private key in the secret", "no", found, open_version is None, "still_inside", event)
    yield made_here_row(current)
    yield renewal_row(policy, task.percent)


def key_in_a_secret(at: Look, current: Version) -> Version | None:
    """Return the newest version whose secret has the private key of the current one in it, if any has."""
    mine = fingerprint(current.leaf)
    versions = [version for version in at.versions(at.task.name) if fingerprint(version.leaf) == mine]
    return next((version for version in reversed(versions) if at.holds_key(at.task.name, version)), None)


def renewal_row(policy: CertificatePolicy, percent: int) -> Row:
    """Look whether a policy renews at a percentage of the lifetime."""
    wanted = f"AutoRenew at {percent} %"
    found = []
    for action in policy.lifetime_actions or ():
        days, share = action.trigger.days_before_expiry, action.trigger.lifetime_percentage
        when = f"at {share} %" if days is None else f"{days} days before the end"
        found.append(f"{action.action.action_type} {when}")
    return Row("renewal", wanted, ", ".join(found) or "nothing", wanted in found, "renewal")


def _trust_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the certificate, and with its key a forged one for the same host."""
    name, host = given["name"], given["host"]
    vault.create_certificate(name, CertificatePolicy.self_signed(f"CN={host}", dns_names=[host], kty="EC"))
    vault.clock.advance(0)  # type: ignore[attr-defined]  # a lesson's clock is a simulated one
    bundle = vault.get_certificate(name)
    assert bundle.cer is not None
    authority = x509.load_der_x509_certificate(bundle.cer)
    key = read_bundle(vault.get_secret(name).value or "").keys[0]
    forged = issue(
        Profile(parse_name(f"CN={host}"), san=(dns_name(host),), ekus=("1.3.6.1.5.5.7.3.1",)),
        key.public_key(),
        authority,
        key,
        serial_number=666,
        not_before=vault.clock.now() - BACKDATED,
        not_after=vault.clock.now() + timedelta(days=90),
        deterministic=True,
    )
    return {"forged": pem_certificate(forged)}


def _trust_one(at: Look) -> Iterator[Row]:
    task = at.task
    current = at.current(task.name)
    assert current is not None
    if isinstance(at.answer, ssl.SSLContext):
        verifies = at.answer.verify_mode is ssl.CERT_REQUIRED
        yield Row("client", "verifies", "verifies" if verifies else "does not verify", verifies, "not_verifying")
        raise Stuck("A client that verifies: good. Now hand in its list of trusted certificates, as PEM.")
    trusted = at.certificates_handed_in()
    exactly = set(trusted) == {current.leaf}
    found = ", ".join(one.subject.rfc4514_string() for one in trusted) or "nothing"
    what = f"exactly the current version of {task.name}"
    shown = what if exactly else f"{len(trusted)}: {found}"
    yield Row("list", what, shown, exactly, "trust_list")
    good = refusal(current.leaf, task.host, trusted, at.now) if trusted else "nothing is trusted"
    yield Row(task.name, "accepted", good or "accepted", not good, "trust_list")
    forged = x509.load_pem_x509_certificate(task.forged.encode())
    bad = refusal(forged, task.host, trusted, at.now) if trusted else "nothing is trusted"
    yield Row("forged", "refused", "refused" if bad else "accepted", bool(bad), "trust_list")


def _order(draw: Draw) -> dict[str, Any]:
    return {"name": draw.plant(), "hosts": draw.hosts(3), "percent": draw.number("percent", 60, 90)}


def _three_and_one(draw: Draw) -> dict[str, Any]:
    plant, hosts = draw.plant(), draw.hosts(3)
    return {"name": plant, "hosts": [*hosts[:2], f"{plant}.contoso.com"], "other": f"mail.{plant}-garden.contoso.com"}


MAKINGS = {
    "01.1": Making(plant_and_host, _first_one),
    "01.2": Making(_three_and_one, _exactly_these),
    "01.3": Making(plant_and_host, _what_the_server_needs),
    "01.4": Making(_order, _to_order),
    "01.5": Making(plant_and_host, _trust_one, _trust_scene),
}
