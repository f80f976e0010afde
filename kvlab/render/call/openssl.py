"""What openssl does where the vault has an equivalent: the same key, names and extensions, made on your own machine."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from kvlab.errors import VaultError
from kvlab.render.call.call import Given
from kvlab.render.call.quote import shell
from kvlab.render.openssl import openssl_command
from kvlab.vault import policy as policies
from kvlab.wire.model import decode_base64
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kvlab.render.call.call import Call
    from kvlab.wire.policy import KeyProperties

_CURVES = {"P-256": "P-256", "P-384": "P-384", "P-521": "P-521", "P-256K": "secp256k1"}
_DAYS_A_MONTH = 365 / 12
_DIGESTS = {"256": "sha256", "384": "sha384", "512": "sha512"}
_OAEP = {"RSA-OAEP": "sha1", "RSA-OAEP-256": "sha256"}


def openssl_text(call: Call) -> str:
    """Return commands for sh and OpenSSL 3; nothing where it has no equivalent."""
    write = _LINES.get(call.operation)
    return write(call) if write else ""


def _create(call: Call) -> str:
    if "policy" not in call.arguments:
        return ""
    try:
        meaning = policies.complete(CertificatePolicy.read(call.arguments["policy"], "policy"))
    except VaultError:
        return ""
    policy, x509_props = meaning.policy, meaning.policy.x509_props
    assert policy.key_props is not None
    assert x509_props is not None
    key = f"{call.name}.key"
    lines = _genpkey(policy.key_props, key)
    if policies.is_self(policy):
        days = round((x509_props.validity_months or policies.DEFAULT_VALIDITY) * _DAYS_A_MONTH)
        return lines + openssl_command(meaning.profile, key, days=days, out_path=f"{call.name}.pem")
    remark = "# The request; in the vault, its key is never seen.\n"
    return remark + lines + openssl_command(meaning.profile, key, out_path=f"{call.name}.csr")


def _genpkey(props: KeyProperties, out: str) -> str:
    if (props.kty or "RSA").startswith("EC"):
        option = f"ec_paramgen_curve:{_CURVES[props.crv or 'P-256']}"
        return f"openssl genpkey -algorithm EC -pkeyopt {option} -out {shell(out)}\n"
    return f"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{props.key_size or 2048} -out {shell(out)}\n"


def _create_key(call: Call) -> str:
    given = call.arguments
    policy = {"key_props": {name: given[name] for name in ("kty", "key_size", "crv") if name in given},
              "x509_props": {"subject": "CN=key"}}  # fmt: skip
    try:
        props = policies.complete(CertificatePolicy.read(policy, "policy")).policy.key_props
    except VaultError:
        return ""
    return "" if props is None else _genpkey(props, f"{call.name}.key")


def _merge(call: Call) -> str:
    csr, signed = shell(f"{call.name}.csr"), shell(call.merge_file)
    return (
        "# What your CA does with the vault's request; copyall takes names and usage over as they were asked for.\n"
        f"openssl req -in {csr} -verify -noout\n"
        f"openssl x509 -req -in {csr} -CA ca.pem -CAkey ca.key -copy_extensions copyall -days 365 -out {signed}\n"
        f"openssl verify -CAfile ca.pem {signed}\n"
    )


def _import(call: Call) -> str:
    file = call.arguments["value"].name
    key, certificate = shell(f"{call.name}.key"), shell(f"{call.name}.cer")
    if file.endswith(".pem"):
        return (
            "# How such a file is made, and what is in it.\n"
            f"cat -- {key} {certificate} > {shell(file)}\n"
            f"openssl pkey -in {shell(file)} -noout -check\n"
            f"openssl x509 -in {shell(file)} -noout -text\n"
        )
    password = "env:PFX_PASSWORD" if "pwd" in call.arguments else "pass:"
    return (
        "# How such a file is made, and what is in it.\n"
        f"openssl pkcs12 -export -inkey {key} -in {certificate} -out {shell(file)} -passout {password}\n"
        f"openssl pkcs12 -in {shell(file)} -passin {password} -nokeys -clcerts | openssl x509 -noout -text\n"
    )


def _get_certificate(call: Call) -> str:
    remark = f"# {call.name}.cer: the answer's cer, which is base64 of DER.\n"
    return f"{remark}openssl x509 -in {_file(call, 'cer')} -inform DER -noout -text\n"


def _get_operation(call: Call) -> str:
    remark = f"# {call.name}.csr: the answer's csr, which is base64 of DER.\n"
    return f"{remark}openssl req -in {_file(call, 'csr')} -inform DER -noout -verify -text\n"


def _get_secret(call: Call) -> str:
    return (
        f"# {call.name}.pfx: the answer's value, which is base64; its password is empty.\n"
        f"openssl pkcs12 -in {_file(call, 'pfx')} -passin pass: -nokeys | openssl x509 -noout -text\n"
    )


def _file(call: Call, kind: str) -> str:
    return shell(f"{call.name}.{kind}")


def _sign(call: Call) -> str:
    given = call.arguments
    options = _signature_options(str(given["alg"]))
    if options is None:
        return ""
    remark = "# Your own key in the key's place; an EC signature is DER here, r and s in the vault.\n"
    command = f"openssl pkeyutl -sign -inkey {_file(call, 'key')} -in digest.bin{options} -out signature.bin\n"
    return remark + _written(given["value"], "digest.bin") + command


def _verify(call: Call) -> str:
    given = call.arguments
    algorithm = str(given["alg"])
    options = _signature_options(algorithm)
    if options is None or algorithm.startswith("ES"):
        return ""
    files = _written(given["digest"], "digest.bin") + _written(given["value"], "signature.bin")
    key = _file(call, "pub")
    return f"{files}openssl pkeyutl -verify -pubin -inkey {key} -in digest.bin -sigfile signature.bin{options}\n"


def _signature_options(algorithm: str) -> str | None:
    digest = _DIGESTS.get(algorithm[2:])
    if digest is None:
        return None
    pss = " -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest" if algorithm.startswith("PS") else ""
    return "" if algorithm.startswith("ES") else f" -pkeyopt digest:{digest}{pss}"


def _encrypt(call: Call) -> str:
    options = _encryption_options(call)
    value = call.arguments["value"]
    if options is None or not isinstance(value, Given):
        return ""
    key = _file(call, "pub")
    return f"openssl pkeyutl -encrypt -pubin -inkey {key} -in {shell(value.name)}{options} -out ciphertext.bin\n"


def _decrypt(call: Call) -> str:
    options = _encryption_options(call)
    if options is None:
        return ""
    file = _written(call.arguments["value"], "ciphertext.bin")
    return (
        f"{file}openssl pkeyutl -decrypt -inkey {_file(call, 'key')} -in ciphertext.bin{options} -out plaintext.bin\n"
    )


def _encryption_options(call: Call) -> str | None:
    algorithm = str(call.arguments["alg"])
    if algorithm == "RSA1_5":
        return " -pkeyopt rsa_padding_mode:pkcs1"
    digest = _OAEP.get(algorithm)
    return None if digest is None else f" -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{digest}"


def _written(value: Any, file: str) -> str:
    if isinstance(value, Given):
        return "" if value.name == file else f"cp {shell(value.name)} {file}\n"
    octets = value if isinstance(value, bytes) else decode_base64(str(value)) or b""
    return f"echo {base64.b64encode(octets).decode()} | base64 -d > {file}\n"


_LINES: dict[str, Callable[[Call], str]] = {
    "create_certificate": _create,
    "merge_certificate": _merge,
    "import_certificate": _import,
    "get_certificate": _get_certificate,
    "get_certificate_operation": _get_operation,
    "get_secret": _get_secret,
    "create_key": _create_key,
    "sign": _sign,
    "verify": _verify,
    "encrypt": _encrypt,
    "wrap_key": _encrypt,
    "decrypt": _decrypt,
    "unwrap_key": _decrypt,
}
