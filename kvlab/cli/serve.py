"""``kvlab serve``: the vault over HTTPS, for the official SDKs, az and curl."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.util
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kvlab.cli.failure import Failure, WrongUse
from kvlab.cli.lab import home, whole_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from socket import socket

    from kvlab.server.register import Register
    from kvlab.server.site import Site
    from kvlab.server.tls import ServerCA
    from kvlab.vault.vault import Vault

DATABASE = "kvlab.db"
CA_FILE = "ca.pem"
LOCK_FILE = "serve.lock"
EMBEDDED = "embedded-postgres"
POSTGRES = "postgres"
"""The embedded PostgreSQL's data in the folder, and before ``.key`` the file of the master key beside it."""

TEACHING = "kvlab: warning: this is a teaching vault, and now others than you can reach it: no key in it is safe.\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.epilog = (
        "Without --data and --database everything lives in memory. Servers on one PostgreSQL share all they have; each "
        "needs the master key in KVLAB_MASTER_KEY (32 octets, base64 or hexadecimal) or a passphrase in "
        "KVLAB_PASSPHRASE, and a database password is best kept in ~/.pgpass. SIGTERM and Ctrl-C end it in order."
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: the loopback interface only)")
    parser.add_argument("--port", metavar="N", type=whole_port, default=0, help="default: any that is free")
    parser.add_argument("--iot-port", metavar="N", type=whole_port, default=0, help="AWS IoT's; likewise")
    parser.add_argument(
        "--mqtt-port",
        metavar="N",
        type=whole_port,
        default=0,
        help="where devices connect (needs kvlab[iot]); likewise",
    )
    parser.add_argument("--data", metavar="DIR", help="keep everything in an SQLite file in this folder")
    parser.add_argument(
        "--database", metavar="URL", help="keep everything in a database that several servers can share, such as "
        f"postgresql+psycopg://…; {EMBEDDED} starts one, or shares it, in --data or KVLAB_HOME (~/.kvlab)",
    )  # fmt: skip
    parser.add_argument(
        "--clock", choices=("system", "simulated"), help="whether time passes by itself (default: system)"
    )
    parser.add_argument(
        "--inoperable",
        choices=("documented", "recorded"),
        help="what an expired or disabled certificate's key and secret refuse",
    )
    parser.add_argument(
        "--managed-identity", metavar="NAME", help="let a principal of this name get tokens without a secret of its own"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line when ready, for programs")


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    from kvlab.server.register import Register  # noqa: PLC0415  a wrong option is told before anything heavy is loaded
    from kvlab.server.run import LOOPBACK, port_of, reached, serve  # noqa: PLC0415

    for name in ("host", "data", "database", "managed_identity"):
        if getattr(options, name) == "":
            # A variable of the shell that is not set, most likely: nobody wants to find out later where all of it went.
            raise WrongUse(f"--{name.replace('_', '-')} is empty")
    if options.managed_identity == "owner":
        raise WrongUse("the managed identity is a principal of its own, never the owner")
    if options.data and options.database not in (None, EMBEDDED):
        raise WrongUse("--data and --database are two places; choose one")
    _log_to_stderr()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_folder(options))
        vault = stack.enter_context(_open(options, *_place(options, folder, stack)))
        register = Register(vault.store, managed_identity=options.managed_identity)
        sockets, iot_sockets = (_listen(options.host, port) for port in (options.port, options.iot_port))
        mqtt_sockets = _listen(options.host, options.mqtt_port) if _has_broker() else []
        if options.host not in LOOPBACK:
            sys.stderr.write(TEACHING)

        def ready(site: Site, authority: ServerCA) -> None:
            ca_file = folder / CA_FILE
            ca_file.write_text(authority.certificate_pem, encoding="ascii")
            facts = _facts(site, register, ca_file, f"https://{reached(options.host)}:{port_of(iot_sockets)}")
            if mqtt_sockets:
                facts["mqtt_endpoint"] = f"mqtts://{reached(options.host)}:{port_of(mqtt_sockets)}"
            sys.stdout.write(json.dumps(facts) + "\n" if options.json else _for_a_person(facts))
            sys.stdout.flush()

        serve(vault, register, sockets, options.host, ready, iot_sockets, mqtt_sockets)
    return 0


def _listen(host: str, port: int) -> list[socket]:
    from kvlab.server.run import listen  # noqa: PLC0415

    try:
        return listen(host, port)
    except OSError as error:
        where = f"port {port} of {host}" if port else host
        raise Failure(
            f"can not listen on {where}: {error.strerror} (--host takes an address of this machine; without a port, "
            "one that is free is found)"
        ) from None


