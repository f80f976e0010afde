"""What openssl does where AWS IoT has an equivalent: key, request and certificate, and what the registry calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kvlab.render.call.iot.call import IotCall

_ID = """\
# What the registry calls it, certificateId: the SHA-256 of its octets.
openssl x509 -in device.pem -outform DER | openssl dgst -sha256 -r
"""
_SIGN = r"""printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' |
  openssl x509 -req -in device.csr -CA ca.pem -CAkey ca.key -extfile /dev/stdin -days 365 -out device.pem
"""
_LINES = {
    "create_keys_and_certificate": (
        "# With a CA of your own in the place of AWS IoT's, whose certificates are valid to the end of 2049.\n"
        "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out device.key\n"
        f"openssl req -new -key device.key -subj '/CN=AWS IoT Certificate' -out device.csr\n{_SIGN}{_ID}"
    ),
    "create_certificate_from_csr": (
        "# With a CA of your own in the place of AWS IoT's; key and subject are kept, extensions asked for are not.\n"
        f"openssl req -in device.csr -noout -verify\n{_SIGN}{_ID}"
    ),
    "register_certificate": (
        "# Whether your CA, which is registered, has signed it.\n"
        f"openssl verify -partial_chain -CAfile ca.pem device.pem\n{_ID}"
    ),
    "register_certificate_without_ca": _ID,
}


def iot_openssl_text(call: IotCall) -> str:
    """Return commands for sh and OpenSSL 3; nothing where it has no equivalent."""
    return _LINES.get(call.operation, "")
