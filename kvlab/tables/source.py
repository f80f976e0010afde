"""Where certificates come from: objects, octets, text, files and folders; one strictly, or many with their faults."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeGuard

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.errors import UnreadableContainer, WrongPassword, X509Error
from kvlab.wire.certificate import CertificateBundle
from kvlab.wire.operation import CertificateOperation
from kvlab.wire.secret import SecretBundle
from kvlab.x509.container import sniff
from kvlab.x509.file import Found, read_objects
from kvlab.x509.file import readable as read_alone
from kvlab.x509.pem_stream import pem_pieces
from kvlab.x509.pfx import read_pfx
from kvlab.x509.primitive import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kvlab.vault.vault import Vault
    from kvlab.x509.container import Contents

    Single = (
        CertificateBundle
        | CertificateOperation
        | SecretBundle
        | x509.Certificate
        | x509.CertificateSigningRequest
        | bytes
        | bytearray
        | memoryview
        | str
        | Path
    )
    Source = Single | Sequence[Single]
    Follow = Callable[[Iterable[Any]], Iterable[Any]]

ALLOWED = (
    "a certificate, operation or secret of a vault, a certificate or request of cryptography, DER octets, PEM text or "
    "octets, a pathlib.Path, or a list of these"
)
MOST_FILE_OCTETS = 5_000_000
"""A longer file is refused unless it is PEM, of which one block at a time is held."""

_SHOWN = ("certificate", "request")
_UNREADABLE = "unreadable"
_LONGEST_NAME = 4_096
_HINT = "(A file is given as pathlib.Path, not as text.)"
_SINGLE = (
    CertificateBundle, CertificateOperation, SecretBundle, x509.Certificate, x509.CertificateSigningRequest, bytes,
    bytearray, memoryview, str, Path,
)  # fmt: skip


class Item(NamedTuple):
    """
    One thing met on the way through many; ``found.fault`` says why it could not be read.

    Attributes:
        name: where it stood: its number, or the path of its file, with ``#2`` for the second in a file.
        found: what it is.
    """

    name: str
    found: Found


def is_vault(source: object) -> TypeGuard[Vault]:
    """Tell whether a source is a vault; who holds one has loaded its module, and who has only files need not."""
    module = sys.modules.get("kvlab.vault.vault")
    return module is not None and isinstance(source, module.Vault)


def require_vault(source: object) -> None:
    """
    Refuse what is no vault.

    Raises:
        TypeError: it is none; the message says what is allowed.
    """
    if not is_vault(source):
        raise TypeError(f"{type(source).__name__} is no vault; allowed is one, such as kvlab.Vault().")


def objects_of(source: Source) -> list[Found]:
    """
    Return the certificates and requests in one source, at least one; a broken PEM block among them has its ``fault``.

    Raises:
        X509Error: there is none in it, or it can not be read.
        OSError: the file can not be read.
        TypeError: it is something else; the message says what is allowed.
    """
    found = _read(source)
    shown = [thing for thing in found if thing.kind in _SHOWN]
    if not [thing for thing in shown if not thing.fault]:
        faults = [thing.fault for thing in found if thing.fault]
        raise UnreadableContainer(faults[0] if faults else f"{_nothing_but(found)}: no certificate and no request.")
    return shown


def der_of(source: Source) -> bytes:
    """
    Return the DER of the first certificate or request in a source.

    Raises:
        X509Error, OSError, TypeError: as ``objects_of``.
    """
    return next(thing.der for thing in objects_of(source) if not thing.fault)


def certificates_of(source: object) -> tuple[list[bytes], list[str]]:
    """
    Return the DER of all certificates in a source, at least one, and why others in it can not be read.

    Raises:
        X509Error: there is no certificate in it.
        OSError, TypeError: as ``read_items``.
    """
    found = [item.found for item in read_items(source)]
    certificates = [thing.der for thing in found if thing.kind == "certificate" and not thing.fault]
    faults = [thing.fault for thing in found if thing.fault]
    if not certificates:
        raise UnreadableContainer(faults[0] if faults else f"{_nothing_but(found)}: no certificate.")
    return certificates, faults


def read_items(source: object, follow: Follow | None = None) -> Iterator[Item]:
    """
    Go through many certificates; what can not be read is an item with a fault, never an exception.

    Args:
        source: a folder (with all below it; links to folders are not followed), a file, PEM text, an iterable of what
            ``objects_of`` takes, or a mapping of names to that.
        follow: lets what is gone through pass, and counts it: a folder's files, an iterable's members, else items.

    Raises:
        OSError: the path itself is not there, or closed to you.
        TypeError: it is nothing of that kind.
    """
    parts = _parts(source)
    if parts is None:
        items = _items(*_only_part(source))
        yield from items if follow is None else follow(items)
    else:
        for name, found in parts if follow is None else follow(parts):
            yield from _items(name, found)


def how_many(source: object) -> int | None:
    """Count what ``read_items`` will go through; None where that is known only afterwards."""
    if isinstance(source, Path):
        return sum(1 for _ in folder_files(source)) if source.is_dir() else None
    return len(source) if isinstance(source, Sized) and not isinstance(source, _SINGLE) else None


def _parts(source: object) -> Iterator[tuple[str, Iterable[Found]]] | None:
    """Return name and content of all that is gone through; None for a source that is a single thing."""
    if isinstance(source, Path) and source.is_dir():
        return ((_path_name(os.path.relpath(path, source)), _found_in_file(path)) for path in folder_files(source))
    if isinstance(source, _SINGLE):
        return None
    if isinstance(source, Mapping):
        return ((visible(str(name)), _found_in(value)) for name, value in source.items())
    if isinstance(source, Iterable):
        return ((_name_of(value, number), _found_in(value)) for number, value in enumerate(source, start=1))
    raise TypeError(f"{type(source).__name__} holds no certificates; allowed is a vault, {ALLOWED}, or a mapping.")


def _only_part(source: Any) -> tuple[str, Iterable[Found]]:
    if isinstance(source, Path):
        source.stat()
        return _path_name(source.name), _found_in_file(os.fspath(source))
    return _name_of(source, 1), _found_in(source)


def _name_of(value: object, number: int) -> str:
    if isinstance(value, Path):
        return _path_name(os.fspath(value))
    if isinstance(value, (CertificateBundle, CertificateOperation)):
        return value.id.split("/")[4]
    return str(number)


def folder_files(folder: Path) -> Iterator[str]:
    """List the paths of all that stands in a folder and below, folders aside, in order."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            yield os.path.join(place, name)  # noqa: PTH118  a million Path objects would cost more than the reading


