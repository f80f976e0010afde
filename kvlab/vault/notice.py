"""
What the vault's contacts are told, and when: a notice that a certificate runs out, and how renewals go.

Source: https://learn.microsoft.com/azure/key-vault/certificates/overview-renew-certificate#certificate-expiration-notifications
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from textwrap import fill
from typing import TYPE_CHECKING, Any

from kvlab.store import certificate as rows
from kvlab.store import mail
from kvlab.vault import policy as policies
from kvlab.vault.lifetime import DAY, notice_done
from kvlab.vault.turn import VAULT
from kvlab.wire.issuer import Contacts
from kvlab.wire.policy import CertificatePolicy

if TYPE_CHECKING:
    from sqlalchemy import Row

    from kvlab.vault.core import Core
    from kvlab.vault.turn import Turn

LINE_WIDTH = 72
NO_CONTACTS = "The vault has no contacts."


class News(StrEnum):
    """What a mail is about."""

    EXPIRING = "expiring"
    RENEWING = "renewing"
    RENEWED = "renewed"
    NOT_RENEWED = "not renewed"


_SUBJECTS = {
    News.EXPIRING: "Certificate {name} in vault {vault} {expires}",
    News.RENEWING: "Certificate {name} in vault {vault} is being renewed",
    News.RENEWED: "Certificate {name} in vault {vault} was renewed",
    News.NOT_RENEWED: "Certificate {name} in vault {vault} could not be renewed",
}

_BODY = """\
Vault:        {vault}
Certificate:  {name}
Version:      {version}
Valid:        {nbf} to {exp}

{text}
"""


def notify_contacts(core: Core, step: Row[Any]) -> int:
    """Do an EmailContacts action."""
    with core.turn(VAULT, core.instant(step.at)) as turn:
        row = rows.lifetime(turn.connection, step.id)
        if row is None or row.notice_at is None or row.notice_at > step.at:
            return 0
        noticed, notice_at = notice_done(row, turn.seconds)
        rows.set_certificate(turn.connection, row.id, noticed=noticed, notice_at=notice_at)
        turn.due += [] if notice_at is None else [notice_at]
        facts = {"action": "EmailContacts", **tell(core, turn, row, News.EXPIRING, _advice(row))}
        turn.record("lifetime_action", f"certificates/{row.name}", version=row.version, detail=facts)
        return 1


def tell(core: Core, turn: Turn, row: Row[Any], news: News, text: str) -> dict[str, Any]:
    """
    Put a mail to every contact into the outbox; an address that is listed twice gets one.

    Args:
        core: the vault.
        turn: the open turn.
        row: as ``kvlab.store.certificate.lifetime`` returns it.
        news: what it is about.
        text: the sentences under the facts.

    Returns:
        For the event: how many mails there are, and why, if there is none.
    """
    stored = mail.contacts(turn.connection, core.vault_id)
    found = (Contacts.model_validate_json(stored).contacts if stored else None) or ()
    recipients = list(dict.fromkeys(contact.email for contact in found if contact.email))
    if not recipients:
        return {"mails": 0, "note": NO_CONTACTS}
    facts = {
        "vault": core.name,
        "name": row.name,
        "version": row.version,
        "nbf": instant_text(row.nbf),
        "exp": instant_text(row.exp),
        "expires": f"{'expires' if row.exp > turn.seconds else 'expired'} on {instant_text(row.exp)[:10]}",
        "text": fill(text, LINE_WIDTH),
    }
    for recipient in recipients:
        turn.mails.append({
            "time": turn.seconds, "certificate": row.name, "version": row.version, "news": news.value,
            "recipient": recipient, "subject": _SUBJECTS[news].format(**facts), "body": _BODY.format(**facts),
        })  # fmt: skip
    return {"mails": len(recipients)}


def instant_text(seconds: int) -> str:
    """Return epoch seconds as a mail shows them."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _advice(row: Row[Any]) -> str:
    policy = CertificatePolicy.model_validate_json(row.policy)
    days = (row.exp - row.notice_at) // DAY
    left = f"It expires in {days} days. " if days >= 0 else "It has expired. "
    if policies.is_unknown(policy):
        return f"{left}No issuer renews it: create a new version, have your CA sign its request, and merge the answer."
    return (
        f"{left}Its policy does not renew it: create a new version, which issuer {policies.issuer_name(policy)} signs."
    )
