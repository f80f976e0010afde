"""Mails to the contacts: what they say, that they are kept, and that a real mail server gets them."""

import socket
import threading
import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from kvlab import CertificatePolicy, Vault
from kvlab.errors import InvalidProperty
from kvlab.vault import postman
from tests.vault.make import MAIL_ONLY, ec_policy, finish, version_of
from tests.vault.test_renewal import mail_before

OPS = [{"email": "ops@contoso.com", "name": "Operations"}, {"email": "anna@contoso.com"}]


@pytest.fixture
def told(vault):
    """A vault with two contacts."""
    vault.set_certificate_contacts(OPS)
    return vault


class Server:
    """A real SMTP server on a port of its own, and what it took."""

    def __init__(self, port=0, answer=lambda recipient: None):
        self.letters, self._answer = [], answer
        self._controller = Controller(self, hostname="127.0.0.1", port=port or free_port())
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self._controller.port}"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self._answer(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append(SimpleNamespace(to=envelope.rcpt_tos, sender=envelope.mail_from, text=text))
        return "250 OK"

    def stop(self):
        self._controller.stop()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


# -- what is in it


@pytest.mark.parity("notices")
def test_each_contact_is_told_before_and_after_a_renewal_with_its_outcome(told):
    first = version_of(finish(told))

    told.clock.advance(days=300)

    second = version_of(told.get_certificate("web"))
    instant = datetime(2027, 3, 20, 8, 58, tzinfo=UTC)
    assert [(mail.to, mail.news, mail.version, mail.time) for mail in told.outbox] == [
        ("ops@contoso.com", "renewing", first, instant),
        ("anna@contoso.com", "renewing", first, instant),
        ("ops@contoso.com", "renewed", second, instant),
        ("anna@contoso.com", "renewed", second, instant),
    ]
    before, after = told.outbox[0], told.outbox[-1]
    assert before.subject == "Certificate web in vault kvlab is being renewed"
    assert after.subject == "Certificate web in vault kvlab was renewed"
    for mail in (before, after):
        assert mail.certificate == "web"
        for fact in ("kvlab", "web", mail.version):
            assert fact in mail.body
    assert "2027-06-01 09:00 UTC" in before.body
    assert "2028-03-20 08:58 UTC" in after.body


@pytest.mark.parity("notices")
@pytest.mark.parametrize(
    ("issuer", "advice"), [("Unknown", "have your CA sign its request"), ("Self", "which issuer Self signs")]
)
def test_email_contacts_says_when_it_ends_and_what_to_do(told, issuer, advice):
    operation = told.create_certificate("web", ec_policy(issuer=issuer, lifetime_actions=mail_before(60)))
    if issuer == "Unknown":
        told.merge_certificate("web", told.practice_ca().sign(operation, months=12))

    told.clock.advance(days=365 - 60)

    assert [mail.news for mail in told.outbox] == ["expiring", "expiring"]
    mail = told.outbox[0]
    assert mail.subject == "Certificate web in vault kvlab expires on 2027-06-01"
    assert "It expires in 60 days." in mail.body
    assert advice in " ".join(mail.body.split())
    assert max(map(len, mail.body.splitlines())) <= 72
    assert len(told.get_certificate_versions("web")) == 1
    told.clock.advance(days=365)
    assert len(told.outbox) == 2, "once is enough"


@pytest.mark.parity("notices-once")
def test_several_notices_are_sent_each_once_whatever_else_is_changed(told):
    finish(told, policy=ec_policy(lifetime_actions=mail_before(30, 60, 7)))
    told.clock.advance(days=310)
    assert len(told.outbox) == 2

    told.update_certificate_policy("web", {"x509_props": {"subject": "CN=b"}})
    told.update_certificate("web", attributes={"enabled": False})
    told.update_certificate("web", attributes={"enabled": True})
    told.delete_certificate("web")
    told.recover_deleted_certificate("web")
    blob = told.backup_certificate("web")
    told.delete_certificate("web")
    told.purge_deleted_certificate("web")
    told.restore_certificate(blob)
    told.process_due()
    assert len(told.outbox) == 2

    told.clock.advance(days=100)
    assert len(told.outbox) == 6
    assert len({mail.time for mail in told.outbox}) == 3


