"""Private keys and secret values at rest: AES-256-GCM under the vault's master key."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kvlab.errors import UnusableMasterKey

if TYPE_CHECKING:
    from collections.abc import Mapping

NONCE_OCTETS = 12
KEY_OCTETS = 32
SCRYPT_COST = 2**15
"""Work factor N with r = 8, p = 1: about 32 MiB and a tenth of a second (RFC 7914 section 2)."""

VERIFIER = b"kvlab master key"


class Sealer:
    """
    Seals and opens small secrets under one master key.

    Args:
        key: 32 octets.
    """

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, secret: bytes, key_id: str) -> bytes:
        """Return nonce + ciphertext; ``key_id``, the immutable id of the row, is bound to it as associated data."""
        nonce = os.urandom(NONCE_OCTETS)
        return nonce + self._aead.encrypt(nonce, secret, key_id.encode())

    def open(self, sealed: bytes, key_id: str) -> bytes:
        """
        Return what was sealed for ``key_id``.

        Raises:
            UnusableMasterKey: another key, another id, or altered bytes.
        """
        try:
            return self._aead.decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], key_id.encode())
        except (InvalidTag, ValueError):
            raise UnusableMasterKey("The sealed value does not open: another master key, or altered data.") from None

    @staticmethod
    def new_id() -> str:
        """Return a fresh id to bind a sealed value to; never shown, so it is not drawn from a seed."""
        return os.urandom(16).hex()

    def __repr__(self) -> str:
        return "Sealer()"


def random_sealer() -> Sealer:
    """Make a sealer whose key nobody else has: for a vault that lives in memory."""
    return Sealer(os.urandom(KEY_OCTETS))


def master_key(
    *, passphrase: str | None, salt: bytes, environ: Mapping[str, str], key_file: Path | None, may_create: bool
) -> bytes:
    """
    Find the 32-octet master key of a database.

    In this order: the ``passphrase``; ``KVLAB_MASTER_KEY`` (base64 or hexadecimal of 32 octets);
    ``KVLAB_PASSPHRASE``; the file beside the database, made with mode 0600 if ``may_create``.

    Args:
        passphrase: stretched with scrypt (RFC 7914) and ``salt``.
        salt: 16 octets stored with the database.
        environ: environment variables.
        key_file: path of the key file; None where there is no file beside the database.
        may_create: whether a new file may be made (the database is new).

    Raises:
        UnusableMasterKey: nothing usable was found; one line that says what is missing.
    """
    if passphrase is None and (text := environ.get("KVLAB_MASTER_KEY")):
        return _decode(text)
    passphrase = passphrase if passphrase is not None else environ.get("KVLAB_PASSPHRASE")
    if passphrase is not None:
        return Scrypt(salt=salt, length=KEY_OCTETS, n=SCRYPT_COST, r=8, p=1).derive(passphrase.encode())
    if key_file is None:
        raise UnusableMasterKey("This database needs a master key: set KVLAB_MASTER_KEY or KVLAB_PASSPHRASE.")
    return _key_from_file(key_file, may_create=may_create)


def _decode(text: str) -> bytes:
    text = text.strip()
    for decode in (bytes.fromhex, lambda value: base64.urlsafe_b64decode(value.replace("+", "-").replace("/", "_"))):
        try:
            key = decode(text)
        except (ValueError, binascii.Error):
            continue
        if len(key) == KEY_OCTETS:
            return key
    raise UnusableMasterKey("KVLAB_MASTER_KEY is not 32 octets in base64 or hexadecimal.")


def _key_from_file(path: Path, *, may_create: bool) -> bytes:
    if may_create and not path.exists():
        key = os.urandom(KEY_OCTETS)
        # Whole or not at all: half a key would lock everybody out for good.
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(descriptor)
        unfinished.rename(path)
        return key
    try:
        key = path.read_bytes()
    except OSError:
        raise UnusableMasterKey(
            f"The key file {path.name} beside the database can not be read, and no passphrase was given."
        ) from None
    if len(key) != KEY_OCTETS:
        raise UnusableMasterKey(f"The key file {path.name} does not hold {KEY_OCTETS} octets.")
    return key
