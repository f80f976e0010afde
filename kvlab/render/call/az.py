"""A call with the Azure command line, for bash."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kvlab.render.call.call import Given
from kvlab.render.call.quote import json_text, shell, shell_command, shell_given, utc
from kvlab.render.call.rest import body_of, url_of
from kvlab.wire.model import decode_base64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kvlab.render.call.call import Call

_COMMANDS = {
    "create_certificate": "certificate create",
    "import_certificate": "certificate import",
    "get_certificate": "certificate show",
    "get_certificates": "certificate list",
    "get_certificate_versions": "certificate list-versions",
    "update_certificate": "certificate set-attributes",
    "update_certificate_policy": "certificate set-attributes",
    "get_certificate_policy": "certificate show",
    "delete_certificate": "certificate delete",
    "get_deleted_certificate": "certificate show-deleted",
    "get_deleted_certificates": "certificate list-deleted",
    "recover_deleted_certificate": "certificate recover",
    "purge_deleted_certificate": "certificate purge",
    "backup_certificate": "certificate backup",
    "restore_certificate": "certificate restore",
    "get_certificate_operation": "certificate pending show",
    "delete_certificate_operation": "certificate pending delete",
    "merge_certificate": "certificate pending merge",
    "get_certificate_contacts": "certificate contact list",
    "set_certificate_issuer": "certificate issuer create",
    "update_certificate_issuer": "certificate issuer update",
    "get_certificate_issuer": "certificate issuer show",
    "get_certificate_issuers": "certificate issuer list",
    "delete_certificate_issuer": "certificate issuer delete",
    "create_key": "key create",
    "update_key": "key set-attributes",
    "sign": "key sign",
    "verify": "key verify",
    "encrypt": "key encrypt",
    "decrypt": "key decrypt",
    "set_secret": "secret set",
    "update_secret": "secret set-attributes",
} | {
    f"{operation}".format(area): f"{area} {command}"
    for area in ("key", "secret")
    for operation, command in (
        ("get_{}", "show"), ("get_{}s", "list"), ("get_{}_versions", "list-versions"), ("delete_{}", "delete"),
        ("get_deleted_{}", "show-deleted"), ("get_deleted_{}s", "list-deleted"), ("recover_deleted_{}", "recover"),
        ("purge_deleted_{}", "purge"), ("backup_{}", "backup"), ("restore_{}", "restore"),
    )
}  # fmt: skip
_POLICY = {
    "key_props": ("keyProperties", {"exportable": "exportable", "kty": "keyType", "key_size": "keySize",
                                    "reuse_key": "reuseKey", "crv": "curve"}),
    "secret_props": ("secretProperties", {"contentType": "contentType"}),
    "issuer": ("issuerParameters", {"name": "name", "cty": "certificateType",
                                    "cert_transparency": "certificateTransparency"}),
    "x509_props": ("x509CertificateProperties", {"subject": "subject", "ekus": "ekus", "key_usage": "keyUsage",
                                                 "validity_months": "validityInMonths"}),
}  # fmt: skip
_NAMES = {"dns_names": "dnsNames", "emails": "emails", "upns": "upns"}
"""What az knows of subject alternative names: neither URIs nor IP addresses."""
_HEAD = 3


class _Unsayable(Exception):
    pass


def az_text(call: Call) -> str:
    """Return a command; ``az rest`` where no other says it; nothing where that could not keep a secret."""
    try:
        return _command(call) + "\n"
    except _Unsayable:
        return _rest(call)


def _command(call: Call) -> str:
    verb = _COMMANDS.get(call.operation)
    if verb is None:
        raise _Unsayable
    vault = (urlsplit(call.vault_url).hostname or "").split(".")[0]
    words = [["az keyvault", verb], ["--vault-name", shell(vault)]]
    if call.name and not call.operation.startswith("restore_"):
        option = "--issuer-name" if "issuer" in call.operation else "--name"
        # A name may begin with a hyphen, which az takes for an option otherwise.
        words.append([shell(f"{option}={call.name}")] if call.name.startswith("-") else [option, shell(call.name)])
    if call.version:
        words.append(["--version", shell(call.version)])
    words += _OPTIONS.get(call.operation, _no_options)(call)
    lines = [shell_command(words, _HEAD)]
    if call.operation == "set_certificate_issuer":
        lines += [shell_command(admin, _HEAD) for admin in _administrators(call, vault)]
    return "\n".join(lines)


def _rest(call: Call) -> str:
    body = body_of(call)
    if body is not None and _has_given(body):
        return ""
    words = [["az rest", f"--method {call.route.method.lower()}"], ["--url", shell(url_of(call))],
             ["--resource", "https://vault.azure.net"]]  # fmt: skip
    if body is not None:
        words += [["--headers", "Content-Type=application/json"], ["--body", shell(json_text(body))]]
    return " \\\n  ".join(" ".join(part) for part in words) + "\n"


def _has_given(value: Any) -> bool:
    if isinstance(value, Given):
        return True
    members: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_given, members))


def _no_options(call: Call) -> list[list[str]]:
    if call.operation.startswith("backup_"):
        return [["--file", shell(call.backup_file)]]
    if call.operation.startswith("restore_"):
        return [["--file", shell_given(call.arguments["value"])]]
    if call.operation in ("get_keys", "get_secrets"):
        return [["--include-managed"]]
    if call.operation == "get_certificate_policy":
        return [["--query", "policy"]]
    if call.arguments.get("include_pending") is not None:
        return [["--include-pending", _boolean(call.arguments["include_pending"])]]
    if set(call.arguments) - {"request_id", "maxresults"}:
        raise _Unsayable
    return []


def _create(call: Call) -> list[list[str]]:
    if "policy" not in call.arguments or "preserve_cert_order" in call.arguments:
        raise _Unsayable
    return [["--policy", _policy(call.arguments["policy"])], *_disabled(call), *_tags(call)]


def _import(call: Call) -> list[list[str]]:
    given = call.arguments
    if "preserve_cert_order" in given:
        raise _Unsayable
    words = [["--file", shell_given(given["value"])]]
    words += [["--password", shell_given(given["pwd"])]] if "pwd" in given else []
    words += [["--policy", _policy(given["policy"])]] if "policy" in given else []
    return [*words, *_disabled(call), *_tags(call)]


def _merge(call: Call) -> list[list[str]]:
    return [["--file", shell(call.merge_file)], *_disabled(call), *_tags(call)]


def _update(call: Call) -> list[list[str]]:
    given = call.arguments
    words = [["--policy", _policy(given["policy"])]] if "policy" in given else []
    words += [["--content-type", shell(given["content_type"])]] if "content_type" in given else []
    words += [["--ops", *map(shell, given["key_ops"])]] if "key_ops" in given else []
    enabled = (given.get("attributes") or {}).get("enabled")
    words += [["--enabled", _boolean(enabled)]] if enabled is not None else []
    return [*words, *_dates(call), *_tags(call)]


def _issuer(call: Call) -> list[list[str]]:
    issuer = call.arguments["issuer"]
    credentials, organization = issuer.get("credentials") or {}, issuer.get("org_details") or {}
    if call.operation == "update_certificate_issuer" and organization.get("admin_details"):
        raise _Unsayable
    enabled = (issuer.get("attributes") or {}).get("enabled")
    option = {"set_certificate_issuer": "--disabled", "update_certificate_issuer": "--enabled"}[call.operation]
    shown = None if enabled is None else _boolean(enabled if option == "--enabled" else not enabled)
    words = {
        "--provider-name": issuer.get("provider"), "--account-id": credentials.get("account_id"),
        "--organization-id": organization.get("id"),
    }  # fmt: skip
    found = [[name, shell(value)] for name, value in words.items() if value is not None]
    if "pwd" in credentials:
        found.append(["--password", shell_given(credentials["pwd"])])
    return [*found, *([[option, shown]] if shown else [])]


def _administrators(call: Call, vault: str) -> list[list[list[str]]]:
    details = (call.arguments["issuer"].get("org_details") or {}).get("admin_details") or []
    options = {"email": "--email", "first_name": "--first-name", "last_name": "--last-name", "phone": "--phone"}
    return [
        [
            ["az keyvault", "certificate issuer admin add"], ["--vault-name", shell(vault)],
            ["--issuer-name", shell(call.name)],
            *([option, shell(admin[name])] for name, option in options.items() if admin.get(name)),
        ]
        for admin in details
    ]  # fmt: skip


def _create_key(call: Call) -> list[list[str]]:
    given = call.arguments
    words = [["--kty", shell(given["kty"])]]
    words += [["--size", shell(given["key_size"])]] if "key_size" in given else []
    words += [["--curve", shell(given["crv"])]] if "crv" in given else []
    words += [["--ops", *map(shell, given["key_ops"])]] if "key_ops" in given else []
    return [*words, *_disabled(call), *_dates(call), *_tags(call)]


def _set_secret(call: Call) -> list[list[str]]:
    given = call.arguments
    words = [["--value", shell_given(given["value"])]]
    words += [["--content-type", shell(given["content_type"])]] if "content_type" in given else []
    return [*words, *_disabled(call), *_dates(call), *_tags(call)]


def _cryptography(call: Call) -> list[list[str]]:
    given, value = call.arguments, call.arguments["value"]
    words = [["--algorithm", shell(given["alg"])]]
    if call.operation == "sign":
        return [*words, ["--digest", _base64(value)]]
    if call.operation == "verify":
        return [*words, ["--digest", _base64(given["digest"])], ["--signature", _base64(value)]]
    return [*words, ["--value", _base64(value)], ["--data-type", "base64"]]


def _base64(value: str | bytes | Given) -> str:
    if isinstance(value, Given):
        return f'"$(base64 -w0 {shell(value.name)})"'
    octets = value if isinstance(value, bytes) else decode_base64(value)
    if octets is None:
        raise _Unsayable
    return shell(base64.b64encode(octets).decode())


def _disabled(call: Call) -> list[list[str]]:
    enabled = (call.arguments.get("attributes") or {}).get("enabled")
    return [["--disabled", "true"]] if enabled is False else []


def _dates(call: Call) -> list[list[str]]:
    attributes = call.arguments.get("attributes") or {}
    options = {"nbf": "--not-before", "exp": "--expires"}
    if call.area == "certificates":
        return []
    return [[option, utc(attributes[name])] for name, option in options.items() if attributes.get(name) is not None]


def _tags(call: Call) -> list[list[str]]:
    tags = call.arguments.get("tags")
    if tags is None:
        return []
    return [["--tags", *(shell(f"{key}={value}") for key, value in tags.items())]] if tags else [["--tags", '""']]


def _policy(policy: dict[str, Any]) -> str:
    """Write a policy as az spells it."""
    found: dict[str, Any] = {}
    for part, (spelled, members) in _POLICY.items():
        given = policy.get(part) or {}
        kept = {to: given[name] for name, to in members.items() if given.get(name) is not None}
        found |= {spelled: kept} if kept else {}
    names = (policy.get("x509_props") or {}).get("sans") or {}
    if {name for name, values in names.items() if values} - set(_NAMES):
        raise _Unsayable
    if kept := {to: names[name] for name, to in _NAMES.items() if names.get(name)}:
        found.setdefault("x509CertificateProperties", {})["subjectAlternativeNames"] = kept
    if actions := policy.get("lifetime_actions"):
        found["lifetimeActions"] = [_action(action) for action in actions]
    if not any((policy.get("key_props") or {"": True}).values()):
        # Like the SDK below it, az drops a false member of the key's properties that stands alone.
        raise _Unsayable
    return shell(json_text(found))


def _action(action: dict[str, Any]) -> dict[str, Any]:
    trigger = action.get("trigger") or {}
    names = {"lifetime_percentage": "lifetimePercentage", "days_before_expiry": "daysBeforeExpiry"}
    return {
        "action": {"actionType": (action.get("action") or {}).get("action_type")},
        "trigger": {to: trigger[name] for name, to in names.items() if trigger.get(name) is not None},
    }


def _boolean(value: Any) -> str:
    return "true" if value else "false"


_OPTIONS: dict[str, Callable[[Call], list[list[str]]]] = {
    "create_certificate": _create,
    "import_certificate": _import,
    "merge_certificate": _merge,
    "update_certificate": _update,
    "update_certificate_policy": _update,
    "set_certificate_issuer": _issuer,
    "update_certificate_issuer": _issuer,
    "create_key": _create_key,
    "update_key": _update,
    "set_secret": _set_secret,
    "update_secret": _update,
    **dict.fromkeys(("sign", "verify", "encrypt", "decrypt"), _cryptography),
}
