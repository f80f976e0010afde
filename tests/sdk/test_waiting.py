"""Pollers and time: in process the transport's sleep moves a simulated clock, over HTTPS somebody has to post to it."""

import threading
import time

import pytest

import kvlab
from kvlab import SimulatedClock, Vault
from tests.sdk.policy import ec_policy
from tests.sdk.way import over_https
from tests.server.served import serving


@pytest.fixture(scope="module")
def simulated():
    """The clients of a server whose clock stands, and the server."""
    with serving("--clock", "simulated") as server, over_https(server) as way:
        yield way, server


@pytest.mark.parametrize("seconds", [0, 7, 86_400])
def test_in_process_a_simulated_clock_moves_to_the_instant_that_is_due_and_nobody_waits(seconds):
    with Vault(clock=SimulatedClock("2026-06-01T09:00Z"), self_delay_seconds=seconds) as vault:
        began, start = time.monotonic(), vault.clock.now()

        made = kvlab.sdk(vault).certificates.begin_create_certificate("web", ec_policy()).result()

        assert made.properties.created_on.timestamp() == start.timestamp() + seconds
        assert vault.clock.now().timestamp() - start.timestamp() == max(seconds, 5)
        assert time.monotonic() - began < 5


def test_in_process_on_a_system_clock_a_poller_really_waits():
    with Vault(self_delay_seconds=0.6) as vault:
        poller = kvlab.sdk(vault).certificates.begin_create_certificate("web", ec_policy(), _polling_interval=0.1)
        poller.wait(0.2)

        assert (poller.done(), poller.status()) == (False, "inprogress")
        assert poller.result().name == "web"


@pytest.mark.parity("update_certificate_operation", "cancel", "sdk-create")
def test_a_cancelled_operation_is_what_its_poller_ends_with():
    with Vault(self_delay_seconds=600) as vault:
        client = kvlab.sdk(vault).certificates
        poller = client.begin_create_certificate("web", ec_policy(), _polling_interval=0.05)

        assert client.cancel_certificate_operation("web").cancellation_requested

        operation = poller.result()
        assert (operation.status, operation.cancellation_requested) == ("cancelled", True)
        assert client.get_certificate_operation("web").status == "cancelled"
        assert client.delete_certificate_operation("web").status == "cancelled"


def test_over_https_a_poller_waits_until_somebody_posts_to_the_clock(simulated):
    way, server = simulated
    poller = way.certificates.begin_create_certificate("patient", ec_policy(), _polling_interval=0.05)
    poller.wait(0.4)
    assert (poller.done(), poller.status()) == (False, "inprogress")
    before = server.call("GET", "/kvlab/clock").json["now"]

    other = threading.Timer(0.3, server.call, ("POST", "/kvlab/clock", {"advance": 3600}))
    other.start()

    assert poller.result(timeout=20).name == "patient"
    other.join()
    assert server.call("GET", "/kvlab/clock").json["now"] == before + 3600


@pytest.mark.parity("get_certificates")
def test_over_https_nothing_of_a_pending_certificate_shows_before_its_time(simulated):
    way, server = simulated
    poller = way.certificates.begin_create_certificate("hidden", ec_policy(), _polling_interval=0.05)

    def names(**options):
        return {item.name for item in way.certificates.list_properties_of_certificates(**options)}

    assert "hidden" not in names()
    assert "hidden" in names(include_pending=True)
    assert not way.certificates.get_certificate("hidden").properties.enabled
    server.call("POST", "/kvlab/clock", {"advance": 0})
    assert poller.result(timeout=20).properties.enabled
    assert "hidden" in names()


@pytest.mark.parity("update_certificate_operation", "cancel")
def test_over_https_a_cancellation_is_granted_when_the_clock_moves(simulated):
    way, server = simulated
    poller = way.certificates.begin_create_certificate("given-up", ec_policy(), _polling_interval=0.05)

    asked = way.certificates.cancel_certificate_operation("given-up")

    assert (asked.status, asked.cancellation_requested) == ("inProgress", True)
    server.call("POST", "/kvlab/clock", {"advance": 10})
    assert poller.result(timeout=20).status == "cancelled"
