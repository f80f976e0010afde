"""The tables are those of AWS's own service description, as botocore has it."""

import botocore.session
import pytest
from botocore import xform_name
from pydantic import BaseModel

from kvlab import Iot, errors
from kvlab.errors import IotError
from kvlab.iot import member
from kvlab.iot.member import Count, Flag, Part, Row, Text
from kvlab.wire import iot, iot_policy, iot_thing
from kvlab.wire.iot import Answer
from kvlab.wire.iot_route import ROUTES, argument

MODEL = botocore.session.get_session().get_service_model("iot")
NAMES = {xform_name(name): name for name in MODEL.operation_names}
KINDS = {"boolean": Flag, "integer": Count, "long": Count, "structure": Part, "map": Part, "list": Row, "string": Text}
BY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)


def described(route):
    return MODEL.operation_model(NAMES[route.operation])


def members(route):
    shape = described(route).input_shape
    return {} if shape is None else {xform_name(name): value for name, value in shape.members.items()}


@BY_ROUTE
def test_method_path_and_where_each_member_stands(route):
    model = described(route)
    places = {}
    for name, value in (model.input_shape.members if model.input_shape else {}).items():
        there = value.serialization
        places.setdefault(there.get("location", "body"), {})[there.get("name", name)] = xform_name(name)

    assert route.method == model.http["method"]
    parts = model.http["requestUri"].strip("/").split("/")
    assert len(route.path) == len(parts)
    assert [part for part in route.path if part[0] != "{"] == [part for part in parts if part[0] != "{"]
    assert route.query == places.get("querystring", {})
    assert route.header == places.get("header", {})
    assert route.body == places.get("body", {})
    in_path = {argument(part[1:-1]) for part in route.path if part[0] == "{"}
    assert in_path == set(places.get("uri", {}).values())


@BY_ROUTE
def test_members_have_the_ranges_of_the_model(route):
    for name, value in members(route).items():
        shape = member.shape_of(route.operation, name)
        limits = value.metadata
        assert isinstance(shape, KINDS[value.type_name]), name
        if isinstance(shape, Text):
            assert shape.words == tuple(limits.get("enum", ())), name
            assert shape.least == limits.get("min", 0), name
            if "max" in limits:
                assert shape.most == limits["max"], name
            if "pattern" in limits and limits["pattern"] != "[\\s\\S]*":
                assert shape.pattern == limits["pattern"], name
        if isinstance(shape, (Count, Row)) and "max" in limits:
            assert (shape.least, shape.most) == (limits["min"], limits["max"]), name


@BY_ROUTE
def test_methods_take_the_members_and_require_the_required(route):
    import inspect

    parameters = inspect.signature(getattr(Iot, route.operation)).parameters
    found = {name: each.default is inspect.Parameter.empty for name, each in parameters.items() if name != "self"}
    shape = described(route).input_shape
    required = {xform_name(name) for name in (shape.required_members if shape else ())}

    assert found == {name: name in required for name in members(route)}


def test_every_operation_of_the_registry_has_a_route():
    operations = {name for name in NAMES if hasattr(Iot, name)}

    assert operations == {route.operation for route in ROUTES}


@pytest.mark.parametrize(
    "kind", [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, IotError)]
)
def test_refusals_have_the_names_and_statuses_of_the_model(kind):
    if kind is IotError:
        return
    assert kind.code == kind.__name__
    if kind.code in MODEL.shape_names:
        assert kind.status == MODEL.shape_for(kind.code).metadata["error"]["httpStatusCode"]


def answers():
    for route in ROUTES:
        shape = described(route).output_shape
        returned = getattr(Iot, route.operation).__annotations__["return"]
        yield pytest.param(shape, returned, id=route.operation)


@pytest.mark.parametrize(("shape", "returned"), list(answers()))
def test_answers_have_members_of_the_model_only(shape, returned):
    if returned == "None":
        assert shape is None or not shape.members
        return
    fits(next(vars(module)[returned] for module in (iot, iot_policy, iot_thing) if returned in vars(module)), shape)


def fits(answer: type[Answer], shape):
    for name, field in answer.model_fields.items():
        wire = field.alias or name
        assert wire in shape.members, wire
        inner = shape.members[wire]
        kind = next(
            (each for each in parts(field.annotation) if isinstance(each, type) and issubclass(each, BaseModel)), None
        )
        if kind is not None:
            fits(kind, inner.member if inner.type_name == "list" else inner)


def parts(annotation):
    import typing

    arguments = typing.get_args(annotation)
    return [annotation] if not arguments else [part for each in arguments for part in parts(each)]
