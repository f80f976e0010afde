"""Orders for the simulated CAs, as a vault would place them, and a vault's database that keeps the CAs' books."""

from datetime import datetime, timedelta
from functools import partial

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from kvlab.providers.ca import SIMULATED
from kvlab.providers.provider import TRADES, Account, OrderRequest, Wish
from kvlab.store.ca import CaBooks

CAS = ("DigiCert", "GlobalSign")
PRODUCTS = ("OV-SSL", "EV-SSL")
API_KEY = "Vd83-kF0qTz7yW"
ACCOUNT = Account("PAR12345", API_KEY, "1001", "Ada", "Byron", "ada@contoso.com", "+1 425 555 0100")

CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "P-256K": ec.SECP256K1()}


def ec_key(crv="P-256"):
    return ec.generate_private_key(CURVES[crv])


def csr(key, subject="contoso.com", extensions=()):
    """A PKCS#10 request (DER) with `CN=<subject>`."""
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)] if subject else []
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def order(common_name="contoso.com", dns_names=(), *, key=None, reference="r1", months=12, product="OV-SSL", **wish):
    """What the vault wants; `wish` has further members of `Wish`."""
    asked = {"subject": f"CN={common_name}", "dns_names": tuple(dns_names), **wish}
    return OrderRequest(
        reference, csr(key or ec_key(), common_name), common_name, tuple(dns_names), months, product, Wish(**asked)
    )


class Office:
    """One simulated CA beside a vault: each call is a turn of the vault, as in its due work."""

    def __init__(self, vault, name, account=ACCOUNT):
        self.core = vault._core
        self.ca = SIMULATED[name](self.core.entropy)
        self.name = name
        self.account = account
        self.heard = []

    def _with_books(self, use):
        with self.core.turn("vault") as turn:
            core = self.core
            seeded = core.seeded
            return use(CaBooks(turn.connection, core.vault_id, self.name, core.store.sealer, seeded=seeded), turn.now)

    def provider(self, use, wrap=lambda send: send):
        """Let `use` work with the provider of `account`; all messages end up in `heard`."""
        make = TRADES[self.name].make
        return self._with_books(
            lambda books, now: use(make(self.account, wrap(self.ca.line(books, now)), self.heard.append))
        )

    def submit(self, request):
        return self.provider(lambda provider: provider.submit(request))

    def poll(self, order_id, request):
        return self.provider(lambda provider: provider.poll(order_id, request))

    def cancel(self, order_id):
        return self.provider(lambda provider: provider.cancel(order_id))

    def handle(self, message):
        return self._with_books(partial(self.ca.handle, message))

    def issue(self, request):
        """Place an order, fetch the certificate; returns `Issued`."""
        return self.poll(self.submit(request), request)

    def configure(self, **words):
        self._with_books(lambda books, now: self.ca.configure(books, now, words))

    def configuration(self):
        return self._with_books(lambda books, now: self.ca.configuration(books))

    def chain(self):
        return self._with_books(self.ca.chain)

    def signers(self):
        """The CA's keys by role, opened anew from its books."""
        return self._with_books(lambda books, now: SIMULATED[self.name](self.core.entropy)._desk(books, now).signers())


def parsed(der):
    return x509.load_der_x509_certificate(der)


def days(certificate):
    """Days of validity, both ends included."""
    return (certificate.not_valid_after_utc - certificate.not_valid_before_utc + timedelta(seconds=1)) / timedelta(
        days=1
    )


def names(certificate):
    return [str(name.value) for name in extension(certificate, x509.SubjectAlternativeName)]


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def at(text):
    return datetime.fromisoformat(text)
