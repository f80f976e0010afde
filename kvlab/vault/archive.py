"""Backup blobs: a certificate with everything that belongs to it, sealed under the master key."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from kvlab.errors import CorruptBackup, InvalidProperty, UnusableMasterKey
from kvlab.store import certificate as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from kvlab.vault.core import Core

MAGIC = b"kvlab1"
VERSION_LIMIT = 500
"""As documented: https://learn.microsoft.com/azure/key-vault/general/backup#limitations"""

PURPOSE = "certificate backup"

_LOCAL = frozenset({"id", "certificate_id"})


def pack(core: Core, connection: Connection, row: Row[Any]) -> bytes:
    """Return the blob of a live certificate (a joined row, see ``kvlab.store.certificate.latest``)."""
    stored = rows.all_versions(connection, row.c_id)
    if len(stored) > VERSION_LIMIT:
        raise InvalidProperty(
            "certificate-name", f"A backup takes at most {VERSION_LIMIT} versions, not {len(stored)}."
        )
    keys = {key_id: rows.find_key(connection, key_id) for key_id in {version["key_id"] for version in stored}}
    content = {
        "name": row.c_name,
        "policy": row.c_policy,
        "created": row.c_created,
        "versions": [{name: value for name, value in version.items() if name not in _LOCAL} for version in stored],
        "keys": {
            key_id: {
                "kty": key.kty,
                "public_der": key.public_der,
                "private_der": core.store.sealer.open(key.sealed, key_id),
                "seeded": key.seeded,
            }
            for key_id, key in keys.items()
        },
    }
    return MAGIC + core.store.sealer.seal(zlib.compress(json.dumps(content, default=_text).encode()), PURPOSE)


def unpack(core: Core, blob: bytes) -> dict[str, Any]:
    """
    Open a blob.

    Raises:
        CorruptBackup: it is none of this master key's, or altered.
    """
    if not isinstance(blob, bytes) or not blob.startswith(MAGIC):
        raise CorruptBackup
    try:
        opened = core.store.sealer.open(blob[len(MAGIC) :], PURPOSE)
    except UnusableMasterKey:
        raise CorruptBackup from None
    content: dict[str, Any] = json.loads(zlib.decompress(opened), object_hook=_octets)
    return content


def keep(core: Core, connection: Connection, content: dict[str, Any]) -> None:
    """Store an opened backup; its keys get ids of their own here."""
    new_ids = {key_id: core.store.sealer.new_id() for key_id in content["keys"]}
    for old_id, key in content["keys"].items():
        rows.add_key(connection, {
            "id": new_ids[old_id], "vault_id": core.vault_id, "kty": key["kty"], "public_der": key["public_der"],
            "sealed": core.store.sealer.seal(key["private_der"], new_ids[old_id]), "seeded": key["seeded"],
        })  # fmt: skip
    certificate_id = rows.add_certificate(connection, {
        "vault_id": core.vault_id, "name_key": content["name"].casefold(), "name": content["name"],
        "policy": content["policy"], "created": content["created"],
    })  # fmt: skip
    newest = None
    for version in content["versions"]:
        row = {**version, "certificate_id": certificate_id, "key_id": new_ids[version["key_id"]]}
        newest = rows.add_version(connection, row)
    rows.set_certificate(connection, certificate_id, current_id=newest)


def _text(value: object) -> dict[str, str]:
    assert isinstance(value, bytes)
    return {"octets": base64.b64encode(value).decode()}


def _octets(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["octets"]) if value.keys() == {"octets"} else value
