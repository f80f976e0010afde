"""
What a known issuer adds to an order, and how fast many are worked off. Figures are printed (run with -s), never asserted.

Beside the time on the clock stands the thread's own: a busy machine stretches the first one only.
"""

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
            others = [order(f"b{number}.contoso.com", reference=f"s{number}") for number in range(ORDERS)]
            before = time.thread_time()
            for other in others:
                office.issue(other)
            print(f"\n{name}: {(time.thread_time() - before) / ORDERS * 1e3:.2f} ms of CPU an order")
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
            started, cpu = time.perf_counter(), time.thread_time()
            for order_id, request in orders:
                office.poll(order_id, request)
            seconds, cpu = time.perf_counter() - started, time.thread_time() - cpu
        print(
            f"  {name}: {PENDING} pending orders worked off at {PENDING / seconds:.0f} a second, "
            f"at {PENDING / cpu:.0f} a second of CPU"
        )
