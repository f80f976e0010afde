"""
The versions of the service's API, and what an answer of an older one does not have.

Source: https://learn.microsoft.com/rest/api/keyvault/versions and the clients' own lists.
"""

from __future__ import annotations

from typing import Any

from kvlab.errors import ApiVersionMissing, ApiVersionUnknown

VERSIONS = (
    "2015-06-01", "2016-10-01", "7.0-preview", "7.0", "7.1-preview", "7.1", "7.2-preview", "7.2", "7.3-preview", "7.3",
    "7.4-preview.1", "7.4", "7.5-preview.1", "7.5", "7.6-preview.1", "7.6-preview.2", "7.6", "2025-06-01-preview",
    "2025-07-01", "2026-01-01-preview", "2026-03-01-preview", "2026-04-01", "2026-05-01-preview", "2026-07-01-preview",
)  # fmt: skip
"""From the oldest to the newest."""

_RANK = {version: rank for rank, version in enumerate(VERSIONS)}

_NEWER_MEMBERS = {
    "recoverable_days": "7.1-preview",
    "exportable": "7.3-preview",
    "hsm_platform": "7.5-preview.1",
    "preserve_cert_order": "7.6-preview.1",
    "previous_version": "2025-06-01-preview",
}
_NEWER_NAMES = {"uris", "ip_addresses"}
"""Among a policy's subject alternative names, since ``_NAMES_SINCE``."""
_NAMES_SINCE = _RANK["2025-06-01-preview"]

_MEMBERS_BY_VERSION = {
    version: frozenset(name for name, since in _NEWER_MEMBERS.items() if rank < _RANK[since])
    for version, rank in _RANK.items()
}


def _left_out(version: str) -> Any:
    names = _MEMBERS_BY_VERSION[version]
    found: dict[str, Any] = {**dict.fromkeys(names, True), "attributes": set(names)} if names else {}
    if _RANK[version] < _NAMES_SINCE:
        x509_props = {"sans": _NEWER_NAMES}
        found |= {"policy": {"x509_props": x509_props}, "x509_props": x509_props}
    return found or None


_LEFT_OUT = {version: _left_out(version) for version in VERSIONS}


def check_version(version: str | None) -> str:
    """
    Return the API version of a request.

    Raises:
        ApiVersionMissing: there is none; it has no default.
        ApiVersionUnknown: the service has no such version.
    """
    if not version:
        raise ApiVersionMissing
    if version not in _RANK:
        raise ApiVersionUnknown(version)
    return version


def left_out(version: str) -> Any:
    """Return what a model leaves out of an answer in this version, as pydantic's ``exclude``; None for nothing."""
    return _LEFT_OUT[version]
