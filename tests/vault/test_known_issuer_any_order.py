"""Whatever callers, the owner of the CA and time do, in any order: nothing is ordered twice, lost, or told wrongly."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.store import order as orders
from kvlab.vault.operation import IllegalMove
from tests.vault.make import OutsideCA, ec_policy
from tests.vault.scripted import ISSUER

NAMES = st.sampled_from(["a", "b"])
WORDS = st.sampled_from([
    {}, {"delay_seconds": 3600}, {"polls": 2}, {"fail_first": 3}, {"down_seconds": 900}, {"decision": "reject"},
    {"decision": "fail", "delay_seconds": 60}, {"accounts": []}, {"require_domain_validation": True, "domains": []},
    {"caa": {"contoso.com": ["letsencrypt.org"]}}, {"products": ["EV-SSL"]},
])  # fmt: skip
WAITS_FOR_NOBODY = 3 * 86400


class KnownIssuer(RuleBasedStateMachine):
    provider = "DigiCert"

    def __init__(self):
        super().__init__()
        self.vault = Vault(clock=SimulatedClock())
        self.vault.set_certificate_issuer("MyCA", {**ISSUER, "provider": self.provider})
        self.outside = OutsideCA()

    def teardown(self):
        self.settle()
        self.vault.close()

    def attempt(self, call):
        """Refusals are answers; a move that the vault's own table forbids is a bug."""
        try:
            return call()
        except IllegalMove:
            raise
        except VaultError:
            return None

    @rule(name=NAMES, reuse_key=st.booleans())
    def create(self, name, reuse_key):
        policy = ec_policy("CN=www.contoso.com", issuer="MyCA", dns_names=["www.contoso.com"], reuse_key=reuse_key)
        self.attempt(lambda: self.vault.create_certificate(name, policy))

    @rule(name=NAMES)
    def cancel(self, name):
        self.attempt(lambda: self.vault.update_certificate_operation(name))

    @rule(name=NAMES)
    def forget(self, name):
        self.attempt(lambda: self.vault.delete_certificate_operation(name))

    @rule(name=NAMES)
    def merge(self, name):
        operation = self.attempt(lambda: self.vault.get_certificate_operation(name))
        if operation:
            self.attempt(lambda: self.vault.merge_certificate(name, self.outside.leaf_of_request(operation.csr)))

    @rule(name=NAMES)
    def delete(self, name):
        self.attempt(lambda: self.vault.delete_certificate(name))

    @rule(name=NAMES)
    def recover(self, name):
        self.attempt(lambda: self.vault.recover_deleted_certificate(name))

    @rule(name=NAMES)
    def purge(self, name):
        self.attempt(lambda: self.vault.purge_deleted_certificate(name))

    @rule(words=WORDS)
    def configure(self, words):
        self.vault.ca(self.provider).configure(words)

    @rule(enabled=st.booleans())
    def enable(self, enabled):
        self.vault.update_certificate_issuer("MyCA", attributes={"enabled": enabled})

    @rule(seconds=st.sampled_from([0, 1, 10, 600, 3600, 86400]))
    def wait(self, seconds):
        self.vault.clock.advance(seconds)

    @invariant()
    def each_request_has_one_order(self):
        references = [order.reference for order in self.vault.ca(self.provider).orders()]
        assert len(references) == len(set(references))

    @invariant()
    def every_version_is_what_its_ca_issued_or_was_merged(self):
        issued = {order.leaf_der for order in self.vault.ca(self.provider).orders() if order.leaf_der}
        for name in ("a", "b"):
            for item in self.vault.get_certificate_versions(name):
                cer = self.vault.get_certificate(name, item.id.rsplit("/", 1)[1]).cer
                assert cer in issued or b"Outside CA" in cer

    @invariant()
    def who_is_at_work_has_an_order_row_and_nobody_else(self):
        working = {
            operation.request_id
            for name in ("a", "b")
            if (operation := self.attempt(lambda name=name: self.vault.get_certificate_operation(name)))
            and operation.status == "inProgress"
        }
        with self.vault._core.store.read() as connection:
            rows = connection.execute(orders.issuer_order.select()).all()
        assert working <= {row.reference for row in rows}
        assert all(row.lease_owner is None for row in rows)
        assert all(row.due_at is not None for row in rows if row.reference in working)

    def settle(self):
        """With a CA that issues, and time, everything comes to an end, at the CA too."""
        self.vault.update_certificate_issuer("MyCA", attributes={"enabled": True})
        self.vault.ca(self.provider).configure()
        for item in self.vault.get_deleted_certificates():
            self.vault.recover_deleted_certificate(item.id.rsplit("/", 1)[1])
        for name in ("a", "b"):
            self.attempt(lambda name=name: self.vault.recover_deleted_certificate(name))
        self.vault.clock.advance(WAITS_FOR_NOBODY)
        for name in ("a", "b"):
            operation = self.attempt(lambda name=name: self.vault.get_certificate_operation(name))
            assert operation is None or operation.status != "inProgress"
        with self.vault._core.store.read() as connection:
            assert connection.execute(orders.issuer_order.select()).all() == []
        assert {order.state for order in self.vault.ca(self.provider).orders()} <= {
            "issued", "rejected", "failed", "cancelled", "revoked"
        }  # fmt: skip
        times = [event.time for event in self.vault.events]
        assert times == sorted(times)
        assert [event.seq for event in self.vault.events] == list(range(1, len(times) + 1))
        completed = [event for event in self.vault.events if event.step == 5 and event.kind == "transition"]
        assert len({event.request_id for event in completed}) == len(completed)


class AtGlobalSign(KnownIssuer):
    provider = "GlobalSign"


TestDigiCert, TestGlobalSign = KnownIssuer.TestCase, AtGlobalSign.TestCase
TestDigiCert.settings = TestGlobalSign.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
