"""
Who may do what: which permission each operation needs, and what each built-in role grants.

Sources: https://learn.microsoft.com/azure/key-vault/general/assign-access-policy,
https://learn.microsoft.com/azure/key-vault/general/rbac-guide and
https://learn.microsoft.com/azure/role-based-access-control/permissions/security#microsoftkeyvault.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from kvlab.errors import InvalidProperty

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OWNER = "owner"
"""The principal a vault is used as unless another is named; it may do everything."""


class Permission(NamedTuple):
    """What an operation needs: an access policy's name in an area, or a role's data action."""

    area: str
    name: str
    action: str


def _table(area: str, rows: Mapping[str, tuple[str, str]]) -> dict[str, Permission]:
    return {
        operation: Permission(area, name, f"{'' if '/' in action else area + '/'}{action.replace('|', '/')}")
        for operation, (name, action) in rows.items()
    }


# In the second column a bar stands for the slash within an area's own action.
PERMISSIONS: dict[str, Permission] = {
    **_table("certificates", {
        "create_certificate": ("create", "create|action"),
        "merge_certificate": ("create", "create|action"),
        "import_certificate": ("import", "import|action"),
        "get_certificate": ("get", "read"),
        "get_certificate_policy": ("get", "read"),
        "get_certificate_operation": ("get", "read"),
        "get_deleted_certificate": ("get", "read"),
        "get_certificates": ("list", "read"),
        "get_certificate_versions": ("list", "read"),
        "get_deleted_certificates": ("list", "read"),
        "update_certificate": ("update", "update|action"),
        "update_certificate_policy": ("update", "update|action"),
        "update_certificate_operation": ("update", "update|action"),
        "delete_certificate_operation": ("update", "update|action"),
        "delete_certificate": ("delete", "delete"),
        "recover_deleted_certificate": ("recover", "recover|action"),
        "purge_deleted_certificate": ("purge", "purge|action"),
        "backup_certificate": ("backup", "backup|action"),
        "restore_certificate": ("restore", "restore|action"),
        "set_certificate_contacts": ("managecontacts", "certificatecontacts/write"),
        "get_certificate_contacts": ("managecontacts", "certificatecontacts/write"),
        "delete_certificate_contacts": ("managecontacts", "certificatecontacts/write"),
        "set_certificate_issuer": ("setissuers", "certificatecas/write"),
        "update_certificate_issuer": ("setissuers", "certificatecas/write"),
        "get_certificate_issuer": ("getissuers", "certificatecas/read"),
        "get_certificate_issuers": ("listissuers", "certificatecas/read"),
        "delete_certificate_issuer": ("deleteissuers", "certificatecas/delete"),
    }),
    **_table("keys", {
        "create_key": ("create", "create|action"),
        "import_key": ("import", "import|action"),
        "get_key": ("get", "read"),
        "get_deleted_key": ("get", "read"),
        "get_keys": ("list", "read"),
        "get_key_versions": ("list", "read"),
        "get_deleted_keys": ("list", "read"),
        "update_key": ("update", "update|action"),
        "delete_key": ("delete", "delete"),
        "recover_deleted_key": ("recover", "recover|action"),
        "purge_deleted_key": ("purge", "purge|action"),
        "backup_key": ("backup", "backup|action"),
        "restore_key": ("restore", "restore|action"),
        "sign": ("sign", "sign|action"),
        "verify": ("verify", "verify|action"),
        "encrypt": ("encrypt", "encrypt|action"),
        "decrypt": ("decrypt", "decrypt|action"),
        "wrap_key": ("wrapKey", "wrap|action"),
        "unwrap_key": ("unwrapKey", "unwrap|action"),
    }),
    **_table("secrets", {
        "set_secret": ("set", "setSecret|action"),
        "get_secret": ("get", "getSecret|action"),
        "get_deleted_secret": ("get", "readMetadata|action"),
        "get_secrets": ("list", "readMetadata|action"),
        "get_secret_versions": ("list", "readMetadata|action"),
        "get_deleted_secrets": ("list", "readMetadata|action"),
        "update_secret": ("set", "update|action"),
        "delete_secret": ("delete", "delete"),
        "recover_deleted_secret": ("recover", "recover|action"),
        "purge_deleted_secret": ("purge", "purge|action"),
        "backup_secret": ("backup", "backup|action"),
        "restore_secret": ("restore", "restore|action"),
    }),
}  # fmt: skip

NAMES: dict[str, frozenset[str]] = {
    "certificates": frozenset({
        "get", "list", "update", "create", "import", "delete", "recover", "purge", "backup", "restore",
        "managecontacts", "manageissuers", "getissuers", "listissuers", "setissuers", "deleteissuers",
    }),
    "keys": frozenset({
        "get", "list", "update", "create", "import", "delete", "recover", "backup", "restore", "purge", "encrypt",
        "decrypt", "wrapKey", "unwrapKey", "sign", "verify", "release", "rotate", "getrotationpolicy",
        "setrotationpolicy",
    }),
    "secrets": frozenset({"get", "list", "set", "delete", "recover", "backup", "restore", "purge"}),
}  # fmt: skip

ROLES: dict[str, tuple[str, ...]] = {
    "Key Vault Administrator": ("*",),
    "Key Vault Reader": ("*/read", "secrets/readMetadata/action"),
    "Key Vault Certificates Officer": ("certificatecas/*", "certificates/*", "certificatecontacts/write"),
    "Key Vault Certificate User": (
        "certificates/read", "secrets/getSecret/action", "secrets/readMetadata/action", "keys/read",
    ),
    "Key Vault Secrets Officer": ("secrets/*",),
    "Key Vault Secrets User": ("secrets/getSecret/action", "secrets/readMetadata/action"),
    "Key Vault Crypto Officer": ("keys/*", "keyrotationpolicies/*"),
    "Key Vault Crypto User": (
        "keys/read", "keys/update/action", "keys/backup/action", "keys/encrypt/action", "keys/decrypt/action",
        "keys/wrap/action", "keys/unwrap/action", "keys/sign/action", "keys/verify/action",
    ),
    "Key Vault Crypto Service Encryption User": ("keys/read", "keys/wrap/action", "keys/unwrap/action"),
    "Key Vault Purge Operator": (),
    "Key Vault Data Access Administrator": (),
}  # fmt: skip

_SPELLING = {area: {name.casefold(): name for name in names} for area, names in NAMES.items()}


def read_grants(roles: Iterable[str] | None, **areas: Iterable[str] | None) -> dict[str, list[str]]:
    """
    Check what a principal is to be granted; ``all`` stands for every name of an area.

    Raises:
        InvalidProperty: an unknown permission or role; names it and what is allowed.
    """
    if isinstance(roles, str):
        raise InvalidProperty("roles", "It is a list of role names, not one text.")
    grants = {area: _names(area, names) for area, names in areas.items()}
    grants["roles"] = [*(roles or ())]
    for role in grants["roles"]:
        if role not in ROLES:
            raise InvalidProperty("roles", f"'{role}' is none of the built-in roles {', '.join(ROLES)}.")
    return grants


def allows(grants: Mapping[str, Sequence[str]] | None, permission: Permission) -> bool:
    """Tell whether access policy names or roles grant a permission; None is an unknown principal."""
    if grants is None:
        return False
    names = grants[permission.area]
    if permission.name in names or (permission.name.endswith("issuers") and "manageissuers" in names):
        return True
    return any(fnmatchcase(permission.action, pattern) for role in grants["roles"] for pattern in ROLES[role])


def by_role(grants: Mapping[str, Sequence[str]] | None) -> bool:
    """Tell whether a principal works by roles alone, so that a refusal is the role model's."""
    return bool(grants and grants["roles"] and not any(grants[area] for area in NAMES))


def _names(area: str, names: Iterable[str] | None) -> list[str]:
    if isinstance(names, str):
        raise InvalidProperty(area, "It is a list of permission names, not one text.")
    found = []
    for name in names or ():
        if name == "all":
            return sorted(NAMES[area])
        if (known := _SPELLING[area].get(str(name).casefold())) is None:
            raise InvalidProperty(area, f"'{name}' is none of {', '.join(sorted(NAMES[area]))}.")
        found.append(known)
    return found
