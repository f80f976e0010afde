"""`kvlab serve` as a process: what it prints, its control surface, its places on disk, its end."""

import contextlib
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

from tests.command import kvlab
from tests.server.served import serving
from tests.server.test_wire import EC, created


def test_the_json_line_says_all_a_client_needs(served):
    facts = served.facts

    assert facts["vault_url"].startswith("https://localhost:")
    assert {"ca_bundle", "authority", "tenant_id", "client_id", "client_secret", "pid"} <= facts.keys()
    assert facts["iot_endpoint"].startswith("https://localhost:")
    assert facts["iot_endpoint"] != facts["vault_url"]
    assert facts["pid"] == served.process.pid
    configuration = served.raw("GET", f"/{facts['tenant_id']}/v2.0/.well-known/openid-configuration").json
    assert configuration["token_endpoint"] == f"{facts['authority']}/{facts['tenant_id']}/oauth2/v2.0/token"


def test_health_needs_no_token_and_the_rest_of_the_control_surface_the_owners(served):
    token = served.principal("control-user", certificates=["all"])

    assert served.raw("GET", "/kvlab/health").json["status"] == "ok"
    for method, path in (
        ("POST", "/kvlab/clock"),
        ("GET", "/kvlab/events"),
        ("PUT", "/kvlab/vaults/x-y-z"),
        ("POST", "/kvlab/principals"),
    ):
        assert served.raw(method, path).status == 401
        assert served.call(method, path, {}, token=token).status == 403


def test_a_refusal_on_the_control_surface_is_an_event_too(served):
    token = served.principal("locked-out", certificates=["all"])
    last = served.call("GET", "/kvlab/events").json["value"][-1]["seq"]

    served.call("GET", "/kvlab/events", token=token)
    served.call("POST", "/kvlab/clock", {"advance": "soon"})

    found = served.call("GET", f"/kvlab/events?after={last}").json["value"]
    refused = [event for event in found if event["kind"] == "refused"]
    assert [(event["actor"], event["object"], event["detail"]["status"]) for event in refused] == [
        ("locked-out", "kvlab/events", 403),
        ("owner", "kvlab/clock", 400),
    ]


def test_a_simulated_clock_is_moved_and_a_system_clock_is_not(served, simulated):
    created_at = simulated.call("POST", "/certificates/timed/create", {"policy": EC}).json
    assert created_at["status"] == "inProgress"
    assert simulated.call("GET", "/certificates/timed/pending").json["status"] == "inProgress"
    before = simulated.call("GET", "/kvlab/clock").json["now"]

    after = simulated.call("POST", "/kvlab/clock", {"advance": 60}).json["now"]

    assert after == before + 60
    assert simulated.call("GET", "/certificates/timed/pending").json["status"] == "completed"
    assert served.call("POST", "/kvlab/clock", {"advance": 60}).status == 409


@pytest.mark.parametrize("body", [{}, {"advance": -1}, {"advance": "1"}, {"advance": True}, {"advance": 1e300}])
def test_a_clock_takes_only_seconds_ahead(simulated, body):
    assert simulated.call("POST", "/kvlab/clock", body).code == "BadParameter"


def test_events_are_read_by_number(served):
    created(served, "logged")
    events = served.call("GET", "/kvlab/events").json["value"]
    kinds = [event["kind"] for event in events if event["object"] == "certificates/logged"]

    assert kinds[:2] == ["create_certificate", "transition"]
    last = events[-1]["seq"]
    assert [event["seq"] for event in events] == list(range(1, last + 1))
    assert served.call("GET", f"/kvlab/events?after={last}").json["value"] == []
    assert served.call("GET", "/kvlab/events?after=x").status == 400


def test_a_further_vault_is_another_world(served):
    made = served.call("PUT", "/kvlab/vaults/elsewhere")
    assert made.status == 201
    assert served.call("PUT", "/kvlab/vaults/elsewhere").status == 200
    host = made.json["vault_url"].removeprefix("https://")
    created(served, "only-here")

    there = served.call("GET", "/certificates/only-here", headers={"Host": host})
    listed = served.call("GET", "/certificates", headers={"Host": host})

    assert there.status == 404
    assert listed.json["value"] == []
    for name in ("x", "a--b", "1abc", "vault", "über"):
        assert served.call("PUT", f"/kvlab/vaults/{urllib.parse.quote(name)}").status == 400


