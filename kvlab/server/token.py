"""Access tokens: what the token endpoint hands out and the vault's door checks. They always run on real time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jwt

from kvlab.clock import SystemClock
from kvlab.errors import Unauthorized

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AUDIENCE = "https://vault.azure.net"
LIFETIME_SECONDS = 3600
ALGORITHM = "ES256"
KEY_ID = "kvlab"
REMEMBERED = 1024
"""Of how many tokens the signature is checked once only."""

_ONLY_THE_SIGNATURE: Any = {
    "require": ["aud", "iss", "exp", "nbf", "appid"],
    **dict.fromkeys(("verify_aud", "verify_iss", "verify_exp", "verify_nbf", "verify_iat"), False),
}

_CLOCK = SystemClock()


class Tokens:
    """
    Issues and checks JSON Web Tokens (RFC 7519) of one tenant.

    Args:
        key: P-256, signs them.
        tenant_id: a UUID.
    """

    def __init__(self, key: EllipticCurvePrivateKey, tenant_id: str) -> None:
        self._key = key
        self._public_key = key.public_key()
        self.tenant_id = tenant_id
        self.issuer = f"https://sts.windows.net/{tenant_id}/"
        # A client sends the same token an hour long: its signature holds as well the second time, its dates may not.
        self._signed = lru_cache(REMEMBERED)(self._read)

    def issue(self, client_id: str, audience: str = AUDIENCE) -> tuple[str, int]:
        """Return a token for a client, and when it ends (epoch seconds)."""
        now = int(_CLOCK.now().timestamp())
        expires = now + LIFETIME_SECONDS
        claims = {
            "aud": audience, "iss": self.issuer, "iat": now, "nbf": now, "exp": expires, "appid": client_id,
            "appidacr": "1", "idtyp": "app", "oid": client_id, "sub": client_id, "tid": self.tenant_id, "ver": "1.0",
        }  # fmt: skip
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": KEY_ID}), expires

    def check(self, token: str) -> str:
        """
        Return the client that a token was issued to.

        Raises:
            Unauthorized: it is forged, expired, or for somebody else; in the service's words where they are known.
        """
        claims = self._signed(token)
        now = _CLOCK.now().timestamp()
        if claims["exp"] <= now:
            raise Unauthorized("Error validating token: IDX10223: Lifetime validation failed. The token is expired.")
        if claims["nbf"] > now:
            raise Unauthorized(
                "Error validating token: IDX10222: Lifetime validation failed. The token is not yet valid."
            )
        if claims["iss"] != self.issuer:
            raise Unauthorized(f"AKV10032: Invalid issuer. Expected one of {self.issuer}, found {claims['iss']}.")
        if claims["aud"] != AUDIENCE:
            raise Unauthorized(f"AKV10022: Invalid audience. Expected {AUDIENCE}, found: {claims['aud']}.")
        return str(claims["appid"])

    def _read(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, self._public_key, [ALGORITHM], options=_ONLY_THE_SIGNATURE)
        except jwt.PyJWTError:
            raise Unauthorized("Error validating token: IDX10511: Signature validation failed.") from None

    def key_set(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set (RFC 7517 section 5)."""
        members = jwt.get_algorithm_by_name(ALGORITHM).to_jwk(self._public_key, as_dict=True)
        return {"keys": [{**members, "kid": KEY_ID, "use": "sig", "alg": ALGORITHM}]}

    def __repr__(self) -> str:
        return f"Tokens({self.tenant_id!r})"
