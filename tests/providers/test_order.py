"""An order's life: placed, asked for, found again, delayed, cancelled, refused for a while; each step over real messages."""

import pytest

from kvlab import SimulatedClock, Vault
from kvlab.errors import InvalidProperty
from kvlab.providers.provider import (
    TRADES,
    Cancelled,
    Cancels,
    Failed,
    Finds,
    Issued,
    IssuerUnavailable,
    OrderRefused,
    Pending,
    Rejected,
    Revokes,
)
from tests.providers.make import CAS, PRODUCTS, Office, days, ec_key, names, order, parsed


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_order_brings_a_certificate_for_the_key_in_the_request_with_its_chain(office, product):
    key = ec_key()
    answer = office.issue(order(key=key, product=product))

    leaf, issuing, root = (parsed(der) for der in (answer.leaf_der, *answer.chain_der))
    assert leaf.public_key() == key.public_key()
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    assert issuing.issuer == root.subject == root.issuer


def test_ov_and_ev_have_an_issuing_ca_each_under_one_root(office):
    ov, ev = (office.issue(order(product=product, reference=product)) for product in PRODUCTS)

    assert ov.chain_der[0] != ev.chain_der[0]
    assert ov.chain_der[1] == ev.chain_der[1]
    assert {*office.chain().values()} == {*ov.chain_der, *ev.chain_der}


def test_no_product_means_ov(office):
    assert office.issue(order(product=None)).chain_der[0] == office.chain()["OV"]


def test_the_same_reference_finds_the_first_order_again(office):
    first = order()
    order_id = office.submit(first)

    assert office.submit(first) == order_id
    assert office.submit(order(reference="r2")) != order_id
    assert office.provider(lambda provider: provider.find("r1")) == order_id
    assert office.provider(lambda provider: provider.find("r3")) is None


def test_a_later_turn_another_provider_and_another_ca_object_find_the_order(office, vault, clock):
    office.configure(delay_seconds=60)
    request = order()
    order_id = office.submit(request)
    clock.advance(60)
    again = Office(vault, office.name)

    assert isinstance(again.poll(order_id, request), Issued)
    assert again.chain() == office.chain()


@pytest.mark.parametrize("name", CAS)
def test_orders_keys_and_configuration_survive_a_restart(name, tmp_path):
    request = order()
    with Vault.open(tmp_path / "kv.db", clock=SimulatedClock("2026-06-01T09:00Z")) as vault:
        office = Office(vault, name)
        office.configure(delay_seconds=60)
        order_id, chain = office.submit(request), office.chain()
        assert chain
    with Vault.open(tmp_path / "kv.db", clock=SimulatedClock("2026-06-01T09:01Z")) as vault:
        office = Office(vault, name)
        assert office.configuration().delay_seconds == 60
        assert office.chain() == chain
        assert office.submit(request) == order_id
        answer = office.poll(order_id, request)
    assert answer.chain_der == (chain["OV"], chain["root"])


def test_an_answer_comes_after_its_delay_and_not_before(office, clock):
    office.configure(delay_seconds=90)
    request = order()
    order_id = office.submit(request)

    assert office.poll(order_id, request).retry_seconds == 90
    clock.advance(89)
    assert office.poll(order_id, request).retry_seconds == 1
    clock.advance(1)
    assert isinstance(office.poll(order_id, request), Issued)


def test_an_answer_comes_after_n_polls(office):
    office.configure(polls=2)
    request = order()
    order_id = office.submit(request)
    answers = [office.poll(order_id, request) for _ in range(4)]

    assert [type(answer) for answer in answers] == [Pending, Pending, Issued, Issued]
    assert order_id in answers[0].detail
    assert answers[0].retry_seconds is None
    assert answers[2] == answers[3]


def test_a_shorter_delay_counts_for_orders_that_wait(office):
    office.configure(delay_seconds=3600)
    request = order()
    order_id = office.submit(request)
    office.configure()

    assert isinstance(office.poll(order_id, request), Issued)


def test_the_ca_rejects_with_its_reason(office):
    office.configure(decision="reject", reason="We could not reach the contact & gave up <sorry>.")
    request = order()

    assert office.issue(request) == Rejected("We could not reach the contact & gave up <sorry>.")


def test_the_ca_fails_with_its_reason(office):
    office.configure(decision="fail", reason="HSM 7 is out of order.", delay_seconds=5)
    request = order()
    order_id = office.submit(request)
    assert isinstance(office.poll(order_id, request), Pending)
    office.core.clock.advance(5)
    answer = office.poll(order_id, request)

    assert isinstance(answer, Failed)
    assert "HSM 7 is out of order." in answer.reason