def _items(name: str, found: Iterable[Found]) -> Iterator[Item]:
    """Name what is worth a row: certificates, requests and faults, and only where there is none of them the first."""
    other: Found | None = None
    held: Found | None = None
    number = 0
    for thing in found:
        if thing.kind not in _SHOWN and not thing.fault:
            other = other or thing
            continue
        number += 1
        if number == 1:
            held = thing
            continue
        if held is not None:
            yield Item(f"{name}#1", held)
            held = None
        yield Item(f"{name}#{number}", thing)
    if held is not None or (number == 0 and other is not None):
        alone = held or other
        assert alone is not None
        yield Item(name, alone)


def readable(der: bytes) -> Found:
    """Return what can be read of a certificate or request; ``fault`` is set where that is nothing."""
    try:
        return read_alone(der)
    except X509Error as error:
        return _fault(error)


def _found_in(value: object) -> Iterable[Found]:
    if isinstance(value, bytes) and value[:1] == b"\x30" and not (found := readable(value)).fault:
        # The usual case, without asking what else the octets may be.
        return (found,)
    if isinstance(value, Path):
        return _found_in_file(os.fspath(value))
    try:
        if isinstance(value, str):
            return _found_in_text(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return _found_in_octets(io.BytesIO(value))
        return _read(value)
    except (X509Error, OSError, TypeError) as error:
        return (_fault(error),)


def _found_in_text(text: str) -> Iterable[Found]:
    found = _found_in_octets(io.BytesIO(text.encode("utf-8", "replace")))
    return map(_with_hint, found) if _is_word(text) else found


def _with_hint(found: Found) -> Found:
    return _fault(f"{found.fault} {_HINT}") if found.fault else found


def _is_word(text: str) -> bool:
    """Tell whether a text might be the name of a file; names are short, and split costs where a text is long."""
    return len(text) <= _LONGEST_NAME and len(text.split()) == 1


def _found_in_file(path: str) -> Iterator[Found]:
    try:
        with _opened(path) as file:
            yield from _found_in_octets(file)
    except OSError as error:
        yield _fault(f"The file can not be read: {error.strerror or error}.")


def _found_in_octets(file: IO[bytes]) -> Iterator[Found]:
    head = file.read(MOST_FILE_OCTETS + 1)
    if _is_pem(head):
        file.seek(0)
        for piece in pem_pieces(file):
            yield from _parsed(piece)
    else:
        yield from _parsed(head)


def _is_pem(head: bytes) -> bool:
    return b"-----BEGIN " in head and (len(head) > MOST_FILE_OCTETS or sniff(head) == "pem")


def _parsed(data: bytes) -> list[Found]:
    try:
        return _parse(data)
    except X509Error as error:
        return [_fault(error)]


def _fault(error: Exception | str) -> Found:
    return Found(_UNREADABLE, [], fault=str(error))


def _read(source: object) -> list[Found]:
    if isinstance(source, (list, tuple)):
        return [thing for part in source for thing in _read(part)]
    if isinstance(source, Path):
        return _parse_file(source)
    return _parse_text(source) if isinstance(source, str) else _parse(_octets(source))


def _octets(source: object) -> bytes:
    if isinstance(source, CertificateBundle):
        if source.cer is None:
            raise UnreadableContainer("There is no certificate yet: the first version is pending.")
        return source.cer
    if isinstance(source, CertificateOperation):
        return source.csr
    if isinstance(source, SecretBundle):
        return (source.value or "").encode("utf-8", "replace")
    if isinstance(source, (x509.Certificate, x509.CertificateSigningRequest)):
        return source.public_bytes(Encoding.DER)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    raise TypeError(f"{type(source).__name__} is not taken; allowed is {ALLOWED}.")


def _parse(data: bytes) -> list[Found]:
    """Read whatever octets hold; a PFX opens without a password or not at all."""
    if not data:
        raise UnreadableContainer("There is nothing in it.")
    return read_objects(data, None, _open_pfx)


def _open_pfx(data: bytes) -> Contents:
    try:
        return read_pfx(data)
    except WrongPassword:
        raise WrongPassword(
            "The PKCS#12 file is protected by a password. Tables open none that is; kvlab inspect asks for it."
        ) from None


def _parse_text(text: str) -> list[Found]:
    try:
        return _parse(text.encode("utf-8", "replace"))
    except UnreadableContainer as error:
        if _is_word(text):
            raise UnreadableContainer(f"{error} {_HINT}") from None
        raise


def _parse_file(path: Path) -> list[Found]:
    if path.is_dir():
        raise UnreadableContainer("This is a folder; tables.certificates lists what is in it.")
    with _opened(os.fspath(path)) as file:
        return _parse(file.read(MOST_FILE_OCTETS + 1))


def _opened(path: str) -> IO[bytes]:
    """Open a file, but no pipe or device, at which a reader could wait for ever."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    file = os.fdopen(descriptor, "rb")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file", path)
    return file


def _path_name(path: str) -> str:
    """Return a path that can be shown and kept: it need not be text, and may hold marks that nobody sees."""
    return visible(os.fsencode(path).decode("utf-8", "backslashreplace"))


def _nothing_but(found: list[Found]) -> str:
    kinds = {thing.fields[0].value if thing.kind == "other" else thing.kind for thing in found}
    return f"Nothing but {', '.join(sorted(kinds))} in it" if kinds else "There is nothing in it"
