"""Text from outside in every view: markup stays text, and what can not be seen, or turns the line round, is shown by code."""

import enum
import importlib
import inspect
import pkgutil
import types
import typing
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import BaseModel

import kvlab
import kvlab.render
from kvlab import Vault
from kvlab.errors import InvalidProperty, InvalidSubject, NameSyntaxError, ServiceError
from kvlab.render.call.call import Call
from kvlab.render.call.page import Part
from kvlab.render.chapter import own_events
from kvlab.render.check import Checked
from kvlab.render.ipython import _VIEWS
from kvlab.render.markup import image, json_code, mono, pill, table, tag
from kvlab.render.start import Done, Lesson
from tests.vault.make import ec_key, ec_policy, name_of

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
LINK = "'><a href=\"javascript:alert(1)\" onmouseover='x'>"
RIGHT_TO_LEFT = "moc.\u202eosotnoc\u202c"
ZERO_WIDTH = "con\u200btoso\ufeff\u2060"
CONTROL = "\x1b[2J\x07"
HOSTILE = f"{SCRIPT}{IMAGE}{LINK}{RIGHT_TO_LEFT}{ZERO_WIDTH}{CONTROL}&lt;b&gt;"
UNSEEN = "\u202e\u202c\u200b\ufeff\u2060\x1b\x07"

ACTIVE = {"script", "iframe", "object", "embed", "link", "meta", "base", "foreignobject"}
"""Elements that no view has a use for; those of the hostile text's own, links and pictures, are told by their address."""


class Page(HTMLParser):
    """What a browser would make of a page: its elements, what is wrong with them, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.bad, self.words = set(), [], []
        self._style = False
        self.feed(page)
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._style = tag == "style"
        for name, value in attrs:
            address = name in ("href", "src", "xlink:href", "action")
            if name.startswith("on") or (address and not (value or "").startswith(("data:image/", "#", "0"))):
                self.bad.append((tag, name, value))

    def handle_endtag(self, tag):
        self._style = False

    def handle_data(self, data):
        if not self._style:
            self.words.append(data)


@cache
def certificate(request=False):
    """A certificate, or a request, whose names are hostile."""
    key = ec_key()
    san = x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier("javascript:" + SCRIPT), x509.DNSName("'\"><img src=x onerror=y>")]
    )
    if request:
        made = x509.CertificateSigningRequestBuilder().subject_name(name_of(HOSTILE[:60]))
    else:
        start = datetime(2026, 6, 1, tzinfo=UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name_of(HOSTILE[:60]))
            .issuer_name(name_of(ZERO_WIDTH + RIGHT_TO_LEFT + SCRIPT[:30]))
            .public_key(key.public_key())
            .serial_number(7)
        )
        made = made.not_valid_before(start).not_valid_after(start.replace(year=2027))
    return made.add_extension(san, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def hostile(kind, name=""):
    """A value of a type with hostile text wherever text may stand."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return hostile(arguments[0], name)
    if origin in (typing.Union, types.UnionType):
        inner = [one for one in arguments if one is not type(None)]
        return hostile(inner[0], name)
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple and len(arguments) > 1 and arguments[-1] is not Ellipsis:
        return tuple(hostile(one, name) for one in arguments)
    if origin in (list, tuple, set, frozenset) or (
        isinstance(origin, type)
        and issubclass(origin, typing.Iterable.__origin__)
        and not issubclass(origin, typing.Mapping.__origin__)
    ):
        return (tuple if origin is tuple else list)([hostile(arguments[0], name)])
    if isinstance(origin, type) and issubclass(origin, typing.Mapping.__origin__):
        return {hostile(arguments[0]): hostile(arguments[1])}
    if kind is str:
        return f"https://x/certificates/{HOSTILE}/{HOSTILE}" if name in ("id", "kid", "sid") else HOSTILE
    if kind is bytes:
        return certificate(name == "csr")
    if kind in (typing.Any, object):
        return HOSTILE
    if kind in (bool, int, float):
        return kind(1)
    if kind is datetime:
        return datetime(2026, 6, 1, tzinfo=UTC)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, ServiceError):
        return InvalidProperty(HOSTILE, HOSTILE, hint=HOSTILE)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        hints = typing.get_type_hints(kind, include_extras=True)
        return kind.model_construct(**{field: hostile(hints[field], field) for field in kind.model_fields})
    if isinstance(kind, type) and (hasattr(kind, "_fields") or hasattr(kind, "__dataclass_fields__")):
        hints = hints_of(kind)
        return kind(
            **{
                field: hostile(hints[field], field)
                for field in hints
                if field in getattr(kind, "_fields", None) or kind.__dataclass_fields__
            }
        )
    raise AssertionError(f"No hostile {kind} can be made.")


def rejected():
    """The flow of a certificate that a CA refused with hostile words."""
    vault = Vault(clock="simulated")
    vault.set_certificate_issuer(
        "digi", provider="DigiCert", credentials={"account_id": "1", "pwd": "k"}, org_details={"id": "7"}
    )
    vault.ca("DigiCert").configure(delay_seconds=0, decision="reject", reason=HOSTILE)
    vault.create_certificate("web", ec_policy("CN=www.contoso.com", issuer="digi"), tags={"x": HOSTILE})
    vault.clock.advance(days=1)
    assert HOSTILE[:20] in str(vault.get_certificate_operation("web").error)
    return kvlab.flow(vault, "web")


