"""A provider that does what a test tells it to, in place of one that speaks to a CA."""

import threading

from kvlab.providers.message import Exchange
from kvlab.providers.provider import Issued, Override, Pending
from kvlab.vault import partner
from tests.vault.make import OutsideCA

ISSUER = {
    "provider": "DigiCert",
    "credentials": {"account_id": "1001", "pwd": "api-key-of-the-account"},
    "org_details": {
        "id": "2001",
        "admin_details": [
            {"first_name": "Ada", "last_name": "L", "email": "ada@contoso.com", "phone": "+1 425 555 0100"}
        ],
    },
}
OVERRIDE = Override("validity", "12 months", "", "199 days", "BR 6.3.2")


class ScriptedCa:
    """
    Orders by reference, and what was called.

    `submits` and `polls` are taken from the front, one a call: an exception is raised, a function is called with the
    order's request, anything else is the answer. When they are used up, orders are taken and certificates issued.
    """

    def __init__(self, monkeypatch):
        self.ca = OutsideCA()
        self.orders = {}
        self.calls = []
        self.submits, self.polls, self.cancels = [], [], []
        self.lock = threading.Lock()
        self.accounts = set()
        self.cancelled = set()
        monkeypatch.setattr(partner, "provider", self.provider)

    def provider(self, core, name, account, now, note):
        self.accounts.add((account.account_id, account.password, account.organization_id))
        return ScriptedProvider(self, name, now, note)

    def issue(self, request, now=None):
        return Issued(self.ca.leaf_of_request(request.csr_der), (self.ca.intermediate, self.ca.root), (OVERRIDE,))

    def count(self, call):
        return sum(name == call for name, _ in self.calls)


class ScriptedProvider:
    def __init__(self, ca, name, now, note):
        self.ca, self.name, self.now, self.note = ca, name, now, note

    def _called(self, call, about, script, default):
        with self.ca.lock:
            self.ca.calls.append((call, about))
            told = script.pop(0) if script else default
        step = {"submit": 2, "poll": None}.get(call)
        self.note(Exchange(self.name, "request", f"{call} {about}", step=step))
        if isinstance(told, BaseException):
            raise told
        return told

    def submit(self, request):
        told = self._called("submit", request.reference, self.ca.submits, None)
        if callable(told):
            told(request)
        with self.ca.lock:
            return self.ca.orders.setdefault(request.reference, f"order-{len(self.ca.orders) + 1}")

    def poll(self, order_id, request):
        told = self._called("poll", order_id, self.ca.polls, self.ca.issue)
        answer = told(request) if callable(told) else told
        issued = isinstance(answer, Issued)
        self.note(Exchange(self.name, "answer", type(answer).__name__, step=4 if issued else None))
        return answer

    def find(self, reference):
        self._called("find", reference, [], None)
        return self.ca.orders.get(reference)

    def cancel(self, order_id):
        told = self._called("cancel", order_id, self.ca.cancels, True)
        if told:
            self.ca.cancelled.add(order_id)
        return told


def later(seconds=None, detail="waiting"):
    return Pending(detail, seconds)


class Death(BaseException):
    """The process ends here."""


def die(*_):
    raise Death


def wait_until(true, seconds=10):
    pause = threading.Event()
    for _ in range(seconds * 50):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to be")
