"""What AWS IoT's policies allow: the developer guide's examples, the grammar, and the refusals."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvlab.errors import MalformedPolicyException
from kvlab.iot.decision import RESOURCE_KINDS, decide, resource_arn
from kvlab.iot.document import read_document
from kvlab.iot.pattern import matcher

ARN = "arn:aws:iot:us-east-1:123456789012:"
LAMP = {
    "iot:ClientId": ("lamp",),
    "iot:Connection.Thing.ThingName": ("lamp",),
    "iot:Connection.Thing.ThingTypeName": ("bulb",),
    "iot:Connection.Thing.Attributes[room]": ("kitchen",),
    "iot:Connection.Thing.IsAttached": ("true",),
    "iot:Certificate.Subject.CommonName": ("lamp.contoso.com",),
    "iot:Certificate.Subject.Organization": ("Contoso",),
    "iot:Certificate.Subject.Organization.1": ("Fabrikam",),
    "iot:Certificate.Subject.Organization.List": ("Contoso", "Fabrikam"),
    "aws:SourceIp": ("127.0.0.1",),
}


def document(*statements, version="2012-10-17"):
    return json.dumps({"Version": version, "Statement": list(statements)})


def rule(effect="Allow", action="iot:Publish", resource="*", **condition):
    found = {"Effect": effect, "Action": action, "Resource": resource}
    return found | ({"Condition": condition["condition"]} if condition else {})


def decided(*statements, action="iot:Publish", name="lamp", context=LAMP):
    arn = resource_arn(action, name, region="us-east-1", account="123456789012")
    return decide({"p": read_document(document(*statements))}, action, arn, context)


# fmt: off
MATCHES = [
    ("*", "iot:Publish", "a/b", True),
    (f"{ARN}topic/a/b", "iot:Publish", "a/b", True),
    (f"{ARN}topic/a/b", "iot:Publish", "a/B", False),
    (f"{ARN}topic/a/*", "iot:Publish", "a/b/c", True),
    (f"{ARN}topic/a/?", "iot:Publish", "a/b", True),
    (f"{ARN}topic/a/?", "iot:Publish", "a/bc", False),
    (f"{ARN}topic/a/*/z", "iot:Publish", "a/b/c/z", True),
    (f"{ARN}topic/a/+", "iot:Publish", "a/b", False),          # MQTT's wildcards are plain text in a policy
    (f"{ARN}topic/a/#", "iot:Publish", "a/b", False),
    (f"{ARN}topicfilter/a/b", "iot:Publish", "a/b", False),    # a topic is no topic filter
    (f"{ARN}topicfilter/a/+", "iot:Subscribe", "a/+", True),
    (f"{ARN}topicfilter/a/b", "iot:Subscribe", "a/+", False),
    (f"{ARN}topicfilter/a/*", "iot:Subscribe", "a/#", True),
    (f"{ARN}topic/a/b", "iot:Receive", "a/b", True),
    (f"{ARN}topic/a/b", "iot:RetainPublish", "a/b", True),
    (f"{ARN}client/lamp", "iot:Connect", "lamp", True),
    (f"{ARN}client/lamp", "iot:Connect", "lamp2", False),
    ("arn:aws:iot:eu-west-1:123456789012:topic/a", "iot:Publish", "a", False),   # another region
    ("arn:aws:iot:us-east-1:999999999999:topic/a", "iot:Publish", "a", False),   # another account
    ("arn:aws:iot:*:*:topic/a", "iot:Publish", "a", True),
    (f"{ARN}client/${{iot:ClientId}}", "iot:Connect", "lamp", True),
    (f"{ARN}client/${{iot:Connection.Thing.ThingName}}", "iot:Connect", "lamp", True),
    (f"{ARN}client/${{iot:Connection.Thing.ThingName}}", "iot:Connect", "heater", False),
    (f"{ARN}topic/${{iot:Connection.Thing.ThingTypeName}}/*", "iot:Publish", "bulb/1", True),
    (f"{ARN}topic/${{iot:Connection.Thing.Attributes[room]}}", "iot:Publish", "kitchen", True),
    (f"{ARN}topic/${{iot:Connection.Thing.Attributes[floor]}}", "iot:Publish", "", False),
    (f"{ARN}topic/${{iot:Certificate.Subject.CommonName}}", "iot:Publish", "lamp.contoso.com", True),
    (f"{ARN}topic/${{iot:Certificate.Subject.CommonName}}", "iot:Publish", "lampXcontoso.com", False),
    (f"{ARN}topic/${{iot:Certificate.Subject.Organization.1}}", "iot:Publish", "Fabrikam", True),
    (f"{ARN}topic/${{iot:Certificate.Subject.Organization.2}}", "iot:Publish", "Fabrikam", False),
    (f"{ARN}topic/a${{*}}b", "iot:Publish", "a*b", True),
    (f"{ARN}topic/a${{*}}b", "iot:Publish", "a-b", False),
    (f"{ARN}topic/${{$}}{{x}}", "iot:Publish", "${x}", True),
]
# fmt: on


@pytest.mark.parity("iot-policy-decision")
@pytest.mark.parametrize(("resource", "action", "name", "fits"), MATCHES)
def test_a_resource_is_matched_as_the_guide_says(resource, action, name, fits):
    found = decided(rule(action=action, resource=resource), action=action, name=name)

    assert found.allowed is fits
    assert found.reason == ("allowed" if fits else "implicitDeny")


@pytest.mark.parametrize(
    ("action", "fits"),
    [
        *[("*", True), ("iot:*", True), ("iot:Pub*", True), ("IOT:publish", True), ("iot:P?blish", True)],
        *[("iot:Subscribe", False), ("iot:RetainPublish", False), ("greengrass:*", False)],
    ],
)
def test_an_action_is_matched_in_any_case(action, fits):
    assert decided(rule(action=action)).allowed is fits


@pytest.mark.parity("iot-policy-decision")
def test_a_deny_wins_over_every_allow_of_every_policy():
    policies = {
        "all": read_document(document(rule(action="*"))),
        "not here": read_document(document(rule("Deny", resource=f"{ARN}topic/secret/*"))),
    }
    secret, public = f"{ARN}topic/secret/x", f"{ARN}topic/public"

    assert decide(policies, "iot:Publish", secret, LAMP) == (False, "explicitDeny", ("not here",))
    assert decide(policies, "iot:Publish", public, LAMP) == (True, "allowed", ("all",))


def test_a_rule_may_be_about_all_but_what_it_names():
    but_secret = {"Effect": "Allow", "NotAction": "iot:Subscribe", "NotResource": f"{ARN}topic/${{iot:ClientId}}/*"}

    assert decided(but_secret, name="public").allowed
    assert not decided(but_secret, name="lamp/secret").allowed
    assert not decided(but_secret, action="iot:Subscribe", name="public").allowed
    assert not decided(but_secret, name="public", context={}).allowed


@pytest.mark.parity("iot-policy-decision")
def test_no_policy_allows_nothing():
    assert decide({}, "iot:Connect", f"{ARN}client/lamp", LAMP) == (False, "implicitDeny", ())


def test_a_deny_whose_variable_has_no_value_denies_nothing():
    deny = rule("Deny", resource=f"{ARN}topic/${{iot:Connection.Thing.ThingName}}")

    assert decided(rule(), deny).reason == "explicitDeny"
    assert decided(rule(), deny, context={}).allowed


def test_a_client_id_that_looks_like_a_wildcard_stays_text():
    only_own = rule(action="iot:Subscribe", resource=f"{ARN}topicfilter/${{iot:ClientId}}/x")
    context = {"iot:ClientId": ("*",)}

    assert not decided(only_own, action="iot:Subscribe", name="lamp/x", context=context).allowed
    assert decided(only_own, action="iot:Subscribe", name="*/x", context=context).allowed


@pytest.mark.parametrize("value", ["*.contoso.com", "l?mp", "x" * 1025], ids=["star", "question mark", "too long"])
def test_a_certificate_attribute_with_a_wildcard_is_not_put_in(value):
    own = rule(resource=f"{ARN}topic/${{iot:Certificate.Subject.CommonName}}")

    assert not decided(own, name=value, context={"iot:Certificate.Subject.CommonName": (value,)}).allowed


def test_the_older_language_has_no_variables():
    text = document(rule(action="iot:Connect", resource=f"{ARN}client/${{iot:ClientId}}"), version="2008-10-17")

    assert not decide({"p": read_document(text)}, "iot:Connect", f"{ARN}client/lamp", LAMP).allowed


# fmt: off
CONDITIONS = [
    ({"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}, True),
    ({"Bool": {"iot:Connection.Thing.IsAttached": True}}, True),
    ({"Bool": {"iot:Connection.Thing.IsAttached": "false"}}, False),
    ({"StringEquals": {"iot:Connection.Thing.ThingTypeName": ["heater", "bulb"]}}, True),
    ({"StringEquals": {"iot:Connection.Thing.ThingTypeName": "Bulb"}}, False),
    ({"StringEqualsIgnoreCase": {"iot:Connection.Thing.ThingTypeName": "Bulb"}}, True),
    ({"StringNotEquals": {"iot:Connection.Thing.ThingTypeName": ["heater", "bulb"]}}, False),
    ({"StringNotEquals": {"iot:Connection.Thing.ThingTypeName": "heater"}}, True),
    ({"StringLike": {"iot:Certificate.Subject.CommonName": "*.contoso.com"}}, True),
    ({"StringNotLike": {"iot:Certificate.Subject.CommonName": "*.contoso.com"}}, False),
    ({"StringEquals": {"iot:ClientId": "${iot:Connection.Thing.ThingName}"}}, True),
    ({"StringEquals": {"iot:ClientId": "${iot:Connection.Thing.Attributes[floor]}"}}, False),
    ({"StringEquals": {"no:such": "x"}}, False),
    ({"StringNotEquals": {"no:such": "x"}}, True),
    ({"StringEqualsIfExists": {"no:such": "x"}}, True),
    ({"Null": {"no:such": "true"}}, True),
    ({"Null": {"iot:ClientId": "true"}}, False),
    ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}}, False),
    ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, True),
    ({"IpAddress": {"aws:SourceIp": "nonsense"}}, False),
    ({"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": ["Contoso", "Fabrikam"]}}, True),
    ({"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": ["Contoso"]}}, False),
    ({"ForAnyValue:StringEquals": {"iot:Certificate.Subject.Organization.List": ["Contoso"]}}, True),
    ({"ForAnyValue:StringEquals": {"no:such": ["Contoso"]}}, False),
    ({"ForAllValues:StringEquals": {"no:such": ["Contoso"]}}, True),
    ({"Bool": {"iot:Connection.Thing.IsAttached": "true"}, "StringEquals": {"iot:ClientId": "heater"}}, False),
]
# fmt: on


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS, ids=[json.dumps(c) for c, _ in CONDITIONS])
def test_a_condition_has_to_hold(condition, holds):
    assert decided(rule(condition=condition)).allowed is holds


PERSISTENT, WILL = "PersistentConnect", "LastWill"


@pytest.mark.parametrize(
    ("operator", "listed", "fitting"),
    [
        ("ForAllValues:StringEquals", [PERSISTENT], [(), (PERSISTENT,)]),
        ("ForAllValues:StringNotEquals", [PERSISTENT], [(), (WILL,)]),
        ("ForAllValues:StringEquals", [PERSISTENT, WILL], [(), (PERSISTENT,), (WILL,), (PERSISTENT, WILL)]),
        ("ForAllValues:StringEquals", [], [()]),
        ("ForAnyValue:StringEquals", [PERSISTENT], [(PERSISTENT,), (PERSISTENT, WILL)]),
    ],
)
def test_connect_attributes_are_admitted_as_the_guide_shows(operator, listed, fitting):
    """https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html"""
    guarded = rule(action="iot:Connect", condition={operator: {"iot:ConnectAttributes": listed}})
    asked = [(), (PERSISTENT,), (WILL,), (PERSISTENT, WILL)]

    admitted = [
        has
        for has in asked
        if decided(guarded, action="iot:Connect", context=LAMP | {"iot:ConnectAttributes": has}).allowed
    ]

    assert admitted == fitting


def test_a_last_will_is_compared_as_an_arn():
    condition = {"ArnEquals": {"iot:LastWillTopic": f"{ARN}topic/*/will"}}
    guarded = rule(action="iot:Connect", condition=condition)

    for topic, fits in (("lamp/will", True), ("lamp/else", False)):
        context = LAMP | {"iot:LastWillTopic": (f"{ARN}topic/{topic}",)}
        assert decided(guarded, action="iot:Connect", context=context).allowed is fits


GOOD = rule()
SYNTAX = "Policy document is Malformed: Invalid policy syntax."
# fmt: off
REFUSED = [
    ("file.json", "Policy document is Malformed", "no JSON"),
    ("{", "Policy document is Malformed", "no JSON"),
    ("[" * 2000, "Policy document is Malformed", "no JSON"),
    ("", None, "1 to 2048"),
    (document(rule(resource=f"{ARN}topic/{'x' * 2048}")), None, "1 to 2048"),
    ("[]", SYNTAX, "The document is []"),
    ("null", SYNTAX, "JSON object"),
    ("{}", SYNTAX, "no Statement"),
    (document(), SYNTAX, "Statement is empty"),
    (document(GOOD, version="2020-01-01"), SYNTAX, "Version is"),
    (json.dumps({"Statement": [GOOD], "Extra": 1}), SYNTAX, '"Extra"'),
    (json.dumps({"Statement": [GOOD], "Id": 1}), SYNTAX, "Id is text"),
    (document("x"), SYNTAX, 'Statement 1 is "x"'),
    (document(GOOD, rule(effect="Alow")), SYNTAX, "Statement 2: Effect"),
    (document(rule(effect="allow")), SYNTAX, "Effect"),
    (document({"Effect": "Allow", "Action": "*"}), SYNTAX, "no Resource"),
    (document({"Effect": "Allow", "Resource": "*"}), SYNTAX, "no Action"),
    (document({"Action": "*", "Resource": "*"}), SYNTAX, "no Effect"),
    (document(GOOD | {"Principal": "*"}), SYNTAX, '"Principal"'),
    (document(GOOD | {"Sid": 1}), SYNTAX, "Sid"),
    (document(GOOD | {"NotAction": "*"}), SYNTAX, "both Action and NotAction"),
    (document(rule(action="Publish")), SYNTAX, "no action"),
    (document(rule(action=[])), SYNTAX, "Action is []"),
    (document(rule(action=[1])), SYNTAX, "Action is [1]"),
    (document(rule(resource=[])), SYNTAX, "Resource is []"),
    (document(rule(resource="lamp")), "Policy document is Malformed: The following resources are invalid : lamp", "ARN"),
    (document(rule(resource="\\")), "Policy document is Malformed: The following resources are invalid : \\", "ARN"),
    (document(rule(resource="arn:aws:iot:topic/x")), None, "ARN"),
    (document(rule(condition={"StringEqual": {"a:b": "c"}})), SYNTAX, "no condition operator"),
    (document(rule(condition={"ForMost:StringEquals": {"a:b": "c"}})), SYNTAX, "no condition operator"),
    (document(rule(condition={"Bool": "x"})), SYNTAX, "JSON object"),
    (document(rule(condition={"Bool": {"a:b": {}}})), SYNTAX, "list of texts"),
    (document(rule(condition=[])), SYNTAX, "JSON object"),
    ('{"Statement": [{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}]}', SYNTAX, "twice"),
]
# fmt: on


@pytest.mark.parity("iot-policy-grammar")
@pytest.mark.parametrize(("text", "message", "hint"), REFUSED, ids=[text[:70] or "empty" for text, _, _ in REFUSED])
def test_what_is_no_policy_is_refused_and_told_why(text, message, hint):
    with pytest.raises(MalformedPolicyException) as refused:
        read_document(text)

    assert refused.value.message.startswith("Policy document is Malformed")
    assert message is None or refused.value.message == message
    assert hint in refused.value.hint


def test_white_space_does_not_count():
    assert read_document(document(GOOD) + " " * 5000)


def test_one_statement_may_stand_without_a_list():
    assert read_document(json.dumps({"Version": "2012-10-17", "Statement": GOOD}))[0].effect == "Allow"


def test_no_pattern_takes_for_ever():
    text = document(rule(resource=f"{ARN}topic/{'*a' * 900}*b"))
    statements = {"p": read_document(text)}
    began = time.perf_counter()

    assert not decide(statements, "iot:Publish", f"{ARN}topic/{'a' * 65_000}", {}).allowed
    assert time.perf_counter() - began < 5


# The machine may be busy with other tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
nearly_statements = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(["Allow", "Deny"]) | json_values,
        "Action": st.sampled_from(["*", "iot:Publish"]) | json_values,
        "Resource": st.sampled_from(["*", f"{ARN}topic/${{iot:ClientId}}"]) | json_values,
        "Condition": st.dictionaries(
            st.sampled_from(["Bool", "Null", "DateEquals", "IpAddress"]), json_values, max_size=2
        )
        | json_values,
    },
)


@PATIENT
@given(st.fixed_dictionaries({"Statement": st.lists(nearly_statements, max_size=2) | json_values}))
def test_a_document_is_read_or_refused_and_what_is_read_decides(found):
    try:
        statements = read_document(json.dumps(found))
    except MalformedPolicyException:
        return
    for action in RESOURCE_KINDS:
        decide({"p": statements}, action, resource_arn(action, "x", region="r", account="1"), LAMP)


def like(pattern, text):
    """The definition of `*` and `?`, one character at a time."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(like(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and like(pattern[1:], text[1:])


@PATIENT
@given(st.text("ab/*?.\n", max_size=8), st.text("ab/.\n", max_size=10))
def test_wildcards_mean_what_they_are_defined_to_mean(pattern, text):
    assert matcher(pattern, {}).fits(text) is like(pattern, text)


@PATIENT
@given(st.text(max_size=20))
def test_what_comes_in_for_a_variable_matches_itself_only(value):
    found = matcher("a/${iot:ClientId}", {"iot:ClientId": (value,)})

    assert found.fits(f"a/{value}")
    assert not found.fits(f"a/{value}x")
