"""Create to completed, against the bare floor of the same run. Figures are printed (run with -s), never asserted."""

import threading

from kvlab import Vault
from tests.bench import floor

POLICY = {
    "issuer": {"name": "Self"},
    "key_props": {"kty": "EC", "crv": "P-256"},
    "x509_props": {"subject": "CN=contoso.com", "sans": {"dns_names": ["contoso.com"]}},
}
RSA_POLICY = {**POLICY, "key_props": {"kty": "RSA", "key_size": 2048}}


def create(vault, policy=POLICY, label="c"):
    def run(number):
        vault.create_certificate(f"{label}{number}", policy)
        assert vault.get_certificate_operation(f"{label}{number}").status == "completed"

    return run


def test_create_ec(tmp_path):
    with (
        Vault() as memory,
        Vault.open(tmp_path / "kv.db") as file,
        Vault.open(tmp_path / "d.db", durable=True) as durable,
    ):
        figures = floor.in_turns(
            400,
            floor=lambda _: floor.create_certificate(floor.make_ec_key, "contoso.com"),
            memory=create(memory),
            file=create(file),
            durable=create(durable),
        )
    floor.report("EC P-256, create to completed", figures)


def test_create_rsa():
    with Vault() as vault:
        figures = floor.in_turns(
            30,
            key=lambda _: floor.make_rsa_key(),
            floor=lambda _: floor.create_certificate(floor.make_rsa_key, "contoso.com"),
            memory=create(vault, RSA_POLICY),
        )
        floor.report("RSA-2048, create to completed (key generation varies much)", figures)


def test_rsa_outside_key_generation(monkeypatch):
    keys = [floor.make_rsa_key() for _ in range(4)]
    with Vault() as vault:
        monkeypatch.setattr(vault._core.entropy, "rsa_key", lambda name, size: keys[0], raising=False)
        figures = floor.in_turns(
            100,
            floor=lambda _: floor.certify(keys[0], "contoso.com"),
            memory=create(vault, RSA_POLICY),
        )
    floor.report("RSA-2048 without key generation", figures)
    print(f"  difference {(figures['memory'] - figures['floor']) * 1e3:.2f} ms")


def both(function):
    def run(number):
        threads = [threading.Thread(target=function, args=(f"{number}-{index}",)) for index in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run


def one_after_the_other(function):
    return lambda number: [function(f"{number}-{index}") for index in range(2)]


def test_two_threads():
    with Vault() as vault:
        figures = floor.in_turns(
            25,
            floor_serial=one_after_the_other(lambda _: floor.create_certificate(floor.make_rsa_key, "contoso.com")),
            floor_threads=both(lambda _: floor.create_certificate(floor.make_rsa_key, "contoso.com")),
            vault_serial=one_after_the_other(create(vault, RSA_POLICY, "s")),
            vault_threads=both(create(vault, RSA_POLICY, "t")),
        )
    floor.report("two RSA-2048 creations", figures)
    gain = figures["floor_serial"] / figures["floor_threads"], figures["vault_serial"] / figures["vault_threads"]
    print(f"  gain of two threads: floor {gain[0]:.2f}, vault {gain[1]:.2f}, ratio {gain[1] / gain[0]:.2f}")
