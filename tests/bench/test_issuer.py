"""What a known issuer adds to an order, and how fast many are worked off. Figures are printed (run with -s), never asserted."""

import time

from kvlab import SimulatedClock, Vault
from tests.bench import floor
from tests.providers.make import CAS, Office, order

ORDERS = 300
PENDING = 1000


def test_round_trip():
    """Submit and poll to the certificate, both in a turn of the vault; the request (key, CSR) is made beforehand."""
    for name in CAS:
        with Vault(clock=SimulatedClock()) as vault:
            office = Office(vault, name)
            office.issue(order(reference="first"))
            requests = [order(f"a{number}.contoso.com", reference=f"r{number}") for number in range(ORDERS)]
            key = floor.make_ec_key()
            figures = floor.in_turns(
                ORDERS,
                floor=lambda _, key=key: floor.certify(key, "contoso.com"),
                order=lambda number, office=office, requests=requests: office.issue(requests[number]),
            )
        floor.report(f"{name}: order, poll, certificate", figures)


def test_many_pending():
    for name in CAS:
        with Vault(clock=SimulatedClock()) as vault:
            office = Office(vault, name)
            office.configure(delay_seconds=60)
            requests = [order(f"a{number}.contoso.com", reference=f"r{number}") for number in range(PENDING)]
            orders = [(office.submit(request), request) for request in requests]
            vault.clock.advance(60)
            started = time.perf_counter()
            for order_id, request in orders:
                office.poll(order_id, request)
            seconds = time.perf_counter() - started
        print(f"  {name}: {PENDING} pending orders worked off at {PENDING / seconds:.0f} a second")
