"""Broken certificates and files at the vault's doors: taken, or refused as a `VaultError`; never anything else."""

import base64
import warnings

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvlab import SimulatedClock, Vault, VaultError
from tests.vault.make import OutsideCA, ec_key, ec_policy, pem_file, pfx_file, self_signed

CA, KEY = OutsideCA(), ec_key()
LEAF = CA.leaf(KEY.public_key())
FILES = {"pfx": pfx_file(KEY, LEAF, CA.intermediate), "pem": pem_file(KEY, LEAF, CA.intermediate).encode()}
POLICIES = {
    "pfx": {"secret_props": {"contentType": "application/x-pkcs12"}, "issuer": {"name": "Self"}},
    "pem": {"secret_props": {"contentType": "application/x-pem-file"}, "issuer": {"name": "Self"}},
}
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
edits = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "insert", "swap"]), st.integers(0, 10_000), st.integers(0, 255)),
    min_size=1, max_size=3,
)  # fmt: skip


def mutated(octets, changes):
    found = bytearray(octets)
    for kind, position, value in changes:
        at = position % max(len(found), 1)
        if kind == "set" and found:
            found[at] = value
        elif kind == "cut":
            del found[at : at + value % 8]
        elif kind == "insert":
            found[at:at] = bytes([value])
        elif found:
            found[at], found[value % len(found)] = found[value % len(found)], found[at]
    return bytes(found)


@pytest.fixture(scope="module")
def shared():
    with Vault(clock=SimulatedClock("2026-06-02T09:00Z")) as vault:
        yield vault


@pytest.fixture(autouse=True)
def no_warnings():
    """`cryptography` warns of serial numbers that are not positive; they are read all the same."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def use(vault, name):
    """Do with a certificate that was taken whatever reads it."""
    for call in (
        lambda: vault.get_certificate(name).model_dump_json(),
        lambda: vault.get_secret(name),
        lambda: vault.get_key(name).model_dump_json(),
        lambda: vault.create_certificate(name),
        vault.process_due,
        lambda: vault.backup_certificate(name),
    ):
        try:
            call()
        except VaultError as refusal:
            assert refusal.status in (400, 403, 404, 409)
    vault.delete_certificate(name)
    vault.purge_deleted_certificate(name)


@FUZZ
@given(changes=edits)
def test_a_mutated_certificate_is_merged_or_refused(shared, changes):
    pending = shared.create_certificate("web", ec_policy(issuer="Unknown"))
    try:
        shared.merge_certificate("web", mutated(CA.leaf_of_request(pending.csr), changes))
    except VaultError as refusal:
        assert refusal.status == 400
        assert shared.get_certificate_operation("web").status == "inProgress"
    use(shared, "web")


@FUZZ
@given(changes=edits, kind=st.sampled_from(sorted(FILES)))
def test_a_mutated_file_is_imported_or_refused(shared, changes, kind):
    try:
        shared.import_certificate("file", mutated(FILES[kind], changes), policy=POLICIES[kind])
    except VaultError as refusal:
        assert refusal.status == 400
        return
    use(shared, "file")


@FUZZ
@given(changes=edits)
def test_a_mutated_certificate_in_a_sound_pem_is_imported_or_refused(shared, changes):
    body = base64.encodebytes(mutated(self_signed(KEY), changes)).decode()
    text = pem_file(KEY) + f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    try:
        shared.import_certificate("file", text, policy=POLICIES["pem"])
    except VaultError as refusal:
        assert refusal.status == 400
        return
    use(shared, "file")
