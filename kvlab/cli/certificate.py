"""``kvlab certificate``: a self-signed certificate, or a request, from a private key of one's own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kvlab.cli.failure import Failure, WrongUse, sentence, shown
from kvlab.cli.file import STDIN, read_file, read_password, unlock, write_file
from kvlab.clock import SystemClock
from kvlab.entropy import SystemEntropy, serial_number
from kvlab.errors import InvalidProperty, InvalidSubject, X509Error
from kvlab.render.openssl import openssl_command
from kvlab.vault.own_key import certificate_from_key, policy_for_key, request_from_key
from kvlab.vault.policy import DEFAULT_VALIDITY, VALIDITY_LIMIT
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509 import extension
from kvlab.x509.certificate import add_months
from kvlab.x509.container import pem_certificate, pem_request
from kvlab.x509.key import load_private_key
from kvlab.x509.name import parse_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from kvlab.x509.key import PrivateKey

_SHOWN_FOR_STDIN = "KEY.pem"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "The key is only read; it stays where it is. A password is asked for on the terminal, or comes from a file."
    )
    parser.add_argument(
        "--key", metavar="FILE", required=True, help="PKCS#8, PKCS#1 or SEC 1, PEM or DER; - is standard input"
    )
    parser.add_argument(
        "--subject", metavar="DN", required=True, type=_checked(parse_name),
        help='such as "CN=contoso.com, O=Contoso"; may be empty if there is another name',
    )  # fmt: skip
    for kind, (make, purpose) in _NAMES.items():
        parser.add_argument(
            f"--{kind}", metavar="NAME", action="append", default=[], type=_checked(make),
            help=f"{purpose}; may be given again",
        )  # fmt: skip
    parser.add_argument(
        "--months", metavar="N", type=_months, default=DEFAULT_VALIDITY,
        help=f"calendar months of validity, 1 to {VALIDITY_LIMIT} (default: {DEFAULT_VALIDITY})",
    )  # fmt: skip
    parser.add_argument("--csr", action="store_true", help="make a request for a CA, not a certificate")
    parser.add_argument("--password-file", metavar="F", help="its first line opens the key (default: ask)")
    parser.add_argument("--out", metavar="FILE", help="write there, not to standard output")
    parser.add_argument("--force", action="store_true", help="replace the file of --out")
    parser.add_argument(
        "--show-openssl", action="store_true", help="also print, on stderr, the openssl command that does the same"
    )


_NAMES: dict[str, tuple[Callable[[str], object], str]] = {
    "dns": (extension.dns_name, "DNS name"),
    "email": (extension.email, "e-mail address"),
    "upn": (extension.upn, "user principal name"),
    "uri": (extension.uri, "URI"),
    "ip": (extension.ip_address, "IP address"),
}


def run(options: argparse.Namespace) -> int:
    """Make what is asked for, and write it as PEM."""
    _refuse_to_overwrite(options)
    key = _read_key(options)
    policy = _policy(options)
    now = SystemClock().now()
    try:
        if options.csr:
            text = pem_request(request_from_key(key, policy))
        else:
            serial = serial_number(SystemEntropy(), "own key")
            text = pem_certificate(certificate_from_key(key, policy, now=now, serial_number=serial))
        if options.show_openssl:
            sys.stderr.write(_openssl(options, key, policy, now))
    except (InvalidProperty, InvalidSubject) as error:
        raise WrongUse(sentence(error)) from None
    if options.out in (None, STDIN):
        sys.stdout.write(text)
    else:
        write_file(options.out, text, replace=options.force)
    return 0


def _checked(make: Callable[[str], object]) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            make(value)
        except X509Error as error:
            raise argparse.ArgumentTypeError(f"{error}") from None
        return value

    return check


def _months(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 1 <= int(value[:9]) <= VALIDITY_LIMIT:
        raise argparse.ArgumentTypeError(f"it is a whole number from 1 to {VALIDITY_LIMIT}, not '{value}'")
    return int(value)


def _refuse_to_overwrite(options: argparse.Namespace) -> None:
    """Refuse an --out that is the key or the password, under whatever name."""
    if options.out in (None, STDIN):
        return
    for option, path in (("--key", options.key), ("--password-file", options.password_file)):
        if path not in (None, STDIN) and _same_file(path, options.out):
            raise WrongUse(f"--out and {option} are the same file")


def _same_file(path: str, other: str) -> bool:
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


def _read_key(options: argparse.Namespace) -> PrivateKey:
    password = read_password(options.password_file)
    try:
        octets = read_file(options.key)
        return unlock(lambda known: load_private_key(octets, known), options.key, password)
    except (Failure, X509Error) as error:
        raise Failure(f"{options.key}: {error}") from None


def _policy(options: argparse.Namespace) -> CertificatePolicy:
    return CertificatePolicy.self_signed(
        options.subject,
        dns_names=options.dns,
        emails=options.email,
        upns=options.upn,
        uris=options.uri,
        ip_addresses=options.ip,
        validity_months=options.months,
    )


def _openssl(options: argparse.Namespace, key: PrivateKey, policy: CertificatePolicy, now: datetime) -> str:
    path = options.key
    remark = ""
    if path == STDIN or path != shown(path):
        path, remark = _SHOWN_FOR_STDIN, f"# {_SHOWN_FOR_STDIN} stands for the file with your key.\n"
    days = None if options.csr else (add_months(now, options.months) - now).days
    profile = policy_for_key(key, policy).profile
    return remark + openssl_command(profile, path, days=days, password_path=options.password_file)
