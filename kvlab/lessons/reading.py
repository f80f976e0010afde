"""Lesson 07: read a certificate, byte by byte; chains; and the zoo."""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509

from kvlab.lessons.exercise import Making, Row, Stuck
from kvlab.lessons.fact import answer_words, fingerprint, key_words, refusal
from kvlab.lessons.self_signed import issued, names_row, plant_and_host
from kvlab.wire.policy import CertificatePolicy
from kvlab.x509.container import pem_certificate
from kvlab.zoo import verdict
from kvlab.zoo.blank import integer, name, spki, utc_time
from kvlab.zoo.chain import stranger_ca
from kvlab.zoo.family import NOW, Family, san
from kvlab.zoo.shelf import ALL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kvlab.lessons.draw import Draw
    from kvlab.lessons.look import Look
    from kvlab.vault.vault import Vault

LETTERS = "ABCDEFG"
EC_MAY = {"digitalSignature", "contentCommitment", "keyAgreement"}
"""What RFC 8813 section 3 and pkilint let the key of an EC leaf do; a server of TLS 1.3 needs the first."""

AT_THE_DOOR = {"expired": "Z01", "other_host": "Z04", "weak": "Z17", "no_subject": "Z41b", "not_critical": "Z22"}
FIELDS = {"expired": "notAfter", "other_host": "subjectAltName", "weak": "subjectPublicKeyInfo"}
SPELLINGS = {
    "san": "subjectaltname", "key": "subjectpublickeyinfo", "publickey": "subjectpublickeyinfo",
    "keysize": "subjectpublickeyinfo", "rsakey": "subjectpublickeyinfo", "keylength": "subjectpublickeyinfo",
    "subjectpublickey": "subjectpublickeyinfo", "publickeysize": "subjectpublickeyinfo", "spki": "subjectpublickeyinfo",
    "subjectalternativename": "subjectaltname", "subjectalternativenames": "subjectaltname",
    "subjectaltnames": "subjectaltname", "sans": "subjectaltname", "dnsname": "subjectaltname",
    "dnsnames": "subjectaltname", "validity": "notafter", "dates": "notafter", "date": "notafter",
    "expiry": "notafter", "expired": "notafter", "expires": "notafter", "validto": "notafter",
    "validuntil": "notafter", "serial": "serialnumber", "aki": "authoritykeyidentifier",
    "ski": "subjectkeyidentifier", "eku": "extendedkeyusage", "extkeyusage": "extendedkeyusage", "ku": "keyusage",
    "cn": "commonname", "none": "", "passes": "", "ok": "",
}  # fmt: skip
"""How else people write a field's name -> how it is compared."""

SAN_OID = bytes.fromhex("551d11")


def field_name(text: object) -> str:
    """Return a field's name as it is compared: without case, blanks and signs, and by RFC 5280's word."""
    plain = re.sub(r"[^a-z0-9]", "", str(text).lower())
    return SPELLINGS.get(plain, plain)


def _handed_in(at: Look, what: str) -> Any:
    if at.answer is None:
        raise Stuck(f"Hand in {what}: check('{at.task.id}', answer)")
    return at.answer


def _answers(answer: object) -> object:
    """Return a dict that came as text, as from the field under the task: written as Python or JSON writes it."""
    if not isinstance(answer, str):
        return answer
    for read in (ast.literal_eval, json.loads):
        with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            return read(answer.strip())
    return answer


def _place_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    del vault
    host, family = given["host"], Family(f"07.1 {given['name']}")
    made = family.leaf(host, subject=name(f"CN={host}"), subjectAltName=san(host, f"www.{host}"))
    return {"der": made.chain[0]}


def _where_is_it(at: Look) -> Iterator[Row]:
    task, words = at.task, answer_words(_handed_in(at, "offset and length"))
    numbers = [int(word) for word in words if word.isdecimal() and len(word) < 6]
    if len(numbers) != 2:
        yield Row("answer", "offset, length", " ".join(words)[:40] or "no numbers", False, "two_numbers")
        return
    host = task.host.encode()
    right = task.der.index(b"\x82" + bytes([len(host)]) + host) + 2
    offset, length = numbers
    shown = task.der[offset : offset + length][:24]
    yield Row(
        "octets there", task.host, _shown(shown), (offset, length) == (right, len(host)), _where(task, offset, right)
    )


def _where(task: Any, offset: int, right: int) -> str:
    if offset == right - 2:
        return "tag_and_length"
    if task.der[offset : offset + 3] == SAN_OID:
        return "label_not_value"
    return "other_field" if task.der[offset:].startswith(task.host.encode()) else "count_again"


def _shown(octets: bytes) -> str:
    return octets.decode() if octets.isascii() and octets.decode().isprintable() else octets.hex(" ")


def _five(draw: Draw) -> dict[str, Any]:
    letters = draw.shuffled("letters", LETTERS[: len(AT_THE_DOOR)])
    return {"host": "shop.contoso.com", **dict(zip(AT_THE_DOOR, letters, strict=True))}


