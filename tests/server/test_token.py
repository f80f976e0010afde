"""Access tokens, with the signing key at hand: what no client can forge over the wire."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kvlab import Vault
from kvlab.errors import Unauthorized
from kvlab.server.register import Register
from kvlab.server.token import AUDIENCE, Tokens

KEY = ec.generate_private_key(ec.SECP256R1())
TENANT = "11111111-2222-4333-8444-555555555555"
TOKENS = Tokens(KEY, TENANT)


def token(key=KEY, algorithm="ES256", without=(), **changed):
    """A token as the vault issues it, but for some claims."""
    good = jwt.decode(TOKENS.issue("someone")[0], options={"verify_signature": False})
    claims = {name: value for name, value in (good | changed).items() if name not in without}
    return jwt.encode(claims, key, algorithm)


def test_a_token_of_ours_names_its_client():
    issued, expires = TOKENS.issue("someone")

    assert TOKENS.check(issued) == "someone"
    assert 3590 < expires - time.time() <= 3600
    assert jwt.get_unverified_header(issued)["alg"] == "ES256"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: token(exp=int(time.time()) - 1), "Lifetime validation failed"),
        (lambda: token(exp=0), "Lifetime validation failed"),
        (lambda: token(nbf=int(time.time()) + 600), "validation failed"),
        (lambda: token(exp=2**70), None),
        (lambda: token(without=["exp"]), "validation failed"),
        (lambda: token(without=["aud"]), "validation failed"),
        (lambda: token(without=["appid"]), "validation failed"),
        (lambda: token(without=["iss"]), "validation failed"),
        (lambda: token(aud=f"{AUDIENCE}/"), "Invalid audience"),
        (lambda: token(aud="https://management.azure.com"), "Invalid audience"),
        (lambda: token(aud=[AUDIENCE]), "Invalid audience"),
        (lambda: token(iss="https://sts.windows.net/another/"), "Invalid issuer"),
        (lambda: token(key=ec.generate_private_key(ec.SECP256R1())), "Signature validation failed"),
        (lambda: token(key="x" * 40, algorithm="HS256"), "validation failed"),
        (lambda: token(key=None, algorithm="none"), "validation failed"),
        (lambda: token() + "x", "validation failed"),
        (lambda: token().rpartition(".")[0] + ".", "validation failed"),
        (lambda: token(appid=["someone"]), None),
    ],
    ids=[
        "expired", "expired long ago", "not yet valid", "endless", "no expiry", "no audience", "no client",
        "no issuer", "audience with slash", "other audience", "audience list", "other tenant", "other key", "symmetric",
        "unsigned", "longer", "no signature", "client list",
    ],
)  # fmt: skip
def test_a_token_that_does_not_hold_is_refused(made, said):
    if said is None:
        assert isinstance(TOKENS.check(made()), str)
        return
    with pytest.raises(Unauthorized, match=said):
        TOKENS.check(made())


def test_neither_key_nor_token_is_in_a_repr():
    assert repr(TOKENS) == f"Tokens('{TENANT}')"
    assert "d" not in TOKENS.key_set()["keys"][0]


def test_the_owners_secret_does_not_begin_as_an_option_of_a_command_line(monkeypatch):
    """``az login --password SECRET``: a dash at its beginning was read as the next option."""
    monkeypatch.setattr("kvlab.server.register.os.urandom", lambda octets: b"\xf8" * octets)
    with Vault() as vault:
        secret = Register(vault._core.store).client_secret

    assert len(secret) >= 40
    assert secret.isalnum()
