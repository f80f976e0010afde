"""What a CA decided otherwise than it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.tables.frame import frame

if TYPE_CHECKING:
    import pandas as pd

    from kvlab.vault.vault import Vault

DTYPES = {"field": "string", "asked": "string", "requested": "string", "issued": "string", "why": "string"}


def overrides(vault: Vault, name: str, version: str | None = None) -> pd.DataFrame:
    """
    Lay what a known issuer certified beside what it was asked for; only where they differ.

    Args:
        vault: used as a principal that may get certificates.
        name: of the certificate.
        version: 32 hexadecimal digits; the newest when left out.

    Returns:
        A frame, empty where the vault itself or your own CA signed, with the columns

        - ``field``: string, such as ``validity`` or ``subject O``.
        - ``asked``: string, in the policy; ``requested``: string, in the CSR; ``issued``: string, in the certificate;
          ``<NA>`` where there is nothing.
        - ``why``: string, one sentence with the rule it comes from.

    Raises:
        CertificateNotFound: 404.
    """
    found = vault.overrides(name, version)
    return frame(([value or None for value in override] for override in found), DTYPES)
