"""What a known issuer costs beside issuer Self, and how fast a heap of orders is worked off. Printed, never asserted."""

import statistics
import time

from kvlab import CertificatePolicy, SimulatedClock, Vault

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
    """From create to a completed poll; measured in processor time, because a busy machine stretches the clock's."""

    def run(number):
        start = time.process_time()
        name = f"{issuer}{number}"
        vault.create_certificate(name, policy(issuer))
        vault.process_due()
        assert vault.get_certificate_operation(name).status == "completed"
        return time.process_time() - start

    return run


def test_the_round_trip_to_a_ca(tmp_path):
    with (
        stocked(Vault(clock=SimulatedClock())) as memory,
        stocked(Vault.open(tmp_path / "kv.db", clock=SimulatedClock())) as file,
    ):
        runs = {
            (place, issuer): create(vault, issuer)
            for place, vault in (("memory", memory), ("file", file))
            for issuer in ("Self", "Digi", "Global")
        }
        times = {key: [] for key in runs}
        for number in range(200):
            for key, run in runs.items():
                times[key].append(run(number))
    found = {key: statistics.quantiles(values, n=10) for key, values in times.items()}
    for (place, issuer), tenths in found.items():
        added = [more - less for more, less in zip(tenths, found[place, "Self"], strict=True)]
        print(
            f"{place}, {issuer}: {tenths[4] * 1e3:.2f} ms, of the quickest tenth {tenths[0] * 1e3:.2f} ms; "
            f"adds {added[4] * 1e3:.2f} and {added[0] * 1e3:.2f} ms to issuer Self"
        )


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
                    start, used = time.perf_counter(), time.process_time()
                    vault.clock.advance(seconds)
                    taken, used = time.perf_counter() - start, time.process_time() - used
                    print(
                        f"{label}, {provider}: {ORDERS} orders {what} at {ORDERS / taken:.0f} a second, "
                        f"{ORDERS / used:.0f} a second of processor time"
                    )
                assert vault.get_certificate_operation(f"{issuer}{ORDERS - 1}").status == "completed"
