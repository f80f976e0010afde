"""
Requests that are wrong in one way each, made from the server's own table of routes, so that a new route is covered too.

Everything is drawn from one seeded stream: two runs send the same requests.
"""

import base64
import json
import random
from typing import NamedTuple

from kvlab.vault.access import NAMES
from kvlab.wire.certificate import Attributes
from kvlab.wire.issuer import Contact, IssuerBundle
from kvlab.wire.key import PrivateJsonWebKey
from kvlab.wire.model import WireModel, _inner_model, base64url
from kvlab.wire.policy import CertificatePolicy
from kvlab.wire.route import METHODS, ROUTES
from tests.vault.make import ec_key, pfx_file, pkcs8_der, self_signed

API = "api-version=7.6"


class Malformed(NamedTuple):
    """
    One request.

    Attributes:
        label: what is wrong with it.
        method: of HTTP; an answer to HEAD has no body.
        octets: what goes over the line.
        oauth: whether the token endpoint answers, whose errors have another shape.
    """

    label: str
    method: str
    octets: bytes
    oauth: bool = False


# fmt: off
WRONG = [
    "null", "true", "false", "0", "-1", "1.5", "1e308", "-1e999", "9223372036854775807", "9223372036854775808",
    "1" + "0" * 40, "9" * 5000, "NaN", "-Infinity", '""', '" "', r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udc00\ud800"',
    '"' + "A" * 300 + '"', '"' + "A" * 100_000 + '"', '"../../etc/passwd"', '"%00%2F"', '"\u202e\u0645\u0631\u062d\u0628\u0627"',
    '"\U0001f600"', '"CN=\U0001f600, O=\u8a3c\u660e\u66f8"', '"===="', '"!!!!"', '"AAA"', '"AAAA"', '"MIIB"', '"\'; DROP TABLE vault; --"',
    "[]", "[null]", "[[]]", "[1, 2]", '[""]', '["x", {}]', "{}", '{"a": {}}', '{"": ""}', '{"a": 1}', r'{"\u0000": "\u0000"}',
    "[" * 150 + "]" * 150, "[" * 5000 + "]" * 5000, '{"a":' * 5000 + "1" + "}" * 5000,
]
WRONG += [f"[{text}]" for text in WRONG if text[0] == '"']
NAME_LIKE = [
    "..", ".", "%2e%2e", "..%2f..%2fetc", "%00", "a%00b", "%2F", "a%2Fb", "%", "%zz", "%e2%80%ae", "%d0%b8%d0%bc%d1%8f", "%f0%9f%98%80", "%ff%fe",
    "%ed%a0%80", "a b".replace(" ", "%20"), "a+b", "a_b", "a.b", "~", "-", "a" * 127, "a" * 128, "a" * 5000, "'--", "%22", "%3Cscript%3E", ";",
    "a;b=c", "@", "$", "%0d%0aX-Injected:%20yes", "contacts", "issuers", "restore", "pending", "create", "NULL", "\\",
]
PAGE_QUERIES = [
    "maxresults=0", "maxresults=-1", "maxresults=" + "9" * 400, "maxresults=1e3", "maxresults=%D9%A3", "maxresults=", "$skiptoken=", "$skiptoken=%00",
    "$skiptoken=" + base64.urlsafe_b64encode(b"[" * 9000).decode(), "$skiptoken=" + base64.urlsafe_b64encode(b'{"after": 1}').decode(),
    "$skiptoken=" + base64.urlsafe_b64encode(b'{"after": "\\ud800"}').decode(), "$skiptoken=" + base64.urlsafe_b64encode(b'{"after": "\\u0000"}').decode(),
    "includePending=%00", "includePending=2", "maxresults=5&maxresults=x", "&&&=&=&", "%", "a" * 9000,
]
QUERIES = [
    "", "api-version", "api-version=", "api-version=6.0", "api-version=%00", "api-version=7.6%0d%0a", "api-version=" + "7" * 3000, "API-VERSION=7.6",
    "api-version=7.6&api-version=1", "api-version=%ff", API + "&request_id=%00", API + "&request_id=" + "9" * 2000, API + "&outContentType=x",
]
TOKENS = [
    "", "Bearer", "Bearer ", "Bearer  ", "bearer x", "Basic eDp5", "Bearer a.b.c", "Bearer ...", "Bearer \xff\xfe", "Bearer " + "A" * 20_000, "Negotiate x",
    "Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer eyJhbGciOiJub25lIn0.eyJhcHBpZCI6Im93bmVyIn0.", "Bearer null", "PoP x", "Bearer \u00e9.\u00e9.\u00e9",
    "Bearer " + base64.urlsafe_b64encode(b'{"alg":' + b"[" * 3000).decode().rstrip("=") + ".e30.AA",
    "Bearer " + base64.urlsafe_b64encode(b'{"alg":"ES256","kid":' + b"[" * 9000 + b"]" * 9000 + b"}").decode().rstrip("=") + ".e30.AA",
    "Bearer " + base64.urlsafe_b64encode(b'{"alg":"ES256","crit":["b64"],"b64":false}').decode().rstrip("=") + ".e30.AA",
    "Bearer " + base64.urlsafe_b64encode(b'{"alg":["ES256"]}').decode().rstrip("=") + ".e30.AA",
    "Bearer " + base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=") + ".e30.AA",
]
HOSTS = [
    "", " ", "example.com", "localhost:0", "localhost:99999", "localhost:999999", "localhost:x", "[::1", "[::1]:1", "127.0.0.1.example.com", "127.0.0.1:443",
    "nobody.localhost", "a..localhost", "-.localhost", "NOBODY.vault.azure.net", ".vault.azure.net", "x" * 300 + ".vault.azure.net", "169.254.169.254",
    'localhost"', "localhost, localhost", "\xfcber.localhost", "localhost/../x", "user@localhost", "%00.localhost", "kvlab.vault.azure.net.evil.example",
]
# fmt: on