def test_a_new_version_starts_its_notices_anew(told):
    finish(told, policy=ec_policy(lifetime_actions=mail_before(30)))
    told.clock.advance(days=340)
    finish(told)
    told.clock.advance(days=340)

    assert [mail.version for mail in told.outbox[::2]] == [
        version_of(item)
        for item in sorted(told.get_certificate_versions("web"), key=lambda item: item.attributes.created)
    ]


@pytest.mark.parity("notices-once")
def test_an_address_that_is_listed_twice_gets_one_mail(vault):
    vault.set_certificate_contacts([OPS[0], OPS[0], OPS[1]])
    finish(vault, policy=ec_policy(lifetime_actions=MAIL_ONLY))
    vault.clock.advance(days=300)

    assert [mail.to for mail in vault.outbox] == ["ops@contoso.com", "anna@contoso.com"]


@pytest.mark.parity("notices-once")
@pytest.mark.parametrize("emptied", [False, True], ids=["never set", "an empty list"])
def test_without_contacts_an_event_says_so(vault, emptied):
    if emptied:
        vault.set_certificate_contacts([])
    finish(vault)
    finish(vault, "other", ec_policy(lifetime_actions=MAIL_ONLY))
    vault.clock.advance(days=300)

    told = [event.detail for event in vault.events if event.kind == "lifetime_action"]
    assert len(told) == 3
    assert all((detail["mails"], detail["note"]) == (0, "The vault has no contacts.") for detail in told)
    assert list(vault.outbox) == []


def test_the_outbox_is_a_list_to_read(told):
    finish(told)
    assert (len(told.outbox), list(told.outbox), repr(told.outbox)) == (0, [], "<Outbox of 'kvlab': 0 mails>")
    assert not told.outbox
    told.clock.advance(days=300)

    mails = list(told.outbox)
    assert len(told.outbox) == len(mails) == 4
    assert [told.outbox[index] for index in range(-4, 4)] == mails * 2
    assert told.outbox[1:3] == mails[1:3]
    assert mails[2] in told.outbox
    for wrong in (4, -5):
        with pytest.raises(IndexError):
            told.outbox[wrong]
    assert {mail.state for mail in mails} == {"waiting"}


