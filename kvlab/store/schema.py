"""
Every table on one screen.

Instants are whole epoch seconds; names are kept twice: as written, and casefolded to find them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

SCHEMA_VERSION = "6"

metadata = MetaData()


def _ref(target: str, *, cascade: bool = True) -> ForeignKey:
    return ForeignKey(target, ondelete="CASCADE" if cascade else None)


def _due_index(name: str, column: str) -> Index:
    """Index only the rows that wait for an instant, so that finding what is due costs nothing for those that do not."""
    return _index_while(column, name, "vault_id", column)


def _index_while(is_set: str, name: str, *columns: str) -> Index:
    """Index only the rows in which a column is set, so that finding them costs nothing for the others."""
    condition = text(f"{is_set} IS NOT NULL")
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


meta = Table(
    "meta", metadata, Column("name", String(40), primary_key=True), Column("value", LargeBinary, nullable=False)
)

vault = Table(
    "vault",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(24), nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
    Column("clock_kind", String(10), nullable=False),
    Column("clock_instant", BigInteger, nullable=False),
    Column("settled_instant", BigInteger, nullable=False),  # a simulated clock's: what fell due by then has been done
    Column("seed", Text),
    Column("retention_days", Integer, nullable=False),
    Column("purge_protection", Boolean, nullable=False),
    Column("inoperable", String(10), nullable=False),
    Column("contacts", Text),
)

key = Table(
    "key",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("kty", String(8), nullable=False),
    Column("public_der", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # PKCS#8 DER under the master key
    Column("seeded", Boolean, nullable=False),
)

certificate = Table(
    "certificate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("name_key", String(127), nullable=False),
    Column("name", String(127), nullable=False),
    Column("policy", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("current_id", Integer),  # the newest version; NULL before the first is complete
    Column("placeholder", String(32)),  # the version id shown while the next one is pending
    Column("deleted_at", BigInteger),
    Column("purge_at", BigInteger),
    Column("renew_at", BigInteger),  # when the vault tries next to renew the current version
    Column("renew_attempts", Integer, nullable=False, server_default="0"),  # for the current version
    Column("notice_at", BigInteger),  # when the contacts are told next about the current version
    Column("noticed", BigInteger),  # the newest trigger of the current version that they were told of
    Column("expire_at", BigInteger),  # when the current version expires, until that is noted
    # What the list shows and finds of the current version; here, since it must not read 100,000 versions for that.
    Column("current_enabled", Boolean),
    Column("current_nbf", BigInteger),
    Column("current_exp", BigInteger),
    Column("words", Text),
    UniqueConstraint("vault_id", "name_key"),
    _due_index("certificate_purge", "purge_at"),
    _index_while("deleted_at", "certificate_deleted", "vault_id", "name_key"),
    _due_index("certificate_renew", "renew_at"),
    _due_index("certificate_notice", "notice_at"),
    _due_index("certificate_expire", "expire_at"),
    # All that a search reads, a quarter of the table. PostgreSQL takes no such long entries, and reads the table.
    Index(
        "certificate_listing",
        "vault_id",
        "name_key",
        "current_id",
        "current_enabled",
        "current_nbf",
        "current_exp",
        "words",
        "deleted_at",
    ).ddl_if("sqlite"),
)

version = Table(
    "version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("certificate_id", _ref("certificate.id"), nullable=False),
    Column("version", String(32), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("nbf", BigInteger, nullable=False),
    Column("exp", BigInteger, nullable=False),
    Column("tags", Text),
    Column("leaf_der", LargeBinary, nullable=False),
    Column("certificates_der", LargeBinary, nullable=False),  # leaf and chain, one after the other, as the secret shows
    Column("x5t", LargeBinary, nullable=False),
    Column("key_id", _ref("key.id", cascade=False), nullable=False, index=True),
    Column("key_type", String(8), nullable=False),  # RSA-HSM and EC-HSM too, which the key itself can not tell
    Column("key_ops", Text, nullable=False),
    Column("content_type", String(40), nullable=False),
    Column("exportable", Boolean, nullable=False),
    Column("preserve_cert_order", Boolean, nullable=False),
    Column("overrides", Text),  # where the CA decided otherwise than it was asked
    UniqueConstraint("certificate_id", "version"),
)

pending = Table(
    "pending",
    metadata,
    Column("certificate_id", _ref("certificate.id"), primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("request_id", String(32), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("issuer", String(127), nullable=False),
    Column("status", String(10), nullable=False),
    Column("status_details", Text),  # what the CA waits for, in its words
    Column("cancellation_requested", Boolean, nullable=False),
    Column("error", Text),
    Column("csr", LargeBinary, nullable=False),
    Column("key_id", _ref("key.id", cascade=False), nullable=False, index=True),
    Column("policy", Text, nullable=False),  # as it stood when the request was made
    Column("enabled", Boolean, nullable=False),
    Column("tags", Text),
    Column("preserve_cert_order", Boolean, nullable=False),
    Column("renewal", Boolean, nullable=False),  # whether a lifetime action began it
    Column("due_at", BigInteger),
    _due_index("pending_due", "due_at"),
)

issuer_order = Table(
    "issuer_order",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("reference", String(32), nullable=False, unique=True),  # the pending operation's request_id
    Column("certificate_id", Integer, nullable=False),  # without foreign key: an order outlives what it was for
    Column("name", String(127), nullable=False),
    Column("issuer_key", String(127), nullable=False),
    Column("provider", String(20), nullable=False),
    Column("order_id", String(64)),  # NULL: not placed, or not known to be
    Column("attempts", Integer, nullable=False),  # since the CA last said something new
    Column("due_at", BigInteger),
    Column("lease_owner", String(32)),  # who talks to the CA about it now
    Column("lease_until", BigInteger),  # of the database's own time: whoever died meanwhile holds it no longer
    _due_index("issuer_order_due", "due_at"),
    _due_index("issuer_order_lease", "lease_until"),
)

item = Table(
    "item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("area", String(6), nullable=False),  # key | secret: those that no certificate manages
    Column("name_key", String(127), nullable=False),
    Column("name", String(127), nullable=False),
    Column("current_id", Integer),
    Column("deleted_at", BigInteger),
    Column("purge_at", BigInteger),
    UniqueConstraint("vault_id", "name_key", "area"),
    Index("item_name", "vault_id", "area", "name_key"),
    _due_index("item_purge", "purge_at"),
    _index_while("deleted_at", "item_deleted", "vault_id", "area", "name_key"),
)

item_version = Table(
    "item_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("item_id", _ref("item.id"), nullable=False),
    Column("version", String(32), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("nbf", BigInteger),
    Column("exp", BigInteger),
    Column("tags", Text),
    Column("content_type", String(255)),
    Column("sealed", LargeBinary),  # a secret's value
    Column("key_id", _ref("key.id", cascade=False), index=True),
    Column("key_type", String(8)),
    Column("key_ops", Text),
    UniqueConstraint("item_id", "version"),
)

issuer = Table(
    "issuer",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("name_key", String(127), primary_key=True),
    Column("name", String(127), nullable=False),
    Column("body", Text, nullable=False),  # IssuerBundle without the password
    Column("sealed", LargeBinary),  # the password
)

principal = Table(
    "principal",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("grants", Text, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("object", String(200), nullable=False),
    Column("version", String(32)),
    Column("request_id", String(32)),
    Column("step", Integer),
    Column("detail", Text),
    # What happened to one certificate is found at once, however much happened to all others.
    Index("event_object", "vault_id", text("lower(object)"), "seq"),
    # Where several servers answer polls, each has to find out whether another one has noted one in this second.
    Index("event_poll", "vault_id", "request_id", "time", postgresql_where=text("kind = 'poll'")).ddl_if("postgresql"),
)

mail = Table(
    "mail",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("certificate", String(127), nullable=False),
    Column("version", String(32), nullable=False),
    Column("news", String(12), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("waiting", Boolean),  # NULL once a mail server took it, or will never take it
    Column("refusal", Text),  # why it will never take it
    _index_while("waiting", "mail_waiting", "vault_id", "seq"),
)

draw = Table(
    "draw",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("purpose", String(60), primary_key=True),
    Column("ordinal", Integer, nullable=False),
)

authority = Table(
    "authority",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("rank", Integer, primary_key=True),  # 0 is the root, 1 the CA below it
    Column("certificate_der", LargeBinary, nullable=False),
    Column("key_id", _ref("key.id", cascade=False), nullable=False, index=True),
)

site = Table(
    "site",
    metadata,
    Column("name", String(220), primary_key=True),  # identity | ca | client and its id
    Column("sealed", LargeBinary, nullable=False),
)

ca = Table(
    "ca",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("name", String(20), primary_key=True),  # DigiCert | GlobalSign
    Column("sealed", LargeBinary, nullable=False),  # how it was told to behave: holds the accounts' passwords
    Column("since", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
)

ca_signer = Table(
    "ca_signer",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("ca", String(20), primary_key=True),
    Column("role", String(10), primary_key=True),  # root, OV, EV, and its logs
    Column("certificate_der", LargeBinary, nullable=False),
    Column("key_id", _ref("key.id", cascade=False), nullable=False, index=True),
)

ca_order = Table(
    "ca_order",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("ca", String(20), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reference", String(64), nullable=False),  # the customer's own; empty if it gave none
    Column("key_hash", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),
    Column("placed", BigInteger, nullable=False),
    Column("closed", BigInteger),
    Column("product", String(10), nullable=False),
    Column("organization_id", String(64), nullable=False),
    Column("common_name", String(253), nullable=False),
    Column("names", Text, nullable=False),
    Column("months", Integer, nullable=False),
    Column("days", Integer, nullable=False),
    Column("csr_der", LargeBinary, nullable=False),
    Column("contact", Text, nullable=False),
    Column("polls", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("leaf_der", LargeBinary, nullable=False),
    Index("ca_order_reference", "vault_id", "ca", "reference"),
    Index("ca_order_key", "vault_id", "ca", "key_hash"),
)

# AWS IoT. Ids of a registry's own come from the service; `number` is the order of making, and what pages go by.

iot_account = Table(
    "iot_account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("vault_id", _ref("vault.id"), nullable=False),
    Column("account", String(12), nullable=False),
    Column("region", String(30), nullable=False),
    Column("registration_code", String(64)),
    UniqueConstraint("vault_id", "account", "region"),
)

iot_access_key = Table(
    "iot_access_key",
    metadata,
    Column("vault_id", _ref("vault.id"), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the secret access key
    Index("iot_access_key_account", "vault_id", "account"),
)

iot_certificate = Table(
    "iot_certificate",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account_id", _ref("iot_account.id"), nullable=False),
    Column("id", String(64), nullable=False),  # SHA-256 of the DER
    Column("status", String(20), nullable=False),
    Column("certificate_der", LargeBinary, nullable=False),
    Column("ca_id", String(64)),  # the registered CA that signed it
    Column("mode", String(10), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("customer_version", Integer, nullable=False),
    Column("generation_id", String(36), nullable=False),
    Column("previous_owner", String(12)),
    Column("receiver_id", _ref("iot_account.id")),  # while it is pending: who may accept it
    Column("transfer_message", Text),
    Column("reject_reason", Text),
    Column("transfer_date", BigInteger),
    Column("accept_date", BigInteger),
    Column("reject_date", BigInteger),
    UniqueConstraint("account_id", "id"),
    Index("iot_certificate_id", "id"),
    Index("iot_certificate_list", "account_id", "number"),
    _index_while("ca_id", "iot_certificate_ca", "account_id", "ca_id", "number"),
    _index_while("receiver_id", "iot_certificate_incoming", "receiver_id", "number"),
    _index_while("receiver_id", "iot_certificate_outgoing", "account_id", "number"),
)

iot_ca = Table(
    "iot_ca",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account_id", _ref("iot_account.id"), nullable=False),
    Column("id", String(64), nullable=False),
    Column("status", String(10), nullable=False),
    Column("auto_registration", Boolean, nullable=False),
    Column("certificate_der", LargeBinary, nullable=False),
    Column("subject_der", LargeBinary, nullable=False),
    Column("mode", String(10), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("customer_version", Integer, nullable=False),
    Column("generation_id", String(36), nullable=False),
    Column("registration_config", Text),
    UniqueConstraint("account_id", "id"),
    Index("iot_ca_id", "id"),
    Index("iot_ca_list", "account_id", "number"),
    Index("iot_ca_subject", "subject_der"),
)

iot_policy = Table(
    "iot_policy",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account_id", _ref("iot_account.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("default_version", Integer, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("generation_id", String(36), nullable=False),
    UniqueConstraint("account_id", "name"),
    Index("iot_policy_list", "account_id", "number"),
)

iot_policy_version = Table(
    "iot_policy_version",
    metadata,
    Column("policy", _ref("iot_policy.number"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

iot_attachment = Table(
    "iot_attachment",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("policy", _ref("iot_policy.number"), nullable=False),
    Column("target", Text, nullable=False),  # the ARN of a certificate, or another principal's id
    UniqueConstraint("policy", "target"),
    Index("iot_attachment_policy", "policy", "number"),
    Index("iot_attachment_target", "target", "number"),
)

iot_thing = Table(
    "iot_thing",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account_id", _ref("iot_account.id"), nullable=False),
    Column("name", String(128), nullable=False),
    Column("id", String(36), nullable=False),
    Column("thing_type", String(128)),
    Column("billing_group", String(128)),
    Column("attributes", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name"),
    Index("iot_thing_list", "account_id", "number"),
)

iot_thing_principal = Table(
    "iot_thing_principal",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("thing", _ref("iot_thing.number"), nullable=False),
    Column("principal", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    UniqueConstraint("thing", "principal"),
    Index("iot_thing_principal_thing", "thing", "number"),
    Index("iot_thing_principal_principal", "principal", "number"),
)

iot_template = Table(
    "iot_template",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account_id", _ref("iot_account.id"), nullable=False),
    Column("name", String(36), nullable=False),
    Column("body", Text, nullable=False),
    Column("role_arn", Text, nullable=False),
    Column("description", Text),
    Column("enabled", Boolean, nullable=False),
    Column("kind", String(20), nullable=False),  # JITP | FLEET_PROVISIONING
    Column("created", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    UniqueConstraint("account_id", "name"),
)
