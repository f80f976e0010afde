"""What a check sees of a vault. Looking leaves no trace in the log, and believes only state, DER and events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.lessons.draw import PLANTS
from kvlab.lessons.exercise import Stuck
from kvlab.lessons.fact import Bundle, read_bundle
from kvlab.x509.container import load_certificates

if TYPE_CHECKING:
    from datetime import datetime

    from kvlab.events import Event
    from kvlab.lessons.task import Task
    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.wire.operation import CertificateOperation
    from kvlab.wire.policy import CertificatePolicy

NOTHING_DONE = (
    "Nothing has happened in this vault yet. If the kernel was restarted, run the cells above again: "
    "Run → Run All Above Selected Cell."
)
_MAKERS = {"import_certificate": "import", "merge_certificate": "merge"}


@dataclass(frozen=True)
class Version:
    """
    One version of a certificate.

    Attributes:
        bundle: as the vault answers it.
        leaf: the certificate itself, read from its DER.
        made_by: ``create``, ``merge``, ``import``, ``renewal`` or ``restore``, as the log tells.
        maker: the principal who began it; ``vault`` for a renewal.
        event: the number of the event that made it, or None.
        exportable: whether its key may leave, as the log told when it was made; None where it did not.
    """

    bundle: CertificateBundle
    leaf: x509.Certificate
    made_by: str
    maker: str
    event: int | None
    exportable: bool | None = None

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self.bundle.id.rsplit("/", 1)[1]

    @property
    def enabled(self) -> bool:
        """Whether it may be used."""
        return bool(self.bundle.attributes.enabled)


class Look:
    """
    One look at a vault.

    Args:
        vault: whose owner's view is made anew here, so that nothing put in the place of its methods is asked.
        task: with the student's parameters.
        answer: what was handed in.
    """

    def __init__(self, vault: Vault, task: Task, answer: object = None) -> None:
        self.vault = type(vault).observe(vault)
        self.task = task
        self.answer = answer

    @cached_property
    def events(self) -> list[Event]:
        """The log, the oldest first."""
        return list(self.vault.events)

    @property
    def now(self) -> datetime:
        """The vault's time."""
        return self.vault.clock.now()

    @cached_property
    def names(self) -> set[str]:
        """The certificates, in lower case, pending ones too."""
        return {item.id.split("/")[4].lower() for item in self.vault.get_certificates(include_pending=True)}

    def has(self, name: str) -> bool:
        """Whether a certificate of this name exists or is pending."""
        return name.lower() in self.names

    def is_deleted(self, name: str) -> bool:
        """Whether a certificate of this name is deleted and can be recovered."""
        return any(_name(item.id).lower() == name for item in self.vault.get_deleted_certificates())

    def require(self, name: str) -> None:
        """
        Make sure that there is something to look at.

        Raises:
            Stuck: with the sentence that fits what is there instead.
        """
        if self.has(name):
            return
        if not self.events:
            raise Stuck(NOTHING_DONE)
        if self.is_deleted(name):
            raise Stuck(f"The certificate {name} is deleted. Recover it: vault.recover_deleted_certificate('{name}')")
        other = next((plant for plant in PLANTS if plant != name and plant in self.names), None)
        if other is not None and not self._is_mine(other):
            raise Stuck(
                f"There is no certificate {name}, but there is {other}: a name from another student's task. "
                f"Yours is about {name}."
            )
        raise Stuck(
            f"There is no certificate {name} in the vault {self.vault.name} yet. Make it, and check again. If you made "
            f"it in another vault, say so: check('{self.task.id}', vault=…)"
        )

    def _is_mine(self, plant: str) -> bool:
        return plant in self.task.own_plants

    def policy(self, name: str) -> CertificatePolicy:
        """Return what the next version will be like."""
        return self.vault.get_certificate_policy(name)

    def versions(self, name: str) -> list[Version]:
        """Return the versions of a certificate, the oldest first."""
        if not self.has(name):
            return []
        stories = {story.version: story for story in self._made(name)}
        order = {version: place for place, version in enumerate(stories)}
        items = self.vault.get_certificate_versions(name)
        bundles = [self.vault.get_certificate(name, _name(item.id, 5)) for item in items]
        bundles.sort(key=lambda one: (one.attributes.created or 0, order.get(_name(one.id, 5), -1)))
        return [self._version(name, bundle, stories.get(_name(bundle.id, 5))) for bundle in bundles]

    def current(self, name: str) -> Version | None:
        """
        Return the version that everybody gets who names none; None while the first one is pending.

        Raises:
            Stuck: there is no such certificate, or time has passed it by.
        """
        self.require(name)
        found = self.versions(name)
        if not found:
            return None
        if found[-1].leaf.not_valid_after_utc <= self.now:
            raise Stuck(
                f"{name} expired on {found[-1].leaf.not_valid_after_utc:%d %B %Y}, and the vault's clock stands at "
                f"{self.now:%d %B %Y}. Make a new version, or begin anew: run the cell with kvlab.lesson(…) again."
            )
        return found[-1]

    def status(self, name: str) -> str:
        """Return the state of the last operation on a name as the log tells it; empty if there was none."""
        moves = [event for event in self.about(name) if "to" in event.detail]
        return str(moves[-1].detail["to"]) if moves else ""

    def operation(self, name: str) -> CertificateOperation | None:
        """Return the pending object, with its request; None if there is none."""
        if not self.has(name) or self.vault.get_certificate(name).pending is None:
            return None
        return self.vault.get_certificate_operation(name)

    def secret(self, name: str, version: str | None = None) -> Bundle | None:
        """Return what the managed secret holds; None where nobody may read it."""
        bundle = self.vault.get_certificate(name, version) if self.has(name) else None
        if bundle is None or not bundle.attributes.enabled or bundle.cer is None:
            return None
        if (bundle.attributes.exp or 0) <= self.now.timestamp():
            return None
        return read_bundle(self.vault.get_secret(name, version).value or "")

    def holds_key(self, name: str, version: Version) -> bool:
        """Whether the secret of a version has the private key in it, even where nobody may read it just now."""
        held = self.secret(name, version.id)
        return bool(held.keys) if held is not None else version.exportable is True

    def about(self, name: str, area: str = "certificates") -> list[Event]:
        """Return the events about an object, the oldest first."""
        place = f"{area}/{name}".casefold()
        return [event for event in self.events if event.object.casefold() == place]

    def refused(self, operation: str, name: str) -> Event | None:
        """Return the last refusal of an operation on a name; None if there was none since it last succeeded."""
        for event in reversed(self.about(name)):
            if event.kind == operation:
                return None
            if event.kind == "refused" and event.detail.get("operation") == operation:
                return event
        return None

    def certificates_handed_in(self) -> list[x509.Certificate]:
        """
        Return the certificates of the answer: octets, PEM text, a certificate, or a list of these.

        Raises:
            Stuck: nothing was handed in.
        """
        if self.answer is None:
            raise Stuck(f"Hand something in: check('{self.task.id}', answer)")
        parts = self.answer if isinstance(self.answer, (list, tuple)) else [self.answer]
        return [certificate for part in parts for certificate in _certificates(part)]

    def text_handed_in(self) -> str:
        """
        Return the answer as text; what is no text has none.

        Raises:
            Stuck: nothing was handed in.
        """
        if self.answer is None:
            raise Stuck(f"Hand something in: check('{self.task.id}', answer)")
        # A secret as kvlab or the SDK answers it stands for its value.
        given = getattr(self.answer, "value", self.answer)
        if isinstance(given, (bytes, bytearray)):
            return given.decode("utf-8", "replace")
        return given if isinstance(given, str) else ""

    def _made(self, name: str) -> list[Event]:
        return [
            event
            for event in self.about(name)
            if event.version and (event.kind in _MAKERS or event.detail.get("to") == "completed")
        ]

    def _version(self, name: str, bundle: CertificateBundle, made: Event | None) -> Version:
        began = [
            event
            for event in self.about(name)
            if made and event.kind == "create_certificate" and event.request_id == made.request_id
        ]
        assert bundle.cer is not None
        leaf = x509.load_der_x509_certificate(bundle.cer)
        if made is None:
            return Version(bundle, leaf, "restore", "", None)
        told = began[0] if began else made
        how = _MAKERS.get(made.kind) or ("renewal" if told.actor == "vault" else "create")
        return Version(bundle, leaf, how, told.actor, made.seq, told.detail.get("exportable"))


def refusal_words(event: Event) -> str:
    """Return a refusal as it stands in the log: status, and the first sentence."""
    message = " ".join(str(event.detail.get("message", "")).split())
    return f"{event.detail.get('status')} {message[:160]}"


def _name(identifier: str, part: int = 4) -> str:
    return identifier.split("/")[part]


def _certificates(part: Any) -> list[x509.Certificate]:
    if isinstance(part, x509.Certificate):
        return [part]
    part = getattr(part, "cer", part)
    if not isinstance(part, (bytes, bytearray, str)):
        return []
    try:
        octets = part if isinstance(part, str) else bytes(part)
        return [x509.load_der_x509_certificate(der) for der in load_certificates(octets)]
    except ValueError:
        return []
