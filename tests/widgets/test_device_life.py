"""The moves of a device certificate's life, without a browser: what its status allows, and what AWS says of the rest."""

import asyncio
import json

import pytest

import kvlab
from kvlab import Iot
from kvlab.errors import CertificateStateException, DeleteConflictException, ResourceNotFoundException
from tests.iot.make import POLICY


@pytest.fixture
def iot(vault):
    return Iot(vault)


@pytest.fixture
def made(iot):
    return iot.create_keys_and_certificate(set_as_active=True)


def status(iot, made):
    return iot.describe_certificate(made.certificate_id).certificate_description.status


def possible(form):
    return {key for key, off in form.legal().items() if off is None}


def test_from_active_to_gone(iot, made):
    form = kvlab.device_life(iot, made.certificate_id)
    assert possible(form) == {"deactivate", "revoke"}
    assert form.legal()["activate"] == "It is ACTIVE already."
    assert "must be deactivated" in form.legal()["delete"].message

    assert form.do("deactivate") is None
    assert (status(iot, made), possible(form)) == ("INACTIVE", {"activate", "revoke", "delete"})
    form.do("activate")
    form.do("revoke")
    assert (status(iot, made), form.status, possible(form)) == ("REVOKED", ("bad", "REVOKED"), {"delete"})
    assert isinstance(form.legal()["activate"], CertificateStateException)

    form.do("delete")
    assert possible(form) == set()
    assert all(isinstance(off, ResourceNotFoundException) for off in form.legal().values())


def test_the_next_move_is_not_offered_before_it_is_taken(iot, made):
    """Else a click between the event of a move and its end was offered, and not heard."""
    form = kvlab.device_life(iot, made.certificate_id)
    seen = []

    def see(change):
        drawn = {spec["name"]: spec for spec in change.new["fields"]}
        seen.append((change.new["status"]["busy"], drawn["deactivate"]["off"]))

    form.view.observe(see, "view")

    form.press("deactivate")

    assert (True, "It is INACTIVE already.") not in seen
    assert seen[-1] == (False, "It is INACTIVE already.")


def test_what_is_off_is_what_aws_answers_to_one_who_does_it_all_the_same(iot, made):
    form = kvlab.device_life(iot, made.certificate_id)
    foreseen = form.legal()["delete"].message

    [error] = form.do("delete")

    assert (error.message, form.state, status(iot, made)) == (foreseen, "failed", "ACTIVE")
    assert "AWS&#x27;s words" in form.outcome or "AWS's words" in form.outcome


def test_a_certificate_with_a_policy_is_not_deleted(iot, made):
    iot.create_policy("sensors", POLICY)
    iot.attach_policy("sensors", made.certificate_arn)
    form = kvlab.device_life(iot, made.certificate_id.upper())
    form.do("deactivate")

    [error] = form.do("delete")
    assert isinstance(error, DeleteConflictException)
    assert status(iot, made) == "INACTIVE"

    iot.detach_policy("sensors", made.certificate_arn)
    assert form.do("delete") is None


def test_it_follows_whoever_changes_the_certificate(iot, made):
    form = kvlab.device_life(iot, made.certificate_id)

    iot.update_certificate(made.certificate_id, "REVOKED")

    assert possible(form) == {"delete"}
    off = {spec["name"]: spec["off"] for spec in form.view.view["fields"]}
    assert off["activate"]["codes"] == ["406", "CertificateStateException"]


def test_to_look_leaves_no_trace_and_an_unknown_one_has_no_moves(iot, made):
    before = len(iot.events)

    form = kvlab.device_life(iot, "0" * 64)

    assert possible(form) == set()
    assert len(iot.events) == before


def test_clicks_do_not_block_and_those_that_are_off_do_nothing(iot, made):
    async def scenario():
        form = kvlab.device_life(iot, made.certificate_id)
        form.hear({"do": "press", "name": "delete"})
        form.hear({"do": "press", "name": "revoke"})
        form.hear({"do": "press", "name": "deactivate"})
        for message in (None, {"do": "press"}, {"do": "set", "name": "revoke", "value": 1}):
            form.hear(message)
        await form._task
        # What other threads told of it is heard on the loop's next turn.
        await asyncio.sleep(0)
        return form

    form = asyncio.run(scenario())

    assert (status(iot, made), form.state) == ("REVOKED", "done")
    assert form._repr_mimebundle_()[0]["text/html"].startswith("<img ")
    assert "PRIVATE KEY" not in json.dumps(form.view.get_state(), default=str)


def test_the_call_of_the_last_move_is_shown(iot, made):
    form = kvlab.device_life(iot, made.certificate_id)
    form.press("call")
    panel = form.children[1]

    form.do("revoke")

    assert panel.texts["kvlab"] == f'iot.update_certificate(\n    "{made.certificate_id}",\n    "REVOKED",\n)\n'
    assert panel.view["title"] == f"update_certificate {made.certificate_id[:12]}…"
    assert "openssl" not in panel.texts
