"""AutoRenew, EmailContacts and expiry through time: each at its own instant, found by index, done once."""

import itertools
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kvlab import CertificatePolicy, SimulatedClock, Vault
from kvlab.errors import CertificateNotFound, KeyExpired, SecretExpired
from tests.vault.make import (
    DAY,
    MAIL_ONLY,
    ec_key,
    ec_policy,
    finish,
    parsed,
    pem_file,
    self_signed,
    spki,
    version_of,
)


def renew_after(percent):
    return [{"trigger": {"lifetime_percentage": percent}, "action": {"action_type": "AutoRenew"}}]


def renew_before(days):
    return [{"trigger": {"days_before_expiry": days}, "action": {"action_type": "AutoRenew"}}]


def mail_before(*days):
    return [{"trigger": {"days_before_expiry": day}, "action": {"action_type": "EmailContacts"}} for day in days]


def versions(vault, name="web"):
    """Version ids, the oldest first."""
    found = vault.get_certificate_versions(name)
    return [version_of(item) for item in sorted(found, key=lambda item: item.attributes.created)]


def actions(vault, name="web"):
    """(outcome or action, instant) of every lifetime action of a certificate."""
    return [
        (event.detail.get("outcome", event.detail["action"]), event.time)
        for event in vault.events
        if event.kind == "lifetime_action" and event.object == f"certificates/{name}"
    ]


def outcomes(vault, name="web"):
    return [outcome for outcome, _ in actions(vault, name)]


def waiting(vault, name="web"):
    """(renew_at, notice_at, expire_at) as they are stored, in epoch seconds."""
    query = "SELECT renew_at, notice_at, expire_at FROM certificate WHERE name = ?"
    with vault._core.store.read() as connection:
        return tuple(connection.exec_driver_sql(query, (name,)).one())


# -- when


@pytest.mark.parity("renewal", "renewal-instant")
@pytest.mark.parametrize(
    ("lifetime_actions", "expected"),
    [
        (renew_after(80), "2027-03-20 08:58:00"),
        (renew_after(1), "2026-06-05 00:26:06"),
        (renew_after(99), "2027-05-28 17:23:54"),
        (renew_before(30), "2027-05-02 09:00:00"),
        (renew_before(324), "2026-07-12 09:00:00"),
        (None, "2027-03-20 08:58:00"),
    ],
    ids=["80 %", "1 %", "99 %", "30 days", "324 days", "the default, 80 %"],
)
def test_a_self_signed_certificate_is_renewed_at_its_trigger(vault, lifetime_actions, expected):
    instant = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    first = finish(vault, policy=ec_policy(lifetime_actions=lifetime_actions))

    vault.clock.advance((instant - vault.clock.now()).total_seconds() - 1)
    assert versions(vault) == [version_of(first)]
    vault.clock.advance(1)

    renewed = vault.get_certificate("web")
    assert actions(vault) == [("begun", instant), ("renewed", instant)]
    assert renewed.attributes.created == instant.timestamp()
    assert parsed(renewed).not_valid_before_utc == instant - timedelta(minutes=10)
    assert parsed(renewed).not_valid_after_utc == instant.replace(year=instant.year + 1)
    assert renewed.cer != first.cer


def test_each_event_of_a_renewal_is_the_vaults_and_carries_its_instant(vault):
    finish(vault)
    seen = len(vault.events)

    vault.clock.advance(days=300)

    fresh = vault.events.since(seen)
    assert [event.kind for event in fresh] == [
        "lifetime_action", "create_certificate", "transition", "transition", "lifetime_action",
    ]  # fmt: skip
    assert {event.actor for event in fresh} == {"vault"}
    assert {event.time for event in fresh} == {datetime(2027, 3, 20, 8, 58, tzinfo=UTC)}
    assert [event.step for event in fresh] == [None, 1, None, None, None]


