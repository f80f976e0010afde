"""Tables of what a vault holds and what happened in it."""

import pandas as pd
import pytest

from kvlab import tables
from kvlab.errors import VaultError
from kvlab.tables import certificate, event, operation
from tests.vault.make import ec_policy, finish


@pytest.fixture
def full(vault):
    """A vault with a finished, a disabled, an RSA and a pending certificate."""
    finish(vault, "web", ec_policy("CN=web", dns_names=["web.contoso.com"]))
    finish(vault, "off", ec_policy("CN=off"), attributes={"enabled": False})
    finish(vault, "till", {"issuer": {"name": "Self"}, "x509_props": {"subject": "CN=till", "validity_months": 1}})
    vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))
    return vault


@pytest.mark.parametrize(
    ("make", "dtypes"),
    [(tables.certificates, certificate.DTYPES), (tables.events, event.DTYPES), (tables.operations, operation.DTYPES)],
    ids=["certificates", "events", "operations"],
)
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
