"""
The whole known-issuer flow with the simulated CAs: what happened at the CA -> what the operation shows.

Two tables of cases hold for DigiCert and for GlobalSign, so that they can be read side by side.
"""

from dataclasses import dataclass, field

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kvlab import CertificatePolicy, SimulatedClock, Vault
from kvlab.errors import ForbiddenByPolicy, InvalidProperty
from tests.vault.make import parsed
from tests.vault.scripted import ISSUER, wait_until

PROVIDERS = ("DigiCert", "GlobalSign")
RECORD = {
    "name": "Contoso, Ltd", "state": "Washington", "locality": "Redmond", "registration_number": "603 123 456",
    "domains": ["contoso.com"],
}  # fmt: skip
REJECTED, BROKEN = "Request rejected", "Certificate issuer error"


def policy(host="www.contoso.com", *, cty="OV-SSL", **properties):
    properties = {"kty": "EC", "dns_names": [host] if host else []} | properties
    return CertificatePolicy.of("MyCA", f"CN={host}" if host else "", cty=cty, **properties)


def buyer(provider, clock=None, **words):
    """A vault that buys from a CA that was told how to behave."""
    vault = Vault(clock=clock or SimulatedClock())
    vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": provider})
    vault.ca(provider).configure(**words)
    return vault


@dataclass
class Case:
    """What the CA was told and asked for; what the operation shows (for one provider otherwise, where named)."""

    shows: tuple
    told: dict = field(default_factory=dict)
    asked: CertificatePolicy = field(default_factory=policy)
    DigiCert: tuple | None = None
    GlobalSign: tuple | None = None

    def expected(self, provider):
        return getattr(self, provider) or self.shows


# What stands second is in error.message, or in status_details while the operation goes on.
ENDS = {
    "nothing special": Case(("completed", "")),
    "EV": Case(("completed", ""), asked=policy(cty="EV-SSL")),
    "RSA": Case(("completed", ""), asked=policy(kty="RSA")),
    "no certificate type": Case(("completed", ""), asked=policy(cty=None)),
    "no common name": Case(("completed", ""), asked=policy("", dns_names=["www.contoso.com"])),
    "wildcard": Case(("completed", ""), asked=policy("*.contoso.com")),
    "organization not validated": Case(
        ("inProgress", "organization"), {"organizations": [{**RECORD, "vetting": "none"}]}
    ),
    "organization validated for OV only": Case(
        ("inProgress", "organization is not validated"), {"organizations": [{**RECORD, "vetting": "OV"}]},
        policy(cty="EV-SSL"), GlobalSign=(REJECTED, "-9450"),
    ),
    "organization unknown": Case(
        (REJECTED, "2001"), {"organizations": [{**RECORD, "id": "7"}]}, GlobalSign=("completed", ""),
    ),
    "domain not validated": Case(
        ("inProgress", "www.contoso.com"), {"require_domain_validation": True, "domains": []},
        GlobalSign=(REJECTED, "-9440"),
    ),
    "CAA forbids": Case((REJECTED, "CAA records of contoso.com"), {"caa": {"contoso.com": ["letsencrypt.org"]}}),
    "curve unsupported": Case((REJECTED, "secp256k1"), asked=policy(crv="P-256K")),
    "P-521": Case(("completed", ""), asked=policy(crv="P-521"), GlobalSign=(REJECTED, "-9961")),
    "credentials wrong": Case(
        (BROKEN, "(access_denied|invalid_api_key)"), {"accounts": [{"account_id": "other", "password": "other"}]},
        GlobalSign=(BROKEN, "(-4001)"),
    ),
    "product not enabled": Case((REJECTED, "EV-SSL is not enabled"), {"products": ["OV-SSL"]}, policy(cty="EV-SSL")),
    "rejected": Case((REJECTED, "Phishing."), {"decision": "reject", "reason": "Phishing."}),
    "rejected later": Case((REJECTED, "Phishing."), {"decision": "reject", "reason": "Phishing.", "delay_seconds": 60}),
    "failed": Case((BROKEN, "The HSM broke."), {"decision": "fail", "reason": "The HSM broke."}),
    "internal name": Case((REJECTED, "'server1'"), asked=policy("server1")),
    "underscore": Case((REJECTED, "'a_b.contoso.com'"), asked=policy("a_b.contoso.com")),
    "private IP address": Case((REJECTED, "'10.0.0.1'"), asked=policy(ip_addresses=["10.0.0.1"])),
    "IP address": Case(
        (REJECTED, "domain names only"), asked=policy(ip_addresses=["8.8.8.8"]), GlobalSign=("completed", "")
    ),
    "wildcard for EV": Case((REJECTED, "EV certificate"), asked=policy("*.contoso.com", cty="EV-SSL")),
    "too many names": Case((REJECTED, "100"), asked=policy(dns_names=[f"h{n}.contoso.com" for n in range(101)])),
    "e-mail address": Case(("completed", ""), asked=policy(emails=["ada@contoso.com"]), DigiCert=("refused", "emails")),
}  # fmt: skip