def test_a_renewed_certificate_is_renewed_again_within_one_advance(vault):
    finish(vault, policy=ec_policy(validity_months=1, lifetime_actions=renew_after(50)))

    vault.clock.advance(days=60)

    created = [vault.get_certificate("web", version).attributes.created for version in versions(vault)]
    gaps = {later - earlier for earlier, later in itertools.pairwise(created)}
    assert len(created) == 4
    assert all(14.9 * DAY.total_seconds() <= gap <= 15.6 * DAY.total_seconds() for gap in gaps)


def test_a_year_of_fifty_certificates_in_one_step_of_the_clock(clock):
    """Every event stands in order, at its own instant; RSA and EC, percentages, days and mails mixed."""
    with Vault(clock=clock, seed=50) as vault:
        vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
        for number in range(50):
            kind = number % 10
            policy = CertificatePolicy.self_signed(
                f"CN=host{number}.contoso.com",
                kty="RSA" if number in (7, 17) else "EC",
                validity_months=1 + number % 12,
                lifetime_actions=MAIL_ONLY if kind == 3 else renew_before(20 + number % 7) if kind == 4 else None,
            )
            vault.create_certificate(f"c{number}", policy)
            clock.advance(hours=number)
        start = clock.now()
        seen = len(vault.events)
        clock.advance(days=365)
        fresh = vault.events.since(seen)
        current = {number: vault.get_certificate(f"c{number}") for number in range(50)}

    times = [event.time for event in fresh]
    assert times == sorted(times)
    assert start < times[0] < times[-1] < clock.now()
    assert len(set(times)) > 100
    begun = sum(event.detail.get("outcome") == "begun" for event in fresh)
    assert begun == sum(event.detail.get("outcome") == "renewed" for event in fresh) > 100
    for number, bundle in current.items():
        expired = bundle.attributes.exp <= clock.now().timestamp()
        assert expired == (number % 10 == 3), number
        parsed(bundle).verify_directly_issued_by(parsed(bundle))


# -- what the new version is


@pytest.mark.parity("renewal")
def test_tags_and_the_whole_policy_go_over_to_the_new_version(vault):
    policy = ec_policy(dns_names=["contoso.com"], crv="P-384", content_type="application/x-pem-file")
    finish(vault, policy=policy, tags={"team": "web", "tier": "1"})
    vault.update_certificate("web", tags={"team": "shop"})

    vault.clock.advance(days=300)

    renewed = vault.get_certificate("web")
    assert renewed.tags == vault.get_key("web").tags == vault.get_secret("web").tags == {"team": "shop"}
    assert renewed.attributes.enabled
    assert parsed(renewed).public_key().curve.name == "secp384r1"
    assert vault.get_secret("web").content_type == "application/x-pem-file"


@pytest.mark.parity("reuse-key")
@pytest.mark.parametrize("kty", ["EC", "RSA"])
@pytest.mark.parametrize("reuse", [True, False], ids=["reuse_key", "new key"])
def test_the_key_pair_is_kept_only_if_the_policy_says_so(vault, kty, reuse):
    first = finish(vault, policy=CertificatePolicy.self_signed("CN=a", kty=kty, reuse_key=reuse))

    vault.clock.advance(days=300)

    second = vault.get_certificate("web")
    assert (spki(parsed(first).public_key()) == spki(parsed(second).public_key())) is reuse
    kids = {vault.get_key("web", version).key.kid for version in versions(vault)}
    assert len(kids) == 2, "a key version of its own, even of the same key"
    numbers = [parsed(bundle).serial_number for bundle in (first, second)]
    assert numbers[0] != numbers[1]
    value = vault.sign("web", "ES256" if kty == "EC" else "RS256", bytes(32)).value
    assert value


