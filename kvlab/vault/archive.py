"""Backup blobs: a certificate, key or secret with everything that belongs to it, sealed under the master key."""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any, Literal

from kvlab.errors import CorruptBackup, InvalidProperty, UnusableMasterKey
from kvlab.store import certificate as certificates
from kvlab.store import item as items
from kvlab.vault.key_material import open_value, seal_value
from kvlab.wire.certificate import Backup
from kvlab.wire.model import decode_base64
from kvlab.x509.words import search_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from kvlab.vault.core import Core

Kind = Literal["certificate", "key", "secret"]

MAGIC = b"kvlab1"
VERSION_LIMIT = 500
"""As documented: https://learn.microsoft.com/azure/key-vault/general/backup#limitations"""

_LOCAL = frozenset({"id", "certificate_id", "item_id"})


def pack_certificate(core: Core, connection: Connection, row: Row[Any]) -> Backup:
    """Return the blob of a live certificate (a joined row, see ``kvlab.store.certificate.latest``)."""
    stored = certificates.all_versions(connection, row.c_id)
    return _pack(core, "certificate", {
        "name": row.c_name,
        "policy": row.c_policy,
        "created": row.c_created,
        "noticed": row.c_noticed,
        "versions": stored,
        "keys": _opened_keys(core, connection, stored),
    })  # fmt: skip


def pack_item(core: Core, connection: Connection, kind: Literal["key", "secret"], row: Row[Any]) -> Backup:
    """Return the blob of a live key or secret that no certificate manages (see ``kvlab.store.item.find``)."""
    stored = items.all_versions(connection, row.i_id)
    # A sealed value is bound to its vault; the blob holds it as it is and is sealed as a whole.
    opened = [
        {**version, "sealed": version["sealed"] and open_value(core, version["version"], version["sealed"])}
        for version in stored
    ]
    keys = _opened_keys(core, connection, stored)
    return _pack(core, kind, {"name": row.i_name, "versions": opened, "keys": keys})


def unpack(core: Core, kind: Kind, value: bytes | str | Backup) -> dict[str, Any]:
    """
    Open a blob.

    Args:
        core: the vault.
        kind: what must be in it.
        value: octets, base64url text, or the answer of a backup.

    Raises:
        CorruptBackup: it is none of this master key's and kind, or altered.
    """
    octets = value.value if isinstance(value, Backup) else value
    if isinstance(octets, str):
        octets = decode_base64(octets) or b""
    if not isinstance(octets, bytes) or not octets.startswith(MAGIC):
        raise CorruptBackup
    try:
        opened = core.store.sealer.open(octets[len(MAGIC) :], _purpose(kind))
    except UnusableMasterKey:
        raise CorruptBackup from None
    content: dict[str, Any] = json.loads(zlib.decompress(opened), object_hook=_octets)
    return content


def keep_certificate(core: Core, connection: Connection, content: Mapping[str, Any]) -> int:
    """Store an opened backup of a certificate; returns its row id."""
    new_ids = _keep_keys(core, connection, content["keys"])
    certificate_id = certificates.add_certificate(connection, {
        "vault_id": core.vault_id, "name_key": content["name"].casefold(), "name": content["name"],
        "policy": content["policy"], "created": content["created"], "noticed": content["noticed"],
    })  # fmt: skip
    newest = words = None
    for version in content["versions"]:
        row = {**version, "certificate_id": certificate_id, "key_id": new_ids[version["key_id"]]}
        newest, words = certificates.add_version(connection, row), search_words(content["name"], row["leaf_der"])
    certificates.set_certificate(connection, certificate_id, current_id=newest, words=words)
    return certificate_id


def keep_item(core: Core, connection: Connection, kind: Literal["key", "secret"], content: Mapping[str, Any]) -> None:
    """Store an opened backup of a key or secret that no certificate manages."""
    new_ids = _keep_keys(core, connection, content["keys"])
    name = content["name"]
    for version in content["versions"]:
        sealed = None if version["sealed"] is None else seal_value(core, version["version"], version["sealed"])
        row = {**version, "sealed": sealed, "key_id": new_ids.get(version["key_id"])}
        items.add_version(connection, core.vault_id, kind, name.casefold(), name, row)


def _pack(core: Core, kind: Kind, content: dict[str, Any]) -> Backup:
    if len(content["versions"]) > VERSION_LIMIT:
        raise InvalidProperty(
            f"{kind}-name", f"A backup takes at most {VERSION_LIMIT} versions, not {len(content['versions'])}."
        )
    content["versions"] = [
        {name: value for name, value in version.items() if name not in _LOCAL} for version in content["versions"]
    ]
    text = json.dumps(content, default=_text).encode()
    return Backup(value=MAGIC + core.store.sealer.seal(zlib.compress(text), _purpose(kind)))


def _purpose(kind: Kind) -> str:
    return f"{kind} backup"


def _opened_keys(core: Core, connection: Connection, versions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    key_ids = {version["key_id"] for version in versions if version["key_id"]}
    keys = {key_id: certificates.find_key(connection, key_id) for key_id in key_ids}
    return {
        key_id: {
            "kty": key.kty,
            "public_der": key.public_der,
            "private_der": core.store.sealer.open(key.sealed, key_id),
            "seeded": key.seeded,
        }
        for key_id, key in keys.items()
    }


def _keep_keys(core: Core, connection: Connection, keys: Mapping[str, Any]) -> dict[str, str]:
    """Store the keys of a backup under ids of their own; returns the new ids by the old ones."""
    new_ids = {key_id: core.store.sealer.new_id() for key_id in keys}
    for old_id, key in keys.items():
        certificates.add_key(connection, {
            "id": new_ids[old_id], "vault_id": core.vault_id, "kty": key["kty"], "public_der": key["public_der"],
            "sealed": core.store.sealer.seal(key["private_der"], new_ids[old_id]), "seeded": key["seeded"],
        })  # fmt: skip
    return new_ids


def _text(value: object) -> dict[str, str]:
    assert isinstance(value, bytes)
    return {"octets": base64.b64encode(value).decode()}


def _octets(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["octets"]) if value.keys() == {"octets"} else value
