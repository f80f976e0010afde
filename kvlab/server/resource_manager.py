"""
What ``az`` asks of a cloud before it talks to a vault: what the cloud consists of, and what there is to manage.

Sources: https://github.com/Azure/azure-cli/blob/dev/src/azure-cli-core/azure/cli/core/cloud.py (which members it reads)
and https://learn.microsoft.com/rest/api/resources/subscriptions/list.
"""

from __future__ import annotations

from typing import Any

METADATA = ["metadata", "endpoints"]
"""Open to everybody: a client asks before it can have a token."""

SUBSCRIPTIONS = "/subscriptions"
"""Needs a token."""

NO_SUBSCRIPTIONS: dict[str, Any] = {"value": [], "count": {"type": "Total", "value": 0}}


def metadata(base_url: str) -> dict[str, Any]:
    """Return where the parts of this cloud are; it has a directory and vaults, and no more."""
    return {
        "name": "kvlab",
        "authentication": {"loginEndpoint": base_url, "audiences": [base_url], "tenant": "common"},
        "resourceManager": base_url,
        "suffixes": {"keyVaultDns": f".localhost:{base_url.rpartition(':')[2]}"},
    }
