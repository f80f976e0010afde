"""Tables of what a vault holds and what happened in it."""

import pandas as pd
import pytest

from kvlab import Iot, tables
from kvlab.errors import IotError, VaultError
from kvlab.tables import certificate, event, mail, operation, override, version
from tests.vault.make import MAIL_ONLY, ec_policy, finish, version_of


@pytest.fixture
def full(vault):
    """A vault with a finished, a disabled, an RSA and a pending certificate."""
    finish(vault, "web", ec_policy("CN=web", dns_names=["web.contoso.com"]))
    finish(vault, "off", ec_policy("CN=off"), attributes={"enabled": False})
    props = {"subject": "CN=till", "validity_months": 1}
    finish(vault, "till", {"issuer": {"name": "Self"}, "x509_props": props, "lifetime_actions": MAIL_ONLY})
    vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))
    return vault


@pytest.mark.parametrize(
    ("make", "dtypes"),
    [
        (tables.certificates, certificate.DTYPES), (tables.events, event.DTYPES), (tables.mails, mail.DTYPES),
        (tables.operations, operation.DTYPES),
    ],
    ids=["certificates", "events", "mails", "operations"],
)  # fmt: skip
def test_columns_have_their_types_in_full_and_empty_vaults(make, dtypes, full, seeded_vault):
    for vault in (full, seeded_vault):
        assert dtypes == {name: str(dtype) for name, dtype in make(vault).dtypes.items()}
    for name in dtypes:
        assert f"``{name}``" in make.__doc__


def test_a_row_a_name_with_its_newest_version(full):
    table = tables.certificates(full).set_index("name")

    web = table.loc["web"]
    assert list(table.index) == ["off", "shop", "till", "web"]
    assert (web["subject"], web["issuer"], bool(web["self_signed"]), bool(web["ca"])) == (
        "CN=web",
        "CN=web",
        True,
        False,
    )
    assert (web["key_type"], web["key_size"], web["san"]) == ("EC", 256, "dNSName: web.contoso.com")
    assert (table.loc["till", "key_type"], table.loc["till", "key_size"]) == ("RSA", 2048)
    assert web["version"] == full.get_certificate("web").id.rsplit("/", 1)[1]


def test_status_follows_clock_and_attributes(full):
    before = tables.certificates(full).set_index("name")["status"].to_dict()
    full.clock.advance(days=32)
    after = tables.certificates(full).set_index("name")

    assert before == {"off": "disabled", "shop": "pending", "till": "valid", "web": "valid"}
    assert after.loc["till", "status"] == "expired"
    assert after.loc["till", "days_left"] < 0
    assert pd.isna(after.loc["shop", "days_left"])


def test_events_are_the_log(full):
    with pytest.raises(VaultError):
        full.create_certificate("web2", {"x509_props": {"subject": "O=a, b"}})

    table = tables.events(full)

    assert list(range(1, len(table) + 1)) == list(table["seq"])
    assert table.iloc[-1]["kind"] == "refused"
    assert {1, 2} == set(tables.events(full, name="SHOP")["step"].dropna())


def test_operations_are_polled_once(full):
    table = tables.operations(full).set_index("name")

    assert table["status"].to_dict() == {
        "off": "completed", "shop": "inProgress", "till": "completed", "web": "completed",
    }  # fmt: skip
    assert table.loc["shop", "issuer"] == "Unknown"
    assert table.loc["shop", "begun"] == pd.Timestamp(full.clock.now())


def test_a_principal_without_permission_gets_the_vaults_refusal(full):
    with pytest.raises(VaultError, match="certificates list"):
        tables.certificates(full.as_principal("nobody"))


def test_versions_stand_in_order_with_their_key_and_who_began_them(vault):
    finish(vault, policy=ec_policy(reuse_key=True))
    vault.clock.advance(days=300)
    finish(vault, policy={"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=a"}})
    operation = vault.create_certificate("web", ec_policy("CN=a", issuer="Unknown", crv="P-384"))
    vault.merge_certificate("web", vault.practice_ca().sign(operation))
    first = version_of(vault.get_certificate_versions("web")[0])
    vault.update_certificate("web", first, attributes={"enabled": False})

    table = tables.versions(vault, "WEB")

    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == version.DTYPES
    assert all(f"``{name}``" in tables.versions.__doc__ for name in version.DTYPES)
    assert list(table["number"]) == [1, 2, 3, 4]
    assert list(table["key"]) == ["EC P-256", "EC P-256", "RSA 2048", "EC P-384"]
    assert list(table["made_by"]) == ["owner", "vault", "owner", "owner"]
    assert list(table["current"]) == [False, False, False, True]
    assert table["public_key"].nunique() == 3
    assert table["public_key"][0] == table["public_key"][1]
    assert list(table.loc[table["version"] == first, "enabled"]) == [False]
    assert len(tables.versions(vault, "nobody")) == 0


def test_versions_of_a_restored_certificate_stand_in_order_without_a_log(vault, clock):
    finish(vault)
    clock.advance(days=1)
    finish(vault)
    blob, ids = vault.backup_certificate("web"), list(tables.versions(vault, "web")["version"])
    vault.delete_certificate("web")
    vault.purge_deleted_certificate("web")
    vault.restore_certificate(blob)

    assert list(tables.versions(vault, "web")["version"]) == ids


def test_mails_are_those_of_the_outbox(vault):
    vault.set_certificate_contacts([{"email": "ops@contoso.com"}])
    finish(vault)
    vault.clock.advance(days=300)

    table = tables.mails(vault)

    assert list(table["news"]) == ["renewing", "renewed"]
    assert list(table["to"].unique()) == ["ops@contoso.com"]
    assert list(table["subject"]) == [mail.subject for mail in vault.outbox]


def test_overrides_are_what_a_known_issuer_decided(vault):
    vault.set_certificate_issuer(
        "ca", provider="DigiCert", credentials={"account_id": "1", "pwd": "k"}, org_details={"id": "7"}
    )
    finish(vault)
    vault.create_certificate("shop", ec_policy("CN=shop.contoso.com", issuer="ca", dns_names=["shop.contoso.com"]))
    vault.process_due()

    table = tables.overrides(vault, "shop").set_index("field")

    assert list(override.DTYPES) == ["field", *table.columns]
    assert (table.loc["validity", "asked"], table.loc["validity", "issued"]) == ("12 months", "199 days")
    assert pd.isna(table.loc["validity", "requested"])
    assert "BR" in table.loc["validity", "why"]
    assert len(tables.overrides(vault, "web")) == 0


def test_events_of_aws_iot_are_told_from_those_of_the_vault(full):
    iot = Iot(full)
    made = iot.create_keys_and_certificate()
    iot.update_certificate(made.certificate_id, "ACTIVE")
    full.update_certificate("web", tags={"team": "web"})
    with pytest.raises(IotError):
        iot.describe_certificate("0" * 64)

    table = tables.events(full).tail(4)

    assert list(table["kind"]) == ["create_keys_and_certificate", "update_certificate", "update_certificate", "refused"]
    assert list(table["service"]) == ["AWS IoT", "AWS IoT", "vault", "AWS IoT"]
