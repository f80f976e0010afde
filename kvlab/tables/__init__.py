"""Typed pandas tables of what a vault holds and what a certificate says."""

from kvlab.tables.certificate import batches, certificates
from kvlab.tables.chain import chain
from kvlab.tables.comparison import compare
from kvlab.tables.device import devices, things
from kvlab.tables.event import events
from kvlab.tables.field import fields
from kvlab.tables.lint import lint
from kvlab.tables.look import plain, style
from kvlab.tables.mail import mails
from kvlab.tables.operation import operations
from kvlab.tables.override import overrides
from kvlab.tables.parquet import write_parquet
from kvlab.tables.version import versions

__all__ = [
    "batches",
    "certificates",
    "chain",
    "compare",
    "devices",
    "events",
    "fields",
    "lint",
    "mails",
    "operations",
    "overrides",
    "plain",
    "style",
    "things",
    "versions",
    "write_parquet",
]
