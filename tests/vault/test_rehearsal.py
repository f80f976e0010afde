"""What the vault would answer: the answers are those of the calls themselves, and asking changes nothing."""

import pytest

from kvlab import Vault
from kvlab.errors import (
    CallCancelled,
    CertificateNotFound,
    ForbiddenByPolicy,
    InvalidName,
    InvalidSubject,
    MergeForbidden,
    OperationInProgress,
    VaultError,
)
from kvlab.vault.operation import Status
from tests.vault.make import ec_policy, finish

DIGICERT = {"provider": "DigiCert", "credentials": {"account_id": "1", "pwd": "k"}, "org_details": {"id": "7"}}
MOVES = (
    "create_certificate", "get_certificate_operation", "update_certificate_operation", "delete_certificate_operation",
    "delete_certificate", "recover_deleted_certificate", "purge_deleted_certificate", "backup_certificate",
    "update_certificate",
)  # fmt: skip


def nothing(vault):
    pass


def pending(vault):
    vault.create_certificate("web", ec_policy(issuer="Unknown"))


def ordered(vault):
    vault.set_certificate_issuer("trusty", DIGICERT)
    vault.create_certificate("web", ec_policy(issuer="trusty"))


def completed(vault):
    finish(vault, "web")


def deleted(vault):
    finish(vault, "web")
    vault.delete_certificate("web")


def deleted_while_pending(vault):
    pending(vault)
    vault.delete_certificate("web")


def everything(vault):
    """Return all that somebody could see of a vault."""
    certificates = vault.get_certificates(include_pending=True)
    deleted = vault.get_deleted_certificates(include_pending=True)
    return list(vault.events), certificates, deleted, vault.get_certificate_versions("web")


@pytest.mark.parametrize("state", [nothing, pending, ordered, completed, deleted, deleted_while_pending])
@pytest.mark.parametrize("move", MOVES)
def test_the_answer_is_that_of_the_call(vault, state, move):
    state(vault)
    arguments = {"policy": ec_policy()} if move == "create_certificate" else {}
    before = everything(vault)

    foreseen = vault.rehearse(move, "web", **arguments)
    assert everything(vault) == before
    try:
        getattr(vault, move)("web", **arguments)
        answer = None
    except VaultError as error:
        answer = error

    assert (type(foreseen), str(foreseen)) == (type(answer), str(answer))


def test_a_merge_is_foreseen_with_the_certificate(vault):
    pending(vault)
    signed = vault.practice_ca().sign(vault.get_certificate_operation("web"))

    assert vault.rehearse("merge_certificate", "web", signed) is None
    assert vault.rehearse("merge_certificate", "web", "good morning").status == 400
    assert vault.get_certificate_operation("web").status == Status.IN_PROGRESS


def test_a_merge_while_an_issuer_works_is_foreseen(vault):
    ordered(vault)

    assert isinstance(vault.rehearse("merge_certificate", "web", b""), MergeForbidden)


def test_permissions_come_first(vault):
    reader = vault.set_principal("reader", certificates=["get"])

    assert isinstance(reader.rehearse("delete_certificate", "web"), ForbiddenByPolicy)
    assert isinstance(vault.rehearse("delete_certificate", "web"), CertificateNotFound)
    assert isinstance(reader.propose_certificate("web", {}).refusals[0], ForbiddenByPolicy)


def test_what_the_owner_alone_may_is_foreseen_too(vault):
    reader = vault.set_principal("reader", certificates=["get"])
    before = list(vault.events)

    assert vault.rehearse("set_principal", "writer", certificates=["nonsense"]).status == 400
    assert vault.rehearse("set_principal", "writer", certificates=["get"]) is None
    assert isinstance(reader.rehearse("set_principal", "writer"), ForbiddenByPolicy)
    assert list(vault.events) == before


def test_asking_moves_no_draw_of_a_seeded_vault(clock):
    def keys(asked):
        with Vault(clock=clock, seed=7) as vault:
            if asked:
                assert vault.rehearse("create_certificate", "web", ec_policy()) is None
                assert vault.rehearse("set_certificate_issuer", "trusty", DIGICERT) is None
            return finish(vault, "web").cer

    assert keys(asked=True) == keys(asked=False)


