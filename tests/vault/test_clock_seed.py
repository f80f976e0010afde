"""Simulated time is stored with the vault; a seed makes equal calls give equal bytes, in any process."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from cryptography import x509

from kvlab import CertificatePolicy, SimulatedClock, Vault
from kvlab.errors import InvalidProperty, OpenRefused
from tests.vault.make import ec_policy, finish, opened_pfx, parsed, version_of

AFTER = datetime(2026, 3, 15, tzinfo=UTC)


def test_simulated_alone_starts_after_the_fifteenth_of_march_2026():
    with Vault(clock="simulated") as one, Vault(clock="simulated") as two:
        assert one.clock.now() == two.clock.now() > AFTER


def test_time_is_stored_and_goes_on_where_it_stood(tmp_path):
    file = tmp_path / "a.db"
    with Vault.open(file, clock=SimulatedClock("2026-09-01T09:00Z")) as vault:
        vault.clock.advance(days=3, seconds=5)
    for again in (None, "simulated", SimulatedClock("2020-01-01T00:00Z")):
        with Vault.open(file, clock=again) as vault:
            assert vault.clock.kind == "simulated"
            assert vault.clock.now() == datetime(2026, 9, 4, 9, 0, 5, tzinfo=UTC)


def test_what_fell_due_while_the_vault_was_closed_is_done_when_time_moves(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as vault:
        vault.create_certificate("web", ec_policy())
    with Vault.open(tmp_path / "a.db") as vault:
        assert vault.get_certificate_operation("web").status == "inProgress"
        vault.clock.advance(0)
        assert vault.get_certificate_operation("web").status == "completed"


@pytest.mark.parametrize(("first", "second"), [("simulated", "system"), ("system", "simulated")])
def test_another_kind_of_clock_is_refused(tmp_path, first, second):
    Vault.open(tmp_path / "a.db", clock=first).close()

    with pytest.raises(OpenRefused, match=f"made with a {first} clock, not a {second} one"):
        Vault.open(tmp_path / "a.db", clock=second)
    Vault.open(tmp_path / "a.db").close()


def test_a_clock_goes_forward_only():
    clock = SimulatedClock("2026-09-01T09:00")
    assert clock.now() == datetime(2026, 9, 1, 9, tzinfo=UTC)
    for wrong in (-1, -0.1):
        with pytest.raises(ValueError, match="back"):
            clock.advance(wrong)
    with pytest.raises(ValueError, match="9999"):
        clock.advance(days=4_000_000)
    for wrong in ("text", None, True, float("nan"), float("inf"), [1]):
        with pytest.raises(ValueError, match=r"advance takes a number of seconds, minutes=, .*; seconds is"):
            clock.advance(wrong)
    with pytest.raises(ValueError, match="days is '1'"):
        clock.advance(days="1")
    assert clock.now() == datetime(2026, 9, 1, 9, tzinfo=UTC)
    with pytest.raises(ValueError, match="instant"):
        SimulatedClock("yesterday")
    with pytest.raises(InvalidProperty, match="clock"):
        Vault(clock="fast")


def test_two_vaults_may_share_a_clock(clock):
    with Vault(clock=clock) as one, Vault("two", clock=clock) as two:
        for vault in (one, two):
            vault.create_certificate("web", ec_policy())
        clock.advance(1)
        assert [vault.get_certificate_operation("web").status for vault in (one, two)] == ["completed"] * 2


def test_the_delay_of_self_can_be_set(clock):
    with Vault(clock=clock, self_delay_seconds=10) as vault:
        vault.create_certificate("web", ec_policy())
        clock.advance(9)
        assert vault.get_certificate_operation("web").status == "inProgress"
        clock.advance(60)
        created = vault.get_certificate("web").attributes.created
        assert created == int(clock.now().timestamp()) - 59


def test_on_a_system_clock_the_first_poll_finds_self_done():
    with Vault() as vault:
        operation = vault.create_certificate("web", ec_policy())
        assert operation.status == "inProgress"
        assert vault.get_certificate_operation("web").status == "completed"


STORY = """
import json, sys
from kvlab import CertificatePolicy, Vault
def story(seed):
    with Vault(clock="simulated", seed=seed) as vault:
        told = []
        for kty in ("RSA", "EC"):
            told.append(vault.create_certificate(kty, CertificatePolicy.self_signed("CN=a", kty=kty)).model_dump_json())
            vault.clock.advance(1)
            told.append(vault.get_certificate(kty).model_dump_json())
            told.append(vault.get_key(kty).model_dump_json())
        operation = vault.create_certificate("manual", CertificatePolicy.manual("CN=b", kty="EC", crv="P-521"))
        told.append(vault.merge_certificate("manual", vault.practice_ca().sign(operation)).model_dump_json())
        told.append(vault.get_secret("EC").value[:0] + vault.set_secret("s", "x").id)
        told.append(vault.sign("EC", "ES256", bytes(32)).model_dump_json())
        told.append(vault.create_key("k", "EC").model_dump_json())
        told += [json.dumps(event.to_json()) for event in vault.events]
        return told
