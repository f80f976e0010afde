"""
A chain looked at link by link: what RFC 5280 section 6.1 asks of each, and which of it holds.

A validator stops at the first no. Here every question is answered by itself, because a learner wants to see them all.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from kvlab.errors import BrokenChain, ExcessiveWork, UnreadableContainer, X509Error
from kvlab.x509.chain import ChainCertificate, order_chain, order_from_leaf
from kvlab.x509.constraint import outside, unknown_critical
from kvlab.x509.explain import explain_certificate
from kvlab.x509.summary import Summary, summarize

if TYPE_CHECKING:
    from collections.abc import Sequence

Role = Literal["leaf", "intermediate", "root", "unrelated", "unreadable"]
Verdict = Literal["verifies", "fails", "missing", "not checked"]

_NAMES_TOLD = 3
_CANDIDATES = 16
"""Of several possible issuers so many are tried, so that nobody can order long work."""


@dataclass(frozen=True, slots=True)
class Step:
    """
    One certificate of a chain, and the link from it to its issuer; a check that does not apply is None.

    Attributes:
        der: the certificate.
        role: what it is in the chain.
        summary: what it says; None where that can not be read.
        issuer_index: which step issued it, or should have; its own if it is self-signed; None if it is missing.
        name: the issuer's subject is this one's issuer name, octet for octet.
        key_identifier: the issuer's subjectKeyIdentifier is the one that authorityKeyIdentifier asks for.
        signature: the issuer's public key verifies the signature.
        ca: the issuer may sign certificates: cA, and keyCertSign where there is a keyUsage.
        path_length: no more CAs stand between the issuer and the leaf than the issuer allows.
        valid: it is valid at the instant asked for.
        constraints: the CAs above it allow its names, and each critical extension of it is one that a verifier knows.
        reasons: a sentence for each check that fails, or could not be made.
    """

    der: bytes
    role: Role
    summary: Summary | None = None
    issuer_index: int | None = None
    name: bool | None = None
    key_identifier: bool | None = None
    signature: bool | None = None
    ca: bool | None = None
    path_length: bool | None = None
    valid: bool | None = None
    constraints: bool | None = None
    reasons: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Say in a word what became of the link."""
        checks = (
            self.name,
            self.key_identifier,
            self.signature,
            self.ca,
            self.path_length,
            self.valid,
            self.constraints,
        )
        if False in checks:
            return "fails"
        if self.issuer_index is None and self.role != "unreadable":
            return "missing"
        return "verifies" if self.signature else "not checked"


def check_chain(certificates_der: Sequence[bytes], at: datetime) -> list[Step]:
    """
    Put certificates into order, leaf first, and check every link.

    Args:
        certificates_der: in any order; duplicates count once.
        at: aware; the instant at which each should be valid.

    Returns:
        A step for each: the chain, then certificates that belong to no link of it, then what is no certificate.

    Source: RFC 5280 sections 6.1.3 and 6.1.4 (what is asked of each certificate), 4.2.1.1 (key identifiers).
    """
    with warnings.catch_warnings():
        # cryptography's remarks, as on a negative serial number, would stand beside the table; `explain` has its own.
        warnings.simplefilter("ignore", UserWarning)
        return _steps(certificates_der, at)


def _steps(certificates_der: Sequence[bytes], at: datetime) -> list[Step]:
    readable: list[bytes] = []
    steps: list[Step] = []
    for der in dict.fromkeys(certificates_der):
        try:
            ChainCertificate(der)
        except UnreadableContainer as error:
            steps.append(Step(der, "unreadable", _summary(der), reasons=(str(error),)))
        else:
            readable.append(der)
    return [*_Line(_in_order(readable), at).steps(), *steps]


def _in_order(certificates_der: list[bytes]) -> list[bytes]:
    if not certificates_der:
        return []
    try:
        return order_chain(certificates_der)
    except (BrokenChain, ExcessiveWork):
        return order_from_leaf(certificates_der[0], certificates_der[1:])


def _summary(der: bytes) -> Summary | None:
    try:
        return summarize(explain_certificate(der))
    except X509Error:
        return None