def _five_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    del vault
    made = {given[what]: ALL[identifier].der for what, identifier in AT_THE_DOOR.items()}
    return {"certificates": dict(sorted(made.items()))}


def _five_at_the_door(at: Look) -> Iterator[Row]:
    task, answer = at.task, _answers(_handed_in(at, "what refuses whom"))
    if not isinstance(answer, dict):
        yield Row("answer", "{'A': field or None, …}", type(answer).__name__, False, "a_field_for_each")
        return
    given = {str(letter).upper(): field for letter, field in answer.items()}
    for what, hint in _AT_THE_DOOR_HINTS:
        letter = task.parameters[what]
        wanted = FIELDS.get(what, "")
        said = given.get(letter) or ""
        right = field_name(said) == field_name(wanted)
        shown = (str(said) or "passes") if letter in given else "no answer"
        yield Row(letter, wanted or "passes", shown, right and letter in given, hint)


_AT_THE_DOOR_HINTS = (
    ("weak", "level"),
    ("no_subject", "subject_may_be_empty"),
    ("other_host", "fault_where_looked"),
    ("expired", "read_the_dates"),
    ("not_critical", "linters_matter"),
)


def _seven(draw: Draw) -> dict[str, Any]:
    whole = ("leaf", "ca", "twin", "old", "root", "till", "other_root")
    return {**plant_and_host(draw), "order": draw.shuffled("order", whole)}


def _path_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hand out seven certificates, of which two make the path."""
    del vault
    host, family, other = given["host"], Family(f"07.3 {given['name']}"), Family(f"07.3 other {given['name']}")
    leaf = family.good.having(subject=name(f"CN={host}"), subjectAltName=san(host)).signed(family.key("ca"))
    till = family.good.having(serial_number=integer(b"\x02"), public_key=spki(family.key("till")))
    made = {
        "leaf": leaf,
        "ca": family.ca,
        "twin": stranger_ca(family),
        "old": family.ca_blank.having(not_after=utc_time(NOW - timedelta(days=30))).signed(family.key("root")),
        "root": family.root,
        "till": till.signed(family.key("ca")),
        "other_root": other.root,
    }
    order = [made[word] for word in given["order"]]
    return {
        "certificates": [pem_certificate(der) for der in order],
        "root": pem_certificate(family.root),
        "made": made,
        "now": NOW,
    }


def _build_the_path(at: Look) -> Iterator[Row]:
    task = at.task
    chain = at.certificates_handed_in()
    made = {word: x509.load_der_x509_certificate(der) for word, der in task.made.items()}
    found = ", ".join(_which(made, one) for one in chain) or "nothing"
    rooted = made["root"] in chain
    first = chain[:1] == [made["leaf"]]
    yield Row(
        "first", f"the one for {task.host}", _which(made, chain[0]) if chain else "nothing", first, _first_hint(rooted)
    )
    yield Row("root", "left out", "in it" if rooted else "left out", not rooted, "root_is_known")
    second = chain[1] if len(chain) > 1 else None
    hint = {"twin": "two_of_one_name", "old": "every_link"}.get(_which(made, second), "leaf_only")
    yield Row("second", "the CA that signed it, valid", _which(made, second), second == made["ca"], hint)
    if chain:
        said = refusal(chain[0], task.host, [made["root"]], task.now, chain[1:])
        yield Row("a client that trusts the root", "accepts", said or "accepts", not said, "leaf_only")
    yield Row("certificates", "2", f"{len(chain)}: {found}"[:90], len(chain) == 2, "leaf_only")


def _first_hint(rooted: bool) -> str:
    return "root_is_known" if rooted else "leaf_only"


def _which(made: Mapping[str, x509.Certificate], one: x509.Certificate | None) -> str:
    return next((word for word, each in made.items() if each == one), "nothing" if one is None else "another one")


def _nothing_drawn(draw: Draw) -> dict[str, Any]:
    del draw
    return {}


def _disagree(at: Look) -> Iterator[Row]:
    words = answer_words(_handed_in(at, "id and field"))
    identifier = words[0].casefold() if words else ""
    specimen = next((each for name, each in ALL.items() if name.casefold() == identifier), None)
    if specimen is None or len(words) < 2:
        yield Row("answer", "id, field", " ".join(words)[:40] or "nothing", False, "an_id_and_a_field")
        return
    openssl, cryptography = verdict.openssl(specimen), verdict.cryptography(specimen)
    if openssl == verdict.ABSENT:
        raise Stuck(
            "There is no openssl on this machine, so nobody can disagree with it. Install it, or skip this one."
        )
    agreed = "agree" if (openssl == verdict.OK) == (cryptography == verdict.OK) else "other_way_round"
    yield Row("openssl verify", "OK", openssl, openssl == verdict.OK, agreed)
    refuses = cryptography != verdict.OK
    yield Row("cryptography", "refuses", cryptography[:90], refuses, "agree")
    said = " ".join(words[1:])
    right = field_name(said) == field_name(specimen.field)
    yield Row("field", "the one that is wrong", said, right, "diagnosis_is_the_field")


def _curve(draw: Draw) -> dict[str, Any]:
    return {**plant_and_host(draw), "curve": draw.choice("curve", ("P-256", "P-384"))}


def _lint_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    policy = CertificatePolicy.self_signed(
        f"CN={given['host']}", dns_names=[given["host"]], kty="EC", crv=given["curve"],
        key_usage=["digitalSignature", "keyEncipherment"],
    )  # fmt: skip
    vault.create_certificate(given["name"], policy)
    vault.clock.advance(10)  # type: ignore[attr-defined]  # a lesson's clock is a simulated one
    return {}


def _repair_by_policy(at: Look) -> Iterator[Row]:
    task = at.task
    current = yield from issued(at, task.name)
    if current is None:
        return
    count = len(at.versions(task.name))
    yield Row("versions", "2", str(count), count >= 2, "plan_carried_out")
    kind = key_words(current.leaf.public_key())
    yield Row("key", f"EC {task.curve}", kind, kind == f"EC {task.curve}", "fault_was_the_usage")
    usages = _usages(current.leaf)
    hint = "silence" if not usages else "what_it_does"
    right = "digitalSignature" in usages and set(usages) <= EC_MAY
    yield Row("key usage", "digitalSignature", ", ".join(usages) or "none", right, hint)
    yield names_row(current, task.host)


def _usages(certificate: x509.Certificate) -> list[str]:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return []
    names = {
        "digitalSignature": usage.digital_signature, "contentCommitment": usage.content_commitment,
        "keyEncipherment": usage.key_encipherment, "dataEncipherment": usage.data_encipherment,
        "keyAgreement": usage.key_agreement, "keyCertSign": usage.key_cert_sign, "cRLSign": usage.crl_sign,
    }  # fmt: skip
    return [word for word, there in names.items() if there]


SIX = ("first", "renewed", "namesake", "neighbour", "stall", "own")


def _six(draw: Draw) -> dict[str, Any]:
    letters = draw.shuffled("letters", LETTERS[: len(SIX)])
    return {**plant_and_host(draw), **dict(zip(SIX, letters, strict=True))}


def _six_scene(vault: Vault, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hand out six certificates: of two the key is the same, of others names or issuers are."""
    del vault
    host, family = given["host"], Family(f"07.6 {given['name']}")
    mine = family.good.having(subject=name(f"CN={host}"), subjectAltName=san(host))
    later = {"serial_number": integer(b"\x03"), "not_before": utc_time(NOW - timedelta(days=2))}
    blanks = {
        "first": mine,
        "renewed": mine.having(**later),
        "namesake": mine.having(serial_number=integer(b"\x04"), public_key=spki(family.key("namesake"))),
        "neighbour": family.good.having(serial_number=integer(b"\x05"), public_key=spki(family.key("neighbour"))),
        "stall": family.good.having(serial_number=integer(b"\x06"), public_key=spki(family.key("stall"))),
        "own": family.good.having(issuer=name(f"CN={host}"), public_key=spki(family.key("own"))),
    }
    made = {given[word]: blank.signed(family.key("ca")) for word, blank in blanks.items()}
    return {"certificates": dict(sorted(made.items()))}


