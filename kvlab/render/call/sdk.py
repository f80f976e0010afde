"""A call with the official Azure SDK for Python, as one would write it against the cloud."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kvlab.render.call.call import Given
from kvlab.render.call.quote import Code, python_call, python_imports
from kvlab.wire.model import decode_base64

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.render.call.call import Call

_CLIENTS = {"certificates": "CertificateClient", "keys": "KeyClient", "secrets": "SecretClient"}
_LISTS = {
    "get_certificates": "list_properties_of_certificates",
    "get_certificate_versions": "list_properties_of_certificate_versions",
    "get_deleted_certificates": "list_deleted_certificates",
    "get_certificate_issuers": "list_properties_of_issuers",
    "get_keys": "list_properties_of_keys",
    "get_key_versions": "list_properties_of_key_versions",
    "get_deleted_keys": "list_deleted_keys",
    "get_secrets": "list_properties_of_secrets",
    "get_secret_versions": "list_properties_of_secret_versions",
    "get_deleted_secrets": "list_deleted_secrets",
}
_RENAMED = {
    "get_certificate_contacts": "get_contacts",
    "delete_certificate_contacts": "delete_contacts",
    "get_certificate_issuer": "get_issuer",
    "delete_certificate_issuer": "delete_issuer",
    "restore_certificate": "restore_certificate_backup",
    "restore_key": "restore_key_backup",
    "restore_secret": "restore_secret_backup",
}
_POLLED = re.compile("delete_(certificate|key|secret)|recover_deleted_.*")
_CRYPTOGRAPHY = {
    "sign": "SignatureAlgorithm",
    "verify": "SignatureAlgorithm",
    "encrypt": "EncryptionAlgorithm",
    "decrypt": "EncryptionAlgorithm",
    "wrap_key": "KeyWrapAlgorithm",
    "unwrap_key": "KeyWrapAlgorithm",
}
_POLICY = {
    "key_props": {
        "exportable": "exportable", "kty": "key_type", "key_size": "key_size", "reuse_key": "reuse_key",
        "crv": "key_curve_name",
    },
    "secret_props": {"contentType": "content_type"},
    "x509_props": {
        "subject": "subject", "ekus": "enhanced_key_usage", "key_usage": "key_usage",
        "validity_months": "validity_in_months",
    },
    "issuer": {"cty": "certificate_type", "cert_transparency": "certificate_transparency"},
}  # fmt: skip
_NAMES = {
    "dns_names": "san_dns_names", "emails": "san_emails", "upns": "san_user_principal_names", "uris": "san_uris",
    "ipAddresses": "san_ip_addresses", "ip_addresses": "san_ip_addresses",
}  # fmt: skip


def sdk_text(call: Call) -> str:
    """Return a program; in kvlab ``client`` is ``kvlab.sdk(vault).certificates`` (or ``.keys``, ``.secrets``)."""
    if _is_lost(call):
        return ""
    body = _LINES.get(call.operation, _plain)(call)
    client = _CLIENTS[call.area]
    names = sorted({client, *re.findall(r"\b(CertificatePolicy|LifetimeAction|CertificateContact"
                                        r"|AdministratorContact|JsonWebKey)\(", body)})  # fmt: skip
    imports = python_imports(body)
    third_party = ["from azure.identity import DefaultAzureCredential",
                   f"from azure.keyvault.{call.area} import {', '.join(names)}"]  # fmt: skip
    if algorithm := _CRYPTOGRAPHY.get(call.operation):
        third_party.append(f"from azure.keyvault.keys.crypto import {algorithm}")
    if "x509." in body:
        third_party.append("from cryptography import x509")
        third_party.append("from cryptography.hazmat.primitives.serialization import Encoding")
    made = f'client = {client}("{call.vault_url}", DefaultAzureCredential())'
    head = [*imports, *([""] if imports else []), *third_party, ""]
    return "\n".join([*head, made, body]) + "\n"


def _is_lost(call: Call) -> bool:
    """Tell whether the SDK can not say it: it drops a false member of a key's properties that stands alone."""
    policy = call.arguments.get("policy") or {}
    key = policy.get("key_props") or {}
    return call.operation != "create_certificate" and bool(key) and not any(key.values())


