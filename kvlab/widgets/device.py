"""The form that brings a device certificate into AWS IoT's registry; a private key is in the answer only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from kvlab.errors import IotError, ResourceAlreadyExistsException, ServiceError
from kvlab.iot.iot import Iot
from kvlab.iot.material import read_certificate
from kvlab.render.call.iot.call import IotCall
from kvlab.render.device import DeviceReading
from kvlab.render.flow import flow_svg
from kvlab.render.markup import mono, table, text
from kvlab.widgets.argument import REGISTRY, check_argument
from kvlab.widgets.field import Field, Option
from kvlab.widgets.form import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.events import Event
    from kvlab.render.form import Drawn
    from kvlab.vault.vault import Vault
    from kvlab.wire.iot import RegisteredCertificate


class Method(NamedTuple):
    """
    A way to a device certificate.

    Attributes:
        operation: of the registry.
        label: its words.
        note: a second line.
        brings: the field with what the caller brings; empty if nothing.
        key: where the private key is afterwards.
    """

    operation: str
    label: str
    note: str
    brings: str
    key: str


_AT_HOME = "It stayed where it was made: AWS IoT has never seen it."
METHODS = {
    "keys": Method("create_keys_and_certificate", "AWS IoT makes both", "key and certificate", "",
                   "In form.answer.key_pair.private_key, in the kernel's memory, and nowhere else: AWS IoT keeps none. "
                   "Save it now; the next certificate takes its place."),
    "csr": Method("create_certificate_from_csr", "Your own CSR", "the key stays with you", "csr", _AT_HOME),
    "ca": Method("register_certificate", "Your own CA", "that is registered", "certificate", _AT_HOME),
    "without_ca": Method("register_certificate_without_ca", "Any certificate", "whoever signed it", "certificate",
                         _AT_HOME),
}  # fmt: skip
"""Key of a card -> the way. What is refused is the registry's to say."""

_SECRET, _PEM = "PRIVATE KEY", "-----BEGIN "
_TAKEN_OUT = "There was a private key in it, which does not belong here: it was not kept."
_MOST_POLICIES = 250
"""What AWS IoT lists at once; who has more attaches the others in Python."""
_UPLOADS = ".pem,.csr,.crt,.cer,.txt"


def device(iot: Iot) -> DeviceForm:
    """
    Show the form that makes or registers a device certificate.

    Args:
        iot: the registry of the account.

    Returns:
        The form. ``fields``: ``method`` (``keys``, ``csr``, ``ca``, ``without_ca``), ``csr``, ``certificate`` and
        ``ca`` (PEM), ``file`` (an upload; from Python octets), ``active``, ``policy``, ``thing``. ``form.answer`` is
        the registry's answer to the last one: the only place where a private key that AWS IoT made is.

    Raises:
        TypeError: it is no registry.
    """
    check_argument("iot", iot, REGISTRY)
    return DeviceForm(iot)


class IotForm(Form):
    """A form over the registry of an AWS account; what it is refused comes after the call."""

    judges = False
    working = "asking AWS IoT"
    call_title = "In kvlab's Python, boto3, aws, REST and openssl."
    refused = "AWS IoT refused."

    def __init__(self, iot: Iot, title: str, action: str, fields: list[Field]) -> None:
        self.iot = iot
        super().__init__(iot.vault, title, action, fields)

    def registry(self, vault: Vault) -> Iot:
        """Return the account's registry beside a vault that may differ in how long it is asked."""
        return Iot(vault, account=self.iot.account, region=self.iot.region)

    def drawn(self) -> dict[str, Any]:
        """Return everything the browser draws; the account stands where others have the vault."""
        return {**super().drawn(), "vault": f"AWS IoT, {self.iot.region}", "principal": self.iot.account}

    def shown(self) -> Drawn:
        """Return what the picture shows."""
        return super().shown()._replace(subtitle=f"in AWS IoT, {self.iot.region}, as {self.iot.account}")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on account {self.iot.account} in {self.iot.region}: {self.state}>"