@pytest.mark.parity("issuer-failed", "issuer-status-details", "issuer-flow")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("case", ENDS)
def test_what_happens_at_the_ca_shows_in_the_operation(provider, case):
    case = ENDS[case]
    status, words = case.expected(provider)
    with buyer(provider, **case.told) as vault:
        if status == "refused":
            with pytest.raises(Exception, match=words) as refusal:
                vault.create_certificate("web", case.asked)
            assert refusal.value.status == 400
            return
        vault.create_certificate("web", case.asked)
        vault.clock.advance(120)
        operation = vault.get_certificate_operation("web")

        if status in (REJECTED, BROKEN):
            assert (operation.status, operation.error.code, operation.status_details) == ("failed", status, None)
            assert words in operation.error.message
            failed = [event.detail for event in vault.events if event.kind == "transition"][-1]
            assert failed["error"] == operation.error.model_dump()
        else:
            assert (operation.status, operation.error) == (status, None)
            assert words in (operation.status_details or "")
        assert (vault.get_certificate("web").cer is not None) is (status == "completed")


WAITS = {
    "after some polls": ({"polls": 3}, 3600),
    "after a delay": ({"delay_seconds": 3600}, 3600),
    "down for a while": ({"down_seconds": 600}, 600),
    "failing at first": ({"fail_first": 4}, 10 + 20 + 40 + 80),
    "down, then slow": ({"down_seconds": 600, "delay_seconds": 3600}, 4200),
}


@pytest.mark.parity("issuer-unavailable")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("case", WAITS)
def test_a_ca_that_takes_its_time_is_asked_again_and_the_order_is_placed_once(provider, case):
    words, seconds = WAITS[case]
    with buyer(provider, **words) as vault:
        vault.create_certificate("web", policy())
        vault.process_due()
        vault.clock.advance(seconds - 1)
        if case != "after some polls":
            assert vault.get_certificate_operation("web").status == "inProgress"
        vault.clock.advance(1)

        assert vault.get_certificate_operation("web").status == "completed"
        assert [order.reference for order in vault.ca(provider).orders()] == [
            vault.get_certificate_operation("web").request_id
        ]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_organization_that_gets_validated_has_its_certificate(provider):
    with buyer(provider, organizations=[{**RECORD, "vetting": "none"}]) as vault:
        vault.create_certificate("web", policy())
        vault.clock.advance(days=3)
        assert vault.get_certificate_operation("web").status == "inProgress"
        vault.ca(provider).configure()
        vault.clock.advance(hours=1)

        assert vault.get_certificate_operation("web").status == "completed"


