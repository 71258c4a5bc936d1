"""Bytes that nobody thought of, in a bounded form; ``python tests/stress/fuzz.py`` is the long one."""

import sys
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stress import fuzz

CHANGED = {}


def sound_examples(target):
    if target not in CHANGED:
        CHANGED[target] = fuzz.seeds(target)
    return CHANGED[target]


@st.composite
def changes(draw):
    """What is done to a sound file: where, how many bytes go, what comes instead, where it is cut."""
    spots = st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12))
    return draw(st.integers(0, 9)), draw(st.lists(spots, max_size=4)), draw(st.floats(0.05, 1))


def changed(examples, change):
    which, spots, cut = change
    data = bytearray(examples[which % len(examples)])
    for where, gone, new in spots:
        at = int(where * len(data))
        data[at : at + gone] = new
    return bytes(data[: max(1, int(cut * len(data)))])


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
def test_sound_examples_are_accepted(target):
    assert [fuzz.check(target, data) for data in sound_examples(target)] == ["accepted"] * len(
        sound_examples(target)
    )


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(change=changes())
def test_changed_examples_end_in_typed_errors(target, change):
    fuzz.check(target, changed(sound_examples(target), change))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
def test_a_fuzzer_that_watches_the_code_finds_nothing(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = fuzz.in_process(target, seconds=60, runs=600)
    assert made["sound"], made["said"]
    assert made["inputs"] >= 100


def test_the_fuzzer_notices_an_error_of_another_library():
    def careless(data):
        int(data.decode())

    with warnings.catch_warnings(), pytest.raises(ValueError, match="invalid literal"):
        fuzz.check(careless, b"x")
