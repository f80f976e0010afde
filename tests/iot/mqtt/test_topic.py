"""Who gets a message: the tree of subscriptions against the definition of the wildcards."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kvlab.iot.mqtt.topic import Tree, filter_problem, topic_problem

# The machine may be busy with other tests.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# fmt: off
MATCHES = [
    ("sensor/#", "sensor/temperature/room1", True),
    ("sensor/#", "sensor/", True),
    ("sensor/#", "sensor", False),            # AWS IoT differs from MQTT here
    ("sensor/+/room1", "sensor/temperature/room1", True),
    ("sensor/+", "sensor/temperature/room1", False),
    ("sensor/+", "sensor/", True),
    ("+/+", "/finance", True),
    ("/+", "/finance", True),
    ("+", "/finance", False),
    ("#", "a/b", True),
    ("#", "$aws/events", False),              # wildcards at the front leave the service's own topics out
    ("+/events", "$aws/events", False),
    ("$aws/#", "$aws/events", True),
    ("a/b", "a/B", False),
]
# fmt: on


@pytest.mark.parametrize(("text", "topic", "fits"), MATCHES)
def test_a_filter_matches_as_the_developer_guide_says(text, topic, fits):
    tree = Tree()
    tree.add(text, "lamp", 1)

    assert tree.match(topic) == ({"lamp": 1} if fits else {})


def fits(text, topic):
    """The definition, level by level."""
    wanted, levels = text.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, level in enumerate(wanted):
        if level == "#":
            return len(levels) > place
        if place >= len(levels) or level not in ("+", levels[place]):
            return False
    return len(wanted) == len(levels)


levels = st.sampled_from(["a", "b", "", "$x"])
topics = st.lists(levels, min_size=1, max_size=5).map("/".join).filter(bool)
filters = (
    st.lists(levels | st.just("+"), min_size=1, max_size=4)
    .flatmap(lambda found: st.sampled_from([found, [*found, "#"]]))
    .map("/".join)
    .filter(lambda text: filter_problem(text) is None)
)


@PATIENT
@given(st.lists(st.tuples(filters, st.integers(0, 3), st.integers(0, 1)), max_size=12), st.data(), topics)
def test_the_tree_finds_whom_the_definition_finds(subscriptions, data, topic):
    tree, kept = Tree(), {}
    for text, who, qos in subscriptions:
        tree.add(text, who, qos)
        kept[text, who] = qos
    for text, who in data.draw(st.lists(st.sampled_from(list(kept)), unique=True) if kept else st.just([])):
        tree.remove(text, who)
        del kept[text, who]

    wanted = {}
    for (text, who), qos in kept.items():
        if fits(text, topic):
            wanted[who] = max(qos, wanted.get(who, 0))
    assert tree.match(topic) == wanted


@PATIENT
@given(st.lists(filters, max_size=8))
def test_a_tree_that_nobody_uses_holds_nothing(texts):
    tree = Tree()
    for text in texts:
        tree.add(text, "lamp", 0)
    for text in texts:
        tree.remove(text, "lamp")

    assert not tree._root.further


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "x" * 257, "a/b/c/d/e/f/g/h/i"])
def test_what_is_no_topic_is_told(topic):
    assert topic_problem(topic)


def test_seven_slashes_are_allowed():
    assert topic_problem("a/b/c/d/e/f/g/h") is None