class DeviceForm(IotForm):
    """Calls the registry's operation of the method, then attaches a policy and a thing."""

    def __init__(self, iot: Iot) -> None:
        self.answer: RegisteredCertificate | None = None
        self._unattached: list[ServiceError] = []
        super().__init__(iot, "New device certificate", "Create certificate", _fields())
        self._list_policies()
        self.draw()

    @property
    def method(self) -> Method:
        """The chosen way."""
        return METHODS[self.inputs["method"].value]

    def is_shown(self, field: Field) -> bool:
        """Tell whether a field belongs to the method."""
        shown = {
            "csr": self.method.brings == "csr",
            "certificate": self.method.brings == "certificate",
            "ca": self.method is METHODS["ca"],
            "file": bool(self.method.brings),
        }
        return shown.get(field.name, True)

    def begin(self) -> list[ServiceError]:
        """Return what stands in the way of attaching: a certificate is not made for a thing that is not there."""
        for field in self.inputs.values():
            field.refusal = None
        refused: list[ServiceError] = []
        for name, look in (("policy", self.iot.get_policy), ("thing", self.iot.describe_thing)):
            if self._text(name):
                with _about(name, refused):
                    look(self._text(name))
        return refused

    def ask(self, vault: Vault) -> RegisteredCertificate:
        """Make or register the certificate; what can not be attached to it does not undo it."""
        iot = self.registry(vault)
        self._unattached = []
        made: RegisteredCertificate = getattr(iot, self.method.operation)(**self._arguments())
        if self._text("policy"):
            with _about("policy", self._unattached):
                iot.attach_policy(self._text("policy"), made.certificate_arn)
        if self._text("thing"):
            with _about("thing", self._unattached):
                iot.attach_thing_principal(self._text("thing"), made.certificate_arn)
        return made

    def call(self) -> IotCall:
        """Return the call, and what is attached after it."""
        attaching = []
        if policy := self._text("policy"):
            attaching.append(IotCall.of(self.iot, "attach_policy", policy_name=policy))
        if thing := self._text("thing"):
            attaching.append(IotCall.of(self.iot, "attach_thing_principal", thing_name=thing))
        return IotCall.of(self.iot, self.method.operation, *attaching, **self._arguments())

    def end(self, answer: RegisteredCertificate) -> None:
        """Show the certificate, and say where the key is."""
        self.answer = answer
        status = self.iot.describe_certificate(answer.certificate_id).certificate_description.status
        reading = DeviceReading(answer.certificate_arn)
        story = reading.story([event for event in self.iot.events if reading.hears(event)], ())
        facts = table(
            [("Status", mono(status)), ("Certificate id", mono(answer.certificate_id)),
             ("ARN", mono(answer.certificate_arn)), ("Private key", text(self.method.key))]
        )  # fmt: skip
        picture = flow_svg(story, seeded=self.vault.seeded)
        missing = "; not all was attached" if self._unattached else ""
        self.status = ("warn" if missing else "ok", f"{answer.certificate_id[:12]}…: {status}{missing}")
        self.outcome = f'<div><div class="kvf-flow">{picture}</div>{facts}</div>'
        for error in self._unattached:
            self.place(error)

    def field_of(self, error: ServiceError) -> str:
        """Return the field an error is about: AWS's sentences name none, but the request held one thing only."""
        named = super().field_of(error)
        brings = self.method.brings
        if named or not self._text("ca") or self.method is not METHODS["ca"]:
            return named or brings
        return brings if isinstance(error, ResourceAlreadyExistsException) else self._blamed()

    def changed(self, field: Field) -> None:
        """Look again; a private key that somebody pastes is not kept."""
        if self._held:
            return
        if field.name == "file":
            if isinstance(field.value, (bytes, bytearray)):
                octets, field.value = bytes(field.value), None
                self.take_file(field, "", octets)
            return
        field.note = ("", "")
        if field.name == "method":
            verb = "Register" if self.method.operation.startswith("register") else "Create"
            self.button = self.button._replace(label=f"{verb} certificate")
        if isinstance(field.value, str) and _SECRET in field.value:
            with self.holding():
                field.value = ""
            field.note = ("bad", _TAKEN_OUT)
        if self.state != "busy":
            self.state, self.status = "idle", ("", "")
        super().changed(field)

    def take_file(self, field: Field, filename: str, octets: bytes) -> None:
        """Take a request or a certificate as a file."""
        found = octets.decode("utf-8", "replace")
        if _SECRET in found:
            field.note = ("bad", _TAKEN_OUT)
        elif _PEM not in found:
            field.note = ("bad", f"{filename}: no PEM is in it".lstrip(": "))
        else:
            field.note = ("ok", f"{filename} · {len(octets):,} octets".lstrip("· "))
            self.inputs[self.method.brings].value = found
        self.draw()

    def heard(self, event: Event) -> None:
        """Follow which policies there are, whoever makes or deletes them."""
        if event.kind in ("create_policy", "delete_policy"):
            self._list_policies()
            self.draw()

    def _text(self, name: str) -> str:
        return str(self.inputs[name].value or "").strip()

    def _arguments(self) -> dict[str, Any]:
        active = bool(self.inputs["active"].value)
        if self.method.brings == "csr":
            return {"certificate_signing_request": self._text("csr"), "set_as_active": active}
        if self.method.brings == "certificate":
            ca = (
                {"ca_certificate_pem": self._text("ca")}
                if self.is_shown(self.inputs["ca"]) and self._text("ca")
                else {}
            )
            return {"certificate_pem": self._text("certificate"), "status": "ACTIVE" if active else "INACTIVE", **ca}
        return {"set_as_active": active}

    def _blamed(self) -> str:
        """Tell which of two certificates was refused: a device's that can be read is fine by itself."""
        try:
            read_certificate(self._text("certificate"))
        except IotError:
            return "certificate"
        return "ca"

    def _list_policies(self) -> None:
        field = self.inputs["policy"]
        names = [policy.policy_name for policy in self.iot.list_policies(page_size=_MOST_POLICIES).policies]
        field.options = (Option("", "none"), *(Option(name, name) for name in names))
        if field.value not in ("", *names):
            field.note = ("warn", f"{field.value} is gone: no policy will be attached")
            with self.holding():
                field.value = ""


