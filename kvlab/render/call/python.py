"""A call in kvlab's own Python: the method of ``Vault`` that has the operation's name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from kvlab.render.call.call import Given
from kvlab.render.call.quote import python_call, python_imports
from kvlab.vault.vault import Vault

if TYPE_CHECKING:
    from kvlab.render.call.call import Call


def python_text(call: Call) -> str:
    """Return the lines for a notebook in which ``vault`` is the vault."""
    values = _arguments(call)
    positional: list[Any] = []
    _self, *parameters = inspect.signature(getattr(Vault, call.operation)).parameters.items()
    if all(name != "name" for name, _ in parameters):
        # A restored object brings its name with it.
        values.pop("name", None)
    for name, parameter in parameters:
        if parameter.kind is not parameter.POSITIONAL_OR_KEYWORD or name not in values:
            break
        positional.append(values.pop(name))
    text = python_call(f"vault.{call.operation}", *positional, **values)
    return "\n".join([*_head(python_imports(text)), text]) + "\n"


def _arguments(call: Call) -> dict[str, Any]:
    whole = call.route.whole
    values = dict(call.arguments)
    if whole == "issuer":
        values = dict(values.get(whole, {}))
    if call.operation == "merge_certificate":
        values["x5c"] = Given("file", call.merge_file, "base64")
    return {
        **({"name": call.name} if call.name else {}),
        **({"version": call.version} if call.version else {}),
        **values,
    }


def _head(imports: list[str]) -> list[str]:
    return [*imports, ""] if imports else []