def test_mails_are_kept_in_the_file_and_each_vault_has_its_own(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as vault:
        vault.set_certificate_contacts(OPS)
        finish(vault)
        vault.clock.advance(days=300)
        before = list(vault.outbox)
    with Vault.open(tmp_path / "a.db") as vault, Vault.open(tmp_path / "a.db", name="two", clock="simulated") as two:
        assert list(vault.outbox) == before
        assert len(before) == 4
        assert list(two.outbox) == []


# -- a mail server


def test_a_real_mail_server_gets_what_waits_and_what_comes(told, server):
    finish(told)
    told.clock.advance(days=300)
    told.outbox.deliver_to(server.url)
    assert told.outbox.flush()
    told.clock.advance(days=300)
    assert told.outbox.flush()

    assert len(server.letters) == 8
    assert {mail.state for mail in told.outbox} == {"sent"}
    assert sorted(letter.to[0] for letter in server.letters) == ["anna@contoso.com"] * 4 + ["ops@contoso.com"] * 4
    letter, mail = server.letters[0].text, told.outbox[0]
    assert (letter["To"], letter["Subject"]) == (mail.to, mail.subject)
    assert letter["Date"].datetime == mail.time
    assert letter["From"].addresses[0].domain == "kvlab.invalid"
    assert letter.get_content().replace("\r\n", "\n") == mail.body
    assert len({letter.text["Message-ID"] for letter in server.letters}) == 8


def test_a_server_that_is_down_blocks_nothing_and_gets_its_mail_later(told):
    port = free_port()
    told.outbox.deliver_to(f"smtp://127.0.0.1:{port}")
    finish(told)

    start = time.monotonic()
    told.clock.advance(days=300)
    assert time.monotonic() - start < 2
    assert not told.outbox.flush(0.3)
    assert {mail.state for mail in told.outbox} == {"waiting"}

    late = Server(port)
    try:
        assert told.outbox.flush(10)
        assert len(late.letters) == 4
    finally:
        late.stop()


def test_a_server_that_accepts_and_never_speaks_blocks_nothing(told):
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        told.outbox.deliver_to(f"smtp://127.0.0.1:{mute.getsockname()[1]}")
        finish(told)
        start = time.monotonic()
        told.clock.advance(days=600)
        assert time.monotonic() - start < 2
        assert len(told.outbox) == 8


def test_an_address_that_the_server_refuses_does_not_hold_up_the_others(told):
    answers = {"ops@contoso.com": "550 no such mailbox"}
    picky = Server(answer=answers.get)
    try:
        told.outbox.deliver_to(picky.url)
        finish(told)
        told.clock.advance(days=300)
        assert told.outbox.flush()
        states = [(mail.to.partition("@")[0], mail.state, mail.refusal) for mail in told.outbox[:2]]
        assert states == [("ops", "refused", "550 no such mailbox"), ("anna", "sent", None)]
        assert {letter.to[0] for letter in picky.letters} == {"anna@contoso.com"}
    finally:
        picky.stop()


def test_a_mailbox_that_is_busy_is_tried_again(told, monkeypatch):
    monkeypatch.setattr(postman, "FIRST_PAUSE_SECONDS", 0.05)
    tries = []

    def busy(address):
        tries.append(address)
        return "450 busy" if address.startswith("ops") and len(tries) < 6 else None

    slow = Server(answer=busy)
    try:
        told.outbox.deliver_to(slow.url)
        finish(told, policy=ec_policy(lifetime_actions=MAIL_ONLY))
        told.clock.advance(days=300)
        assert told.outbox.flush(10)
        assert sorted(letter.to[0] for letter in slow.letters) == ["anna@contoso.com", "ops@contoso.com"]
        assert tries.count("anna@contoso.com") == 1, "what was sent is not sent again"
    finally:
        slow.stop()


@pytest.mark.parametrize(
    "address", ["a@b\nBcc: all@contoso.com", "ö@contoso.com", "@", "a b@c d", "a@", "?@[ ", ".@\\", "?.:@"]
)
def test_an_odd_address_is_refused_and_injects_nothing(vault, server, address):
    vault.set_certificate_contacts([{"email": address}, {"email": "ops@contoso.com"}])
    vault.outbox.deliver_to(server.url)
    finish(vault, policy=ec_policy(lifetime_actions=MAIL_ONLY))
    vault.clock.advance(days=300)

    assert vault.outbox.flush()
    assert vault.outbox[1].state == "sent"
    assert all(letter.text["Bcc"] is None for letter in server.letters)
    assert all(letter.to != ["all@contoso.com"] for letter in server.letters)


def test_delivery_can_end_and_closing_ends_it(told, server):
    told.outbox.deliver_to(server.url)
    told.outbox.deliver_to(None)
    finish(told)
    told.clock.advance(days=300)
    assert not told.outbox.flush(0)
    assert server.letters == []
    told.outbox.deliver_to(server.url)
    assert told.outbox.flush()
    told.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "kvlab mail"]


@pytest.mark.parametrize(
    "url",
    ["", "localhost", "localhost:25", "http://localhost", "smtp://", "smtp://h:x", "smtp://h:99999", "smtp://u:pw@h",
     "smtp://h/path", 25],
)  # fmt: skip
def test_what_is_no_mail_server_is_refused_by_name(vault, url):
    with pytest.raises(InvalidProperty, match="smtp://HOST:PORT") as refusal:
        vault.outbox.deliver_to(url)
    assert "pw" not in str(refusal.value)


def test_no_secret_is_in_a_mail(told):
    finish(told, policy=CertificatePolicy.self_signed("CN=a", kty="EC"))
    told.clock.advance(days=300)
    text = "".join(mail.subject + mail.body for mail in told.outbox)

    assert "PRIVATE" not in text
    assert told.get_secret("web").value[:40] not in text
