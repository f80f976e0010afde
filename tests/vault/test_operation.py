"""The pending operation: every status and every move of the table, tried through the public operations."""

import re

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.errors import (
    MergeForbidden,
    OperationInProgress,
    OperationNotInProgress,
    PendingCertificateNotFound,
)
from kvlab.store import certificate as rows
from kvlab.vault.operation import TRANSITIONS, IllegalMove, Move, Status, Worker, outcome, take
from tests.vault.make import OutsideCA, ec_key, ec_policy, finish, pfx_file, self_signed, version_of

CALLERS = [Move.CREATE, Move.IMPORT, Move.POLL, Move.ASK_CANCEL, Move.MERGE, Move.DELETE]
ISSUERS = {"Unknown": Worker.CALLER, "Self": Worker.ISSUER, "Bought": Worker.ISSUER}
CA = OutsideCA()


@pytest.fixture
def ready(vault):
    """The vault with an issuer object of provider Test, which never answers."""
    vault.set_certificate_issuer("Bought", provider="Test")
    return vault


def bring_to(vault, status, issuer):
    """Bring the operation on `web` to a status, through the public operations as far as they lead there."""
    if status is Status.NONE:
        vault.create_certificate("web", ec_policy(issuer=issuer))
        vault.delete_certificate_operation("web")
        return
    pending = vault.create_certificate("web", ec_policy(issuer=issuer))
    if status is Status.COMPLETED and issuer == "Unknown":
        vault.merge_certificate("web", CA.leaf_of_request(pending.csr))
    elif status is Status.COMPLETED and issuer == "Self":
        vault.process_due()
    elif status is Status.CANCELLED and issuer != "Unknown":
        vault.update_certificate_operation("web")
        vault.process_due()
    elif status is not Status.IN_PROGRESS:
        _write_status(vault, status)
    assert vault.get_certificate_operation("web").status == status


def _write_status(vault, status):
    """Write a status that no public operation leads to (a provider's doing)."""
    with vault._core.store.write() as connection:
        row = rows.operation(connection, vault._core.vault_id, "web")
        rows.set_operation(connection, row.certificate_id, status=status.value, due_at=None)


def do(vault, move, issuer):
    """Make a caller's move on `web`."""
    if move is Move.CREATE:
        return vault.create_certificate("web", ec_policy(issuer=issuer))
    if move is Move.IMPORT:
        key = ec_key()
        return vault.import_certificate("web", pfx_file(key, self_signed(key)))
    if move is Move.POLL:
        return vault.get_certificate_operation("web")
    if move is Move.ASK_CANCEL:
        return vault.update_certificate_operation("web")
    if move is Move.DELETE:
        return vault.delete_certificate_operation("web")
    try:
        csr = vault.get_certificate_operation("web").csr
    except PendingCertificateNotFound:
        return vault.merge_certificate("web", CA.root)
    return vault.merge_certificate("web", CA.leaf_of_request(csr))


def status_of(vault):
    try:
        return Status(vault.get_certificate_operation("web").status)
    except PendingCertificateNotFound:
        return Status.NONE


@pytest.mark.parity("moves", "merge-self")
@pytest.mark.parametrize("issuer", ISSUERS)
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", CALLERS)
def test_every_move_in_every_status_leads_where_the_table_says(ready, status, move, issuer):
    bring_to(ready, status, issuer)
    expected = outcome(status, move, ISSUERS[issuer])

    if isinstance(expected, Status):
        do(ready, move, issuer)
        assert status_of(ready) is expected
    else:
        with pytest.raises(expected):
            do(ready, move, issuer)
        assert status_of(ready) is status


def test_the_table_knows_every_callers_move_in_every_status():
    for status in Status:
        for move in CALLERS:
            for worker in Worker:
                assert outcome(status, move, worker) is not None, (status, move, worker)


def test_what_only_the_vault_does_is_a_bug_elsewhere():
    for move in (Move.ISSUE, Move.FAIL, Move.CANCEL):
        for status in Status:
            for worker in Worker:
                if (status, worker) == (Status.IN_PROGRESS, Worker.ISSUER):
                    continue
                with pytest.raises(IllegalMove):
                    take(status, move, worker, name="web", issuer="Self")


def test_every_status_is_reached_and_every_refusal_used():
    outcomes = set(TRANSITIONS.values())
    assert set(Status) <= outcomes
    assert outcomes - set(Status) == {
        PendingCertificateNotFound, OperationInProgress, OperationNotInProgress, MergeForbidden,
    }  # fmt: skip


@pytest.mark.parity("merge-issuer", "create-pending")
def test_the_refusals_are_the_services_with_its_odd_codes(ready):
    ready.create_certificate("web", ec_policy(issuer="bought"))

    with pytest.raises(OperationInProgress) as busy:
        ready.create_certificate("web", ec_policy())
    with pytest.raises(MergeForbidden) as merging:
        ready.merge_certificate("web", CA.root)

    assert (busy.value.status, busy.value.code, busy.value.inner_code) == (409, "Forbidden", None)
    assert busy.value.message == (
        "A new key vault certificate can not be created or imported while a pending key vault certificate's status is "
        "inProgress."
    )
    assert (merging.value.status, merging.value.code) == (403, "Forbidden")
    assert merging.value.message == (
        "Merge is forbidden on pending object created with issuer : bought while it is in progess."
    )


