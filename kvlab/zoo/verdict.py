"""What openssl, cryptography and pkilint say about a specimen: really run, here and now."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import warnings
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kvlab.x509.container import pem_certificate, pem_request
from kvlab.x509.key import keys_match
from kvlab.zoo.family import NOW, SEED

if TYPE_CHECKING:
    from kvlab.zoo.family import Exhibit
    from kvlab.zoo.specimen import Specimen

OK = "OK"
ABSENT = "not installed"
NOT_ASKED = "nothing to say"
"""A tool that has no opinion on such a thing."""

NOT_CHECKED = "kvlab.not_checked"
"""What the table of findings says where pkilint could not even read the certificate."""

SECONDS = 20
_ERROR = re.compile(r"error (\d+) at (\d+) depth lookup: ?(.+)")
_AROUND = re.compile(r"^validation failed: | \(encountered processing .*$")
"""What stands around the reason in a sentence of cryptography's verifier."""

_SENTENCES = (ValueError, TypeError, UnsupportedAlgorithm, VerificationError)


@cache
def openssl(specimen: Specimen, seed: str = SEED) -> str:
    """Return what ``openssl`` says: ``OK``, or the number and words of its error."""
    program = shutil.which("openssl")
    if program is None:
        return ABSENT
    with TemporaryDirectory(prefix="kvlab-zoo-") as folder:
        return _OPENSSL[specimen.kind](program, Path(folder), specimen.exhibit(seed))


@cache
def cryptography(specimen: Specimen, seed: str = SEED) -> str:
    """Return what ``cryptography`` says, as a server's client or as a reader: ``OK``, or its sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _CRYPTOGRAPHY[specimen.kind](specimen.exhibit(seed))
        except _SENTENCES as error:
            return _AROUND.sub("", _one_line(str(error))) or type(error).__name__


@cache
def pkilint(specimen: Specimen, seed: str = SEED) -> str:
    """Return the codes of what ``pkilint`` calls errors in the server's certificate; ``OK`` if there are none."""
    if specimen.kind not in ("certificate", "chain"):
        return NOT_ASKED
    from kvlab.tables.lint import lint  # noqa: PLC0415  a second of imports

    # Where it stumbles over what it looks at, it logs the whole story.
    logging.getLogger("pkilint").setLevel(logging.CRITICAL + 1)
    try:
        found = lint(specimen.exhibit(seed).chain[0], rules="cabf")
    except ModuleNotFoundError:
        return ABSENT
    if NOT_CHECKED in set(found["code"]):
        return "does not load"
    serious = found[found["severity"].isin(["ERROR", "FATAL"])]["code"]
    return ", ".join(dict.fromkeys(serious)) or OK


def _openssl_chain(program: str, folder: Path, exhibit: Exhibit) -> str:
    files = {"leaf": exhibit.chain[:1], "others": exhibit.chain[1:], "roots": exhibit.roots}
    for file, ders in files.items():
        (folder / file).write_text("".join(map(pem_certificate, ders)))
    others = ["-untrusted", str(folder / "others")] if exhibit.chain[1:] else []
    asked = ["-verify_ip" if _is_address(exhibit.host) else "-verify_hostname", exhibit.host]
    command = ["verify", "-purpose", "sslserver", *asked, "-attime", f"{NOW.timestamp():.0f}", "-no-CApath"]
    said = _run(program, *command, "-CAfile", str(folder / "roots"), *others, str(folder / "leaf"))
    found = _ERROR.search(said)
    if found:
        depth = f" at depth {found[2]}" if found[2] != "0" else ""
        return f"{found[1]} {_one_line(found[3])}{depth}"
    return OK if said.rstrip().endswith(": OK") else _one_line(said.replace(str(folder), ""))


def _openssl_request(program: str, folder: Path, exhibit: Exhibit) -> str:
    (folder / "request").write_text(pem_request(exhibit.file))
    said = _run(program, "req", "-noout", "-verify", "-in", str(folder / "request"))
    return OK if "verify OK" in said else _first_error(said)


def _openssl_pfx(program: str, folder: Path, exhibit: Exhibit) -> str:
    (folder / "file").write_bytes(exhibit.file)
    (folder / "password").write_text(exhibit.password + "\n")
    said = _run(program, "pkcs12", "-nokeys", "-in", str(folder / "file"), "-passin", f"file:{folder / 'password'}")
    return OK if "BEGIN CERTIFICATE" in said else _first_error(said)


def _openssl_pem(program: str, folder: Path, exhibit: Exhibit) -> str:
    (folder / "file").write_bytes(exhibit.file)
    if b"PRIVATE KEY" in exhibit.file:
        said = _run(program, "pkey", "-noout", "-in", str(folder / "file"), "-passin", "pass:")
        return OK if not said.strip() else _first_error(said)
    said = _run(program, "x509", "-noout", "-subject", "-in", str(folder / "file"))
    return OK if said.startswith("subject") else _first_error(said)


def _cryptography_chain(exhibit: Exhibit) -> str:
    leaf, *others = map(x509.load_der_x509_certificate, exhibit.chain)
    builder = PolicyBuilder().store(Store([x509.load_der_x509_certificate(der) for der in exhibit.roots])).time(NOW)
    address = _is_address(exhibit.host)
    name = x509.IPAddress(ip_address(exhibit.host)) if address else x509.DNSName(exhibit.host)
    builder.build_server_verifier(name).verify(leaf, others)
    return OK


def _cryptography_request(exhibit: Exhibit) -> str:
    valid = x509.load_der_x509_csr(exhibit.file).is_signature_valid
    return OK if valid else "is_signature_valid is False"


def _cryptography_pfx(exhibit: Exhibit) -> str:
    key, leaf, _ = pkcs12.load_key_and_certificates(exhibit.file, exhibit.password.encode())
    if key is None:
        return "key is None"
    return OK if leaf is not None and keys_match(key, leaf) else "loads; keys_match says False"


def _cryptography_pem(exhibit: Exhibit) -> str:
    if b"PRIVATE KEY" in exhibit.file:
        load_pem_private_key(exhibit.file, None)
    x509.load_pem_x509_certificate(exhibit.file)
    return OK


_OPENSSL = {
    "certificate": _openssl_chain,
    "chain": _openssl_chain,
    "request": _openssl_request,
    "pfx": _openssl_pfx,
    "pem": _openssl_pem,
}
_CRYPTOGRAPHY = {
    "certificate": _cryptography_chain,
    "chain": _cryptography_chain,
    "request": _cryptography_request,
    "pfx": _cryptography_pfx,
    "pem": _cryptography_pem,
}


def _run(program: str, *arguments: str) -> str:
    nothing = subprocess.DEVNULL
    done = subprocess.run(  # noqa: S603  the program was found, and the arguments are files of our own
        [program, *arguments], capture_output=True, check=False, timeout=SECONDS, stdin=nothing
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def _first_error(said: str) -> str:
    """Return the first sentence that tells: ``Could not …``, or what stands in an error line after its codes."""
    for line in said.splitlines():
        if line.startswith("Could not"):
            return line.partition(" from ")[0]
        parts = line.split(":")
        if len(parts) > 5 and parts[1] == "error":
            return parts[5] or parts[3]
    return _one_line(said)[:80] or "no answer"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _one_line(text: str) -> str:
    return " ".join(text.split())
