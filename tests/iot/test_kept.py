"""What is kept of the registry, and how: across restarts, on PostgreSQL, repeatably from a seed, and nothing secret."""

import threading

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

import kvlab
from kvlab import Iot, IotError, SimulatedClock, Vault, VaultError
from kvlab.iot.access import AccessKeys
from kvlab.render.error import error_html, error_lines
from tests.iot.make import POLICY, OwnCA, ec_key, request, status_of


def test_the_registry_outlives_the_process(tmp_path):
    path = tmp_path / "vault.db"
    with Vault.open(path, clock=SimulatedClock("2026-06-01T09:00Z")) as vault:
        iot = Iot(vault)
        made = iot.create_certificate_from_csr(request(), set_as_active=True)
        chain = iot.ca_chain_pem
        iot.create_policy("p", POLICY)
        iot.attach_policy("p", made.certificate_arn)
        AccessKeys(vault).define("123456789012", access_key_id="AKIATEST", secret_access_key="hush")

    with Vault.open(path) as vault:
        iot = Iot(vault)
        assert iot.ca_chain_pem == chain
        assert status_of(iot, made.certificate_id) == "ACTIVE"
        assert [policy.policy_name for policy in iot.list_attached_policies(made.certificate_arn).policies] == ["p"]
        assert AccessKeys(vault).caller("AKIATEST") == ("123456789012", "hush")
        assert "hush" not in repr(AccessKeys(vault).caller("AKIATEST"))


@pytest.mark.parity("iot-key")
def test_no_private_key_and_no_secret_is_in_the_file_or_in_an_event(tmp_path):
    path = tmp_path / "vault.db"
    with Vault.open(path) as vault:
        iot = Iot(vault)
        made = iot.create_keys_and_certificate(set_as_active=True)
        AccessKeys(vault).define("123456789012", access_key_id="AKIATEST", secret_access_key="hush, do not tell")
        events = repr(list(vault.events))
    numbers = load_pem_private_key(made.key_pair.private_key.encode(), None).private_numbers()

    octets = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert made.certificate_id.encode() in octets
    for secret in (numbers.p, numbers.q, numbers.d):
        assert secret.to_bytes((secret.bit_length() + 7) // 8, "big") not in octets
    assert b"hush, do not tell" not in octets
    assert "PRIVATE" not in events + repr(made)
    assert "hush" not in events


def test_a_seed_repeats_every_byte():
    key = ec_key()

    def lesson():
        with Vault("lab", clock=SimulatedClock("2026-06-01T09:00Z"), seed=1) as vault:
            iot = Iot(vault)
            made = iot.create_keys_and_certificate(set_as_active=True)
            text = request(key) if not csr else csr[0]
            csr.append(text)
            second = iot.create_certificate_from_csr(text)
            iot.create_thing("sensor")
            iot.get_registration_code()
            return (made.model_dump_json(), second.model_dump_json(), iot.ca_chain_pem, list(vault.events),
                    iot.describe_thing("sensor"), iot.describe_certificate(made.certificate_id))  # fmt: skip

    csr = []
    assert lesson() == lesson()


def test_on_postgresql_two_servers_share_the_registry(postgres):
    url = postgres.new_database()
    ca = OwnCA(days=36500)
    with Vault.open(url, passphrase="p") as first, Vault.open(url, passphrase="p") as second:
        one, two = Iot(first), Iot(second)
        made = one.create_certificate_from_csr(request(), set_as_active=True)
        ca.register(one)
        two.register_certificate(ca.leaf(), status="REVOKED")
        two.create_policy("p", POLICY)
        one.attach_policy("p", made.certificate_arn)
        one.create_thing("t", attribute_payload={"attributes": {"a": "b"}})
        two.attach_thing_principal("t", made.certificate_arn)
        two.update_certificate(made.certificate_id, "INACTIVE")

        assert one.ca_chain_pem == two.ca_chain_pem
        assert status_of(one, made.certificate_id) == "INACTIVE"
        assert [row.status for row in one.list_certificates().certificates] == ["REVOKED", "INACTIVE"]
        assert one.list_principal_things(made.certificate_arn).things == ["t"]
        other = two.as_account("210987654321")
        one.detach_policy("p", made.certificate_arn)
        one.detach_thing_principal("t", made.certificate_arn)
        one.transfer_certificate(made.certificate_id, "210987654321")
        other.accept_certificate_transfer(made.certificate_id)
        assert [row.certificate_id for row in other.list_certificates().certificates] == [made.certificate_id]


@pytest.mark.parametrize("threads", [8])
def test_of_many_threads_that_register_one_certificate_one_wins(iot, threads):
    ca = OwnCA()
    ca.register(iot)
    leaf, outcomes = ca.leaf(), []

    def register():
        try:
            iot.register_certificate(leaf)
            outcomes.append("registered")
        except Exception as error:  # noqa: BLE001
            outcomes.append(getattr(error, "code", repr(error)))

    started = [threading.Thread(target=register) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()

    assert sorted(outcomes) == ["ResourceAlreadyExistsException"] * (threads - 1) + ["registered"]


def test_the_registry_is_the_owners(vault):
    with pytest.raises(VaultError, match="owner"):
        Iot(vault.as_principal("alice"))


def test_a_refusal_is_shown_in_awss_words_and_no_call_of_the_vault_is_made_of_it(iot):
    made = iot.create_certificate_from_csr(request(), set_as_active=True)
    with pytest.raises(IotError) as refused:
        iot.delete_certificate(made.certificate_id)

    assert "in AWS&#x27;s words" in error_html(refused.value) or "in AWS's words" in error_html(refused.value)
    assert error_lines(refused.value)[0].endswith("406 CertificateStateException")
    for event in iot.events.since(len(iot.events) - 2):
        with pytest.raises(ValueError, match="is of AWS IoT"):
            kvlab.calls(event)


def test_after_2049_nothing_is_signed(vault):
    iot = Iot(vault)
    vault.clock.advance(days=24 * 366)

    with pytest.raises(IotError) as refused:
        iot.create_certificate_from_csr(request())

    assert refused.value.code == "ServiceUnavailableException"
