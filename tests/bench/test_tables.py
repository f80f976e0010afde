"""
Large corpora: `tables.certificates` beside a bare parse that reads the same fields, and a million in bounded memory.

Run with ``pytest -s tests/bench/test_tables.py``. The two times come from the same run, the same certificates and the
same machine, in turns; what counts is their ratio, which should be at most 2, and it never fails for being slow. The
million takes two minutes and runs with ``KVLAB_MILLION=1`` only; its memory is a bound, and a failure.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from kvlab import tables
from kvlab.x509.name import parse_name
from tests.bench.test_inspect import build

CERTIFICATES = 100_000
ROUNDS = 3
MOST_MEGABYTES = 500


def bare(der: bytes) -> tuple:
    """Read what a row of the table says, with cryptography and nothing more of its own than that takes."""
    certificate = x509.load_der_x509_certificate(der)
    key = certificate.public_key()
    names, ca = "", False
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            names = ", ".join(str(name.value) for name in extension.value)
        elif isinstance(extension.value, x509.BasicConstraints):
            ca = extension.value.ca
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    return (
        subject, names, certificate.not_valid_before_utc, certificate.not_valid_after_utc,
        "RSA" if isinstance(key, rsa.RSAPublicKey) else "EC", key.key_size, issuer, f"{certificate.serial_number:X}",
        hashlib.sha256(der).hexdigest(), subject == issuer, ca, certificate.signature_algorithm_oid,
    )  # fmt: skip


def seconds(function, corpus) -> float:
    start = time.perf_counter()
    function(corpus)
    return time.perf_counter() - start


def test_a_table_of_100_000_takes_no_more_than_twice_a_bare_parse():
    corpus = build() * (CERTIFICATES // 1000)
    table = tables.certificates(corpus[:1000])
    for der, row in zip(corpus, table.itertuples(), strict=False):
        subject, _, _, end, kind, size, _, serial, digest, own, ca, _ = bare(der)
        assert (end, kind, size, digest, own, ca) == (
            row.not_after, row.key_type, row.key_size, row.sha256, row.self_signed, row.ca,
        )  # fmt: skip
        assert int(serial, 16) == int(row.serial, 16)
        assert parse_name(row.subject).rfc4514_string() == subject

    floors, ours = [], []
    for _ in range(ROUNDS):
        floors.append(seconds(lambda ders: [bare(der) for der in ders], corpus))
        ours.append(seconds(tables.certificates, corpus))
    least, taken = statistics.median(floors), statistics.median(ours)

    print(
        f"\n{CERTIFICATES:,} certificates: bare parse {least:.1f} s, tables.certificates {taken:.1f} s, "
        f"ratio {taken / least:.2f} (median of {ROUNDS} rounds)"
    )


# What getrusage calls the most is the most of the program before it in the same process, too: that which started it.
MILLION = """
import itertools, pathlib, sys, time
import pyarrow.parquet
from kvlab import tables
from kvlab.x509.name import parse_name
ders = [open(path, "rb").read() for path in sys.argv[2:]]
start = time.perf_counter()
rows = tables.write_parquet(itertools.islice(itertools.cycle(ders), 1_000_000), sys.argv[1])
peak = int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
print(rows, peak, round(time.perf_counter() - start, 1), pyarrow.parquet.ParquetFile(sys.argv[1]).metadata.num_rows)
"""


@pytest.mark.skipif(os.environ.get("KVLAB_MILLION") != "1", reason="takes two minutes; set KVLAB_MILLION=1")
def test_a_million_go_into_a_file_in_bounded_memory(tmp_path):
    paths = [tmp_path / f"{number}.der" for number in range(1000)]
    for path, der in zip(paths, build(), strict=True):
        path.write_bytes(der)
    printed = subprocess.run(
        [sys.executable, "-c", MILLION, tmp_path / "million.parquet", *paths],
        check=True, capture_output=True, text=True, timeout=900,
    ).stdout  # fmt: skip
    rows, peak, taken, written = printed.split()

    print(f"\n{int(rows):,} certificates into Parquet: {taken} s, at most {peak} MB")
    assert rows == written == "1000000"
    assert int(peak) <= MOST_MEGABYTES