def _plain(call: Call) -> str:
    """Write a call whose method takes a name, and at most a version and what the vault takes under the same name."""
    operation = call.operation
    method = _LISTS.get(operation) or _RENAMED.get(operation) or operation
    if operation.startswith("restore_"):
        return python_call(f"client.{method}", call.arguments["value"])
    about = [part for part in (call.name, call.version) if part]
    named = {key: value for key, value in call.arguments.items() if key == "include_pending"}
    text = python_call(f"client.{method}", *about, **named)
    if operation in _LISTS:
        return f"list({text})"
    if _POLLED.fullmatch(operation):
        return text.replace("client.", "client.begin_", 1) + ".result()"
    return text


def _create(call: Call) -> str:
    policy = call.arguments.get("policy")
    if policy is None:
        given = Code(python_call("client.get_certificate_policy", call.name))
    else:
        # The SDK drops a false member of the key's properties that stands alone.
        key = policy.get("key_props") or {}
        lost = bool(key) and not any(key.values())
        given = _policy({**policy, "key_props": {**key, "kty": "RSA"}} if lost else policy)
    return python_call("client.begin_create_certificate", call.name, given, **_properties(call)) + ".result()"


def _import(call: Call) -> str:
    named: dict[str, Any] = {"password": call.arguments.get("pwd")}
    if "policy" in call.arguments:
        named["policy"] = _policy(call.arguments["policy"])
    file = call.arguments["value"]
    return python_call("client.import_certificate", call.name, file, **named, **_properties(call))


def _merge(call: Call) -> str:
    file = Given("file", call.merge_file, "base64")
    loaded = f"chain = {python_call('x509.load_pem_x509_certificates', file)}"
    entries = Code("[certificate.public_bytes(Encoding.DER) for certificate in chain]")
    return f"{loaded}\n{python_call('client.merge_certificate', call.name, entries, **_properties(call))}"


def _get_certificate(call: Call) -> str:
    if call.version:
        return python_call("client.get_certificate_version", call.name, call.version)
    return python_call("client.get_certificate", call.name)


def _update(call: Call) -> str:
    method = f"client.update_{call.area[:-1]}_properties"
    more = {key: call.arguments.get(key) for key in ("content_type",)}
    operations = call.arguments.get("key_ops")
    named = {**more, "key_operations": operations, **_properties(call)}
    lines = []
    if "policy" in call.arguments:
        lines.append(python_call("client.update_certificate_policy", call.name, _policy(call.arguments["policy"])))
    if any(value is not None for value in named.values()) or not lines:
        lines.append(python_call(method, call.name, call.version or None, **named))
    return "\n".join(lines)


def _update_policy(call: Call) -> str:
    return python_call("client.update_certificate_policy", call.name, _policy(call.arguments["policy"]))


def _cancel(call: Call) -> str:
    return python_call("client.cancel_certificate_operation", call.name)


def _contacts(call: Call) -> str:
    contacts = [Code(python_call("CertificateContact", **contact)) for contact in call.arguments["contacts"]]
    return python_call("client.set_contacts", contacts)


def _issuer(call: Call) -> str:
    issuer = call.arguments["issuer"]
    credentials, organization = issuer.get("credentials") or {}, issuer.get("org_details") or {}
    admins = [Code(python_call("AdministratorContact", **admin)) for admin in organization.get("admin_details") or ()]
    named = {
        "enabled": (issuer.get("attributes") or {}).get("enabled"), "account_id": credentials.get("account_id"),
        "password": credentials.get("pwd"), "organization_id": organization.get("id"), "admin_contacts": admins or None,
    }  # fmt: skip
    if call.operation == "set_certificate_issuer":
        return python_call("client.create_issuer", call.name, issuer.get("provider", ""), **named)
    return python_call("client.update_issuer", call.name, provider=issuer.get("provider"), **named)