@pytest.mark.parity("renewal-current-stays")
def test_while_a_renewal_is_pending_the_current_version_stays(clock):
    with Vault(clock=clock, self_delay_seconds=3600) as vault:
        vault.create_certificate("web", ec_policy())
        clock.advance(hours=1)
        first = vault.get_certificate("web")
        clock.advance((datetime(2027, 3, 20, 10, 58, tzinfo=UTC) - clock.now()).total_seconds() - 1)

        operation = vault.get_certificate_operation("web")
        assert operation.status == "inProgress"
        assert operation.csr
        assert version_of(vault.get_certificate("web")) == version_of(first)
        assert vault.get_secret("web").value
        clock.advance(1)
        assert vault.get_certificate_operation("web").status == "completed"
        assert version_of(vault.get_certificate("web")) != version_of(first)
        begun, renewed = (time for _, time in actions(vault))
        assert renewed - begun == timedelta(hours=1), "the delay counts from the instant of the renewal"


def test_a_renewal_counts_from_the_newest_version_however_that_came_about(vault):
    finish(vault)
    vault.clock.advance(days=200)
    finish(vault)
    vault.clock.advance(days=200)

    assert len(versions(vault)) == 2
    vault.clock.advance(days=100)
    assert len(versions(vault)) == 3


# -- what changes the instant


@pytest.mark.parity("renewal-patch")
def test_a_new_trigger_counts_at_once_for_the_current_version(vault):
    finish(vault)
    vault.clock.advance(days=100)

    vault.update_certificate_policy("web", {"lifetime_actions": renew_after(20)})
    assert versions(vault).__len__() == 1, "on a simulated clock nothing happens before it is moved"
    vault.process_due()

    assert actions(vault)[0] == ("begun", vault.clock.now())
    vault.update_certificate_policy("web", {"lifetime_actions": MAIL_ONLY})
    vault.clock.advance(days=900)
    assert len(versions(vault)) == 2


def test_a_policy_given_to_create_or_to_update_certificate_moves_the_trigger_too(vault):
    finish(vault)
    soon = waiting(vault)[0]

    vault.update_certificate("web", policy={"lifetime_actions": renew_before(10)})
    later = waiting(vault)[0]
    vault.create_certificate("web", ec_policy(lifetime_actions=renew_before(20)))

    assert soon < waiting(vault)[0] < later


@pytest.mark.parity("renewal-disabled")
def test_a_disabled_certificate_is_not_renewed_until_it_is_enabled_again(vault):
    finish(vault)
    vault.update_certificate("web", attributes={"enabled": False})
    assert waiting(vault)[0] is None

    vault.clock.advance(days=320)
    assert len(versions(vault)) == 1
    vault.update_certificate("web", attributes={"enabled": True})
    vault.process_due()

    assert len(versions(vault)) == 2
    assert vault.get_certificate("web").attributes.enabled


def test_disabling_an_old_version_changes_nothing(vault):
    first = version_of(finish(vault))
    finish(vault)
    before = waiting(vault)

    vault.update_certificate("web", first, attributes={"enabled": False})

    assert waiting(vault) == before


def test_a_deleted_certificate_waits_for_nothing_and_a_recovered_one_again(vault):
    finish(vault)
    before = waiting(vault)
    vault.delete_certificate("web")
    assert waiting(vault) == (None, None, None)

    vault.clock.advance(days=30)
    vault.recover_deleted_certificate("web")

    assert waiting(vault) == before


@pytest.mark.parity("renewal-disabled")
def test_a_certificate_deleted_over_its_trigger_is_renewed_once_recovered(clock):
    with Vault(clock=clock) as vault:
        finish(vault)
        clock.advance(days=280)
        vault.delete_certificate("web")
        clock.advance(days=60)
        assert not actions(vault)
        vault.recover_deleted_certificate("web")
        vault.process_due()
        assert actions(vault) == [("begun", clock.now()), ("renewed", clock.now())]