def hints_of(thing):
    """The types of a function's arguments or a tuple's members, those that are imported for the checker only too."""
    module = importlib.import_module(thing.__module__)
    names = dict(vars(module))
    source = inspect.getsource(module)
    names |= {
        "Any": typing.Any,
        "Iterable": typing.Iterable,
        "Sequence": typing.Sequence,
        "Mapping": typing.Mapping,
        "Callable": typing.Callable,
    }
    import re

    for home, what in re.findall(r"^    from (kvlab[\w.]*) import (.+)$", source, re.MULTILINE):
        names |= {
            one.strip(): getattr(importlib.import_module(home), one.strip())
            for one in what.strip("()").split(",")
            if one.strip()
        }
    return typing.get_type_hints(thing, names, include_extras=True)


def renderers():
    """Every public function of kvlab.render that returns HTML or SVG."""
    found = {}
    for module in pkgutil.walk_packages(kvlab.render.__path__, "kvlab.render."):
        for name, function in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isfunction(function)
                and function.__module__ == module.name
                and name.endswith(("_html", "_svg"))
                and not name.startswith("_")
            ):
                found[f"{module.name.removeprefix('kvlab.render.')}.{name}"] = function
    return found


RENDERERS = renderers()
BY_HAND = {
    "call.page.call_html": lambda draw: draw(
        Call.of("create_certificate", "web", policy={"x509_props": {"subject": HOSTILE}}, tags={HOSTILE: HOSTILE}),
        Part(HOSTILE, HOSTILE),
    ),
    "error.error_html": lambda draw: draw(InvalidProperty(HOSTILE, HOSTILE, hint=HOSTILE)) + draw(InvalidSubject(NameSyntaxError(HOSTILE, 1, HOSTILE))) + draw(NameSyntaxError(HOSTILE, 1, HOSTILE)),
    "crossing.lanes_html": lambda draw: draw(rejected().story),
    "crossing.step_html": lambda draw: "".join(map(draw, rejected().story.steps)),
    "flow.flow_svg": lambda draw: draw(rejected().story, seeded=True),
    "machine.machine_svg": lambda draw: draw(kvlab.operation(rejected().vault, "web").where, seeded=True),
    "past.past_html": lambda draw: draw(own_events(rejected().vault.events, "web")),
    "timeline.track_svg": lambda draw: draw(rejected().drawn.track),
    "check.check_html": lambda draw: draw(hostile(Checked)._replace(state="wrong")),
    "start.lessons_html": lambda draw: draw(
        (Lesson("01_x.ipynb", HOSTILE, HOSTILE, "manual", 1),), {"01": Done((True, False))}, HOSTILE
    ),
    "vault.vault_html": lambda draw: draw(Vault().as_principal(HOSTILE.replace("\x00", ""))),
    "table.table_html": lambda draw: draw([HOSTILE], [[HOSTILE], [{"x": HOSTILE}], [None]], 9),
}  # fmt: skip
"""Those whose arguments are no plain values."""

NO_OUTSIDE_TEXT = {"start.lessons_html", "crossing.lanes_html", "past.past_html", "course.course_svg"}

MUST = {
    "certificate.bundle_html", "operation.operation_html", "policy.policy_html", "issuer.issuer_html", "issuer.contacts_html", "key.key_html",
    "secret.secret_html", "vault.vault_html", "error.error_html", "table.table_html", "call.page.call_html", "flow.flow_svg", "form.form_svg",
}  # fmt: skip


def drawn(name):
    draw = RENDERERS[name]
    if name in BY_HAND:
        return BY_HAND[name](draw)
    try:
        hints = hints_of(draw)
        return draw(**{argument: hostile(kind, argument) for argument, kind in hints.items() if argument != "return"})
    except (TypeError, KeyError, NameError, AttributeError) as error:
        raise AssertionError(f"Its arguments can not be made up ({error!r}): add it to BY_HAND.") from error


def assert_harmless(page):
    parsed = Page(page)
    assert parsed.bad == []
    assert not parsed.tags & ACTIVE
    assert not {*UNSEEN} & {*page}
    return parsed


@pytest.mark.parametrize("name", RENDERERS)
def test_a_view_shows_text_as_text(name):
    page = drawn(name)

    parsed = assert_harmless(page)

    assert "<script" not in page.lower()
    assert "script>" in parsed.text or name.endswith("_svg") or name in NO_OUTSIDE_TEXT


def test_all_of_the_views_above_are_tried():
    assert RENDERERS.keys() >= MUST
    assert BY_HAND.keys() <= RENDERERS.keys()


@pytest.mark.parametrize(("text", "shown"), [
    (SCRIPT, SCRIPT), (IMAGE, IMAGE), (LINK, LINK), (RIGHT_TO_LEFT, "moc.\\u202Eosotnoc\\u202C"),
    (ZERO_WIDTH, "con\\u200Btoso\\uFEFF\\u2060"), (CONTROL, "\\x1B[2J\\x07"), ("&lt;b&gt;", "&lt;b&gt;"),
])  # fmt: skip
@pytest.mark.parametrize("piece", [pill, tag, mono], ids=lambda piece: piece.__name__)
def test_a_piece_shows_it_word_for_word(piece, text, shown):
    parsed = assert_harmless(piece(text))

    assert shown.lower() in parsed.text.lower()


def test_names_in_tables_pictures_and_json_are_text_too():
    assert_harmless(table([(HOSTILE, mono(HOSTILE))]))
    assert_harmless(image("<svg/>", HOSTILE))
    parsed = assert_harmless(json_code({HOSTILE: [HOSTILE]}))
    assert SCRIPT in parsed.text


@pytest.mark.parametrize("view", sorted(_VIEWS), ids=lambda view: view[1])
def test_a_line_for_a_terminal_holds_nothing_that_is_not_seen(view):
    model = getattr(importlib.import_module(view[0]), view[1])
    home, prefix = _VIEWS[view]

    line = getattr(importlib.import_module(home), f"{prefix}_text")(hostile(model))

    assert not {*UNSEEN} & {*line}
    assert "\n" not in line
