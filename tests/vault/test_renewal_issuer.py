"""Renewal through known issuers: certificates of 199 days, a CA that takes its time, refuses or is down."""

import itertools
from datetime import timedelta

import pytest

from kvlab import Vault
from tests.vault.make import ec_policy, parsed, spki, version_of
from tests.vault.test_renewal import actions, outcomes, renew_before, versions

ADMIN = {"first_name": "Ann", "last_name": "Other", "email": "ann@contoso.com", "phone": "+1 425 555 0100"}
ISSUERS = {
    "DigiCert": {"credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}},
    "GlobalSign": {"credentials": {"account_id": "c", "pwd": "k"}, "org_details": {"admin_details": [ADMIN]}},
}


@pytest.fixture
def buyer(vault):
    """A vault with both issuer objects (named as their providers, in lower case) and a contact."""
    for provider, members in ISSUERS.items():
        vault.set_certificate_issuer(provider.lower(), provider=provider, **members)
    vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
    return vault


def order(vault, provider="DigiCert", name="web", **properties):
    policy = ec_policy("CN=shop.contoso.com", provider.lower(), dns_names=["shop.contoso.com"], **properties)
    vault.create_certificate(name, policy, tags={"team": "shop"})
    vault.process_due()
    return vault.get_certificate(name)


def news(vault):
    return [mail.news for mail in vault.outbox]


@pytest.mark.parametrize("cty", ["OV-SSL", "EV-SSL"])
@pytest.mark.parametrize("provider", ISSUERS)
def test_a_year_with_a_known_issuer(buyer, provider, cty):
    """Renewed after 80 % of 199 days, and of 99 from 2027-03-15 on: the 12 months asked for are never given."""
    bundles = [order(buyer, provider, cty=cty)]
    start = buyer.clock.now()

    buyer.clock.advance(days=365)

    bundles += [buyer.get_certificate("web", version) for version in versions(buyer)[1:]]
    leaves = [parsed(bundle) for bundle in bundles]
    assert len(leaves) == 3
    assert len({spki(leaf.public_key()) for leaf in leaves}) == 3
    assert {bundle.tags["team"] for bundle in bundles} == {"shop"}
    second = timedelta(seconds=1)
    assert [(leaf.not_valid_after_utc - leaf.not_valid_before_utc + second).days for leaf in leaves] == [199, 199, 99]
    begun = [time for outcome, time in actions(buyer) if outcome == "begun"]
    assert begun[0] == leaves[0].not_valid_before_utc + timedelta(seconds=-(-(199 * 86400 - 1) * 80 // 100))
    assert start + timedelta(days=158) < begun[0] < start + timedelta(days=160)
    assert news(buyer) == ["renewing", "renewed"] * 2
    assert [order.state for order in buyer.ca(provider).orders()] == ["issued"] * 3


def test_while_the_ca_takes_its_time_the_current_version_stays_and_no_second_order_is_placed(buyer):
    first = order(buyer)
    buyer.ca("DigiCert").configure(delay_seconds=5 * 86400)

    buyer.clock.advance(days=161)

    assert outcomes(buyer) == ["begun"]
    assert buyer.get_certificate_operation("web").status == "inProgress"
    assert version_of(buyer.get_certificate("web")) == version_of(first)
    assert buyer.sign("web", "ES256", bytes(32)).value
    buyer.clock.advance(days=5)
    assert outcomes(buyer) == ["begun", "renewed"], "the vault's own waiting is nothing to report"
    assert len(buyer.ca("DigiCert").orders()) == 2
    begun, renewed = (time for _, time in actions(buyer))
    assert timedelta(days=5) <= renewed - begun < timedelta(days=5, hours=2)


@pytest.mark.parametrize(("decision", "code"), [("reject", "Request rejected"), ("fail", "Certificate issuer error")])
def test_a_renewal_that_the_ca_does_not_grant_is_told_and_ordered_again(buyer, decision, code):
    order(buyer)
    buyer.ca("DigiCert").configure(decision=decision, reason="The validation has run out.")

    buyer.clock.advance(days=168)

    assert outcomes(buyer) == ["begun", "failed"] * 4
    times = [time for outcome, time in actions(buyer) if outcome == "begun"]
    assert [(later - earlier).days for earlier, later in itertools.pairwise(times)] == [1, 2, 4]
    assert buyer.get_certificate_operation("web").error.code == code
    assert news(buyer) == ["renewing", *["not renewed"] * 4]
    assert "The validation has run out." in buyer.outbox[1].body
    assert "2026-11-08 " in buyer.outbox[1].body, "the day of the next try"

    buyer.ca("DigiCert").configure()
    buyer.clock.advance(days=8)
    assert outcomes(buyer)[-2:] == ["begun", "renewed"]
    assert len(versions(buyer)) == 2


def test_digicert_wants_a_new_key_so_reuse_key_fails_until_the_policy_is_mended(buyer):
    order(buyer, reuse_key=True)

    buyer.clock.advance(days=160)
    assert outcomes(buyer) == ["begun", "failed"]
    assert buyer.get_certificate_operation("web").error.code == "Request rejected"

    buyer.update_certificate_policy("web", {"key_props": {"reuse_key": False}})
    buyer.process_due()
    assert outcomes(buyer)[-2:] == ["begun", "renewed"]


def test_a_ca_that_is_down_is_no_failed_renewal(buyer):
    order(buyer)
    buyer.ca("DigiCert").configure(down_seconds=162 * 86400)

    buyer.clock.advance(days=160)
    assert outcomes(buyer) == ["begun"]
    assert "does not answer" in buyer.get_certificate_operation("web").status_details
    buyer.clock.advance(days=3)
    assert outcomes(buyer) == ["begun", "renewed"]


def test_a_trigger_that_no_certificate_of_the_ca_can_meet_renews_daily_and_never_loops(buyer):
    """300 days before the end of 199: the policy may ask for it, as it asks for 12 months."""
    order(buyer, lifetime_actions=renew_before(300))

    buyer.clock.advance(days=10)

    times = [time for outcome, time in actions(buyer) if outcome == "renewed"]
    assert len(times) == 10
    assert {(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)} == {86400}


def test_a_person_who_cancels_or_deletes_a_renewal_does_not_end_them(buyer):
    order(buyer)
    buyer.ca("DigiCert").configure(delay_seconds=2 * 86400)
    buyer.clock.advance(days=160)
    assert outcomes(buyer) == ["begun"]
    buyer.delete_certificate_operation("web")

    buyer.clock.advance(days=4)

    assert outcomes(buyer) == ["begun", "begun", "renewed"]


def test_a_seeded_year_with_a_known_issuer_repeats_byte_for_byte():
    def year():
        with Vault(clock="simulated", seed=7) as vault:
            vault.set_certificate_issuer("digicert", provider="DigiCert", **ISSUERS["DigiCert"])
            vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
            order(vault)
            vault.clock.advance(days=365)
            return vault.get_certificate("web").cer, [event.to_json() for event in vault.events], list(vault.outbox)

    assert year() == year()


def test_an_issuer_without_an_answer_is_not_asked_twice_for_one_renewal(buyer):
    """The issuer Test takes orders and issues nothing: the operation stays, and so does the version."""
    buyer.set_certificate_issuer("test", provider="Test")
    order(buyer)
    buyer.update_certificate_policy("web", {"issuer": {"name": "test"}})

    buyer.clock.advance(days=180)

    assert outcomes(buyer) == ["begun"]
    assert buyer.get_certificate_operation("web").status == "inProgress"