def test_a_ca_that_fails_first_is_unavailable_so_often_and_loses_nothing(office):
    office.configure(fail_first=2)
    request = order()
    for _ in range(2):
        assert office.provider(lambda provider: _unavailable(provider, request)).retry_seconds is None

    assert isinstance(office.issue(request), Issued)


def test_a_ca_that_is_down_says_when_it_is_back(office, clock):
    office.configure(down_seconds=600)
    request = order()
    clock.advance(200)

    assert office.provider(lambda provider: _unavailable(provider, request)).retry_seconds == 400
    clock.advance(400)
    assert isinstance(office.issue(request), Issued)


def _unavailable(provider, request):
    """The refusal, caught inside the turn, so that what the CA noted is kept, as the vault does it."""
    with pytest.raises(IssuerUnavailable) as caught:
        provider.submit(request)
    return caught.value


def test_cancelled_before_it_is_issued(office):
    office.configure(delay_seconds=60)
    request = order()
    order_id = office.submit(request)

    assert office.cancel(order_id) is True
    assert office.poll(order_id, request) == Cancelled()
    assert office.cancel(order_id) is False


def test_digicert_does_not_cancel_what_is_issued(digicert, clock):
    digicert.configure(delay_seconds=60)
    request = order()
    order_id = digicert.submit(request)
    clock.advance(60)

    assert digicert.cancel(order_id) is False
    assert isinstance(digicert.poll(order_id, request), Issued)


def test_globalsign_cancels_what_is_issued_and_the_certificate_is_gone(globalsign, clock):
    globalsign.configure(delay_seconds=60)
    request = order()
    order_id = globalsign.submit(request)
    clock.advance(60)

    assert globalsign.cancel(order_id) is True
    assert globalsign.poll(order_id, request) == Cancelled()
    assert "cancelled after it was issued" in globalsign.heard[-1].summary


def test_a_revoked_certificate_is_not_handed_out_any_more(office):
    request = order()
    order_id = office.submit(request)
    office.poll(order_id, request)
    office.provider(lambda provider: provider.revoke(order_id))

    assert office.poll(order_id, request) == Cancelled()
    assert isinstance(office.provider(lambda provider: _refused(provider.revoke, order_id)), OrderRefused)


def _refused(call, *arguments):
    with pytest.raises(OrderRefused) as caught:
        call(*arguments)
    return caught.value


def test_both_providers_can_cancel_find_and_revoke(office):
    provider = office.provider(lambda provider: provider)

    assert isinstance(provider, Cancels)
    assert isinstance(provider, Finds)
    assert isinstance(provider, Revokes)
    assert TRADES[office.name].name == office.name


def test_an_unknown_order_id_is_rejected(office):
    assert isinstance(office.poll("4711", order()), Rejected)
    assert isinstance(office.poll("../../product?x=<&>", order()), Rejected)


def test_a_seeded_vault_repeats_every_certificate():
    def run():
        with Vault(clock=SimulatedClock("2026-06-01T09:00Z"), seed="a lesson") as vault:
            offices = [Office(vault, name) for name in CAS]
            answers = [
                one.issue(order(key=KEY, product=product, reference=product))
                for one, product in zip(offices, PRODUCTS, strict=True)
            ]
            return [(answer.leaf_der, answer.chain_der) for answer in answers], [one.chain() for one in offices]

    assert run() == run()


