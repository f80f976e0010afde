"""A year over 1,000 certificates that renew themselves, alone and beside 100,000 idle ones. Figures are printed."""

import time

from kvlab import Vault
from tests.bench.test_create import POLICY
from tests.bench.test_scale import fill

COUNT = 1000
IDLE = {**POLICY, "x509_props": {**POLICY["x509_props"], "validity_months": 120}}


def year(vault, *, contacts=False):
    """Make the certificates an hour apart, then let a year pass at once; returns how long the second took."""
    if contacts:
        vault.set_certificate_contacts([{"email": "ops@contoso.com"}, {"email": "anna@contoso.com"}])
    for number in range(COUNT):
        vault.create_certificate(f"c{number}", POLICY)
        vault.clock.advance(hours=1)
    seen = len(vault.events)
    start = time.perf_counter(), time.process_time()
    vault.clock.advance(days=365)
    seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    fresh = vault.events.since(seen)
    renewed = sum(event.detail.get("outcome") == "renewed" for event in fresh)
    assert renewed == COUNT
    assert [event.time for event in fresh] == sorted(event.time for event in fresh)
    return seconds


def report(label, seconds):
    whole, processor = seconds
    print(f"  {label:<40}{whole:6.2f} s, {processor:6.2f} s of the processor: {whole / COUNT * 1e3:5.2f} ms a renewal")


def test_a_year_of_a_thousand_certificates(tmp_path):
    print("\n1,000 EC certificates, 365 days in one advance")
    with Vault(clock="simulated") as vault:
        report("in memory", year(vault))
    with Vault(clock="simulated") as vault:
        report("in memory, two contacts (4,000 mails)", year(vault, contacts=True))
    with Vault.open(tmp_path / "a.db", clock="simulated") as vault:
        report("SQLite file", year(vault))
    with Vault.open(tmp_path / "b.db", clock="simulated") as vault:
        fill(vault, 100_000, IDLE)
        report("SQLite file, beside 100,000 idle ones", year(vault))


def test_a_year_in_which_nothing_falls_due(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as vault:
        fill(vault, 100_000, IDLE)
        start = time.perf_counter()
        vault.clock.advance(days=365)
        print(f"\n365 days over 100,000 idle certificates: {(time.perf_counter() - start) * 1e3:.2f} ms")
        assert not [event for event in vault.events if event.kind == "lifetime_action"]
