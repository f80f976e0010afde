"""
What would the vault answer? Questions that change nothing: no event is written, no key is made.

A form or a diagram that says which step is possible, and what else the answer would be, asks here instead of knowing
rules of its own: the operation itself runs, and its transaction is taken back.
"""

from __future__ import annotations

import copy
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from kvlab.entropy import SystemEntropy
from kvlab.errors import CallCancelled, InvalidName, VaultError
from kvlab.providers.baseline import longest_validity
from kvlab.vault import creation
from kvlab.vault.access import PERMISSIONS
from kvlab.vault.certificate import certificate_order
from kvlab.vault.lifetime import foresee
from kvlab.vault.turn import Turn
from kvlab.vault.view import AREAS, View, object_of
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.certificate import not_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Self

    from kvlab.vault.certificate import PolicyInput
    from kvlab.vault.core import Core
    from kvlab.vault.creation import Plan
    from kvlab.vault.lifetime import Foreseen

_STAND_INS: dict[tuple[str, ...], Any] = {
    ("x509_props",): {"subject": "CN=stand-in"},
    ("x509_props", "subject"): "CN=stand-in",
}
"""What takes a refused member's place where to leave it out would be refused as well."""

_FREE_NAME = "stand-in"


class Proposal(NamedTuple):
    """
    A certificate that is not made yet.

    Attributes:
        refusals: why it can not be made as it is; empty if it can.
        policy: with all defaults, and without the members that are refused; None if nothing remains to be made.
        shortened_days: to how many days the CA that is asked would shorten it, if it answers now; else None.
        course: the version that would be made now, and those that the vault would make of it by itself.
    """

    refusals: list[VaultError]
    policy: CertificatePolicy | None
    shortened_days: int | None = None
    course: Sequence[Foreseen] = ()


class RehearsalOperations(View):
    """The questions."""

    def rehearse(self, operation: str, *args: Any, **kwargs: Any) -> VaultError | None:
        """
        Ask what the vault would answer to a call now.

        Args:
            operation: the method's name, such as ``delete_certificate``.
            *args: the call's arguments, as ``kwargs``.

        Returns:
            The refusal; None if it would be done.

        Raises:
            AttributeError: the vault has no such method.
            TypeError: the arguments are not the method's.

        Examples:
            >>> from kvlab import Vault
            >>> Vault().rehearse("recover_deleted_certificate", "web").status
            404
        """
        method = getattr(type(self), operation)
        try:
            self._core.begin()
            if operation in PERMISSIONS:
                self._authorise(PERMISSIONS[operation], object_of(AREAS[operation], args, kwargs))
            # What the owner alone may is refused by the method itself, which would write it down.
            stage = self._staged(_Rehearsal(self._core), observing=True)
            getattr(method, "__wrapped__", method)(stage, *args, **kwargs)
        except _Accepted:
            return None
        except VaultError as error:
            return error
        return None

    def propose_certificate(self, name: str, policy: PolicyInput, *, tags: Mapping[str, str] | None = None) -> Proposal:
        """
        Ask what ``create_certificate`` would make of what it is given, and everything it would refuse.

        A member that is refused is left out, and the question asked again: there is one refusal for each member. Of a
        list it is that of the first entry which can not be, and its ``others`` are those of the further ones.

        Args:
            name: of the certificate.
            policy: a model, a dict or JSON text.
            tags: for the version to come.

        Examples:
            >>> from kvlab import Vault
            >>> proposal = Vault().propose_certificate("web", {"x509_props": {"validity_months": 0}})
            >>> [error.facts["field"] for error in proposal.refusals]
            ['policy.x509_props.validity_months', 'policy.x509_props']
        """
        found: list[VaultError] = []
        document = _document(policy)
        taken: list[tuple[str, ...]] = []
        given = {"name": name, "tags": tags}
        while True:
            answer = self._begin(document, **given)
            if not isinstance(answer, VaultError):
                return Proposal(found, answer.policy, self._shortened(answer), self._course(answer))
            path = _path(answer)
            if not path or path in taken:
                return Proposal(found if path else [*found, answer], None)
            # That there is no name at all is no news where a name was refused.
            if path != ("x509_props",) or not any(other[1:2] == ("sans",) for other in taken):
                found.append(answer)
            taken.append(path)
            if path[0] in given:
                given[path[0]] = _FREE_NAME if path[0] == "name" else None
            else:
                document = _without(document, path)

    def unless(self, stopped: Callable[[], bool]) -> Self:
        """
        Return the same vault for one call that may be given up: once ``stopped()`` is true, it changes nothing.

        Its next change raises ``CallCancelled``; the key that was made for it is forgotten.

        Args:
            stopped: asked from the thread of the call, before each change.
        """
        return self._staged(_Stoppable(self._core, stopped))

    def _begin(self, document: Any, *, name: Any, tags: Any) -> Plan | VaultError:
        """Ask as ``create_certificate`` begins: what can be known before there is a key."""
        core = self._core
        try:
            self._authorise(PERMISSIONS["create_certificate"], object_of("certificates", (name,), {}))
            order = certificate_order(name, document, tags=tags)
            with core.read() as connection:
                return creation.plan(core, connection, order)
        except VaultError as error:
            return error

    def _shortened(self, plan: Plan) -> int | None:
        if plan.trade is None or plan.policy.x509_props is None:
            return None
        now = self._core.clock.now()
        wished = not_after(now, plan.policy.x509_props.validity_months or 1) - now
        longest = longest_validity(now)
        return longest if wished.days > longest else None

    def _course(self, plan: Plan) -> list[Foreseen]:
        longest = None if plan.trade is None else longest_validity
        return foresee(plan.policy, self._core.clock.now(), longest)

    def _staged(self, core: _Stage, *, observing: bool = False) -> Self:
        view = type(self).__new__(type(self))
        View.__init__(view, cast("Core", core), self._principal, self._place.url, self._caller, observing=observing)
        return view


