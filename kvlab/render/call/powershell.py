"""
A call with Azure PowerShell (module Az.KeyVault), for PowerShell 7.

Source: https://learn.microsoft.com/powershell/module/az.keyvault. There is no PowerShell among kvlab's tests: whether
these run was never tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kvlab.render.call.call import Given
from kvlab.render.call.quote import json_text, powershell, utc
from kvlab.render.call.rest import body_of, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kvlab.render.call.call import Call

_CMDLETS = {
    "create_certificate": "Add-AzKeyVaultCertificate",
    "import_certificate": "Import-AzKeyVaultCertificate",
    "merge_certificate": "Import-AzKeyVaultCertificate",
    "update_certificate": "Update-AzKeyVaultCertificate",
    "get_certificate_policy": "Get-AzKeyVaultCertificatePolicy",
    "update_certificate_policy": "Set-AzKeyVaultCertificatePolicy",
    "get_certificate_operation": "Get-AzKeyVaultCertificateOperation",
    "update_certificate_operation": "Stop-AzKeyVaultCertificateOperation -Force",
    "delete_certificate_operation": "Remove-AzKeyVaultCertificateOperation -Force",
    "get_certificate_contacts": "Get-AzKeyVaultCertificateContact",
    "set_certificate_issuer": "Set-AzKeyVaultCertificateIssuer",
    "get_certificate_issuer": "Get-AzKeyVaultCertificateIssuer",
    "get_certificate_issuers": "Get-AzKeyVaultCertificateIssuer",
    "delete_certificate_issuer": "Remove-AzKeyVaultCertificateIssuer -Force",
    "create_key": "Add-AzKeyVaultKey -Destination Software",
    "update_key": "Update-AzKeyVaultKey",
    "set_secret": "Set-AzKeyVaultSecret",
    "update_secret": "Update-AzKeyVaultSecret",
} | {
    operation.format(area): cmdlet.format(noun)
    for area, noun in (("certificate", "Certificate"), ("key", "Key"), ("secret", "Secret"))
    for operation, cmdlet in (
        ("get_{}", "Get-AzKeyVault{}"), ("get_{}s", "Get-AzKeyVault{}"),
        ("get_{}_versions", "Get-AzKeyVault{} -IncludeVersions"), ("delete_{}", "Remove-AzKeyVault{} -Force"),
        ("get_deleted_{}", "Get-AzKeyVault{} -InRemovedState"),
        ("get_deleted_{}s", "Get-AzKeyVault{} -InRemovedState"),
        ("recover_deleted_{}", "Undo-AzKeyVault{}Removal"),
        ("purge_deleted_{}", "Remove-AzKeyVault{} -InRemovedState -Force"),
        ("backup_{}", "Backup-AzKeyVault{}"), ("restore_{}", "Restore-AzKeyVault{}"),
    )
}  # fmt: skip
_LIMIT = 96


class _Unsayable(Exception):
    pass


def powershell_text(call: Call) -> str:
    """Return a command; ``Invoke-AzRestMethod`` where no cmdlet says it; nothing where that could not keep a secret."""
    try:
        return _command(call)
    except _Unsayable:
        return _rest(call)


def _command(call: Call) -> str:
    cmdlet = _CMDLETS.get(call.operation)
    if cmdlet is None:
        raise _Unsayable
    vault = (urlsplit(call.vault_url).hostname or "").split(".")[0]
    words = [cmdlet, f"-VaultName {powershell(vault)}"]
    if call.name and not call.operation.startswith("restore_"):
        words.append(f"-Name {powershell(call.name)}")
    if call.version:
        words.append(f"-Version {powershell(call.version)}")
    before, more = _PARAMETERS.get(call.operation, _no_parameters)(call)
    return "".join(f"{line}\n" for line in [*before, _joined([*words, *more])])


def _joined(words: list[str]) -> str:
    flat = " ".join(words)
    return flat if len(flat) <= _LIMIT else " `\n  ".join([" ".join(words[:3]), *words[3:]])


def _rest(call: Call) -> str:
    body = body_of(call)
    if body is not None and _has_given(body):
        return ""
    words = ["Invoke-AzRestMethod", f"-Method {call.route.method}", f"-Uri {powershell(url_of(call))}",
             "-ResourceId 'https://vault.azure.net'"]  # fmt: skip
    words += [] if body is None else [f"-Payload {powershell(json_text(body))}"]
    return _joined(words) + "\n"


def _has_given(value: Any) -> bool:
    if isinstance(value, Given):
        return True
    members: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_has_given, members))


Parameters = tuple[list[str], list[str]]


def _no_parameters(call: Call) -> Parameters:
    if call.operation.startswith("backup_"):
        return [], [f"-OutputFile {powershell(call.backup_file)}"]
    if call.operation.startswith("restore_"):
        return [], [f"-InputFile {powershell(call.arguments['value'].name)}"]
    if call.arguments.get("include_pending"):
        return [], ["-IncludePending"]
    if set(call.arguments) - {"request_id", "maxresults", "cancellation_requested", "include_pending"}:
        raise _Unsayable
    return [], []


def _create(call: Call) -> Parameters:
    if set(call.arguments) - {"policy", "tags"} or "policy" not in call.arguments:
        raise _Unsayable
    return [_policy(call)], ["-CertificatePolicy $policy", *_tags(call)]


def _import(call: Call) -> Parameters:
    given = call.arguments
    if set(given) - {"value", "pwd", "policy", "tags"}:
        raise _Unsayable
    before = [_policy(call)] if "policy" in given else []
    words = [f"-FilePath {powershell(given['value'].name)}"]
    words += [f"-Password ({_asked('The password of the file')})"] if "pwd" in given else []
    return before, [*words, *(["-PolicyObject $policy"] if before else []), *_tags(call)]


def _merge(call: Call) -> Parameters:
    if set(call.arguments) - {"x5c", "tags"}:
        raise _Unsayable
    return [], [f"-FilePath {powershell(call.merge_file)}", *_tags(call)]


def _update(call: Call) -> Parameters:
    given = call.arguments
    if "policy" in given:
        raise _Unsayable
    enabled = (given.get("attributes") or {}).get("enabled")
    words = [] if enabled is None else [f"-Enable ${str(bool(enabled)).lower()}"]
    words += [f"-ContentType {powershell(given['content_type'])}"] if "content_type" in given else []
    words += [f"-KeyOps {_list(given['key_ops'])}"] if "key_ops" in given else []
    return [], [*words, *_dates(call), *_tags(call)]


def _update_policy(call: Call) -> Parameters:
    return [], [word.replace("-ReuseKeyOnRenewal", "-ReuseKeyOnRenewal $true") for word in _policy_words(call)]


def _issuer(call: Call) -> Parameters:
    issuer = call.arguments["issuer"]
    if (issuer.get("attributes") or {}).get("enabled") is False:
        raise _Unsayable
    credentials, organization = issuer.get("credentials") or {}, issuer.get("org_details") or {}
    words = [f"-IssuerProvider {powershell(issuer.get('provider', ''))}"]
    words += [f"-AccountId {powershell(credentials['account_id'])}"] if credentials.get("account_id") else []
    words += [f"-ApiKey ({_asked('The password at the issuer')})"] if "pwd" in credentials else []
    before = _organization(organization) if organization else []
    return before, [*words, *(["-OrganizationDetails $organization"] if before else [])]


def _organization(organization: dict[str, Any]) -> list[str]:
    options = {"first_name": "-FirstName", "last_name": "-LastName", "email": "-EmailAddress", "phone": "-PhoneNumber"}
    lines = []
    for admin in organization.get("admin_details") or ():
        words = [f"{option} {powershell(admin[name])}" for name, option in options.items() if admin.get(name)]
        lines.append(_joined(["$administrators += @(New-AzKeyVaultCertificateAdministratorDetail", *words]) + ")")
    words = [f"-Id {powershell(organization['id'])}"] if organization.get("id") else []
    words += ["-AdministratorDetails $administrators"] if lines else []
    return [*(["$administrators = @()"] if lines else []), *lines,
            _joined(["$organization = New-AzKeyVaultCertificateOrganizationDetail", *words])]  # fmt: skip


def _create_key(call: Call) -> Parameters:
    given = call.arguments
    words = [f"-KeyType {powershell(given['kty'])}"]
    words += [f"-Size {_number(given['key_size'])}"] if "key_size" in given else []
    words += [f"-CurveName {powershell(given['crv'])}"] if "crv" in given else []
    words += [f"-KeyOps {_list(given['key_ops'])}"] if "key_ops" in given else []
    return [], [*words, *_disabled(call), *_dates(call), *_tags(call)]


def _set_secret(call: Call) -> Parameters:
    given = call.arguments
    words = [f"-SecretValue ({_asked('The value of the secret')})"]
    words += [f"-ContentType {powershell(given['content_type'])}"] if "content_type" in given else []
    return [], [*words, *_disabled(call), *_dates(call), *_tags(call)]


def _asked(prompt: str) -> str:
    return f"Read-Host -AsSecureString {powershell(prompt)}"


def _disabled(call: Call) -> list[str]:
    return ["-Disable"] if (call.arguments.get("attributes") or {}).get("enabled") is False else []


def _dates(call: Call) -> list[str]:
    attributes = call.arguments.get("attributes") or {}
    if call.area == "certificates":
        return []
    options = {"nbf": "-NotBefore", "exp": "-Expires"}
    return [
        f"{option} ([datetime]::Parse('{utc(attributes[name])}').ToUniversalTime())"
        for name, option in options.items()
        if attributes.get(name) is not None
    ]


def _tags(call: Call) -> list[str]:
    tags = call.arguments.get("tags")
    if tags is None:
        return []
    return ["-Tag @{" + "; ".join(f"{powershell(key)} = {powershell(value)}" for key, value in tags.items()) + "}"]


def _list(values: Iterable[str]) -> str:
    return ",".join(map(powershell, values))


def _policy(call: Call) -> str:
    return _joined(["$policy = New-AzKeyVaultCertificatePolicy", *_policy_words(call)])


def _policy_words(call: Call) -> list[str]:
    """Write a policy as parameters, which know DNS names only, and one action of each kind."""
    policy = call.arguments["policy"]
    key, x509_props, issuer = (policy.get(part) or {} for part in ("key_props", "x509_props", "issuer"))
    names = {kind: values for kind, values in (x509_props.get("sans") or {}).items() if values}
    if set(names) - {"dns_names"} or (
        not x509_props.get("subject") and not names and call.operation != "update_certificate_policy"
    ):
        raise _Unsayable
    options = {
        "-IssuerName": issuer.get("name", "Unknown" if call.operation == "create_certificate" else None),
        "-SubjectName": x509_props.get("subject"), "-KeyType": key.get("kty"), "-KeySize": key.get("key_size"),
        "-Curve": key.get("crv"), "-SecretContentType": (policy.get("secret_props") or {}).get("contentType"),
        "-ValidityInMonths": x509_props.get("validity_months"), "-CertificateType": issuer.get("cty"),
    }  # fmt: skip
    words = [f"{option} {_number(value)}" for option, value in options.items() if value is not None]
    words += [f"-DnsName {_list(names['dns_names'])}"] if names else []
    words += [f"-KeyUsage {_list(map(_flag, x509_props['key_usage']))}"] if x509_props.get("key_usage") else []
    words += [f"-Ekus {_list(x509_props['ekus'])}"] if x509_props.get("ekus") else []
    words += ["-ReuseKeyOnRenewal"] if key.get("reuse_key") else []
    words += ["-KeyNotExportable"] if key.get("exportable") is False else []
    transparency = issuer.get("cert_transparency")
    words += [] if transparency is None else [f"-CertificateTransparency ${str(bool(transparency)).lower()}"]
    return words + [word for action in policy.get("lifetime_actions") or () for word in _action(action)]


def _number(value: object) -> str:
    """Write a number as it is; in a refused request anything may stand in its place."""
    return str(value) if isinstance(value, int) else powershell(value)


def _flag(usage: str) -> str:
    return usage[:1].upper() + usage[1:]


def _action(action: dict[str, Any]) -> list[str]:
    verb = "Email" if (action.get("action") or {}).get("action_type") == "EmailContacts" else "Renew"
    options = {"lifetime_percentage": "PercentageLifetime", "days_before_expiry": "NumberOfDaysBeforeExpiry"}
    trigger = action.get("trigger") or {}
    return [f"-{verb}At{to} {_number(trigger[name])}" for name, to in options.items() if trigger.get(name) is not None]


_PARAMETERS: dict[str, Callable[[Call], Parameters]] = {
    "create_certificate": _create,
    "import_certificate": _import,
    "merge_certificate": _merge,
    "update_certificate": _update,
    "update_certificate_policy": _update_policy,
    "set_certificate_issuer": _issuer,
    "create_key": _create_key,
    "update_key": _update,
    "set_secret": _set_secret,
    "update_secret": _update,
}