def test_permissions_are_those_of_the_vault_of_the_host(served):
    host = served.call("PUT", "/kvlab/vaults/guarded").json["vault_url"].removeprefix("https://")
    token = served.principal("here-only", certificates=["list"])

    assert served.call("GET", "/certificates", token=token).status == 200
    assert served.call("GET", "/certificates", token=token, headers={"Host": host}).status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"client_secret": "x"}, "client_id is required"),
        ({"client_id": 5, "client_secret": "x"}, "client_id has invalid value. It is text of 1 to 200 characters"),
        ({"client_id": "p" * 201, "client_secret": "x"}, "client_id has invalid value"),
        ({"client_id": "owner", "client_secret": "x"}, "client_id has invalid value"),
        ({"client_id": "p"}, "client_secret"),
        ({"client_id": "p", "client_secret": "x", "certificates": "get"}, "certificates"),
        ({"client_id": "p", "client_secret": "x", "certificates": ["got"]}, "certificates"),
        ({"client_id": "p", "client_secret": "x", "roles": ["King"]}, "roles"),
        ({"client_id": "p", "client_secret": "x", "password": "y"}, "password"),
    ],
)
def test_a_principal_is_checked_by_member(served, body, field):
    answer = served.call("POST", "/kvlab/principals", body)

    assert answer.code == "BadParameter"
    assert field in answer.json["error"]["message"]


def test_data_persists_with_client_and_authority(tmp_path):
    with serving("--data", tmp_path) as first:
        bundle = created(first, "kept")
        token = first.principal("stays", certificates=["get"])
        assert token
        facts, ca = first.facts, Path(first.facts["ca_bundle"]).read_text()
        assert first.stop() == 0
    with serving("--data", tmp_path) as second:
        assert second.facts["client_secret"] == facts["client_secret"]
        assert second.facts["tenant_id"] == facts["tenant_id"]
        assert Path(second.facts["ca_bundle"]).read_text() == ca
        assert second.call("GET", "/certificates/kept").json["cer"] == bundle["cer"]
        assert second.call("GET", "/certificates/kept", token=token).status == 200
        assert second.token("stays", "a secret of its own")
    assert stat.S_IMODE((tmp_path / "kvlab.db.key").stat().st_mode) == 0o600


def test_a_second_server_on_the_same_folder_is_refused_in_one_line(tmp_path):
    with serving("--data", tmp_path):
        done = kvlab("serve", "--data", tmp_path)

    assert done.status == 1
    assert done.err.count("\n") == 1
    assert "another kvlab server uses this folder" in done.err