KEY = ec_key()


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"delay": 1}, "configuration.delay"),
        ({"decision": "maybe"}, "configuration.decision"),
        ({"delay_seconds": -1}, "configuration.delay_seconds"),
        ({"delay_seconds": "60"}, "configuration.delay_seconds"),
        ({"fail_first": 1.5}, "configuration.fail_first"),
        ({"polls": True}, "configuration.polls"),
        ({"reason": 7}, "configuration.reason"),
        ({"max_validity_days": 0}, "configuration.max_validity_days"),
        ({"require_domain_validation": "yes"}, "configuration.require_domain_validation"),
        ({"products": ["DV-SSL"]}, "configuration.products[0]"),
        ({"domains": ["Contoso.com"]}, "configuration.domains[0]"),
        ({"organizations": []}, "configuration.organizations"),
        ({"organizations": [{"name": "A", "state": "WA", "vetting": "DV"}]}, "configuration.organizations[0].vetting"),
        ({"organizations": [{"name": "A", "vetting": "OV"}]}, "configuration.organizations[0]"),
        ({"organizations": [{"name": "A", "state": "Oregon"}]}, "configuration.organizations[0]"),
        ({"organizations": [{"name": "A", "country": "usa"}]}, "configuration.organizations[0].country"),
        ({"accounts": [{"account_id": "1"}]}, "configuration.accounts[0].password"),
        ({"caa": {"contoso.com": "digicert.com"}}, "configuration.caa.contoso.com"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_configuration_with_unknown_words_or_values_is_refused_and_changes_nothing(office, words, field):
    office.configure(polls=3)
    with pytest.raises(InvalidProperty) as caught:
        office.configure(**words)

    assert caught.value.field == field
    assert caught.value.status == 400
    assert office.configuration().polls == 3


@pytest.mark.parametrize(
    ("words", "known"),
    [
        ({"delay": 1}, "delay_seconds"),
        ({"organizations": [{"name": "A", "nam": "A"}]}, "vetting"),
        ({"accounts": [{"account_id": "A", "password": "A", "pwd": "A"}]}, "password"),
    ],
    ids=["top", "organization", "account"],
)
def test_an_unknown_word_is_refused_with_those_that_are_known(digicert, words, known):
    with pytest.raises(InvalidProperty, match=f"There is no such word; it is one of .*{known}"):
        digicert.configure(**words)


def test_a_configuration_replaces_the_one_before(office):
    office.configure(polls=3, delay_seconds=5)
    office.configure(polls=1)

    assert office.configuration().model_dump() == {
        **office.configuration().model_dump(),
        "polls": 1,
        "delay_seconds": 0,
    }


def test_passwords_of_accounts_are_not_read_back_and_not_in_the_database(office, tmp_path):
    office.configure(accounts=[{"account_id": "PAR12345", "password": "correct horse"}])

    assert "correct horse" not in office.configuration().model_dump_json()
    assert "correct horse" not in repr(office.configuration())
    with office.core.read() as connection:
        everything = repr(connection.connection.dbapi_connection.execute("SELECT * FROM ca").fetchall())
    assert "correct" not in everything


def names_of(office, common_name, dns_names=(), **members):
    return names(parsed(office.issue(order(common_name, dns_names, **members)).leaf_der))


@pytest.mark.parametrize(("common_name", "other"), [("shop.", "www.shop."), ("www.shop.", "shop.")])
def test_a_name_below_a_domain_has_the_partner_that_was_asked_for(office, common_name, other):
    """Only a whole domain comes with and without www by itself, so the order has to list the partner here."""
    common_name, other = f"{common_name}contoso.com", f"{other}contoso.com"

    assert {*names_of(office, common_name, (common_name, other))} == {common_name, other}


@pytest.mark.parametrize(
    "words",
    [
        {"require_domain_validation": True, "domains": ["www.contoso.com"]},
        {"caa": {"contoso.com": ["letsencrypt.org"], "www.contoso.com": ["digicert.com", "globalsign.com"]}},
    ],
    ids=["not validated", "CAA"],
)
def test_a_partner_that_nobody_asked_for_does_not_stop_an_order(office, words):
    office.configure(**words)

    assert names_of(office, "www.contoso.com") == ["www.contoso.com"]


def test_the_record_of_the_very_organization_comes_before_one_for_all(office):
    record = {"state": "Ohio", "registration_number": "1"}
    office.configure(organizations=[
        {**record, "name": "For all"}, {**record, "name": "Contoso", "id": "1001", "domains": ["contoso.com"]},
    ])  # fmt: skip

    leaf = parsed(office.issue(order()).leaf_der)
    assert "O=Contoso" in leaf.subject.rfc4514_string()


def test_more_months_than_there_are_is_as_long_as_the_ca_may(office):
    """As long as the calendar of certificates goes: 9999 years at DigiCert, which counts in years."""
    assert days(parsed(office.issue(order(months=12 * 9999 if office.name == "DigiCert" else 9999)).leaf_der)) == 199


def test_an_order_costs_no_more_where_the_ca_has_many(vault, office):
    """What was ordered with a key, under a reference, or by number is found by an index that names it."""
    driver = vault._core.store._shared.connection.dbapi_connection
    seen = []
    driver.set_trace_callback(seen.append)
    office.issue(order())
    driver.set_trace_callback(None)

    # The next number is the last one in the index, which SQLite takes from its end.
    asked = [sql for sql in seen if "FROM ca_order" in sql and "max(" not in sql]
    plans = {row[-1] for sql in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")}
    found_by = {plan.rpartition(" AND ")[2] for plan in plans}
    assert found_by == {"key_hash=?)", "reference=?)", "number=?)"}, plans