def test_every_refused_member_is_listed_once(vault):
    policy = {
        "key_props": {"kty": "RSA-HSM", "exportable": True},
        "x509_props": {
            "subject": "O=a, b",
            "validity_months": 999,
            "sans": {"dns_names": ["ok", "no good", "nor this"]},
        },
        "issuer": {"name": "nobody"},
        "lifetime_actions": [{"trigger": {"lifetime_percentage": 100}, "action": {"action_type": "AutoRenew"}}],
    }

    found = vault.propose_certificate("no name", policy, tags={"a": "b" * 600}).refusals

    assert isinstance(found[0], InvalidName)
    assert [error for error in found if isinstance(error, InvalidSubject)]
    assert len(found) == 8
    assert {error.facts.get("field") for error in found} == {
        None, "policy.key_props.exportable", "policy.x509_props.subject", "policy.x509_props.validity_months",
        "policy.x509_props.sans.dns_names[1]", "policy.issuer.name", "tags",
        "policy.lifetime_actions[0].trigger.lifetime_percentage",
    }  # fmt: skip
    assert list(vault.events) == []


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ("{", "policy"),
        ("[]", "policy"),
        ({"x509_props": 1}, "policy.x509_props"),
        (
            {"lifetime_actions": [{"trigger": {}}], "x509_props": {"subject": "CN=a"}},
            "policy.lifetime_actions[0].action",
        ),
        ({"key_props": {"kty": "DSA"}, "x509_props": {"subject": "CN=a"}}, "policy.key_props.kty"),
        ({}, "policy.x509_props"),
        ({"x509_props": {"sans": {"dns_names": ["no good"]}}}, "policy.x509_props.sans.dns_names[0]"),
    ],
)
def test_what_is_no_policy_is_refused_once(vault, policy, field):
    assert [error.facts["field"] for error in vault.propose_certificate("web", policy).refusals] == [field]


def test_a_list_is_refused_once_and_tells_all_its_entries(vault):
    policy = {"x509_props": {"subject": "CN=a", "ekus": ["a", "1.2.3", "b"], "key_usage": ["x", "keyAgreement", "y"]}}

    found = vault.propose_certificate("web", policy).refusals

    assert [[one.facts["field"].rpartition(".")[2] for one in (error, *error.others)] for error in found] == [
        ["key_usage[0]", "key_usage[2]"],
        ["ekus[0]", "ekus[2]"],
    ]


@pytest.mark.parametrize(
    "trigger", [{"lifetime_percentage": 80}, {"days_before_expiry": 20}, {"days_before_expiry": 27}]
)
@pytest.mark.parametrize("issuer", ["Self", "trusty"])
def test_what_is_foreseen_happens(vault, issuer, trigger):
    vault.set_certificate_issuer("trusty", DIGICERT)
    vault.ca("DigiCert").configure(delay_seconds=0, decision="issue")
    vault.set_certificate_contacts([{"email": "ann@contoso.com"}])
    actions = [
        {"trigger": trigger, "action": {"action_type": "AutoRenew"}},
        {"trigger": {"lifetime_percentage": 50}, "action": {"action_type": "EmailContacts"}},
    ]
    policy = ec_policy("CN=www.contoso.com", issuer, dns_names=["www.contoso.com"], validity_months=1)
    policy = policy.model_dump(mode="json") | {"lifetime_actions": actions}

    first, second, third, *_ = vault.propose_certificate("web", policy).course
    vault.create_certificate("web", policy)
    vault.process_due()

    seen = vault.glance("web")
    assert seen.renews_at == first.renews
    assert seen.not_after == first.ends
    vault.clock.advance((third.begins - vault.clock.now()).total_seconds())
    done = [event for event in vault.events.about("certificates/web") if event.kind == "lifetime_action"]
    assert [event.time for event in done if event.detail.get("outcome") == "begun"] == [second.begins, third.begins]
    told = [event.time for event in done if event.detail["action"] == "EmailContacts"]
    assert told == [*first.tells, *second.tells]


def test_a_trigger_that_lies_before_a_short_life_waits_a_day_as_the_vault_does(vault):
    actions = [{"trigger": {"days_before_expiry": 27}, "action": {"action_type": "AutoRenew"}}]
    vault.clock.advance(days=245)  # to February, whose month has 28 days
    policy = ec_policy(validity_months=1).model_dump(mode="json") | {"lifetime_actions": actions}

    first, second, *_ = vault.propose_certificate("web", policy).course
    finish(vault, policy=policy)

    assert vault.glance("web").renews_at == first.renews == second.begins


def test_a_proposal_holds_the_defaults_of_what_was_not_refused(vault):
    policy = {"key_props": {"kty": "EC"}, "x509_props": {"subject": "O=a, b", "validity_months": 7}}

    proposal = vault.propose_certificate("web", policy)

    assert len(proposal.refusals) == 1
    assert (proposal.policy.key_props.crv, proposal.policy.x509_props.validity_months) == ("P-256", 7)
    assert proposal.policy.lifetime_actions[0].action.action_type == "EmailContacts"


def test_a_good_certificate_has_no_refusals_until_it_is_under_way(vault):
    assert vault.propose_certificate("web", ec_policy(issuer="Unknown")).refusals == []
    pending(vault)
    assert [type(error) for error in vault.propose_certificate("web", ec_policy()).refusals] == [OperationInProgress]


def test_a_call_that_is_given_up_changes_nothing(vault):
    with pytest.raises(CallCancelled):
        vault.unless(lambda: True).create_certificate("web", ec_policy())

    assert vault.get_certificates(include_pending=True) == []
    assert list(vault.events) == []
    assert vault.unless(lambda: False).create_certificate("web", ec_policy()).status == "inProgress"