def test_a_seeded_vault_is_served_on_a_simulated_clock_only(tmp_path):
    from kvlab import Vault

    Vault.open(tmp_path / "kvlab.db", seed=1, clock="simulated").close()

    done = kvlab("serve", "--data", tmp_path)
    assert done.status == 1
    assert "seeded" in done.err
    with serving("--data", tmp_path, "--clock", "simulated") as running:
        assert running.call("GET", "/kvlab/clock").json["seeded"] is True


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("--clock", "sundial"),
        ("--data", "a", "--database", "b"),
        ("--managed-identity", "owner"),
        ("--managed-identity", ""),
        ("--data", ""),
        ("--database", ""),
        ("--host", ""),
        ("more",),
    ],
    ids=" ".join,
)
def test_wrong_use_exits_2_with_one_line(arguments):
    done = kvlab("serve", *arguments)

    assert done.status == 2
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--port", "--iot-port"])
def test_a_taken_port_is_a_failure_in_one_line_that_names_it(option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = kvlab("serve", option, port)

    assert done.status == 1
    assert done.err.startswith(f"kvlab: can not listen on port {port} of 127.0.0.1: Address already in use (--host")
    assert done.err.count("\n") == 1


def test_a_file_for_data_is_a_failure_that_says_so(tmp_path):
    file = tmp_path / "data"
    file.write_text("")

    done = kvlab("serve", "--data", file)

    assert (done.status, done.err) == (1, f"kvlab: {file}: it is a file, where --data takes a folder.\n")


def test_a_host_of_another_machine_is_a_failure_that_names_it():
    done = kvlab("serve", "--host", "203.0.113.5")

    assert done.status == 1
    assert done.err.startswith("kvlab: can not listen on 203.0.113.5: ")


def test_sigterm_finishes_the_requests_under_way():
    with serving() as running:
        answers = []
        token = running.token()
        policy = {
            "key_props": {"kty": "RSA", "key_size": 4096},
            "issuer": {"name": "Self"},
            "x509_props": {"subject": "CN=slow"},
        }
        thread = threading.Thread(
            target=lambda: answers.append(
                running.call("POST", "/certificates/slow/create", {"policy": policy}, token=token)
            )
        )
        thread.start()
        time.sleep(0.15)
        status = running.stop()
        thread.join()

    assert status == 0
    assert [answer.status for answer in answers] == [202]


def test_an_idle_connection_does_not_hold_the_end_up():
    with serving() as running:
        idle = running.connection()
        idle.request("GET", "/kvlab/health")
        idle.getresponse().read()
        began = time.monotonic()

        assert running.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 5
        idle.close()


def test_the_access_log_holds_no_secret_and_no_query(tmp_path):
    with serving(), (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kvlab", "serve", "--json"], stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            from tests.server.served import Served

            running = Served(process, json.loads(process.stdout.readline()))
            token = running.token()
            running.call("PUT", "/secrets/hush", {"value": "the secret value"})
            running.call("GET", "/secrets/hush?maxresults=1")
            running.stop()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    written = (tmp_path / "log").read_text()

    assert "PUT /secrets/hush 200" in written
    for secret in (running.facts["client_secret"], token, "the secret value", "api-version", "maxresults"):
        assert secret not in written


def test_a_person_gets_code_to_paste():
    command = [sys.executable, "-m", "kvlab", "serve", "--managed-identity", "robot"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        text = ""
        while "begin_create_certificate" not in text:
            text += process.stdout.readline()
        code = text[text.index("    from azure.identity") :].replace("\n    ", "\n").strip()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()

    assert done.returncode == 0, done.stderr
    assert "/certificates/web/" in done.stdout
    assert "    IDENTITY_ENDPOINT=https://localhost:" in text
    assert "    IDENTITY_HEADER=" in text


@pytest.mark.parity("managed-identity")
def test_the_managed_identity_needs_its_header():
    with serving("--managed-identity", "robot") as running:
        endpoint = "/kvlab/identity/token?api-version=2019-08-01&resource=https://vault.azure.net"
        header = {"X-IDENTITY-HEADER": running.facts["identity_header"]}

        assert running.facts["identity_endpoint"].startswith(running.url)
        assert running.raw("GET", endpoint).status == 401
        assert running.raw("GET", endpoint, headers={"X-IDENTITY-HEADER": "wrong"}).status == 401
        assert running.raw("GET", endpoint, headers=header | {"X-Forwarded-For": "10.0.0.1"}).status == 400
        token = running.raw("GET", endpoint, headers=header).json["access_token"]
        assert running.call("GET", "/certificates", token=token).status == 403
        running.call("POST", "/kvlab/principals", {"client_id": "robot", "certificates": ["list"]})
        assert running.call("GET", "/certificates", token=token).status == 200
        assert running.call("GET", "/kvlab/events", token=token).status == 403


def test_without_the_option_there_is_no_managed_identity(served):
    assert (
        served.raw(
            "GET", "/kvlab/identity/token?resource=https://vault.azure.net", headers={"X-IDENTITY-HEADER": ""}
        ).status
        == 404
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_hears_no_warning_and_nobody_else(tmp_path, host):
    if host == "::1" and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with (tmp_path / "log").open("w") as log, serving("--host", host, log=log) as running:
        port = int(running.host.rpartition(":")[2])
        outside = outside_address()
        if outside:
            with pytest.raises(OSError):
                socket.create_connection((outside, port), 2).close()
    assert "warning" not in (tmp_path / "log").read_text()


def test_another_host_is_served_with_a_warning_in_one_line(tmp_path):
    with (tmp_path / "log").open("w") as log, serving("--host", "0.0.0.0", log=log) as running:
        assert running.raw("GET", "/kvlab/health").status == 200
    (line,) = [line for line in (tmp_path / "log").read_text().splitlines() if "warning" in line]

    assert "teaching vault" in line


def outside_address():
    """An address of this machine that is none of the loopback interface's; None if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        # Nothing is sent: this only asks which interface would be used.
        probe.connect(("192.0.2.1", 9))
        found = probe.getsockname()[0]
        return None if found.startswith("127.") else found
    return None


def has_ipv6():
    with contextlib.suppress(OSError), socket.create_server(("::1", 0), family=socket.AF_INET6):
        return True
    return False


def test_more_connections_than_the_usual_limit_of_files():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        server = serving()
        running = server.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    name, _, port = running.host.rpartition(":")
    waiting = [socket.create_connection((name, int(port))) for _ in range(150)]
    assert running.raw("GET", "/kvlab/health").status == 200
    for connection in waiting:
        connection.close()
    server.__exit__(None, None, None)


@pytest.mark.parametrize("name", ["localhost", "kvlab.vault.localhost", "kvlab.vault.azure.net"])
def test_the_server_certificate_is_good_for_every_name_of_a_vault(served, name):
    address = ("127.0.0.1", int(served.url.rpartition(":")[2]))
    with socket.create_connection(address) as plain, served.context.wrap_socket(plain, server_hostname=name) as tls:
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
