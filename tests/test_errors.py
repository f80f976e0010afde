"""The list of refusals: one class, one kind; wire codes are the service's; nothing secret in a repr."""

import inspect

import pytest

from kvlab import errors
from kvlab.errors import DeviceError, IotError, ServiceError, VaultError, X509Error

KINDS = [kind for kind in vars(errors).values() if inspect.isclass(kind) and kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_refusal_is_of_one_family_and_says_what_it_is(kind):
    assert kind is ServiceError or issubclass(kind, (VaultError, IotError, X509Error, DeviceError))
    assert kind.__doc__, "the docstring is the entry of the list"


def test_docstrings_tell_the_kinds_apart():
    sentences = [kind.__doc__.strip().splitlines()[0] for kind in KINDS]

    assert len(set(sentences)) == len(KINDS)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if issubclass(kind, VaultError)], ids=lambda kind: kind.__name__
)
def test_status_and_code_fit_together(kind):
    if kind is errors.OperationInProgress:
        assert (kind.status, kind.code) == (409, "Forbidden")  # the service's own surprise
        return
    family = {400: ("BadParameter", "Malformed backup blob"), 403: ("Forbidden",), 409: ("Conflict",)}
    assert kind.status in (400, 401, 403, 404, 405, 409, 413, 421, 431, 499, 501, 503)
    if kind.status in family:
        assert kind.code in family[kind.status]


def test_text_holds_the_sentence_and_the_hint():
    error = errors.InvalidSubject(errors.NameSyntaxError("CN=a, Ltd", 6, "'Ltd' has no attribute before it."))

    assert error.message.endswith("Invalid X.500 distinguished name\r\n")
    assert str(error).splitlines()[0].startswith("400 BadParameter: Property policy.x509_props")
    assert "policy.x509_props.subject: At character 7" in str(error)