class _Line:
    """Certificates in order, and the way from the first of them up."""

    def __init__(self, certificates_der: Sequence[bytes], at: datetime) -> None:
        self.at = int(at.timestamp())
        self.certificates = [ChainCertificate(der) for der in certificates_der]
        self.fields = [explain_certificate(der) for der in certificates_der]
        self.summaries = [summarize(fields) for fields in self.fields]
        self.by_name: dict[bytes, list[int]] = {}
        self.by_text: dict[str, list[int]] = {}
        for index, certificate in enumerate(self.certificates):
            self.by_name.setdefault(certificate.subject, []).append(index)
            self.by_text.setdefault(self.summaries[index].subject, []).append(index)
        self.issuers = [self._issuer(index) for index in range(len(self.certificates))]
        self.path = self._path()

    def steps(self) -> list[Step]:
        """Examine every certificate."""
        return [self._step(index) for index in range(len(self.certificates))]

    def _issuer(self, index: int) -> int | None:
        """Return the likeliest issuer: by name, key identifier and signature, as far as these go; itself first."""
        own = self.certificates[index]
        named = self.by_name.get(own.issuer) or self.by_text.get(self.summaries[index].issuer, [])
        fitting = [at for at in named if own.names_key_of(self.certificates[at])] or named
        tried = fitting[:_CANDIDATES]
        found = [at for at in tried if len(tried) > 1 and own.verify(self.certificates[at])[0]] or fitting
        return index if index in found else next(iter(found), None)

    def _path(self) -> list[int]:
        path: list[int] = []
        index = 0 if self.certificates else None
        while index is not None and index not in path:
            path.append(index)
            index = self.issuers[index]
        return path

    def _step(self, index: int) -> Step:
        issuer, summary = self.issuers[index], self.summaries[index]
        step = Step(self.certificates[index].der, self._role(index), summary, issuer, reasons=())
        if issuer is None:
            reason = f"None of the certificates has the name of its issuer, {summary.issuer or '(empty)'}."
            return self._with_constraints(self._with_validity(replace(step, reasons=(reason,)), summary), index)
        step = self._with_link(step, index, issuer)
        if issuer != index:
            step = self._with_path_length(self._with_authority(step, issuer), index, issuer)
        return self._with_constraints(self._with_validity(step, summary), index)

    def _role(self, index: int) -> Role:
        if self.issuers[index] == index and (self.summaries[index].ca or index > 0):
            return "root"
        if index not in self.path:
            return "unrelated"
        return "leaf" if index == 0 else "intermediate"

    def _with_link(self, step: Step, index: int, issuer: int) -> Step:
        own, other = self.certificates[index], self.certificates[issuer]
        name = own.issuer == other.subject
        known = own.authority_key is not None and other.subject_key is not None
        key_identifier = own.authority_key == other.subject_key if known else None
        signature, reason = own.verify(other)
        reasons = []
        if not name:
            reasons.append(f"The issuer's name has other octets here than in number {issuer + 1}.")
        elif reason:
            reasons.append(reason)
        if key_identifier is False:
            assert own.authority_key is not None
            assert other.subject_key is not None
            reasons.append(
                f"It was signed by the key {own.authority_key.hex()}; number {issuer + 1} is of the key "
                f"{other.subject_key.hex()}."
            )
        return replace(step, name=name, key_identifier=key_identifier, signature=signature, reasons=(*reasons,))

    def _with_authority(self, step: Step, issuer: int) -> Step:
        found = {field.name: field.value for field in self.fields[issuer] if field.section == "extensions"}
        usage = found.get("keyUsage")
        reasons = []
        if found.get("cA") != "true":
            reasons.append(f"Number {issuer + 1} is no CA: its basicConstraints do not say so.")
        if usage is not None and "keyCertSign" not in usage.split(", "):
            reasons.append(f"Number {issuer + 1} may not sign certificates: its keyUsage lacks keyCertSign.")
        return replace(step, ca=not reasons, reasons=(*step.reasons, *reasons))

    def _with_path_length(self, step: Step, index: int, issuer: int) -> Step:
        if index not in self.path or issuer not in self.path:
            return step
        limits = (field.value for field in self.fields[issuer] if field.name == "pathLenConstraint")
        most = next(limits, "")
        if not most.isdigit():
            return step
        between = self.path[1 : self.path.index(issuer)]
        # A certificate that a CA issues to itself, as when it changes keys, does not count (RFC 5280 section 4.2.1.9).
        count = sum(self.certificates[at].subject != self.certificates[at].issuer for at in between)
        if count <= int(most):
            return replace(step, path_length=True)
        reason = f"Number {issuer + 1} allows {most} CAs between it and the leaf; there are {count}."
        return replace(step, path_length=False, reasons=(*step.reasons, reason))

    def _with_constraints(self, step: Step, index: int) -> Step:
        """Say what is refused; where nothing is, nothing was asked for, as in most chains."""
        reasons = [
            f"Its critical extension {name} is none that a verifier of chains knows, so it must be refused."
            for name in unknown_critical(self.fields[index])
        ]
        own = self.certificates[index]
        # Those that a CA issues to itself are exempt, the leaf is not (RFC 5280 section 6.1.4, b).
        if index in self.path and (index == self.path[0] or own.subject != own.issuer):
            for issuer in self.path[self.path.index(index) + 1 :]:
                names = outside(own.parsed, self.certificates[issuer].parsed)
                told = f"{', '.join(names[:_NAMES_TOLD])}{', …' if len(names) > _NAMES_TOLD else ''}"
                reasons += [f"The name constraints of number {issuer + 1} do not allow {told}."] if names else []
        return replace(step, constraints=False, reasons=(*step.reasons, *reasons)) if reasons else step

    def _with_validity(self, step: Step, summary: Summary) -> Step:
        start, end = summary.not_before, summary.not_after
        if start is None or end is None:
            return replace(step, reasons=(*step.reasons, "Its validity can not be read."))
        if start <= self.at <= end:
            return replace(step, valid=True)
        when = f"is not valid before {_day(start)}" if self.at < start else f"was valid until {_day(end)} only"
        return replace(step, valid=False, reasons=(*step.reasons, f"It {when}."))


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
