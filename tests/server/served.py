"""A `kvlab serve` of its own process, and a plain HTTPS client for it."""

import contextlib
import http.client
import json
import signal
import ssl
import subprocess
import sys
import urllib.parse
from typing import NamedTuple

AUDIENCE = "https://vault.azure.net"


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    headers: http.client.HTTPMessage  # finds names in any case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


class Served:
    """What a running server said of itself, and calls to it."""

    def __init__(self, process, facts):
        self.process = process
        self.facts = facts
        self.url = facts["vault_url"]
        self.host = self.url.removeprefix("https://")
        self.context = ssl.create_default_context(cafile=facts["ca_bundle"])
        self._tokens = {}

    def token(self, client_id=None, client_secret=None, scope=f"{AUDIENCE}/.default"):
        client_id = client_id or self.facts["client_id"]
        if (client_id, scope) not in self._tokens:
            form = {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret or self.facts["client_secret"],
                "scope": scope,
            }
            path = f"/{self.facts['tenant_id']}/oauth2/v2.0/token"
            got = self.raw("POST", path, urllib.parse.urlencode(form).encode())
            assert got.status == 200, got.body
            self._tokens[client_id, scope] = got.json["access_token"]
        return self._tokens[client_id, scope]

    def connection(self, timeout=30):
        name, _, port = self.host.rpartition(":")
        return http.client.HTTPSConnection(name, int(port), context=self.context, timeout=timeout)

    def raw(self, method, path, body=None, headers=None):
        """A request exactly as given."""
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def call(self, method, path, body=None, *, version="7.6", token=None, headers=None):
        """A request of the service's API, or of `/kvlab/`, as the owner unless a token is given."""
        if "api-version=" not in path and not path.startswith("/kvlab/"):
            path += f"{'&' if '?' in path else '?'}api-version={version}"
        all_headers = {"Authorization": f"Bearer {token or self.token()}", **(headers or {})}
        if body is not None:
            body = json.dumps(body).encode()
            all_headers["Content-Type"] = "application/json"
        return self.raw(method, path, body, all_headers)

    def principal(self, client_id, secret="a secret of its own", **permissions):
        """Define a principal; returns its token."""
        done = self.call("POST", "/kvlab/principals", {"client_id": client_id, "client_secret": secret, **permissions})
        assert done.status == 200, done.body
        return self.token(client_id, secret)

    def stop(self, number=signal.SIGTERM):
        """Send a signal and wait for the end; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def serving(*arguments, log=subprocess.DEVNULL, **environment):
    """Run `kvlab serve --json` while the block lasts; `log` is where its standard error goes."""
    import os

    process = subprocess.Popen(
        [sys.executable, "-m", "kvlab", "serve", "--json", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | environment,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, f"kvlab serve ended with {process.wait()}"
        yield Served(process, json.loads(line))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
