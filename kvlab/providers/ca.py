"""The certificate authorities that kvlab simulates, by name."""

from __future__ import annotations

from kvlab.providers.digicert_ca import SimulatedDigiCert
from kvlab.providers.globalsign_ca import SimulatedGlobalSign
from kvlab.providers.simulated import SimulatedCa

SIMULATED: dict[str, type[SimulatedCa]] = {"DigiCert": SimulatedDigiCert, "GlobalSign": SimulatedGlobalSign}