PRECIOUS = ec_key()
SCALAR = PRECIOUS.private_numbers().private_value.to_bytes(32, "big")
PASSWORD = "the password of the file"
PFX = pfx_file(PRECIOUS, self_signed(PRECIOUS), password=PASSWORD.encode())
ISSUER_PASSWORD = "the password at the issuer"

SECRETS = [
    PASSWORD.encode(), ISSUER_PASSWORD.encode(), SCALAR, SCALAR.hex().encode(), repr(SCALAR)[2:-1].encode(), str(int.from_bytes(SCALAR, "big")).encode(),
    base64url(SCALAR).encode(), base64.b64encode(SCALAR), base64.b64encode(pkcs8_der(PRECIOUS))[40:100], base64.b64encode(PFX)[60:100], b"PRIVATE KEY",
]  # fmt: skip
"""What no answer and no line of the log may hold."""

DEFAULTS = {
    "policy": {
        "key_props": {"kty": "EC", "crv": "P-256"},
        "issuer": {"name": "Unknown"},
        "x509_props": {"subject": "CN=contoso.com"},
    },
    "issuer": {"provider": "Test", "credentials": {"account_id": "a", "pwd": ISSUER_PASSWORD}},
    "contacts": [{"email": "a@contoso.com"}],
    "kty": "EC",
    "alg": "ES256",
    "value": "AAAA",
    "key": {
        "kty": "EC",
        "crv": "P-256",
        "x": base64url(PRECIOUS.public_key().public_numbers().x.to_bytes(32, "big")),
        "y": base64url(PRECIOUS.public_key().public_numbers().y.to_bytes(32, "big")),
        "d": base64url(SCALAR),
    },
    "pwd": PASSWORD,
    "digest": base64url(bytes(32)),
    "x5c": [base64.b64encode(self_signed(PRECIOUS)).decode()],
}
VALUES = {
    "import_certificate": base64.b64encode(PFX).decode(),
    "sign": base64url(bytes(32)),
    "verify": base64url(bytes(64)),
}
_CREATE, _IMPORT = (
    next(route for route in ROUTES if route.operation == f"{verb}_certificate") for verb in ("create", "import")
)

MODELS = {
    "policy": CertificatePolicy,
    "issuer": IssuerBundle,
    "attributes": Attributes,
    "contacts": Contact,
    "key": PrivateJsonWebKey,
}
KINDS = {"object": {}, "array": [], "text": "x", "boolean": True, "integer": 1}