@pytest.mark.parity("issuer-flow")
@pytest.mark.parametrize("cty", ["OV-SSL", "EV-SSL"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_certificate_is_the_cas_and_what_it_overrode_is_told(provider, cty):
    with buyer(provider) as vault:
        asked = policy(cty=cty, validity_months=24)
        vault.create_certificate("web", {**asked.model_dump(), "x509_props": {
            **asked.x509_props.model_dump(), "subject": "CN=www.contoso.com, OU=Lab, O=Somebody Else",
        }})  # fmt: skip
        vault.clock.advance(0)
        leaf = parsed(vault.get_certificate("web"))
        rows = {row.field: row for row in vault.overrides("web")}
        root = x509.load_pem_x509_certificate(vault.ca(provider).root_pem.encode())
        chain = vault.get_secret("web")

    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Contoso, Ltd"
    assert leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME) == []
    assert bool(leaf.subject.get_attributes_for_oid(NameOID.BUSINESS_CATEGORY)) is (cty == "EV-SSL")
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days <= 199
    ekus = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(ekus) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert leaf.issuer != root.subject
    assert (rows["validity"].asked, rows["validity"].issued) == ("24 months", "199 days")
    assert (rows["subject O"].requested, rows["subject O"].issued) == ("Somebody Else", "Contoso, Ltd")
    assert (rows["subject OU"].asked, rows["subject OU"].issued) == ("Lab", "")
    assert all(row.why for row in rows.values())
    assert chain.value


@pytest.mark.parametrize("provider", PROVIDERS)
def test_of_two_common_names_the_first_written_is_ordered(provider):
    with buyer(provider) as vault:
        asked = policy("", dns_names=["c.contoso.com"])
        asked.x509_props.subject = "CN=a.contoso.com, CN=b.contoso.com"
        vault.create_certificate("web", asked)
        vault.clock.advance(0)

        assert parsed(vault.get_certificate("web")).subject.rfc4514_string().startswith("CN=a.contoso.com,O=")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_messages_are_events_without_a_credential(provider):
    with buyer(provider) as vault:
        vault.create_certificate("web", policy())
        vault.clock.advance(0)
        events = list(vault.events)

    said = [event for event in events if event.kind.startswith("ca.")]
    assert [(event.step, event.actor, event.kind) for event in events if event.step] == [
        (1, "owner", "create_certificate"), (2, "vault", "ca.request"), (4, provider, "ca.answer"),
        (5, "vault", "transition"),
    ]  # fmt: skip
    assert all(event.detail["summary"] for event in said)
    assert "CERTIFICATE REQUEST" in next(event.detail["body"] for event in said if event.step == 2)
    assert ISSUER["credentials"]["pwd"] not in repr(events)


@pytest.mark.parity("issuer-cancel")
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("delay", [0, 3600], ids=["issued", "not issued"])
def test_cancelling_before_and_after_the_ca_issued(provider, delay):
    """The vault has not asked since the CA issued, so the wish goes out first; each CA has its own rule for that."""
    with buyer(provider, delay_seconds=3600) as vault:
        vault.create_certificate("web", policy())
        vault.process_due()
        if not delay:
            vault.ca(provider).configure()
        vault.update_certificate_operation("web")
        vault.clock.advance(0)
        operation = vault.get_certificate_operation("web")

        issued = delay == 0 and provider == "DigiCert"
        assert operation.status == ("completed" if issued else "cancelled")
        assert [order.state for order in vault.ca(provider).orders()] in (
            [["issued"]] if issued else [["cancelled"], ["revoked"]]
        )


@pytest.mark.parity("issuer-delete-pending")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_deleting_the_operation_cancels_the_order(provider):
    with buyer(provider, delay_seconds=3600) as vault:
        vault.create_certificate("web", policy())
        vault.process_due()
        vault.delete_certificate_operation("web")
        vault.clock.advance(0)

        assert [order.state for order in vault.ca(provider).orders()] == ["cancelled"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_next_version_is_ordered_anew(provider):
    with buyer(provider) as vault:
        for _ in range(2):
            vault.create_certificate("web", policy())
            vault.clock.advance(days=1)

        assert len(vault.get_certificate_versions("web")) == 2
        assert len(vault.ca(provider).orders()) == 2


def test_digicert_refuses_a_request_of_a_key_it_has_certified():
    """As documented: https://learn.microsoft.com/azure/key-vault/certificates/how-to-integrate-certificate-authority"""
    with buyer("DigiCert") as vault:
        for _ in range(2):
            vault.create_certificate("web", policy(reuse_key=True))
            vault.clock.advance(days=1)

        operation = vault.get_certificate_operation("web")
        assert (operation.status, operation.error.code) == ("failed", REJECTED)
        assert "CSR has already been used" in operation.error.message
        assert len(vault.get_certificate_versions("web")) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_restart_goes_on_with_the_order_that_is_out(provider, tmp_path):
    file = tmp_path / "vault.db"
    with Vault.open(file, clock="simulated") as vault:
        vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": provider})
        vault.ca(provider).configure(delay_seconds=3600)
        vault.create_certificate("web", policy())
        vault.process_due()
    for seconds, status in ((1800, "inProgress"), (1800, "completed")):
        with Vault.open(file) as vault:
            vault.clock.advance(seconds)
            assert vault.get_certificate_operation("web").status == status
            assert len(vault.ca(provider).orders()) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_on_a_system_clock_the_first_poll_or_nobodys_call_finds_it_done(provider):
    with Vault() as vault:
        vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": provider})
        vault.create_certificate("polled", policy())
        wait_until(lambda: vault.get_certificate_operation("polled").status == "completed")
        vault.ca(provider).configure(delay_seconds=1)
        vault.create_certificate("alone", policy())
        wait_until(lambda: [event for event in vault._core.log.since() if event.step == 5][1:])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_seeded_lesson_repeats_byte_for_byte(provider):
    runs = []
    for _ in range(2):
        with Vault("lesson", clock=SimulatedClock(), seed=7) as vault:
            vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": provider})
            vault.ca(provider).configure(delay_seconds=60)
            vault.create_certificate("web", policy())
            vault.clock.advance(60)
            runs.append((vault.get_certificate("web").cer, [event.to_json() for event in vault.events]))

    assert runs[0] == runs[1]


def test_a_fresh_ca_takes_any_account_and_configure_replaces_the_whole():
    with buyer("DigiCert", delay_seconds=60, reason="x") as vault:
        ca = vault.ca("digicert")
        assert (ca.configuration.delay_seconds, ca.configuration.reason) == (60, "x")
        assert ca.configure('{"fail_first": 2}').model_dump(exclude_defaults=True) == {"fail_first": 2}
        assert ca.configure({"polls": 1}).fail_first == 0
        shown = ca.configure(accounts=[{"account_id": "a", "password": "api-key-of-somebody"}])
        assert "api-key-of-somebody" not in f"{shown!r}{shown.model_dump_json()}{list(vault.events)}"
        assert ca.configure().model_dump() == vault.ca("GlobalSign").configuration.model_dump()
        assert vault.ca("GlobalSign").orders() == []


def test_what_can_be_read_can_be_written_and_accounts_keep_their_passwords():
    with buyer("DigiCert") as vault:
        ca = vault.ca("DigiCert")
        ca.configure(accounts=[{"account_id": "1001", "password": ISSUER["credentials"]["pwd"]}])
        ca.configure(ca.configuration.model_copy(update={"polls": 1}))
        ca.configure(ca.configuration.model_dump_json())
        vault.create_certificate("web", policy())
        vault.clock.advance(3600)

        assert (ca.configuration.polls, vault.get_certificate_operation("web").status) == (1, "completed")


@pytest.mark.parametrize(
    ("words", "reason"),
    [({"organizations": [{"name": "Contoso"}]}, "state or a locality"),
     ({"organizations": [{**RECORD, "name": "-"}]}, r"\[0\].name .* pattern"),
     ({"organizations": [{**RECORD, "registration_number": " "}]}, r"\[0\].registration_number .* pattern"),
     ({"value": "{}", "polls": 1}, "not both"),
     ({"organizations": [{**RECORD, "state": "  "}]}, r"\[0\].state .* pattern"),
     ({"organizations": [{**RECORD, "locality": "Red\nmond"}]}, r"\[0\].locality .* pattern"), ({"products": ["DV-SSL"]}, "'OV-SSL'"),
     ({"domains": ["*.contoso.com"]}, "pattern"), ({"colour": "red"}, "no such word")],
    ids=["organization", "no name", "no number", "twice", "no state", "two lines", "product", "domain", "word"],
)  # fmt: skip
def test_the_reason_is_told_and_only_a_word_that_is_not_there_is_called_so(words, reason):
    with buyer("DigiCert") as vault, pytest.raises(InvalidProperty, match=reason):
        vault.ca("DigiCert").configure(**words)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"colour": "red"}, "colour"), ({"delay_seconds": -1}, "delay_seconds"), ({"delay_seconds": "60"}, "delay_seconds"),
        ({"decision": "maybe"}, "decision"), ({"fail_first": 0.5}, "fail_first"), ({"organizations": []}, "organizations"),
        ({"max_validity_days": 0}, "max_validity_days"), ({"domains": ["*.contoso.com"]}, "domains"),
        ({"organizations": [{**RECORD, "colour": "red"}]}, "colour"), ({"products": ["DV-SSL"]}, "products"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_words_a_ca_does_not_know_are_refused_and_change_nothing(words, field):
    with buyer("DigiCert", delay_seconds=60) as vault:
        with pytest.raises(InvalidProperty) as refusal:
            vault.ca("DigiCert").configure(**words)

        assert (refusal.value.status, field in refusal.value.message) == (400, True)
        assert vault.ca("DigiCert").configuration.delay_seconds == 60


def test_only_the_owner_manages_a_ca_and_there_are_two(vault):
    alice = vault.set_principal("alice", certificates=["all"])
    with pytest.raises(ForbiddenByPolicy):
        alice.ca("DigiCert")
    assert list(vault.events)[-1].kind == "refused"
    for name in ("Contoso", "Test", "", None):
        with pytest.raises(InvalidProperty, match="DigiCert or GlobalSign"):
            vault.ca(name)
