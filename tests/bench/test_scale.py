"""Create and get with 100,000 certificates in the store against 10; reading; importing the package."""

import statistics
import subprocess
import sys
import time

from kvlab import Vault
from kvlab.store import schema
from tests.bench import floor
from tests.bench.test_create import POLICY, create


def fill(vault, count, policy=POLICY):
    """Copy one finished certificate ``count`` times, row by row as the store keeps it."""
    vault.create_certificate("pattern", policy)
    vault.process_due()
    with vault._core.store.write() as connection:
        pattern = {table: dict(connection.execute(table.select()).mappings().first()) for table in
                   (schema.key, schema.certificate, schema.version, schema.pending)}  # fmt: skip
        for first in range(0, count, 10_000):
            numbers = range(first, min(first + 10_000, count))
            rows = {table: [] for table in pattern}
            for number in numbers:
                key_id, row_id = f"{number:032x}", number + 1000
                rows[schema.key].append({**pattern[schema.key], "id": key_id})
                name = f"x{number * 7919 % 1_000_003:07d}"
                words = (
                    pattern[schema.certificate]["words"].replace("pattern", name).replace("contoso.com", f"{name}.test")
                )
                rows[schema.certificate].append(
                    {**pattern[schema.certificate], "id": row_id, "name": name, "name_key": name, "words": words,
                     "current_id": row_id}
                )  # fmt: skip
                rows[schema.version].append(
                    {**pattern[schema.version], "id": row_id, "certificate_id": row_id, "key_id": key_id}
                )
                rows[schema.pending].append({**pattern[schema.pending], "certificate_id": row_id, "key_id": key_id})
            for table, values in rows.items():
                connection.execute(table.insert(), values)


def test_hundred_thousand(tmp_path):
    with Vault.open(tmp_path / "small.db") as small, Vault.open(tmp_path / "large.db") as large:
        fill(small, 10)
        fill(large, 100_000)
        figures = floor.in_turns(300, create_10=create(small), create_100000=create(large))
        figures |= floor.in_turns(
            500,
            get_10=lambda _: small.get_certificate("x0000000"),
            get_100000=lambda number: large.get_certificate(f"x{(abs(number) + 1) * 131 * 7919 % 1_000_003:07d}"),
        )
    floor.report("10 against 100,000 certificates in the store (SQLite file)", figures, floor="")
    print(f"  create {figures['create_100000'] / figures['create_10']:.2f} x, "
          f"get {figures['get_100000'] / figures['get_10']:.2f} x")  # fmt: skip


def test_import_time():
    times = []
    for _ in range(7):
        code = "import time; a = time.perf_counter(); import kvlab; print(time.perf_counter() - a)"
        times.append(float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    print(f"\nimport kvlab: {statistics.median(times) * 1e3:.1f} ms")


def test_blocks():
    """The same as test_create_ec, one after the other in blocks: kinder to the floor, whose code then stays cached."""
    with Vault() as vault:
        run = create(vault)
        for number in range(50):
            run(-number - 1)
            floor.create_certificate(floor.make_ec_key, "contoso.com")
        start = time.perf_counter()
        for _ in range(500):
            floor.create_certificate(floor.make_ec_key, "contoso.com")
        middle = time.perf_counter()
        for number in range(500):
            run(number)
        end = time.perf_counter()
    print(f"\nEC P-256 in blocks: floor {(middle - start) * 2e3:.0f} µs, memory {(end - middle) * 2e3:.0f} µs, "
          f"{(end - middle) / (middle - start):.2f} x floor")  # fmt: skip