def _has_broker() -> bool:
    """Say whether the ``iot`` extra is installed."""
    return importlib.util.find_spec("OpenSSL") is not None


@contextlib.contextmanager
def _folder(options: argparse.Namespace) -> Iterator[Path]:
    """Give the folder for the server's files; one with data is this process's alone."""
    if not options.data or options.database:
        with tempfile.TemporaryDirectory(prefix="kvlab-") as name:
            yield Path(name)
        return
    folder = _made(options.data)
    with (folder / LOCK_FILE).open("a", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failure(
                f"{folder}: another kvlab server uses this folder (several servers share a vault with --database)."
            ) from None
        yield folder


def _made(name: str | Path) -> Path:
    """Return a folder, which is made if it is not there."""
    folder = Path(name).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise Failure(f"{folder}: it is a file, where --data takes a folder.") from None
    return folder


def _place(
    options: argparse.Namespace, folder: Path, stack: contextlib.ExitStack
) -> tuple[str | Path | None, Path | None]:
    """Return the database, None for memory, and the file of its master key where that is not the usual one."""
    if options.database == EMBEDDED:
        from kvlab.store.embedded import embedded_postgresql  # noqa: PLC0415

        data = _made(options.data or home())
        return stack.enter_context(embedded_postgresql(data / POSTGRES)), data / f"{POSTGRES}.key"
    return options.database or (folder / DATABASE if options.data else None), None


def _open(options: argparse.Namespace, place: str | Path | None, key_file: Path | None) -> Vault:
    from kvlab.vault.vault import Vault  # noqa: PLC0415

    settings: dict[str, Any] = {"clock": options.clock, "inoperable": options.inoperable}
    if place is None:
        return Vault(**settings)
    vault = Vault.open(place, key_file=key_file, **settings)
    if vault.seeded and options.clock != "simulated":
        vault.close()
        raise Failure("This vault is seeded, its keys are known: it is served with --clock simulated only.")
    return vault


def _facts(site: Site, register: Register, ca_file: Path, iot_url: str) -> dict[str, Any]:
    assert site.base_url is not None
    facts: dict[str, Any] = {
        "vault_url": site.base_url,
        "ca_bundle": str(ca_file.resolve()),
        "authority": site.base_url,
        "tenant_id": register.tenant_id,
        "client_id": register.client_id,
        "client_secret": register.client_secret,
        "iot_endpoint": iot_url,
        "pid": os.getpid(),
    }
    if identity := register.managed_identity:
        facts["identity_endpoint"] = f"{site.base_url}/kvlab/identity/token"
        facts["identity_header"] = identity.secret
    return facts


def _for_a_person(facts: dict[str, Any]) -> str:
    identity = ""
    if "identity_endpoint" in facts:
        identity = f"""
For the managed identity, in the client's environment:

    IDENTITY_ENDPOINT={facts["identity_endpoint"]}
    IDENTITY_HEADER={facts["identity_header"]}
"""
    devices = (
        f"\nDevices connect by MQTT to {facts['mqtt_endpoint']}, with their certificate and key.\n"
        if "mqtt_endpoint" in facts
        else ""
    )
    return f"""\
The vault is at {facts["vault_url"]} (its certificates: {facts["ca_bundle"]}). Ctrl-C ends it.
{identity}
In Python, with azure-identity and azure-keyvault-certificates:

    from azure.identity import ClientSecretCredential
    from azure.keyvault.certificates import CertificateClient, CertificatePolicy

    ca = {facts["ca_bundle"]!r}
    credential = ClientSecretCredential(
        {facts["tenant_id"]!r}, {facts["client_id"]!r}, {facts["client_secret"]!r},
        authority={facts["authority"]!r}, disable_instance_discovery=True, connection_verify=ca,
    )
    client = CertificateClient(
        {facts["vault_url"]!r}, credential, verify_challenge_resource=False, connection_verify=ca,
    )
    print(client.begin_create_certificate("web", CertificatePolicy("Self", subject="CN=contoso.com")).result())

AWS IoT is at {facts["iot_endpoint"]}. In Python, with boto3 (any access key will do until one is defined):

    import boto3

    iot = boto3.client(
        "iot", endpoint_url={facts["iot_endpoint"]!r}, verify={facts["ca_bundle"]!r}, region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    )
    print(iot.create_keys_and_certificate(setAsActive=True)["certificateArn"])
{devices}"""


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("kvlab.access").setLevel(logging.INFO)
