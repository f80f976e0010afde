"""Policy, request and certificate side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kvlab.render.diff import Heading, diff_html, diff_text
from kvlab.vault.comparison import compare_version
from kvlab.x509.explain import explain
from kvlab.x509.summary import summarize

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from kvlab.vault.vault import Vault
    from kvlab.wire.certificate import CertificateBundle
    from kvlab.wire.policy import CertificatePolicy


def diff(vault: Vault, name: str, version: str | None = None) -> Diff:
    """
    Show what was asked in the policy, requested in the CSR and signed in the certificate, and why they differ.

    Args:
        vault: used as a principal that may get certificates.
        name: of the certificate.
        version: 32 hexadecimal digits; the newest when left out.

    Raises:
        CertificateNotFound: 404.
    """
    return Diff(vault, name, version)


class Diff:
    """
    A comparison as it stood when it was made.

    Attributes:
        rows: one for each field; see ``kvlab.vault.comparison.Compared``.
        heading: what is compared.
    """

    def __init__(self, vault: Vault, name: str, version: str | None = None) -> None:
        self.rows = compare_version(vault, name, version)
        bundle = vault.get_certificate(name, version)
        policy = bundle.policy or vault.get_certificate_policy(name)
        self.heading = Heading(_name(bundle), list(_facts(bundle, policy)), vault.seeded, _note(bundle, policy))

    @property
    def table(self) -> pd.DataFrame:
        """The same as a frame; see ``kvlab.tables.compare``."""
        from kvlab.tables.comparison import policy_frame  # noqa: PLC0415  a picture needs no pandas

        return policy_frame(self.rows)

    def __repr__(self) -> str:
        return diff_text(self.rows, self.heading)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": diff_html(self.rows, self.heading)}


def _name(bundle: CertificateBundle) -> str:
    return bundle.id.rsplit("/", 2)[1]


def _facts(bundle: CertificateBundle, policy: CertificatePolicy) -> Iterator[str]:
    issuer = policy.issuer
    if issuer is not None and issuer.name:
        yield f"issuer {issuer.name} {issuer.cty}" if issuer.cty else f"issuer {issuer.name}"
    if bundle.cer is None:
        yield "not signed yet"
        return
    summary = summarize(explain(bundle.cer))
    yield "signed with its own key" if summary.self_signed else f"signed by {_common_name(summary.issuer)}"
    yield f"version {bundle.id.rsplit('/', 1)[1][:8]}…"


def _common_name(name: str) -> str:
    parts = name.split(", ")
    return next((part.removeprefix("CN=") for part in parts if part.startswith("CN=")), name)


def _note(bundle: CertificateBundle, policy: CertificatePolicy) -> str:
    changed = policy.attributes.updated if policy.attributes else None
    made = bundle.attributes.created
    if bundle.cer is None or changed is None or made is None or changed <= made:
        return ""
    return "The policy has been changed since this version was made; what stands here is the policy of today."
