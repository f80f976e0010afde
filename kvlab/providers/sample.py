"""The organizations that a simulated certificate authority has validated while nobody told it otherwise."""

from __future__ import annotations

from kvlab.wire.ca import CaOrganization

SAMPLES = [
    CaOrganization(
        id="1001", name="Contoso, Ltd", country="US", state="Washington", locality="Redmond",
        jurisdiction_state="Washington", registration_number="603 123 456", domains=["contoso.com"],
    ),
    CaOrganization(
        id="1002", name="Fabrikam, Inc.", country="US", state="Oregon", locality="Portland",
        jurisdiction_state="Oregon", registration_number="204718-96", domains=["fabrikam.com"],
    ),
    CaOrganization(
        id="1003", name="Example Organization", country="US", state="California", locality="Los Angeles",
        jurisdiction_state="California", registration_number="C0812345", domains=["example.com"],
    ),
]  # fmt: skip
"""The validation records of a CA that nobody configured."""