def _same_key(at: Look) -> Iterator[Row]:
    task, words = at.task, answer_words(_handed_in(at, "two letters"))
    letters = sorted({letter for word in words for letter in _letters(word.upper(), task.certificates)})
    pair = sorted([task.first, task.renewed])
    if len(letters) != 2 or not set(letters) <= set(task.certificates):
        yield Row("answer", "two letters", ", ".join(letters)[:40] or "none", False, "what_is_hashed")
        return
    keys = [fingerprint(x509.load_der_x509_certificate(task.certificates[letter])) for letter in letters]
    namesakes = set(letters) <= {task.first, task.renewed, task.namesake}
    hint = "names_say_nothing" if namesakes else "one_ca_many_keys"
    yield Row("public keys", "equal", f"{keys[0]} and {keys[1]}", letters == pair, hint)


def _letters(word: str, known: Collection[str]) -> list[str]:
    """Return a word's letters if all of them are certificates; ``AND`` is left out, any other word is one mistake."""
    if word == "AND":
        return []
    return [*word] if set(word) <= set(known) else [word]


MAKINGS: dict[str, Making] = {
    "07.1": Making(plant_and_host, _where_is_it, _place_scene),
    "07.2": Making(_five, _five_at_the_door, _five_scene),
    "07.3": Making(_seven, _build_the_path, _path_scene),
    "07.4": Making(_nothing_drawn, _disagree),
    "07.5": Making(_curve, _repair_by_policy, _lint_scene),
    "07.6": Making(_six, _same_key, _six_scene),
}
