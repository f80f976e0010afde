"""The openssl command that makes the same certificate or request as a profile, to be read and to be run by ``sh``."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import NameOID

from kvlab.x509.attribute import ATTRIBUTES

if TYPE_CHECKING:
    from kvlab.x509.extension import Profile

_KEYWORDS = {attribute.oid: attribute.title for attribute in ATTRIBUTES} | {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.COUNTRY_NAME: "C",
    NameOID.DOMAIN_COMPONENT: "DC",
}
"""What OpenSSL calls the attributes; ``-subj`` passes over those it has no name for, even if their number is given."""

_PURPOSES = {"1.3.6.1.5.5.7.3.1": "serverAuth", "1.3.6.1.5.5.7.3.2": "clientAuth"}

_SUBJECT_SIGNS = re.compile(r"[/+\\]")
_CONFIGURATION_SIGNS = re.compile(r"[\\\"'`$#]")
_QUOTED_SIGNS = re.compile(r"[\\\"]")
_WITH_BACKSLASH = r"\\\g<0>"


def openssl_command(
    profile: Profile,
    key_path: str,
    *,
    days: int | None = None,
    password_path: str | None = None,
    out_path: str | None = None,
) -> str:
    """
    Write the command that makes a self-signed certificate, or a request, with what a profile asks for.

    It needs OpenSSL 3, and does not look at the machine's openssl.cnf. What the command line can not say (an attribute
    that OpenSSL has no name for, a comma in an alternative name) goes into a configuration on its standard input.

    Args:
        profile: with alternative names of the kinds a policy has.
        key_path: the file with the private key.
        days: of validity; None for a request.
        password_path: a file whose first line opens the key.
        out_path: the file for the PEM; None for the standard output.

    Returns:
        Text for ``sh``, LF at its end: comments that say what differs, and the command, which writes PEM.
        If OpenSSL can not do it, only a comment that says why.
    """
    if any(isinstance(attribute.value, bytes) for attribute in profile.subject):
        return "# openssl req can not make this: it writes no attribute that is a BIT STRING.\n"
    signed = days is not None
    head = ["openssl", "req", *(["-x509"] if signed else []), "-new"]
    head += ["-key", f"./{key_path}" if key_path.startswith("-") else key_path]
    head += ["-passin", f"file:{password_path}"] if password_path else []
    head += ["-sha256", "-utf8", *(["-days", str(days)] if signed else [])]
    head += ["-out", out_path] if out_path else []
    if _fits_command_line(profile):
        parts = [[*head, "-config", "/dev/null"], ["-subj", _subject(profile.subject)]]
        parts += [
            ["-addext", f"{name}={value}"] for name, value in _extensions(profile, _names(profile), signed=signed)
        ]
        return _remarks(signed=signed) + " \\\n  ".join(map(shlex.join, parts)) + "\n"
    # The configuration can not say that a name is empty.
    head += ["-config", "-", *([] if list(profile.subject) else ["-subj", "/"])]
    lines = "".join(f"{line}\n" for line in _configuration(profile, signed=signed))
    return f"{_remarks(signed=signed)}{shlex.join(head)} <<'END'\n{lines}END\n"


def _remarks(*, signed: bool) -> str:
    remarks = ["The same with OpenSSL 3, which writes the text of names as UTF8String throughout."]
    if signed:
        remarks += [
            "It draws a serial number of its own, and begins the validity now, not 10 minutes earlier",
            "(from OpenSSL 3.4 on, -not_before can say so).",
        ]
    return "".join(f"# {line}\n" for line in remarks)


def _fits_command_line(profile: Profile) -> bool:
    if any("," in value for _, value in map(_alternative_name, profile.san)):
        return False
    return all(attribute.oid in _KEYWORDS for attribute in profile.subject)


def _subject(name: x509.Name) -> str:
    """Write a name as ``-subj`` takes it: most general attribute first, ``+`` inside a multi-valued RDN."""
    rdns = ("+".join(f"{_KEYWORDS[part.oid]}={_escaped(part.value)}" for part in rdn) for rdn in name.rdns)
    return "/" + "/".join(rdns)


def _escaped(value: str | bytes) -> str:
    return _SUBJECT_SIGNS.sub(_WITH_BACKSLASH, str(value))


def _extensions(profile: Profile, names: str, *, signed: bool) -> list[tuple[str, str]]:
    """Return the extensions as OpenSSL writes them, in the order of ours."""
    usage = [("keyUsage", ",".join(["critical", *profile.key_usage]))] if profile.key_usage else []
    purposes = [("extendedKeyUsage", ",".join(_PURPOSES.get(eku, eku) for eku in profile.ekus))] if profile.ekus else []
    critical = "" if list(profile.subject) else "critical,"
    alternatives = [("subjectAltName", f"{critical}{names}")] if profile.san else []
    constraints = [("basicConstraints", _constraints(profile))]
    if not signed:
        return [*usage, *purposes, *alternatives, *constraints]
    keys = [("authorityKeyIdentifier", "keyid:always"), ("subjectKeyIdentifier", "hash")]
    return [*usage, *constraints, *purposes, *alternatives, *keys]


def _constraints(profile: Profile) -> str:
    if not profile.ca:
        return "CA:FALSE"
    return "critical,CA:TRUE" if profile.path_length is None else f"critical,CA:TRUE,pathlen:{profile.path_length}"


def _names(profile: Profile) -> str:
    pairs = map(_alternative_name, profile.san)
    return ",".join(f"{kind}:{_CONFIGURATION_SIGNS.sub(_WITH_BACKSLASH, value)}" for kind, value in pairs)


def _alternative_name(name: x509.GeneralName) -> tuple[str, str]:
    if isinstance(name, x509.OtherName):
        # A UTF8String of less than 128 or less than 65,536 octets: a user principal name has at most 256 characters.
        header = 2 if name.value[1] < 0x80 else 2 + (name.value[1] & 0x7F)
        text = name.value[header:].decode()
        form = "UTF8" if text.isascii() else "FORMAT:UTF8,UTF8"
        return "otherName", f"{name.type_id.dotted_string};{form}:{text}"
    kinds = {
        x509.DNSName: "DNS",
        x509.RFC822Name: "email",
        x509.UniformResourceIdentifier: "URI",
        x509.IPAddress: "IP",
    }
    return kinds[type(name)], str(name.value)


def _configuration(profile: Profile, *, signed: bool) -> list[str]:
    lines = ["[req]", "prompt = no", f"{'x509' if signed else 'req'}_extensions = extensions"]
    if list(profile.subject):
        lines += ["distinguished_name = subject", "[subject]", *_subject_lines(profile.subject)]
    lines.append("[extensions]")
    lines += [f"{name} = {value}" for name, value in _extensions(profile, "@names", signed=signed)]
    pairs = enumerate(map(_alternative_name, profile.san))
    names = [f"{kind}.{index} = {_quoted(value)}" for index, (kind, value) in pairs]
    return [*lines, "[names]", *names] if names else lines


def _subject_lines(name: x509.Name) -> list[str]:
    """Write a name, one attribute a line; a number before each keeps them apart, a ``+`` joins one to the last."""
    lines: list[str] = []
    for rdn in name.rdns:
        for rank, part in enumerate(rdn):
            keyword = _KEYWORDS.get(part.oid, part.oid.dotted_string)
            lines.append(f"{len(lines)}.{'+' if rank else ''}{keyword} = {_quoted(part.value)}")
    return lines


def _quoted(value: str | bytes) -> str:
    return f'"{_QUOTED_SIGNS.sub(_WITH_BACKSLASH, str(value))}"'
