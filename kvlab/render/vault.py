"""A vault in one small table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.markup import card, mono, seed_pill, table, tag
from kvlab.vault.access import OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kvlab.vault.vault import Vault

_MOST_NAMES = 12


def vault_html(vault: Vault) -> str:
    """Return a vault as HTML: whom it is used as, its clock and, for the owner, the names in it."""
    marks = seed_pill() if vault.seeded else ""
    return card(vault.name, "a vault in this notebook", marks, table(_rows(vault)))


def _rows(vault: Vault) -> Iterator[tuple[str, str]]:
    yield "URL", mono(vault.vault_url)
    yield "Used as", tag(vault.principal)
    yield "Clock", _clock(vault)
    if vault.principal == OWNER:
        # Anybody else may lack the permission, and to look at a vault should leave no refusal in its log.
        yield "Certificates", _names(vault)


def _clock(vault: Vault) -> str:
    if vault.clock.kind == "system":
        return "system: time passes"
    return f"simulated: stands at {vault.clock.now():%Y-%m-%d %H:%M:%S} UTC until {mono('vault.clock.advance(…)')}"


def _names(vault: Vault) -> str:
    items = vault.get_certificates(maxresults=_MOST_NAMES + 1)
    names = [item.id.rsplit("/", 1)[1] for item in items]
    if not names:
        return '<span class="kvr-muted">none yet</span>'
    return " ".join(tag(name) for name in names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