@contextmanager
def _about(name: str, refused: list[ServiceError]) -> Iterator[None]:
    """Keep a refusal for the field that it is about."""
    try:
        yield
    except ServiceError as error:
        error.facts["field"] = f"{name}_name"
        refused.append(error)


def _fields() -> list[Field]:
    cards = [Option(key, method.label, method.note) for key, method in METHODS.items()]
    return [
        Field("method", "Method", "cards", value="keys", options=cards),
        Field("csr", "Request", "area", "PEM of a PKCS#10 request (CSR). Its subject is kept; no private key is in it.",
              value="", member="csr", rows=8, placeholder="-----BEGIN CERTIFICATE REQUEST-----"),
        Field("certificate", "Certificate", "area", "PEM of the device's certificate, without its key.",
              value="", member="certificate", rows=8, placeholder="-----BEGIN CERTIFICATE-----"),
        Field("file", "or a file", "file", "The same as a PEM file.", accept=_UPLOADS),
        Field("ca", "CA certificate", "area", "PEM; needed only where two registered CAs have the same subject.",
              value="", member="ca", rows=4, placeholder="-----BEGIN CERTIFICATE-----"),
        Field("active", "Set as active", "check", "Only with an ACTIVE certificate can a device connect.", value=True),
        Field("policy", "Policy", "choice", "What the device may do; without one it may do nothing.", value="",
              member="policy_name", options=[Option("", "none")]),
        Field("thing", "Thing", "text", "The name of a thing in the registry, if this is its certificate.", value="",
              member="thing_name"),
    ]  # fmt: skip