def test_a_restored_certificate_is_renewed_when_the_old_one_would_have_been(clock):
    with Vault(clock=clock) as vault:
        finish(vault, tags={"a": "b"})
        before = waiting(vault)
        blob = vault.backup_certificate("web")
        vault.delete_certificate("web")
        vault.purge_deleted_certificate("web")
        vault.restore_certificate(blob)

        assert waiting(vault) == before
        clock.advance(days=300)
        assert len(versions(vault)) == 2
        assert vault.get_certificate("web").tags == {"a": "b"}


def test_an_imported_certificate_follows_the_policy_it_came_with(vault):
    key = ec_key()
    pem = pem_file(key, self_signed(key, days=100))
    vault.import_certificate("mine", pem, policy={"issuer": {"name": "Self"}})
    vault.import_certificate("theirs", pem)

    vault.clock.advance(days=81)

    assert len(versions(vault, "mine")) == 2
    assert len(versions(vault, "theirs")) == 1
    assert outcomes(vault, "theirs") == ["EmailContacts"]


def test_a_merged_certificate_waits_by_its_own_dates_not_by_the_policys(vault):
    operation = vault.create_certificate("web", CertificatePolicy.manual("CN=a", kty="EC", lifetime_actions=MAIL_ONLY))
    vault.merge_certificate("web", vault.practice_ca().sign(operation, months=2))

    vault.clock.advance(days=48)
    assert not outcomes(vault)
    vault.clock.advance(days=1)

    assert outcomes(vault) == ["EmailContacts"]


# -- what can not be now


@pytest.mark.parity("renewal-early")
def test_a_trigger_before_its_own_version_does_not_loop(vault):
    """A policy of 12 months may ask for 324 days before expiry, and an imported certificate live 100."""
    key = ec_key()
    vault.import_certificate("web", pem_file(key, self_signed(key, days=100)), policy={"issuer": {"name": "Self"}})
    vault.update_certificate_policy(
        "web", {"x509_props": {"validity_months": 12}, "lifetime_actions": renew_before(324)}
    )

    vault.process_due()
    assert not actions(vault)
    vault.clock.advance(days=1)

    assert outcomes(vault) == ["begun", "renewed"]
    vault.process_due()
    assert len(versions(vault)) == 2


@pytest.mark.parity("renewal-in-progress")
def test_a_renewal_waits_for_an_operation_that_is_in_progress(vault):
    finish(vault)
    vault.create_certificate("web", CertificatePolicy.manual("CN=other", kty="EC"))
    vault.update_certificate_policy("web", {"issuer": {"name": "Self"}, "lifetime_actions": renew_after(80)})
    trigger = datetime(2027, 3, 20, 8, 58, tzinfo=UTC)

    vault.clock.advance(days=295)

    assert actions(vault) == [("put off", trigger + n * DAY) for n in range(len(actions(vault)))]
    assert len(actions(vault)) == 4
    event = [event for event in vault.events if event.kind == "lifetime_action"][-1]
    assert event.detail["retry_at"] == (event.time + DAY).timestamp()
    assert "inProgress" in event.detail["reason"]
    vault.delete_certificate_operation("web")
    vault.clock.advance(days=1)
    assert outcomes(vault)[-2:] == ["begun", "renewed"]


@pytest.mark.parity("renewal-failed")
def test_a_renewal_that_is_refused_is_tried_again_ever_more_slowly(vault):
    """The issuer object was deleted: every attempt is refused, recorded and told, and none loops."""
    vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
    vault.set_certificate_issuer("mine", provider="Test")
    finish(vault)
    vault.update_certificate_policy("web", {"issuer": {"name": "mine"}})
    vault.delete_certificate_issuer("mine")

    vault.clock.advance(days=340)

    failed = [event for event in vault.events if event.kind == "lifetime_action"]
    assert [event.detail["outcome"] for event in failed] == ["failed"] * len(failed)
    gaps = [(later.time - earlier.time).days for earlier, later in itertools.pairwise(failed)]
    assert gaps == [1, 2, 4, 8, 8, 8, 8, 8, 8][: len(gaps)]
    assert len(gaps) >= 5
    assert all("mine" in event.detail["reason"] for event in failed)
    assert [mail.news for mail in vault.outbox] == ["not renewed"] * len(failed)
    assert "tries again on" in " ".join(vault.outbox[0].body.split())
    vault.update_certificate_policy("web", {"issuer": {"name": "Self"}})
    vault.process_due()
    assert outcomes(vault)[-2:] == ["begun", "renewed"], "a better policy is tried at once"


