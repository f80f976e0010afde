"""What a certificate is found by, read in one short walk: the same words as all of its fields give."""

import warnings

import pytest
from cryptography import x509

from kvlab.x509.explain import explain_certificate
from kvlab.x509.words import search_words, words_of
from tests.x509.specimen import LEAF, vectors


def loads(der):
    try:
        with warnings.catch_warnings(action="ignore"):
            x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        return False
    return True


CERTIFICATES = {name: der for name, der in vectors() if loads(der)}


def test_names_and_numbers_are_found():
    words = search_words("Web", LEAF)

    assert {"web", "4A1F"} < {*words.split("\n")}
    assert "contoso" in words


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_short_walk_reads_what_the_whole_one_reads(name):
    der = CERTIFICATES[name]

    assert search_words("web", der) == words_of("web", der, explain_certificate(der))
