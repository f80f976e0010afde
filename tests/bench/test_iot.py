"""AWS IoT's registry beside bare `cryptography` and beside its peers. Figures are printed (run with -s), never asserted."""

import statistics
import time
from datetime import UTC, datetime
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kvlab import Iot, Vault
from kvlab.iot.authority import END, ISSUER, find_authority
from kvlab.iot.lookup import find_device
from kvlab.store import schema
from tests.bench import floor, peer
from tests.iot.make import POLICY, request
from tests.server.keepalive import KeptAlive
from tests.server.served import serving

COUNT = 100_000


def bare(authority, key):
    """What AWS IoT's one click is at the least: sign the key's certificate, and write all three as PEM."""
    public, issuer = key.public_key(), authority.issuing.key
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "AWS IoT Certificate")]))
        .issuer_name(ISSUER)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC))
        .not_valid_after(END)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
    )
    key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return builder.sign(issuer, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_one_click():
    """
    Making a key takes anything from 10 to 300 ms, so that two medians of it differ by themselves: what is added to the
    key is measured with keys that are there already, and set against the mean of making one.
    """
    keys = [floor.make_rsa_key() for _ in range(40)]
    took = [floor.seconds(floor.make_rsa_key) for _ in range(150)]
    with Vault() as vault:
        iot, authority = Iot(vault), find_authority(vault._core)
        iot.create_keys_and_certificate()

        class Ready:
            """The vault's chance, but for keys that are made already."""

            def __init__(self, entropy):
                self.octets, self.seed = entropy.octets, entropy.seed

            def rsa_key(self, _name, _size):
                return keys[0]

        whole = floor.in_turns(
            60, bare=lambda _: bare(authority, floor.make_rsa_key()), kvlab=lambda _: iot.create_keys_and_certificate()
        )
        vault._core.entropy = Ready(vault._core.entropy)
        figures = floor.in_turns(
            300,
            bare=lambda number: bare(authority, keys[number % 40]),
            kvlab=lambda _: iot.create_keys_and_certificate(),
        )
    key = statistics.mean(took)
    floor.report("CreateKeysAndCertificate, RSA-2048, in process, median of 60", whole, "bare")
    floor.report("The same without making the key", figures, "bare")
    print(f"  with a key of {key * 1e3:.1f} ms: {(key + figures['kvlab']) / (key + figures['bare']):.3f} x bare")


def signing(host, csr, context=None):
    """CreateCertificateFromCsr, as an HTTP client without an SDK asks for it, on a new connection or a kept one."""
    headers = {"Authorization": peer.AWS, "Content-Type": "application/json"}

    def run(_number):
        with KeptAlive(host, headers, context) as client:
            status, answer = client.call("POST", "/certificates?setAsActive=true", {"certificateSigningRequest": csr})
        assert status == 200, answer
        assert b"BEGIN CERTIFICATE" in answer

    return run


def test_csr_beside_the_peers():
    """kvlab speaks TLS, the peers plain HTTP; each request is on a new connection, for moto keeps none."""
    peer.need_peers()
    csr = request()
    with serving() as served, peer.moto() as moto, peer.ministack() as ministack:
        host = served.facts["iot_endpoint"].removeprefix("https://")
        kept = KeptAlive(host, {"Authorization": peer.AWS}, served.context)
        others = {"moto": signing(moto, csr), "ministack": signing(ministack, csr)}
        for name, run in list(others.items()):
            try:
                run(0)
            except AssertionError as refusal:
                print(f"\n  {name} does not do it: {refusal}")
                del others[name]

        def on_one_connection(_number):
            status, answer = kept.call("POST", "/certificates", {"certificateSigningRequest": csr})
            assert status == 200, answer

        with kept:
            figures = floor.in_turns(
                40, kvlab=on_one_connection, **{"kvlab, new TLS": signing(host, csr, served.context)}, **others
            )
    floor.report("CreateCertificateFromCsr over HTTP", figures, "kvlab")


def fill(iot, count):
    """Copy one certificate, attached to a policy and a thing, row by row as the store keeps it."""
    made = iot.create_certificate_from_csr(request(), set_as_active=True)
    iot.create_policy("p", POLICY)
    iot.create_thing("t")
    iot.attach_policy("p", made.certificate_arn)
    iot.attach_thing_principal("t", made.certificate_arn)
    tables = (
        schema.iot_certificate, schema.iot_policy, schema.iot_policy_version, schema.iot_attachment, schema.iot_thing,
        schema.iot_thing_principal,
    )  # fmt: skip
    with iot._core.store.write() as connection:
        pattern = {table: dict(connection.execute(table.select()).mappings().first()) for table in tables}
        for first in range(0, count, 10_000):
            rows = {table: [] for table in tables}
            for number in range(first + 10, min(first + 10_000, count) + 10):
                found = f"{number * 2654435761 % 2**32:064x}"
                arn = made.certificate_arn.replace(made.certificate_id, found)
                own = {"number": number, "policy": number, "thing": number, "name": f"x{number}", "id": found,
                       "target": arn, "principal": arn}  # fmt: skip
                for table, copied in pattern.items():
                    changed = {name: own[name] for name in copied if name in own}
                    if "thing" in table.name and "id" in changed:
                        changed["id"] = found[:36]
                    rows[table].append(copied | changed)
            for table, values in rows.items():
                connection.execute(table.insert(), values)
    return made


def test_flat_to_a_hundred_thousand(tmp_path):
    csr = request()
    with Vault.open(tmp_path / "small.db") as small, Vault.open(tmp_path / "large.db") as large:
        registries = {"10": Iot(small), f"{COUNT}": Iot(large)}
        start = time.perf_counter()
        made = {name: fill(iot, int(name)) for name, iot in registries.items()}
        print(f"\nfilled in {time.perf_counter() - start:.0f} s")
        vaults = {"10": small, f"{COUNT}": large}

        def some(name, number):
            return f"{(10 + abs(number) * 131 % int(name)) * 2654435761 % 2**32:064x}"

        calls = {
            "create from CSR": lambda name, iot, number: iot.create_certificate_from_csr(csr),
            "describe": lambda name, iot, number: iot.describe_certificate(some(name, number)),
            "list, first page": lambda name, iot, number: iot.list_certificates(page_size=10),
            "list, ascending": lambda name, iot, number: iot.list_certificates(page_size=10, ascending_order=True),
            "update": lambda name, iot, number: iot.update_certificate(
                some(name, number), "INACTIVE" if number % 2 else "ACTIVE"
            ),
            "attached policies": lambda name, iot, number: iot.list_attached_policies(made[name].certificate_arn),
            "a principal's things": lambda name, iot, number: iot.list_principal_things(made[name].certificate_arn),
            "get policy": lambda name, iot, number: iot.get_policy(f"x{10 + abs(number) % int(name)}"),
            "describe thing": lambda name, iot, number: iot.describe_thing(f"x{10 + abs(number) % int(name)}"),
            "a broker's lookup": lambda name, iot, number: find_device(vaults[name], some(name, number)),
        }

        def timed(call, name, iot, number):
            call(name, iot, number)

        print(f"Registry calls, 10 against {COUNT} certificates (SQLite file)")
        for title, call in calls.items():
            runs = {name: partial(timed, call, name, registries[name]) for name in registries}
            figures = floor.in_turns(150, **runs)
            small_one, large_one = figures["10"], figures[f"{COUNT}"]
            print(f"  {title:<24}{small_one * 1e6:8.0f} µs {large_one * 1e6:8.0f} µs {large_one / small_one:6.2f} x")
