"""The ways from an official client to a vault. Every scenario takes each of them, and can not tell one from another."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from azure.identity import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.keyvault.certificates import CertificateClient
from azure.keyvault.certificates.aio import CertificateClient as AsyncCertificateClient
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.aio import KeyClient as AsyncKeyClient
from azure.keyvault.keys.crypto import CryptographyClient
from azure.keyvault.keys.crypto.aio import CryptographyClient as AsyncCryptographyClient
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets.aio import SecretClient as AsyncSecretClient

import kvlab
from kvlab import SimulatedClock, Vault
from tests.sdk.blocking import Blocking

CLOUD_URL = "https://kvlab.vault.azure.net"
ROBOT = "robot"
ALL = {"certificates": ["all"], "keys": ["all"], "secrets": ["all"]}


class Wiring(NamedTuple):
    """What a client is made with; the options are made anew for each, since no two share a transport."""

    vault_url: str
    credential: Any
    options: Callable[[], Mapping[str, Any]]


class Clients:
    """The official clients of one vault and one principal; asynchronous ones where `run` runs their coroutines."""

    def __init__(self, wiring, stack, run=None, **options):
        self.vault_url = wiring.vault_url
        self._wiring = wiring
        self._stack = stack
        self._run = run
        self._options = options

    @cached_property
    def certificates(self):
        return self._make(CertificateClient, AsyncCertificateClient, self.vault_url)

    @cached_property
    def keys(self):
        return self._make(KeyClient, AsyncKeyClient, self.vault_url)

    @cached_property
    def secrets(self):
        return self._make(SecretClient, AsyncSecretClient, self.vault_url)

    def cryptography(self, key):
        """A client for one key: a `KeyVaultKey`, or an id."""
        return self._make(CryptographyClient, AsyncCryptographyClient, key)

    def _make(self, client, twin, first):
        options = {**self._wiring.options(), **self._options}
        made = (twin if self._run else client)(first, self._wiring.credential, **options)
        return self._stack.enter_context(_closing(made, self._run))


class Way(Clients):
    """One way to a vault, as its owner."""

    def __init__(self, wiring, stack, run, as_principal):
        super().__init__(wiring, stack, run)
        self._as_principal = as_principal

    def clients(self, **options):
        """Clients with options of their own, such as `api_version`."""
        return Clients(self._wiring, self._stack, self._run, **options)

    def principal(self, **permissions):
        """Clients of a new principal that has these permissions only."""
        wiring = self._as_principal(f"principal-{uuid.uuid4().hex[:8]}", permissions)
        return Clients(wiring, self._stack, self._run)


@contextlib.contextmanager
def _closing(made, run):
    """Yield a client or credential that can be called without `await`, and close it."""
    yield Blocking(made, run) if run else made
    closed = made.close()
    if run:
        run(closed)


@contextlib.contextmanager
def _room(aio):
    """Yield a stack, and what runs coroutines, always in the same event loop."""
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        yield stack, runner.run if aio else None


@contextlib.contextmanager
def in_process(*, aio=False, simulated=False, **settings):
    """`kvlab.sdk`: no port, no TLS."""
    clock = SimulatedClock(datetime.now(UTC)) if simulated else None
    with Vault(clock=clock, **settings) as vault, _room(aio) as (stack, run):

        def wiring(vault):
            sdk = kvlab.sdk(vault)
            sdk = sdk.aio if aio else sdk
            return Wiring(sdk.vault_url, sdk.credential, lambda: {"transport": sdk.transport})

        def as_principal(name, permissions):
            vault.set_principal(name, **permissions)
            return wiring(vault.as_principal(name))

        yield Way(wiring(vault), stack, run, as_principal)


@contextlib.contextmanager
def over_https(server, *, credential="secret", aio=False, cloud_url=False):
    """`kvlab serve`, on localhost or under the URL of the cloud."""
    ca_bundle = server.facts["ca_bundle"]
    trust = {"connection_verify": ca_bundle}
    with _room(aio) as (stack, run):

        def options():
            if cloud_url:
                return {"transport": kvlab.transport(server.url, ca_bundle=ca_bundle, aio=aio)}
            return {"verify_challenge_resource": False, **({} if credential == "environment" else trust)}

        def wiring(made):
            stack.callback(lambda: run(made.close()) if run else made.close())
            return Wiring(CLOUD_URL if cloud_url else server.url, made, options)

        def with_secret(client_id, secret):
            kind = AsyncClientSecretCredential if aio else ClientSecretCredential
            own = {"authority": server.facts["authority"], "disable_instance_discovery": True, **trust}
            return wiring(kind(server.facts["tenant_id"], client_id, secret, **own))

        def as_principal(name, permissions):
            server.principal(name, "its secret", **permissions)
            return with_secret(name, "its secret")

        if credential == "environment":
            stack.enter_context(environment(service_principal(server.facts)))
            owner = wiring(DefaultAzureCredential(disable_instance_discovery=True))
        elif credential == "managed identity":
            server.call("POST", "/kvlab/principals", {"client_id": ROBOT, **ALL})
            stack.enter_context(environment(managed_identity(server.facts)))
            owner = wiring(ManagedIdentityCredential(**trust))
        else:
            owner = with_secret(server.facts["client_id"], server.facts["client_secret"])
        yield Way(owner, stack, run, as_principal)


def service_principal(facts):
    """The variables that clients on any platform read, from the line that `kvlab serve --json` prints."""
    return {
        "AZURE_TENANT_ID": facts["tenant_id"],
        "AZURE_CLIENT_ID": facts["client_id"],
        "AZURE_CLIENT_SECRET": facts["client_secret"],
        "AZURE_AUTHORITY_HOST": facts["authority"],
        "REQUESTS_CA_BUNDLE": facts["ca_bundle"],
    }


def managed_identity(facts):
    return {"IDENTITY_ENDPOINT": facts["identity_endpoint"], "IDENTITY_HEADER": facts["identity_header"]}


@contextlib.contextmanager
def environment(variables):
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


HERE = {
    "in process": {},
    "in process, simulated": {"simulated": True},
    "in process, simulated, slow, asynchronous": {"simulated": True, "self_delay_seconds": 90, "aio": True},
}
THERE = {
    "https": {},
    "https, asynchronous": {"aio": True},
    "https, cloud's url": {"cloud_url": True},
    "https, cloud's url, asynchronous": {"cloud_url": True, "aio": True},
}