"""


def test_same_seed_clock_and_calls_give_the_same_bytes_in_two_processes():
    run = [sys.executable, "-c", STORY + "print(json.dumps(story(sys.argv[1])))"]
    running = [subprocess.Popen([*run, f"lesson {number}"], stdout=subprocess.PIPE) for number in (1, 1)]
    outside = [json.loads(process.communicate(timeout=60)[0]) for process in running]

    assert outside[0] == outside[1]


def test_a_draw_does_not_shift_with_what_happens_to_other_names(clock):
    def web(*before):
        with Vault(clock=clock, seed=1) as vault:
            for name in before:
                finish(vault, name)
            return finish(vault)

    assert web().cer == web("a", "b").cer
    assert version_of(web()) == version_of(web("a"))


def test_an_int_and_its_text_are_one_seed_and_other_seeds_and_vaults_differ(clock):
    made = []
    for name, seed in (("one", 7), ("one", "7"), ("two", 7), ("one", 8)):
        with Vault(name, clock=clock, seed=seed) as vault:
            made.append(finish(vault).cer)
    assert made[0] == made[1]
    assert len(set(made)) == 3


def test_two_versions_of_one_name_differ_and_go_on_after_reopening(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated", seed=1) as vault:
        first = finish(vault)
    with Vault.open(tmp_path / "a.db") as vault:
        assert vault.seeded
        second = finish(vault)
    with Vault.open(tmp_path / "b.db", clock="simulated", seed=1) as vault:
        whole = [finish(vault), finish(vault)]
    assert [b.cer for b in (first, second)] == [b.cer for b in whole]
    assert first.cer != second.cer


def test_seed_refusals(tmp_path):
    with Vault.open(tmp_path / "seeded.db", clock="simulated", seed=1):
        pass
    with Vault.open(tmp_path / "random.db", clock="simulated") as vault:
        finish(vault)
    with pytest.raises(OpenRefused, match="another seed"):
        Vault.open(tmp_path / "seeded.db", seed=2)
    with pytest.raises(OpenRefused, match="random"):
        Vault.open(tmp_path / "random.db", seed=1)
    with Vault.open(tmp_path / "random.db") as vault:
        assert not vault.seeded


def test_a_seed_is_refused_on_a_database_in_which_another_vault_has_random_keys(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as vault:
        finish(vault)

    with pytest.raises(OpenRefused):
        Vault.open(tmp_path / "a.db", name="two", clock="simulated", seed=1)


def test_an_empty_seed_is_the_same_seed_after_reopening(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated", seed="") as vault:
        first = [finish(vault), finish(vault)]
    made = []
    for _ in range(2):
        with Vault.open(tmp_path / "b.db", clock="simulated", seed="" if not made else None) as vault:
            made.append(finish(vault))
    assert [bundle.cer for bundle in made] == [bundle.cer for bundle in first]


def test_the_mark_of_a_seed_survives_backup_and_restore_in_an_unseeded_vault(tmp_path):
    with Vault.open(tmp_path / "a.db", name="seeded", clock="simulated", seed=1) as vault:
        finish(vault)
        blob = vault.backup_certificate("web")
    with Vault.open(tmp_path / "a.db", name="random", clock="simulated") as vault:
        assert not vault.seeded
        vault.restore_certificate(blob)
        with vault._core.store.read() as connection:
            marks = connection.exec_driver_sql("SELECT seeded FROM key WHERE vault_id = 2").scalars().all()
    assert marks == [1]


def test_a_seeded_vault_says_so(seeded_vault):
    seeded_vault.create_certificate("web", ec_policy())

    assert "seeded: its keys are not secret" in repr(seeded_vault)
    assert "a lesson" not in repr(seeded_vault) + repr(seeded_vault._core.entropy)
    assert next(iter(seeded_vault.events)).detail["seeded"] is True


def test_seeded_keys_are_sound(seeded_vault):
    seeded_vault.create_certificate("rsa", CertificatePolicy.self_signed("CN=a"))
    for crv in ("P-256", "P-384", "P-521", "P-256K"):
        seeded_vault.create_certificate(crv, ec_policy(crv=crv))
    seeded_vault.process_due()

    for name in ("rsa", "P-256", "P-384", "P-521", "P-256K"):
        certificate = parsed(seeded_vault.get_certificate(name))
        certificate.verify_directly_issued_by(certificate)
        key = opened_pfx(seeded_vault.get_secret(name))[0]
        assert key.public_key() == certificate.public_key()
    assert isinstance(x509.load_der_x509_certificate(seeded_vault.get_certificate("rsa").cer).serial_number, int)
    values = [seeded_vault.get_secret("P-256").value for _ in range(2)]
    assert values[0] == values[1]


def test_two_handles_on_one_file_never_turn_its_clock_back(tmp_path):
    file = tmp_path / "a.db"
    with Vault.open(file, clock="simulated") as one, Vault.open(file) as two:
        one.clock.advance(days=5)
        two.clock.advance(1)
        furthest = one.clock.now()

    with Vault.open(file) as vault:
        assert vault.clock.now() == furthest


def test_two_handles_on_one_seeded_file_go_on_after_each_others_draws(tmp_path):
    file = tmp_path / "a.db"
    with Vault.open(file, clock="simulated", seed=1) as one, Vault.open(file) as two:
        first = finish(one)
        second = finish(two)

        assert version_of(first) != version_of(second)
        assert len(one.get_certificate_versions("web")) == 2


def test_past_the_year_9999_a_certificate_has_no_defined_end(tmp_path):
    with Vault(clock=SimulatedClock("9995-01-01T00:00Z")) as vault:
        bundle = finish(vault, policy=ec_policy(validity_months=120))

    # RFC 5280 section 4.1.2.5: 99991231235959Z says that there is no well-defined expiration date.
    assert parsed(bundle).not_valid_after_utc == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
