"""Reading and using what is there, in memory and on an SQLite file; and memory after 10,000 certificates."""

import subprocess
import sys

from kvlab import CertificatePolicy, Vault
from tests.bench import floor


def calls(vault):
    for name, policy in (
        ("ec", CertificatePolicy.self_signed("CN=a", kty="EC")),
        ("pem", CertificatePolicy.self_signed("CN=a", kty="EC", content_type="application/x-pem-file")),
    ):
        vault.create_certificate(name, policy)
        assert vault.get_certificate_operation(name).status == "completed"
    vault.set_secret("s", "x")
    return {
        "get_certificate": lambda _: vault.get_certificate("ec"),
        "get_certificate as JSON": lambda _: vault.get_certificate("ec").model_dump_json(),
        "get_key": lambda _: vault.get_key("ec"),
        "get_secret, PFX": lambda _: vault.get_secret("ec"),
        "get_secret, PEM": lambda _: vault.get_secret("pem"),
        "get_secret, plain": lambda _: vault.get_secret("s"),
        "sign, P-256": lambda _: vault.sign("ec", "ES256", bytes(32)),
    }


def test_read(tmp_path):
    with Vault() as memory, Vault.open(tmp_path / "kv.db") as file:
        for title, vault in (("in memory", memory), ("on a file", file)):
            floor.report(f"reading and signing {title}", floor.in_turns(300, **calls(vault)), floor="")


FILL = """
import sys
import kvlab.server.app
from kvlab import CertificatePolicy, Vault

def megabytes():
    return int(open("/proc/self/statm").read().split()[1]) * 4 / 1024

policy = CertificatePolicy.self_signed("CN=contoso.com", kty="EC")
with Vault.open(sys.argv[1]) as vault:
    for number in range(10_000):
        vault.create_certificate(f"c{number}", policy)
        assert vault.get_certificate_operation(f"c{number}").status == "completed"
        if number in (99, 4_999, 9_999):
            print(f"  {number + 1:>6} certificates: {megabytes():.1f} MB")
"""


def test_memory(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FILL, tmp_path / "kv.db"], capture_output=True, text=True, check=True, timeout=600
    )
    print(f"\nresident memory of a process that makes certificates on a file, server loaded\n{done.stdout}")
