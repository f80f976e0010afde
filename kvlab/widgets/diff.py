"""Policy, request and certificate side by side, and what was issued on its way into the policy."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ipywidgets import VBox

from kvlab.errors import VaultError
from kvlab.render.diff import Heading, diff_html, diff_text
from kvlab.vault.comparison import compare_version
from kvlab.vault.issued import props_as_issued
from kvlab.widgets.argument import NAME, VAULT, VERSION, check_argument
from kvlab.widgets.copying import CopyForm, DiffTable
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
        TypeError: it is no vault, or name or version are no text.
    """
    check_argument("vault", vault, VAULT)
    check_argument("name", name, NAME)
    check_argument("version", version, VERSION)
    return Diff(vault, name, version)


class Diff:
    """
    A comparison as it stood when it was made; what was issued otherwise can be copied into the policy.

    Attributes:
        rows: one for each field; see ``kvlab.vault.comparison.Compared``.
        heading: what is compared.
        props: the members of ``x509_props`` that would ask for what was issued; empty if they do already.
    """

    def __init__(self, vault: Vault, name: str, version: str | None = None) -> None:
        self._vault, self._asked = vault, (name, version)
        self._table: DiffTable | None = None
        self.refresh()

    def refresh(self) -> None:
        """Compare anew."""
        name, version = self._asked
        self.rows = compare_version(self._vault, name, version)
        bundle = self._vault.get_certificate(name, version)
        policy = bundle.policy or self._vault.get_certificate_policy(name)
        self.heading = Heading(_name(bundle), list(_facts(bundle, policy)), self._vault.seeded, _note(bundle, policy))
        self.props = {} if bundle.cer is None else props_as_issued(policy, bundle.cer, self.rows)
        if self._table is not None:
            self._table.html = diff_html(self.rows, self.heading)

    @cached_property
    def copying(self) -> CopyForm:
        """
        The form that copies what was issued into the policy.

        ``fields["members"]``: what is copied, ``submit()`` does it. It follows the vault until it is closed.
        """
        return CopyForm(self._vault, self.heading.name, self.props, self._again)

    @property
    def table(self) -> pd.DataFrame:
        """The same as a frame; see ``kvlab.tables.compare``."""
        from kvlab.tables.comparison import policy_frame  # noqa: PLC0415  a picture needs no pandas

        return policy_frame(self.rows)

    @cached_property
    def _widget(self) -> VBox:
        self._table = DiffTable(html=diff_html(self.rows, self.heading))
        return VBox([self._table, self.copying])

    def _again(self) -> dict[str, Any]:
        """Compare anew; what can not be looked at any more stays as it was."""
        try:
            self.refresh()
        except VaultError:
            return {}
        return self.props

    def __repr__(self) -> str:
        return diff_text(self.rows, self.heading)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        page = {"text/plain": repr(self), "text/html": diff_html(self.rows, self.heading)}
        if not self.props and "copying" not in vars(self):
            return page
        answer = self._widget._repr_mimebundle_(**options)
        return {**(answer[0] if isinstance(answer, tuple) else answer or {}), **page}


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
