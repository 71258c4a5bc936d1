"""Fuzzing with a fixed number of inputs; ``python tests/stress/fuzz.py`` is the long form."""

import functools
import sys
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stress import fuzz

valid_examples = functools.cache(fuzz.seeds)


@st.composite
def changes(draw):
    """Changes of a valid file: positions, numbers of removed bytes, inserted bytes, and a new length."""
    edits = st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12))
    return draw(st.integers(0, 9)), draw(st.lists(edits, max_size=4)), draw(st.floats(0.05, 1))


def changed(examples, change):
    which, edits, length = change
    data = bytearray(examples[which % len(examples)])
    for position, n_removed, inserted in edits:
        start = int(position * len(data))
        data[start : start + n_removed] = inserted
    return bytes(data[: max(1, int(length * len(data)))])


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
def test_valid_examples_are_accepted(target):
    assert {fuzz.check(target, data) for data in valid_examples(target)} == {"accepted"}


@pytest.mark.slow
@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(change=changes())
def test_changed_examples_raise_typed_errors_only(target, change):
    fuzz.check(target, changed(valid_examples(target), change))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.__name__)
def test_atheris_finds_no_untyped_error(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = fuzz.in_process(target, seconds=60, runs=600)
    assert result["passed"], result["output"]
    assert result["inputs"] >= 100


def test_untyped_errors_are_detected():
    def unsafe(data):
        int(data.decode())

    with warnings.catch_warnings(), pytest.raises(ValueError, match="invalid literal"):
        fuzz.check(unsafe, b"x")