class Maker:
    """
    Makes the requests.

    Args:
        host: the server's authority.
        token: the owner's.
        tenant_id: whose token endpoint is asked.
        seed: of the one stream of chance.
        samples: how many wrong values each member of each body gets.
    """

    def __init__(self, host, token, tenant_id, *, seed=1, samples=3):
        self.host = host
        self.token = token
        self.tenant_id = tenant_id
        self._random = random.Random(seed)
        self._samples = samples
        self._count = 0

    def all(self):
        """Return everything, in a seeded order: state that one request leaves behind is met by all others."""
        found = [*self.bodies(), *self.members(), *self.names(), *self.methods(), *self.files(), *self.queries(), *self.headers(),
                 *self.targets(), *self.framing(), *self.logins(), *self.control()]  # fmt: skip
        self._random.shuffle(found)
        return found

    def request(self, label, method, target, body=b"", headers=None, *, oauth=False, **replaced):
        """Build one; `replaced` are headers (`_` for `-`) in place of the usual ones, None for none."""
        usual = {"Host": self.host, "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if body or method not in ("GET", "HEAD"):
            usual["Content-Length"] = str(len(body))
        usual |= {name.replace("_", "-"): value for name, value in replaced.items()}
        lines = [f"{name}: {value}" for name, value in usual.items() if value is not None]
        lines += [f"{name}: {value}" for name, value in headers or ()]
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in lines) + "\r\n"
        return Malformed(
            f"{label}: {method} {target[:80]}", method, head.encode("latin-1") + body, oauth or "/identity/" in target
        )

    def route(self, label, route, body=b"", **options):
        """Build one for a route of the table, with a name of its own where it makes something."""
        self._count += 1
        makes = route.operation.split("_")[0] in ("create", "import", "set")
        name = f"m{self._count}" if makes else f"known-{route.path[0]}"
        return self.request(label, route.method, f"{_path(route, name)}?{API}", body, **options)

    def bodies(self):
        """Bodies that are no JSON object, for every route that takes one."""
        broken = [
            b"", b" ", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"{'a': 1}", b'{"a": 1,}', b'{"a" 1}', b"\xff\xfe{\x00}\x00", b'{"a": "\xff"}',
            b'\xef\xbb\xbf{"value": "x"}', b'{"value": "x"} trailing', b'{"value": "\x00"}', b"[" * 100_000, b'{"a":' * 100_000, b"\x00" * 100,
            b'{"value": "x", "value": 1}', b"value=x", b"<xml/>", b'{"value": NaN}', b'{"value": "\\ud800"}', b'{"value": ' + b"1" * 20_000 + b"}",
        ]  # fmt: skip
        for route in ROUTES:
            if route.body is not None:
                for body in self._random.sample(broken, 8):
                    yield self.route(f"body {body[:12]!r}", route, body)

    def members(self):
        """Every member of every body, also inside policies and such, with values it can not have."""
        for route in ROUTES:
            if route.body is None:
                continue
            good = {member.wire_name: DEFAULTS.get(member.wire_name, KINDS[member.kind]) for member in route.body}
            if route.operation in VALUES:
                good["value"] = VALUES[route.operation]
            paths = [path for name in good for path in [(name,), *_inner(MODELS.get(name), (name,))]]
            if route.whole:
                good, paths = DEFAULTS[route.whole], list(_inner(MODELS[route.whole], ()))
            for path in paths:
                for wrong in self._random.sample(WRONG, self._samples):
                    yield self.route(f"{'.'.join(path)} = {wrong[:30]}", route, _with(good, path, wrong))

    def names(self):
        """Names and versions that are none."""
        for route in ROUTES:
            if any(part[0] == "{" for part in route.path):
                body = b"{}" if route.body is not None else b""
                for name in self._random.sample(NAME_LIKE, 6):
                    yield self.request(f"name {name[:20]}", route.method, f"{_path(route, name)}?{API}", body)

    def methods(self):
        """Every method on every path."""
        paths = {tuple(route.path): route for route in ROUTES}
        known = {(route.method, tuple(route.path)) for route in ROUTES}
        for path, route in paths.items():
            for method in sorted(METHODS - {"CONNECT"}):
                if (method, path) not in known:
                    yield self.request("method", method, f"{_path(route, 'known')}?{API}")
        for method in ("BREW", "PROPFIND", "MKCOL", "LOCK", "SOURCE", "QUERY", "get", "G\xcbT", "CONNECT", "PRI"):
            yield self.request("method", method, f"/certificates?{API}")

    def files(self):
        """Imports whose file is cut short or has a bit turned, and names that no certificate can have."""
        for _ in range(60):
            octets = bytearray(PFX)
            octets[self._random.randrange(len(octets))] ^= 1 << self._random.randrange(8)
            cut = self._random.choice((len(octets), self._random.randrange(len(octets))))
            body = {"value": base64.b64encode(octets[:cut]).decode(), "pwd": PASSWORD}
            yield self._import("file", body)
        for pwd in ("", "wrong", "\x00", "\u202e", "p" * 5000):
            yield self._import("password", {"value": base64.b64encode(PFX).decode(), "pwd": pwd})
        texts = [json.loads(text) for text in WRONG if text[0] == '"' and r"\u" not in text]
        for text in [
            *texts,
            "a=b",
            "CN=",
            "CN=a,,CN=b",
            "C=Germany",
            "CN=" + "\\,",
            "1.2.3=#0500",
            "CN=#zz",
            "=",
            "CN=a" + "+CN=a" * 60,
        ]:
            for subject in (text, f"CN={text}"):
                policy = {**DEFAULTS["policy"], "x509_props": {"subject": subject}}
                yield self.route("subject", _CREATE, json.dumps({"policy": policy}).encode())

    def _import(self, label, body):
        return self.route(label, _IMPORT, json.dumps(body).encode())

    def queries(self):
        """Queries that are wrong, on lists and elsewhere."""
        for route in ROUTES:
            if route.paged:
                for query in PAGE_QUERIES:
                    yield self.request("page", "GET", f"{_path(route, 'known')}?{API}&{query}")
        for query in QUERIES:
            yield self.request("query", "GET", f"/certificates/known?{query}")
            yield self.request("query", "GET", f"/certificates/known/pending?{query}")
            yield self.request("query", "GET", f"/secrets/nothing?{query}")

    def headers(self):
        """Tokens, hosts and other headers that are odd."""
        for token in TOKENS:
            yield self.request("token", "GET", f"/certificates?{API}", Authorization=token)
            yield self.request("token", "POST", f"/certificates/x/create?{API}", b"{", Authorization=token)
            yield self.request("token", "GET", "/kvlab/events", Authorization=token)
        for end in range(1, 40, 3):
            yield self.request("token", "GET", f"/keys?{API}", Authorization=f"Bearer {self.token[:-end]}")
        for host in HOSTS:
            yield self.request("host", "GET", f"/certificates?{API}", Host=host)
            yield self.request("host", "GET", f"/certificates?{API}", Host=host, Authorization=None)
        odd = [
            ("X-HTTP-Method", "DELETE"), ("X-HTTP-Method", "BREW"), ("X-HTTP-METHOD", "\xff"), ("X-HTTP-Method", "CONNECT"),
            ("Accept", "application/pkcs10"), ("Accept", "*" * 9000), ("Content-Type", "text/plain"), ("Content-Encoding", "gzip"),
            ("x-ms-client-request-id", "x" * 5000), ("x-ms-client-request-id", "\xff"), ("Cookie", "a=b; " * 1000), ("X-" + "A" * 3000, "x"),
            ("Host", "example.com"), ("Authorization", "Bearer x"), ("Expect", "100-continue"), ("Expect", "the-unexpected"), ("Upgrade", "h2c"),
            ("Range", "bytes=0-5"), ("If-Match", '"x"'), ("TE", "trailers"), ("Via", "1.1 x"), ("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=x"),
        ]  # fmt: skip
        for header in odd:
            yield self.request(f"header {header[0][:20]}", "POST", f"/certificates/known?{API}", b"{}", [header])
            yield self.request(f"header {header[0][:20]}", "GET", f"/certificates/nothing?{API}", headers=[header])
        many = [(f"X-{number}", "x" * 60) for number in range(900)]
        yield self.request("many headers", "GET", f"/certificates?{API}", headers=many)
        yield self.request("long header", "GET", f"/certificates?{API}", headers=[("X-Long", "y" * 300_000)])
        for line in ("NoColon", ": empty", "X y: z", "X\x00: z", "X: a\x00b", "X: a\rb", "\xff: x", " folded: x"):
            head = f"GET /certificates?{API} HTTP/1.1\r\nHost: {self.host}\r\n{line}\r\n\r\n"
            yield Malformed(f"header line {line!r}", "GET", head.encode("latin-1"))

    def targets(self):
        """Request targets that are no path of the service."""
        targets = [
            "/", "//", "///certificates", "//certificates//known//", "/certificates/known/pending/merge/more", "/certificates/a/b/c/d/e/f", "/CERTIFICATES/known",
            "/certificates/../secrets", "/%63ertificates", "/certificates%2Fknown", "/certificates/known%3Fapi-version=7.6", "*", "certificates", "?", "/?",
            "http://", "https://example.com/certificates", "https://localhost:1/certificates", "/#fragment", "/certificates#x", "/\xff\xfe", "/certificates/\xe9",
            "/certificates?\xff=\xfe", "/" + "a" * 70_000, "/" + "a/" * 20_000, "/certificates?" + "b" * 200_000, "/certificates?" + "a=b&" * 20_000,
            "/kvlab", "/kvlab/", "/kvlab//", "/kvlab/health/x", "/kvlab/../certificates", "/kvlab/vaults/", "/metadata/identity/oauth2/token", "/.well-known/x",
            "/secrets/known/" + "f" * 32, "/secrets/known/" + "F" * 33, "/keys/known/%00", "/certificates/known/versions/x", "/storage/x", "/rng",
        ]  # fmt: skip
        for target in targets:
            for method in ("GET", "POST", "DELETE"):
                yield self.request("target", method, target)

    def framing(self):
        """Bodies whose length is told oddly."""
        start = f"POST /certificates/framed/create?{API} HTTP/1.1\r\nHost: {self.host}\r\nAuthorization: Bearer {self.token}\r\n"
        for label, rest in (
            ("chunked", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            ("chunk trailer", b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: y\r\n\r\n"),
            ("chunk extension", b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n"),
            ("chunk size", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
            ("negative chunk", b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n"),
            ("huge chunk", b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}"),
            ("unknown coding", b"Transfer-Encoding: gzip\r\n\r\n"),
            ("both lengths", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
            ("two lengths", b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
            ("negative length", b"Content-Length: -1\r\n\r\n{}"),
            ("length in words", b"Content-Length: two\r\n\r\n{}"),
            ("endless length", b"Content-Length: 99999999999999999999\r\n\r\n{}"),
            ("length plus", b"Content-Length: +2\r\n\r\n{}"),
            ("short length", b"Content-Length: 1\r\n\r\n{}"),
            ("no length", b"\r\n"),
        ):
            yield Malformed(f"framing {label}", "POST", start.encode() + rest)
        for line in ("GET / HTTP/1.0", "GET / HTTP/0.9", "GET / HTTP/2.0", "GET / HTTP/9.9", "GET / FTP/1.1", "GET /", "GET", "", " / HTTP/1.1", "\x00", "GET  /  HTTP/1.1"):  # fmt: skip
            yield Malformed(f"request line {line!r}", "GET", f"{line}\r\nHost: {self.host}\r\n\r\n".encode())
        for size in (5_000_000, 10_000_000):
            yield self.request("10 MB", "POST", f"/certificates/long/create?{API}", b"[" * size)
            yield self.request("10 MB", "PUT", f"/secrets/long?{API}", b'{"value": "' + b"x" * size + b'"}')

    def logins(self):
        """Forms that get no token, and odd questions to the authority."""
        place = f"/{self.tenant_id}/oauth2/v2.0/token"
        forms = [
            b"", b"=", b"&&&", b"%", b"grant_type", b"grant_type=client_credentials", b"grant_type=password&username=a&password=b", b"{}", b"\xff\xfe", b"\x00",
            b"grant_type=client_credentials&scope=%00", b"grant_type=client_credentials&scope=https://vault.azure.net/.default",
            b"grant_type=client_credentials&scope=https://vault.azure.net/.default&client_id=%00&client_secret=%00",
            b"grant_type=client_credentials&scope=https://vault.azure.net/.default&client_id=%ff%fe&client_secret=x",
            b"grant_type=client_credentials&scope=https://vault.azure.net/.default&client_id=" + b"9" * 100_000, b"a=b&" * 100_000, b"x" * 5_000_000,
            b"grant_type=client_credentials&scope=https://vault.azure.net/.default&client_id=%F0%9F%98%80&client_secret=%E2%80%AE",
            b"grant_type=client_credentials&grant_type=password&scope=https://x&client_id='--",
        ]  # fmt: skip
        usual = {"Authorization": None, "Content_Type": "application/x-www-form-urlencoded", "oauth": True}
        for form in forms:
            yield self.request(f"form {form[:30]!r}", "POST", place, form, **usual)
        for basic in (
            "Basic",
            "Basic !",
            "Basic eDp5",
            "Basic /////w==",
            "Basic \xff",
            "Basic " + "A" * 20_000,
            "Bearer x",
        ):
            yield self.request("basic", "POST", place, forms[11], **usual | {"Authorization": basic})
        for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            yield self.request("method", method, place, oauth=True)
        for tenant in ("nobody", "..", "%00", "%ff", "a" * 5000, self.tenant_id + "x"):
            yield self.request("tenant", "POST", f"/{tenant}/oauth2/v2.0/token", forms[11], **usual)
            yield self.request("tenant", "GET", f"/{tenant}/v2.0/.well-known/openid-configuration", oauth=True)
        for header in (None, "", "x", "\xff" * 50):
            yield self.request(
                "identity", "GET", "/kvlab/identity/token?resource=%00", X_IDENTITY_HEADER=header, oauth=True
            )
            yield self.request(
                "identity", "GET", "/metadata/identity/oauth2/token", X_IDENTITY_HEADER=header, oauth=True
            )

    def control(self):
        """Bad calls of kvlab's own surface."""
        places = [("POST", "/kvlab/clock", ["advance"]), ("PUT", "/kvlab/vaults/x", ["name"]), ("PUT", "/kvlab/cas/DigiCert", ["delay_seconds", "outcome"]),
                  ("POST", "/kvlab/principals", ["client_id", "client_secret", "roles", *NAMES])]  # fmt: skip
        for method, path, members in places:
            for body in (b"", b"[]", b"{", b'{"x": 1}', b"\xff", b"[" * 100_000):
                yield self.request("control", method, path, body)
            for member in members:
                good = {"client_id": "someone", "client_secret": "a secret of its own", "certificates": ["get"]}
                for wrong in self._random.sample(WRONG, min(len(WRONG), 3 * self._samples)):
                    yield self.request("control", method, path, _with(good, (member,), wrong))
        for name in NAME_LIKE:
            yield self.request("vault name", "PUT", f"/kvlab/vaults/{name}")
        for after in ("x", "-1", "9" * 30, "9" * 18, "%00", "1.5", "%D9%A3", ""):
            yield self.request("events", "GET", f"/kvlab/events?after={after}")
        for method in sorted(METHODS - {"CONNECT"}):
            for path in ("clock", "principals", "vaults", "events", "vaults/known", "cas/DigiCert", "identity/token"):
                yield self.request("method", method, f"/kvlab/{path}", b"[]")


def _path(route, name):
    """The path of a route, each argument filled in."""
    return "/" + "/".join(name if part[0] == "{" else part for part in route.path)


def _inner(model, prefix):
    """The paths of a model's members, those inside its members too."""
    if model is None:
        return
    for name, field in model.model_fields.items():
        path = (*prefix, field.alias or name)
        yield path
        inner = _inner_model(field.annotation)
        if inner is not None and issubclass(inner, WireModel):
            yield from _inner(inner, path)


def _with(good, path, raw):
    """The JSON of a body in which the member at a path has a value given as JSON text."""
    marker = "\x01the value\x01"
    body = json.loads(json.dumps(good))
    place = body
    for name in path[:-1]:
        if not isinstance(place.get(name), dict):
            place[name] = {}
        place = place[name]
    place[path[-1]] = marker
    return json.dumps(body).replace(json.dumps(marker), raw).encode("utf-8", "surrogatepass")
