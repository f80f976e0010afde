"""The registry as tables."""

import json

import pytest

from kvlab import Iot, tables
from kvlab.tables.device import DEVICE_DTYPES, THING_DTYPES
from tests.iot.make import POLICY, OwnCA, request


@pytest.fixture
def iot(vault):
    return Iot(vault)


def test_a_device_certificate_is_a_row_with_all_that_hangs_on_it(iot):
    factory = OwnCA()
    ca_id = factory.register(iot)
    first = iot.create_certificate_from_csr(request(common_name="lamp"), set_as_active=True)
    second = iot.register_certificate(factory.leaf("heater"))
    iot.create_policy("all", POLICY)
    iot.attach_policy("all", first.certificate_arn)
    iot.create_thing("lamp", "bulb", {"attributes": {"room": "12"}})
    iot.attach_thing_principal("lamp", first.certificate_arn)

    found = tables.devices(iot)

    assert list(found.columns) == list(DEVICE_DTYPES)
    assert found["certificate_id"].tolist() == [first.certificate_id, second.certificate_id]
    assert found["status"].tolist() == ["ACTIVE", "INACTIVE"]
    assert found["subject"].tolist() == ["CN=lamp", "CN=heater"]
    assert found.loc[0, ["policies", "things"]].tolist() == ["all", "lamp"]
    assert found.loc[1, "ca_certificate_id"] == ca_id
    assert str(found["expires"].dtype) == "datetime64[s, UTC]"

    (thing,) = tables.things(iot).to_dict("records")
    assert list(thing) == list(THING_DTYPES)
    assert (thing["thing"], thing["type"], thing["certificates"]) == ("lamp", "bulb", first.certificate_id)
    assert json.loads(thing["attributes"]) == {"room": "12"}


def test_tables_go_on_past_the_first_page(iot):
    for number in range(251):
        iot.create_thing(f"t{number}")

    assert len(tables.things(iot)) == 251


def test_an_empty_registry_has_its_columns(iot):
    assert list(tables.devices(iot).columns) == list(DEVICE_DTYPES)
    assert tables.things(iot).empty