@pytest.mark.parity("create_certificate", "get_certificate_operation", "operation-members")
def test_create_answers_with_a_request_and_the_services_members(vault):
    operation = vault.create_certificate("web", ec_policy(issuer="self"))

    shown = operation.model_dump(mode="json")
    assert list(shown) == ["id", "issuer", "csr", "cancellation_requested", "status", "status_details", "request_id"]
    assert shown["id"] == "https://kvlab.vault.azure.net/certificates/web/pending"
    assert shown["issuer"] == {"name": "self"}
    assert shown["status_details"].startswith("Pending certificate created. Certificate request is in progress. ")
    assert re.fullmatch("[0-9a-f]{32}", shown["request_id"])
    vault.process_due()
    done = vault.get_certificate_operation("web").model_dump(mode="json")
    assert list(done) == ["id", "issuer", "csr", "cancellation_requested", "status", "target", "request_id"]
    assert done["target"] == "https://kvlab.vault.azure.net/certificates/web"
    assert (done["csr"], done["request_id"]) == (shown["csr"], shown["request_id"])


@pytest.mark.parity("status-details")
def test_an_unknown_issuer_asks_for_the_merge(vault):
    operation = vault.create_certificate("web", {"key_props": {"kty": "EC"}, "x509_props": {"subject": "CN=a"}})

    assert operation.issuer.name == "Unknown"
    assert operation.status_details == "Pending certificate created. Please Perform Merge to complete the request."


@pytest.mark.parity("request-id")
def test_another_request_id_is_not_found(vault):
    operation = vault.create_certificate("web", ec_policy())

    for act in (
        vault.get_certificate_operation,
        vault.update_certificate_operation,
        vault.delete_certificate_operation,
    ):
        with pytest.raises(PendingCertificateNotFound, match="Pending certificate not found: web"):
            act("web", request_id="0" * 32)
    assert vault.get_certificate_operation("web", request_id=operation.request_id).status == "inProgress"


@pytest.mark.parity("cancel", "cancel-self", "update_certificate_operation")
@pytest.mark.parametrize("issuer", ["Self", "Bought"])
def test_cancelling_is_a_request_that_is_granted_when_the_clock_moves(ready, clock, issuer):
    ready.create_certificate("web", ec_policy(issuer=issuer))

    asked = ready.update_certificate_operation("web")

    assert (asked.status, asked.cancellation_requested) == ("inProgress", True)
    assert ready.get_certificate_operation("web").status == "inProgress"
    clock.advance(1)
    granted = ready.get_certificate_operation("web")
    assert (granted.status, granted.cancellation_requested, granted.status_details) == ("cancelled", True, None)
    assert ready.get_certificate_versions("web") == []


@pytest.mark.parity("cancel-unknown")
def test_nobody_grants_a_cancellation_of_issuer_unknown(vault, clock):
    operation = vault.create_certificate("web", ec_policy(issuer="Unknown"))
    vault.update_certificate_operation("web")

    clock.advance(days=1)
    vault.delete_certificate("web")
    vault.recover_deleted_certificate("web")
    clock.advance(days=1)

    assert vault.get_certificate_operation("web").status == "inProgress"
    assert vault.merge_certificate("web", CA.leaf_of_request(operation.csr)).kid


@pytest.mark.parity("cancel-over", "cancel-back")
def test_cancelling_what_is_over_and_taking_a_request_back(vault):
    vault.create_certificate("web", ec_policy())
    assert vault.update_certificate_operation("web", False).cancellation_requested is False
    vault.process_due()

    with pytest.raises(OperationNotInProgress) as refusal:
        vault.update_certificate_operation("web")
    assert (refusal.value.status, refusal.value.code) == (400, "BadParameter")


@pytest.mark.parity("delete_certificate_operation", "delete-operation")
def test_deleting_answers_with_the_operation_as_it_was(ready):
    created = ready.create_certificate("web", ec_policy(issuer="Bought"))
    ready.update_certificate_operation("web")

    deleted = ready.delete_certificate_operation("web")

    assert (deleted.status, deleted.cancellation_requested, deleted.request_id) == (
        "inProgress",
        True,
        created.request_id,
    )
    shown = ready.get_certificate("web").model_dump(mode="json")
    assert list(shown) == ["id", "attributes", "policy"]


