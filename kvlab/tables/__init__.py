"""Typed pandas tables of what a vault holds and what a certificate says."""

from kvlab.tables.certificate import certificates
from kvlab.tables.event import events
from kvlab.tables.field import fields
from kvlab.tables.lint import lint
from kvlab.tables.operation import operations

__all__ = ["certificates", "events", "fields", "lint", "operations"]