def _cryptography(call: Call) -> str:
    algorithm = Code(python_call(_CRYPTOGRAPHY[call.operation], call.arguments["alg"]))
    client = python_call("client.get_cryptography_client", call.name, key_version=call.version or None)
    members = ("digest", "value") if call.operation == "verify" else ("value",)
    operands = [_octets(call.arguments[member]) for member in members]
    return python_call(f"{client}.{call.operation}", algorithm, *operands)


def _octets(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    octets = decode_base64(value)
    return value if octets is None else octets


def _create_key(call: Call) -> str:
    given = call.arguments
    named = {"size": given.get("key_size"), "curve": given.get("crv"), "key_operations": given.get("key_ops")}
    return python_call("client.create_key", call.name, given["kty"], **named, **_properties(call))


def _import_key(call: Call) -> str:
    loaded = f"members = {python_call('json.loads', Code(_read_text(call.arguments['key'])))}"
    lines = [loaded, 'for name in members.keys() - {"kty", "crv", "kid", "key_ops"}:',
             '    members[name] = base64.urlsafe_b64decode(members[name] + "==")']  # fmt: skip
    made = python_call("client.import_key", call.name, Code("JsonWebKey(**members)"),
                       hardware_protected=call.arguments.get("hsm"), **_properties(call))  # fmt: skip
    return "\n".join([*lines, made])


def _read_text(value: Given) -> str:
    return python_call("Path", value.name) + ".read_text()"


def _set_secret(call: Call) -> str:
    given = call.arguments
    return python_call(
        "client.set_secret", call.name, given["value"], content_type=given.get("content_type"), **_properties(call)
    )


def _get_secret(call: Call) -> str:
    return python_call(
        "client.get_secret", call.name, call.version or None, out_content_type=call.arguments.get("out_content_type")
    )


def _properties(call: Call) -> dict[str, Any]:
    attributes = call.arguments.get("attributes") or {}
    dates = {
        "not_before": _instant(attributes.get("nbf")), "expires_on": _instant(attributes.get("exp")),
    } if call.area != "certificates" else {}  # fmt: skip
    order = call.arguments.get("preserve_cert_order")
    return {"enabled": attributes.get("enabled"), "tags": call.arguments.get("tags"), "preserve_order": order, **dates}


def _instant(seconds: int | None) -> Code | None:
    return None if seconds is None else Code(f"datetime.fromtimestamp({int(seconds)}, UTC)")


def _policy(policy: dict[str, Any]) -> Code:
    """Write a policy of the wire as the SDK's flat arguments."""
    issuer = policy.get("issuer") or {}
    named: dict[str, Any] = {"issuer_name": issuer.get("name")}
    for part, members in _POLICY.items():
        given = policy.get(part) or {}
        named |= {to: given[name] for name, to in members.items() if given.get(name) is not None}
    names = (policy.get("x509_props") or {}).get("sans") or {}
    named |= {to: names[name] for name, to in _NAMES.items() if names.get(name)}
    if actions := policy.get("lifetime_actions"):
        named["lifetime_actions"] = [_action(action) for action in actions]
    return Code(python_call("CertificatePolicy", **named))


def _action(action: dict[str, Any]) -> Code:
    kind = (action.get("action") or {}).get("action_type")
    return Code(python_call("LifetimeAction", kind, **(action.get("trigger") or {})))


_LINES: dict[str, Callable[[Call], str]] = {
    "create_certificate": _create,
    "import_certificate": _import,
    "merge_certificate": _merge,
    "get_certificate": _get_certificate,
    "update_certificate": _update,
    "update_certificate_policy": _update_policy,
    "update_certificate_operation": _cancel,
    "set_certificate_contacts": _contacts,
    "set_certificate_issuer": _issuer,
    "update_certificate_issuer": _issuer,
    "update_key": _update,
    "create_key": _create_key,
    "import_key": _import_key,
    "update_secret": _update,
    "set_secret": _set_secret,
    "get_secret": _get_secret,
    **dict.fromkeys(_CRYPTOGRAPHY, _cryptography),
}