@pytest.mark.parity("placeholder", "pending-in-lists", "pending-key")
def test_a_first_version_while_pending_shows_little(vault, clock):
    vault.create_certificate("web", ec_policy(validity_months=1), tags={"a": "b"})
    now = int(clock.now().timestamp())

    shown = vault.get_certificate("web").model_dump(mode="json")

    assert list(shown) == ["id", "attributes", "policy", "pending"]
    assert shown["attributes"]["enabled"] is False
    assert (shown["attributes"]["nbf"], shown["attributes"]["exp"]) == (now - 600, now + 30 * 86400)
    by_id = vault.get_certificate("web", shown["id"].rsplit("/", 1)[1]).model_dump(mode="json")
    assert list(by_id) == ["id", "attributes"]
    for read in (vault.get_key, vault.get_secret):
        with pytest.raises(VaultError) as refusal:
            read("web")
        assert refusal.value.status == 404
    assert (
        vault.get_certificates()
        == vault.get_keys()
        == vault.get_secrets()
        == vault.get_certificate_versions("web")
        == []
    )
    (item,) = vault.get_certificates(include_pending=True)
    assert item.model_dump(mode="json") | {"tags": None} == {
        "id": "https://kvlab.vault.azure.net/certificates/web", "subject": "", "tags": None,
        "attributes": {"enabled": False, "nbf": now - 600, "exp": now + 30 * 86400, "created": now, "updated": now},
    }  # fmt: skip


@pytest.mark.parity("pending-change")
def test_a_first_version_while_pending_is_neither_changed_nor_backed_up(vault):
    vault.create_certificate("web", ec_policy())
    placeholder = version_of(vault.get_certificate("web"))

    for call in (
        lambda: vault.update_certificate("web", tags={"a": "b"}),
        lambda: vault.update_certificate("web", placeholder, attributes={"enabled": False}),
        lambda: vault.backup_certificate("web"),
    ):
        with pytest.raises(VaultError) as refusal:
            call()
        assert (refusal.value.status, refusal.value.code) == (404, "CertificateNotFound")
    vault.process_due()
    assert (vault.get_certificate("web").tags, vault.get_certificate("web").attributes.enabled) == (None, True)


@pytest.mark.parity("new-version-id")
def test_the_version_is_new_on_completion_and_created_then(vault, clock):
    vault.create_certificate("web", ec_policy())
    placeholder = version_of(vault.get_certificate("web"))

    clock.advance(7)

    bundle = vault.get_certificate("web")
    assert version_of(bundle) != placeholder
    assert re.fullmatch("[0-9a-f]{32}", version_of(bundle))
    assert bundle.kid.rsplit("/", 1)[1] == bundle.sid.rsplit("/", 1)[1] == version_of(bundle)
    assert list(bundle.model_dump(mode="json")) == ["id", "kid", "sid", "x5t", "cer", "attributes", "policy", "pending"]


@pytest.mark.parity("current-stays")
def test_the_current_version_stays_while_the_next_is_pending(vault):
    before = finish(vault, "web")
    secret, key = vault.get_secret("web").value, vault.get_key("web")

    vault.create_certificate("web", ec_policy("CN=next", validity_months=3), attributes={"enabled": False})

    assert vault.get_certificate("web").cer == before.cer
    assert vault.get_certificate("web").attributes == before.attributes
    assert (vault.get_secret("web").value, vault.get_key("web")) == (secret, key)
    vault.process_due()
    assert vault.get_certificate("web").cer != before.cer
    assert vault.get_certificate("web").attributes.enabled is False
    assert vault.get_certificate("web", version_of(before)).cer == before.cer


class Life(RuleBasedStateMachine):
    """Random moves on one name, checked against the table alone."""

    @initialize(issuer=st.sampled_from(sorted(ISSUERS)))
    def open(self, issuer):
        self.vault = Vault(clock=SimulatedClock())
        self.vault.set_certificate_issuer("Bought", provider="Test")
        self.status, self.issuer, self.asked = Status.NONE, issuer, False

    @rule(move=st.sampled_from(CALLERS), issuer=st.sampled_from(sorted(ISSUERS)))
    def call(self, move, issuer):
        expected = outcome(self.status, move, ISSUERS[self.issuer])
        if isinstance(expected, Status):
            do(self.vault, move, issuer)
            if move is Move.CREATE:
                self.issuer, self.asked = issuer, False
            self.asked |= move is Move.ASK_CANCEL
            self.status = expected
        else:
            with pytest.raises(expected):
                do(self.vault, move, issuer)
        assert status_of(self.vault) is self.status

    @rule()
    def time_passes(self):
        self.vault.clock.advance(1)
        if self.status is Status.IN_PROGRESS and self.issuer != "Unknown":
            if self.asked:
                self.status = Status.CANCELLED
            elif self.issuer == "Self":
                self.status = Status.COMPLETED
        assert status_of(self.vault) is self.status

    @rule()
    def gone_and_back(self):
        try:
            self.vault.delete_certificate("web")
        except VaultError:
            return
        with pytest.raises(PendingCertificateNotFound):
            self.vault.get_certificate_operation("web")
        self.vault.recover_deleted_certificate("web")
        assert status_of(self.vault) is self.status

    def teardown(self):
        if hasattr(self, "vault"):
            self.vault.close()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