class _Accepted(Exception):
    """The operation would be done."""


class _Stage:
    """A core that stands in for another one, and differs in what a subclass says."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)


class _Rehearsal(_Stage):
    """Takes every turn back, and makes no key."""

    def __init__(self, core: Core) -> None:
        super().__init__(core)
        # A seeded vault's draws must not move by a question.
        self.entropy = _NoKeys()

    @contextmanager
    def turn(self, actor: str, now: datetime | None = None) -> Iterator[Turn]:
        with self._core.store.write() as connection:
            yield Turn(connection, self._core.vault_id, now or self._core.clock.now(), actor)
            raise _Accepted

    def first_poll(self, *_: str) -> bool:
        return False


class _NoKeys(SystemEntropy):
    """Random ids; and where a key would be made, everything before it was accepted."""

    def rsa_key(self, *_: Any) -> NoReturn:
        raise _Accepted

    def ec_key(self, *_: Any) -> NoReturn:
        raise _Accepted


class _Stoppable(_Stage):
    """Begins no turn any more once it is to stop."""

    def __init__(self, core: Core, stopped: Callable[[], bool]) -> None:
        super().__init__(core)
        self._stopped = stopped

    @contextmanager
    def turn(self, actor: str, now: datetime | None = None) -> Iterator[Turn]:
        with self._core.turn(actor, now) as turn:
            if self._stopped():
                raise CallCancelled
            yield turn


def _document(policy: PolicyInput) -> Any:
    if isinstance(policy, CertificatePolicy):
        return policy.model_dump(mode="json")
    if isinstance(policy, str):
        try:
            return json.loads(policy)
        except ValueError:
            return policy
    return policy


def _path(error: VaultError) -> tuple[str, ...]:
    """Return where the member stands that an error names; an entry of a list counts as the list."""
    if isinstance(error, InvalidName):
        return ("name",)
    field = str(error.facts.get("field", "")).partition("[")[0]
    return tuple(re.sub("^policy[.]?", "", field).split(".")) if field not in ("", "policy") else ()


def _without(document: Any, path: tuple[str, ...]) -> Any:
    found = copy.deepcopy(document)
    parent = found
    for part in path[:-1]:
        parent = parent.get(part) if isinstance(parent, dict) else None
    if isinstance(parent, dict):
        parent.pop(path[-1], None)
        if path in _STAND_INS:
            parent[path[-1]] = copy.deepcopy(_STAND_INS[path])
    return found
