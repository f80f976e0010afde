"""What a disabled, expired or not yet valid certificate's key and secret refuse is what the table says, use by use."""

import pytest

from kvlab import SimulatedClock, Vault, VaultError
from kvlab.vault.inoperable import READ_VALUE, REFUSED, USES
from tests.vault.make import pfx_file, rsa_key, self_signed

KEY = rsa_key()
LEAF = self_signed(KEY, days=365)
CODES = {"disabled": "Disabled", "expired": "Expired", "not yet valid": "NotYetValid"}
NOW = {
    "disabled": "2026-09-01T00:00Z", "expired": "2027-09-01T00:00Z", "not yet valid": "2026-05-31T23:59Z",
    "valid": "2026-09-01T00:00Z",
}  # fmt: skip


def uses(vault, sealed):
    """Each use as a call that works on a valid key."""
    return {
        "sign": lambda: vault.sign("web", "RS256", bytes(32)),
        "verify": lambda: vault.verify("web", "RS256", bytes(32), bytes(256)),
        "encrypt": lambda: vault.encrypt("web", "RSA-OAEP", b"x"),
        "decrypt": lambda: vault.decrypt("web", "RSA-OAEP", sealed),
        "wrapKey": lambda: vault.wrap_key("web", "RSA-OAEP", b"x"),
        "unwrapKey": lambda: vault.unwrap_key("web", "RSA-OAEP", sealed),
        READ_VALUE: lambda: vault.get_secret("web"),
    }


@pytest.fixture
def opened(mode, condition):
    """A vault in which a certificate that allows everything is in the condition, and something encrypted for it."""
    with Vault(clock=SimulatedClock("2026-05-31T22:00Z"), inoperable=mode) as vault:
        vault.import_certificate("web", pfx_file(KEY, LEAF))
        vault.clock.advance(hours=3)
        sealed = vault.encrypt("web", "RSA-OAEP", b"x").value
    with Vault(clock=SimulatedClock("2026-05-31T22:00Z"), inoperable=mode) as vault:
        vault.import_certificate("web", pfx_file(KEY, LEAF), attributes={"enabled": condition != "disabled"})
        vault.clock.advance((SimulatedClock(NOW[condition]).now() - vault.clock.now()).total_seconds())
        yield vault, sealed


@pytest.mark.parity("inoperable", "disabled-visible", "not-yet-valid")
@pytest.mark.parametrize("condition", NOW)
@pytest.mark.parametrize("mode", REFUSED)
def test_every_use_in_every_condition(opened, mode, condition):
    vault, sealed = opened
    found = set()

    for use, call in uses(vault, sealed).items():
        try:
            call()
        except VaultError as refusal:
            area = "Secret" if use == READ_VALUE else "Key"
            assert (refusal.status, refusal.code, refusal.inner_code) == (403, "Forbidden", area + CODES[condition])
            found.add(use)

    assert found == REFUSED[mode][condition]
    assert set(uses(vault, sealed)) == set(USES)
    assert vault.get_key("web").key.kid == vault.get_certificate("web").kid
    assert len(vault.get_certificates()) == len(vault.get_secrets()) == 1
    assert vault.update_certificate("web", tags={"a": "b"}).tags == {"a": "b"}
    assert vault.delete_certificate("web").recovery_id
