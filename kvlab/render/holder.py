"""Who holds what in the flow of a certificate; above all, where its private key is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kvlab.render.script import APPLICATION, CA, VAULT
from kvlab.render.stage import Holding, KeyPlace, Lane, Look, Step

if TYPE_CHECKING:
    from kvlab.render.chapter import Chapter, Origin


_SECRET_NOTES: dict[object, str] = {True: "with the key", False: "no key in it"}


def lanes_of(chapter: Chapter, kind: str, steps: tuple[Step, ...], vault_name: str) -> tuple[Lane, ...]:
    """
    Tell who takes part in a flow, and who holds what.

    Args:
        chapter: what has happened.
        kind: which flow.
        steps: of it, with their states.
        vault_name: shown on the vault's card.
    """
    key, key_words = _home_key(chapter)
    home = Lane(VAULT, "Key vault", vault_name, _in_vault(chapter), key, key_words, home=True)
    state = {step.number: step.state for step in steps}
    reached = ("done", "unseen", "told")
    request, certificate = Holding("CSR", "a copy", "pending"), Holding("certificate")
    own: tuple[Holding, ...] = ()
    if kind == "manual":
        own = (request,) * (state[2] in reached) + (certificate,) * (state[4] in reached)
    elif kind == "import":
        own = (Holding("PFX or PEM", "with the key"),)
    elif kind == "restore":
        own = (Holding("backup", "sealed"),)
    if chapter.of("backup_certificate"):
        own = (*own, Holding("backup", "sealed"))
    application = _application(chapter)._replace(holds=own)
    if kind == "manual":
        held = (Holding("CSR", "signed" if state[4] in reached else "to sign", "pending"),) * (state[3] in reached)
        practice = chapter.authority
        return application, home, Lane(CA, "Your CA", practice, held)
    if kind == "known issuer":
        held = (Holding("CSR", "ordered", "pending"),) * (state[2] == "done") + (certificate,) * (state[4] == "done")
        ca = chapter.issuer_authority
        return (
            application,
            home,
            Lane(CA, ca or "CA", "simulated" if ca else "", held),
        )
    return application, home


def _application(chapter: Chapter) -> Lane:
    lane = Lane(APPLICATION, "Your application")
    if chapter.end == "purged":
        return lane
    if chapter.origin == "brought":
        return lane._replace(key="copy", key_words="had the key; may have a copy")
    if chapter.has_version and chapter.first.detail.get("exportable"):
        return lane._replace(key="may", key_words="may get it with the secret")
    return lane


def _home_key(chapter: Chapter) -> tuple[KeyPlace, str]:
    kind = chapter.first.detail.get("key_type")
    words = f" · {kind}" if kind else ""
    if chapter.end == "purged":
        return "gone", "the private key is destroyed"
    if chapter.end == "deleted":
        return "here", f"private key is here, deleted{words}"
    if chapter.status == "deleted" and not chapter.current:
        return "gone", "the private key was dropped"
    return "here", f"private key is here{words}"


def _in_vault(chapter: Chapter) -> tuple[Holding, ...]:
    if chapter.end == "purged":
        return (Holding("nothing of this name", look="to come"),)
    status, end = chapter.status, chapter.end
    look: Look = "over" if end else "exists"
    with_key = _SECRET_NOTES.get(chapter.first.detail.get("exportable"), "")
    ready = (Holding("certificate", end, look), Holding("secret", end or with_key, look))
    if status == "completed":
        return ready
    waiting: tuple[Holding, ...] = ()
    if chapter.under_way:
        waiting = (Holding("pending", "inProgress", "pending"),)
    elif status == "inProgress":
        waiting = (Holding("pending", end, "over"),)
    elif status != "deleted":
        waiting = (Holding("pending", status, "over"),)
    if chapter.current:
        return (*ready, *waiting)
    if status == "deleted":
        return (Holding("the pending object was deleted", look="over"),)
    return (*waiting, Holding("certificate", "to come", "to come"), Holding("secret", "to come", "to come"))


def key_sentence(chapter: Chapter, kind: str) -> str:
    """Say in one sentence where the private key is."""
    if chapter.end == "purged":
        return "The certificate was purged, and its private key destroyed."
    if chapter.end == "deleted":
        return "The certificate is deleted; the private key is still in the vault, and can be recovered with it."
    if kind == "import":
        return "The private key is in the vault; whoever had the file may have it still."
    if kind == "restore":
        back = "The private key came back inside the backup, which only this vault's master key opens."
        return f"{back}{_exported(chapter)}"
    if chapter.status == "deleted":
        return "The pending operation was deleted."
    return f"{_ORIGIN_WORDS[chapter.origin]}{_exported(chapter)}"


_ORIGIN_WORDS: dict[Origin, str] = {
    "made": "The private key was made in the vault, and no step carries it out.",
    "brought": "The private key is the imported one, taken again; whoever had the file may have it still.",
    "restored": "The private key is the restored one, taken again, and no step carries it out.",
}


def _exported(chapter: Chapter) -> str:
    if not chapter.has_version or "exportable" not in chapter.first.detail:
        return ""
    if chapter.first.detail["exportable"]:
        return " The policy lets it go with the secret: who may read that gets a copy."
    return " It is not exportable: the secret holds the certificate without it."
