"""From an event of a vault to the call that caused it, and to what the vault answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.errors import VaultError
from kvlab.events import IOT
from kvlab.render.call.call import DEFAULT_URL, HIDDEN, PASSWORD, Call
from kvlab.render.call.page import Part
from kvlab.render.call.rest import refusal_text, response_text
from kvlab.vault.access import OWNER
from kvlab.vault.turn import VAULT

if TYPE_CHECKING:
    from kvlab.events import Event
    from kvlab.vault.vault import Vault

_OPERATIONS = {"poll": "get_certificate_operation", "wrapKey": "wrap_key", "unwrapKey": "unwrap_key"}
_NAMELESS = ("certificates/contacts", "certificates/restore", "keys/restore", "secrets/restore")
_NOW = {
    "create_certificate": "get_certificate_operation",
    "update_certificate_operation": "get_certificate_operation",
    "update_certificate_policy": "get_certificate_policy",
    "set_certificate_issuer": "get_certificate_issuer",
    "update_certificate_issuer": "get_certificate_issuer",
    "set_certificate_contacts": "get_certificate_contacts",
    **dict.fromkeys(("merge_certificate", "import_certificate"), "get_certificate"),
    **{f"delete_{area}": f"get_deleted_{area}" for area in ("certificate", "key", "secret")},
    **{
        f"{verb}_{area}": f"get_{area}"
        for area in ("certificate", "key", "secret")
        for verb in ("update", "recover_deleted", "restore")
    },
    **dict.fromkeys(("create_key", "import_key"), "get_key"),
    "set_secret": "get_secret",
}
"""What shows today what a change made; a reading call shows itself."""


def call_of(event: Event, vault: Vault | str | None = None) -> Call | None:
    """
    Return the call that caused an event; None if nobody called the vault.

    Then it acted by itself, a CA answered, or AWS IoT was called.

    Args:
        event: of ``vault.events``.
        vault: whose URL is shown, or the URL.
    """
    if event.actor == VAULT or event.service == IOT:
        return None
    operation = str(event.detail.get("operation") if event.kind == "refused" else event.kind)
    operation = _OPERATIONS.get(operation, operation)
    area, _, name = event.object.rpartition("/")
    name = "" if event.object in _NAMELESS or not area else name
    noted = dict(event.detail.get("request") or {})
    hidden = dict.fromkeys(noted.pop("hidden", ()), HIDDEN)
    if "issuer" in operation and hidden.pop("pwd", None):
        _put_password(noted)
    try:
        return Call.of(operation, name, vault=vault or DEFAULT_URL, **noted, **hidden)
    except KeyError:
        return None


def answer_of(event: Event, vault: Vault | None = None) -> Part | None:
    """
    Return what the service answered: a refusal as it was, else what the vault shows now, if it is given.

    An owner's look leaves no trace in the log; anybody else's is a reading call as ever.
    """
    detail = event.detail
    if event.kind == "refused":
        shown = refusal_text(detail["status"], detail["code"], detail.get("inner_code"), detail["message"])
        return Part("Response", shown)
    call = call_of(event, vault)
    if vault is None or call is None:
        return None
    read = call if call.route.method == "GET" else _reading(call)
    if read is None:
        return None
    return Part(f"GET /{'/'.join(read.path)}, now", response_text(read, answer_now(read, vault)))


def answer_now(read: Call, vault: Vault) -> Any:
    """Make a reading call: return what the vault's method returns, or the refusal it raises."""
    looking = vault.observe() if vault.principal == OWNER else vault
    named = {**({"version": read.version} if read.version else {}), **read.arguments}
    try:
        return getattr(looking, read.operation)(*([read.name] if read.name else []), **named)
    except VaultError as refusal:
        return refusal


def _reading(call: Call) -> Call | None:
    operation = _NOW.get(call.operation)
    return None if operation is None else Call.of(operation, call.name, vault=call.vault_url)


def _put_password(noted: dict[str, Any]) -> None:
    holder = noted["issuer"] if isinstance(noted.get("issuer"), dict) else noted
    holder["credentials"] = {**(holder.get("credentials") or {}), "pwd": PASSWORD}