@pytest.mark.parity("renewal-failed")
def test_a_cancelled_renewal_is_told_and_tried_again(clock):
    with Vault(clock=clock, self_delay_seconds=7200) as vault:
        vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
        vault.create_certificate("web", ec_policy())
        clock.advance(days=291)
        clock.advance((datetime(2027, 3, 20, 11, tzinfo=UTC) - clock.now()).total_seconds())
        assert outcomes(vault) == ["begun"]
        vault.update_certificate_operation("web")
        clock.advance(1)
        assert outcomes(vault) == ["begun", "cancelled"]
        clock.advance(days=2)
        assert outcomes(vault) == ["begun", "cancelled", "begun", "renewed"]
        assert [mail.news for mail in vault.outbox] == ["renewing", "not renewed", "renewed"]


def test_two_handles_on_one_file_renew_once(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated") as one:
        finish(one)
        with Vault.open(tmp_path / "a.db") as two:
            one.clock.advance(days=300)
            two.clock.advance(days=300)
            assert outcomes(one) == ["begun", "renewed"]
            assert len(versions(two)) == 2


def test_what_fell_due_while_the_vault_was_closed_is_renewed_at_the_instant_it_was_due(tmp_path):
    with Vault.open(tmp_path / "a.db", clock="simulated", seed=1) as vault:
        finish(vault)
        with vault._core.store.write() as connection:
            connection.exec_driver_sql("UPDATE vault SET clock_instant = clock_instant + 300 * 86400")
    with Vault.open(tmp_path / "a.db") as vault:
        assert len(versions(vault)) == 1
        vault.clock.advance(0)
        assert actions(vault)[0][1] == datetime(2027, 3, 20, 8, 58, tzinfo=UTC)


def test_on_a_system_clock_what_is_due_is_renewed_by_itself():
    with Vault() as vault:
        finish(vault)
        vault.update_certificate_policy("web", {"lifetime_actions": renew_after(99)})
        with vault._core.turn("test") as turn:
            turn.connection.exec_driver_sql("UPDATE certificate SET renew_at = ?", (turn.seconds,))
        vault.get_certificate("web")
        assert len(versions(vault)) == 2


def test_a_seeded_year_repeats_byte_for_byte(clock):
    def year():
        with Vault(clock=SimulatedClock("2026-06-01T09:00Z"), seed="a year") as vault:
            vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
            finish(vault)
            vault.clock.advance(days=365)
            return (
                vault.get_certificate("web").model_dump_json(),
                [event.to_json() for event in vault.events],
                list(vault.outbox),
            )

    assert year() == year()


# -- its end


@pytest.mark.parity("expiry-event", "inoperable")
def test_an_unrenewed_certificate_expires_with_its_key_and_secret_at_its_last_second(vault):
    bundle = finish(vault, policy=ec_policy(validity_months=1, lifetime_actions=MAIL_ONLY))
    end = parsed(bundle).not_valid_after_utc

    vault.clock.advance((end - vault.clock.now()).total_seconds() - 1)
    assert vault.sign("web", "ES256", bytes(32)).value
    assert vault.get_secret("web").value
    vault.clock.advance(1)

    with pytest.raises(KeyExpired):
        vault.sign("web", "ES256", bytes(32))
    with pytest.raises(SecretExpired):
        vault.get_secret("web")
    (event,) = [event for event in vault.events if event.kind == "expired"]
    assert (event.time, event.actor, event.object, event.version) == (
        end, "vault", "certificates/web", version_of(bundle),
    )  # fmt: skip
    vault.clock.advance(days=1000)
    assert sum(event.kind == "expired" for event in vault.events) == 1
    assert waiting(vault) == (None, None, None)


@pytest.mark.parity("inoperable")
def test_as_recorded_an_expired_certificate_still_decrypts_and_gives_its_secret(clock):
    with Vault(clock=clock, inoperable="recorded") as vault:
        finish(vault, policy=ec_policy(validity_months=1, lifetime_actions=MAIL_ONLY))
        clock.advance(days=40)
        with pytest.raises(KeyExpired):
            vault.sign("web", "ES256", bytes(32))
        assert vault.verify("web", "ES256", bytes(32), bytes(64)).value is False
        assert vault.get_secret("web").value


def test_a_renewed_certificate_never_expires_and_its_old_versions_do(vault):
    first = version_of(finish(vault, policy=ec_policy(validity_months=1)))

    vault.clock.advance(days=365)

    assert not [event for event in vault.events if event.kind == "expired"]
    assert vault.sign("web", "ES256", bytes(32)).value
    with pytest.raises(KeyExpired):
        vault.sign("web", "ES256", bytes(32), version=first)


def test_a_deleted_certificate_expires_unnoticed_and_is_gone_after_its_retention(clock):
    with Vault(clock=clock, retention_days=7) as vault:
        finish(vault, policy=ec_policy(validity_months=1, lifetime_actions=MAIL_ONLY))
        clock.advance(days=28)
        vault.delete_certificate("web")
        clock.advance(days=10)
        assert [event.kind for event in vault.events][-2:] == ["delete_certificate", "purge"]
        with pytest.raises(CertificateNotFound):
            vault.get_certificate("web")


def test_idle_certificates_are_not_looked_at(clock):
    """The list of due work names its indexes; a table scan would look at every certificate."""
    with Vault(clock=clock) as vault:
        finish(vault)
        with vault._core.store.read() as connection:
            from kvlab.store import due

            for statement in (due._DUE, due._NEXT_DUE):
                compiled = statement._for(connection, {"vault_id": 1, "now": 2})
                plan = connection.exec_driver_sql(
                    "EXPLAIN QUERY PLAN " + compiled.sql,
                    tuple(compiled.arguments({"vault_id": 1, "now": 2, **compiled.constants})),
                ).all()
                touched = [row[3] for row in plan if row[3].startswith(("SCAN", "SEARCH"))]
                tables = [line for line in touched if any(t in line for t in ("certificate", "pending", "item"))]
                assert len(tables) == 6
                assert all("USING" in line and "INDEX" in line for line in tables), tables


def test_public_keys_of_versions_are_the_keys_of_their_certificates(vault):
    finish(vault)
    vault.clock.advance(days=300)
    for version in versions(vault):
        certificate = parsed(vault.get_certificate("web", version))
        jwk = vault.get_key("web", version).key
        point = certificate.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert point == b"\x04" + jwk.x + jwk.y


def test_on_a_system_clock_the_worker_finishes_a_renewal_that_takes_its_time():
    with Vault(self_delay_seconds=0.2) as vault:
        vault.create_certificate("web", ec_policy())
        wait_for(lambda: len(made(vault)) == 1)
        with vault._core.turn("test") as turn:
            turn.connection.exec_driver_sql("UPDATE certificate SET renew_at = ?", (turn.seconds,))
            turn.due.append(turn.seconds)
        wait_for(lambda: len(made(vault)) == 2)
        assert outcomes(vault) == ["begun", "renewed"]


def made(vault):
    """How many versions there are, without a call that would do the due work itself."""
    with vault._core.store.read() as connection:
        return connection.exec_driver_sql("SELECT version FROM version").all()


def wait_for(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
