"""What a known issuer costs beside issuer Self, and how fast a heap of orders is worked off. Printed, never asserted."""

import time

from kvlab import CertificatePolicy, SimulatedClock, Vault
from tests.bench import floor

ORDERS = 1000
ISSUER = {
    "provider": "DigiCert",
    "credentials": {"account_id": "1001", "pwd": "api-key"},
    "org_details": {
        "id": "1001",
        "admin_details": [{"first_name": "Ada", "last_name": "L", "email": "a@contoso.com", "phone": "1"}],
    },
}


def policy(issuer):
    return CertificatePolicy.of(issuer, "CN=www.contoso.com", dns_names=["www.contoso.com"], kty="EC")


def stocked(vault):
    vault.set_certificate_issuer("Digi", ISSUER)
    vault.set_certificate_issuer("Global", {**ISSUER, "provider": "GlobalSign"})
    return vault


def create(vault, issuer):
    """From create to a completed poll, on a clock that passes by itself."""

    def run(number):
        name = f"{issuer}{number}"
        vault.create_certificate(name, policy(issuer))
        while vault.get_certificate_operation(name).status == "inProgress":
            time.sleep(0.0002)
        assert vault.get_certificate_operation(name).status == "completed"

    return run


def test_the_round_trip_to_a_ca(tmp_path):
    with stocked(Vault()) as vault, stocked(Vault.open(tmp_path / "kv.db")) as file:
        figures = floor.in_turns(
            200,
            self_signed=create(vault, "Self"),
            DigiCert=create(vault, "Digi"),
            GlobalSign=create(vault, "Global"),
            self_signed_file=create(file, "Self"),
            DigiCert_file=create(file, "Digi"),
        )
    floor.report("EC P-256, create to completed", figures)
    for name, base in (
        ("DigiCert", "self_signed"),
        ("GlobalSign", "self_signed"),
        ("DigiCert_file", "self_signed_file"),
    ):
        print(f"  {name} adds {(figures[name] - figures[base]) * 1e3:.2f} ms to issuer Self")


def test_a_heap_of_orders(tmp_path):
    for label, vault in (
        ("memory", Vault(clock=SimulatedClock())),
        ("file", Vault.open(tmp_path / "kv.db", clock=SimulatedClock())),
    ):
        with stocked(vault):
            for provider, issuer in (("DigiCert", "Digi"), ("GlobalSign", "Global")):
                vault.ca(provider).configure(delay_seconds=3600)
                for number in range(ORDERS):
                    vault.create_certificate(f"{issuer}{number}", policy(issuer))
                for what, seconds in (("placed", 0), ("issued and merged", 3600)):
                    start = time.perf_counter()
                    vault.clock.advance(seconds)
                    taken = time.perf_counter() - start
                    print(
                        f"{label}, {provider}: {ORDERS} orders {what} in {taken:.2f} s, {ORDERS / taken:.0f} a second"
                    )
                assert vault.get_certificate_operation(f"{issuer}{ORDERS - 1}").status == "completed"
