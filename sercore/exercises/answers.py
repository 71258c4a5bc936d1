"""Kinds of answers: how each is read, and when it equals a solution or a known mistake."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np


class OddAnswer(Exception):
    """An answer that cannot be judged; the message says what was found and what is expected."""


class NoAnswer(Exception):
    """The answer is still ``...``."""


@dataclass(frozen=True)
class When:
    """A mistake that is recognised by a property, such as being negative.

    Attributes
    ----------
    test : callable
        Called with the answer as it was read; true if this is the mistake.
    example
        An answer for which it is true.
    """

    test: Callable[[Any], bool]
    example: Any


@dataclass(frozen=True)
class Exercise:
    """What all exercises have in common.

    Attributes
    ----------
    solution
        The right answer, or a function that computes it from variables of the notebook, which are the names
        of its parameters.
    because : str
        One sentence: why the right answer matters.
    mistakes : sequence of (wrong answer, hint)
        A wrong answer is given like the solution, or as :class:`When`.
    otherwise : str
        The hint for all other wrong answers.
    """

    solution: Any
    because: str
    mistakes: Sequence[tuple[Any, str]]
    otherwise: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the notebook's variables that a check needs."""
        return tuple(inspect.signature(self.solution).parameters) if callable(self.solution) else ()

    def read(self, answer: Any) -> Any:
        """The answer in the form that is compared; raises :class:`OddAnswer` or :class:`NoAnswer`."""
        raise NotImplementedError

    def equals(self, answer: Any, wanted: Any, given: Mapping[str, Any]) -> bool:
        """Whether an answer that was read equals ``wanted``, a solution or a mistake."""
        raise NotImplementedError

    def judge(self, answer: Any, given: Mapping[str, Any]) -> tuple[bool, str]:
        """Whether an answer is right, and the sentence to show."""
        read = self.read(answer)
        if self.equals(read, self.solution, given):
            return True, self.because
        for mistake, hint in self.mistakes:
            if self._is(mistake, read, given):
                return False, hint
        return False, self.refuse(read) or self.otherwise

    def _is(self, mistake: Any, read: Any, given: Mapping[str, Any]) -> bool:
        """Whether an answer that was read is this mistake; false if the mistake cannot be computed."""
        if isinstance(mistake, When):
            return mistake.test(read)
        try:
            return self.equals(read, mistake, given)
        except OddAnswer:
            return False

    def refuse(self, answer: Any) -> str:
        """A remark about the form of a wrong answer; empty if there is none."""
        return ""


@dataclass(frozen=True)
class Number(Exercise):
    """One number, compared within a tolerance.

    Attributes
    ----------
    atol : float
        Largest accepted difference, in the unit of the answer.
    """

    atol: float = 0.01

    def read(self, answer: Any) -> float:
        if isinstance(answer, (str, bytes, bool, np.bool_)):
            raise OddAnswer(f"One number is expected, without quotes; found {_shown(answer)}.")
        if callable(answer):
            raise OddAnswer("One number is expected; found a function. Call it first.")
        try:
            number = np.asarray(answer, dtype=float)
        except Exception:  # whatever the object raises
            raise OddAnswer(f"One number is expected; found {_shown(answer)}.") from None
        if number.size != 1:
            raise OddAnswer(f"One number is expected; found values of shape {number.shape}.")
        if not np.isfinite(number).all():
            raise OddAnswer("The answer is not finite. Look for a division by zero or an empty selection.")
        return float(number.item())

    def equals(self, answer: float, wanted: Any, given: Mapping[str, Any]) -> bool:
        if callable(wanted):
            wanted = _from_notebook(wanted, given)
        return abs(answer - wanted) <= self.atol


@dataclass(frozen=True)
class Choice(Exercise):
    """One letter.

    Attributes
    ----------
    letters : str
        The letters to choose from.
    """

    letters: str = "abcd"

    def read(self, answer: Any) -> str:
        if isinstance(answer, np.ndarray) and answer.size == 1:
            answer = answer.item()
        elif isinstance(answer, (list, tuple)) and len(answer) == 1:
            (answer,) = answer
        letter = answer.strip().strip(".)(").lower() if isinstance(answer, str) else answer
        if not isinstance(letter, str) or len(letter) != 1 or letter not in self.letters:
            raise OddAnswer(
                f'One letter in quotes is expected, from "{self.letters[0]}" to "{self.letters[-1]}"; '
                f"found {_shown(answer)}."
            )
        return letter

    def equals(self, answer: str, wanted: str, given: Mapping[str, Any]) -> bool:
        return answer == wanted


@dataclass(frozen=True)
class Names(Exercise):
    """Several names, in order; upper and lower case are the same.

    Attributes
    ----------
    allowed : sequence of str
        The names to choose from.
    """

    allowed: Sequence[str] = ()

    def read(self, answer: Any) -> tuple[str, ...]:
        count = len(self.solution)
        if isinstance(answer, str):
            answer = answer.split(",")
        try:
            found = list(islice(answer, count + 1))
        except Exception:  # not a sequence, or whatever the object raises
            found = []
        if any(name is ... for name in found):
            raise NoAnswer
        names = tuple(name.strip().lower() if isinstance(name, str) else "" for name in found)
        if len(names) != count or not set(names) <= set(self.allowed):
            raise OddAnswer(
                f"{count} names in order are expected, each one of {', '.join(self.allowed)}; "
                f"found {_shown(answer)}."
            )
        return names

    def equals(self, answer: tuple[str, ...], wanted: tuple[str, ...], given: Mapping[str, Any]) -> bool:
        return answer == tuple(wanted)


@dataclass(frozen=True)
class Function(Exercise):
    """A function, called on known inputs and compared with the solution's values.

    Attributes
    ----------
    cases : callable
        Returns new arguments for every call, as a list of tuples.
    rtol : float
        Relative tolerance of values.
    """

    cases: Callable[[], list[tuple]] = field(default=list)
    rtol: float = 1e-4

    @property
    def needs(self) -> tuple[str, ...]:
        return ()

    def read(self, answer: Any) -> list[np.ndarray]:
        if not callable(answer):
            raise OddAnswer(
                f"A function is expected: pass its name, without calling it; found {_shown(answer)}."
            )
        return [_called(answer, arguments) for arguments in self.cases()]

    def equals(self, answer: list[np.ndarray], wanted: Callable, given: Mapping[str, Any]) -> bool:
        values = [_called(wanted, arguments) for arguments in self.cases()]
        return all(
            a.shape == b.shape and np.allclose(a, b, rtol=self.rtol, atol=1e-8, equal_nan=True)
            for a, b in zip(answer, values, strict=True)
        )

    def refuse(self, answer: list[np.ndarray]) -> str:
        for found, arguments in zip(answer, self.cases(), strict=True):
            wanted = _called(self.solution, arguments).shape
            if found.shape != wanted:
                return f"The function returns values of shape {found.shape} where {wanted} is expected."
            if not np.isfinite(found).all():
                return "The function returns values that are not finite. Try it on zeros and on large values."
        return ""


def _called(function: Callable, arguments: tuple) -> np.ndarray:
    """Values of a function as an array; what is wrong with it otherwise."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function(*arguments)
    except Exception as error:
        raise OddAnswer(f"The function raises {type(error).__name__}: {error}") from None
    if value is ...:
        raise NoAnswer
    if value is None:
        raise OddAnswer("The function returns None. Does it end with a `return`?")
    try:
        return np.asarray(value, dtype=float)
    except Exception:  # whatever the object raises
        raise OddAnswer(f"The function is expected to return numbers; it returned {_shown(value)}.") from None


def _from_notebook(compute: Callable, given: Mapping[str, Any]) -> float:
    """A number computed from variables of the notebook."""
    names = list(inspect.signature(compute).parameters)
    try:
        value = float(compute(*(given[name] for name in names)))
    except Exception as error:
        raise OddAnswer(
            f"This cannot be checked: {', '.join(names)} is not as the notebook made it "
            f"({type(error).__name__}: {error}). Run the notebook's cells again."
        ) from None
    if not np.isfinite(value):
        raise OddAnswer(f"This cannot be checked: {', '.join(names)} contains too little for it.")
    return value


def _shown(answer: Any) -> str:
    """An answer in a few characters."""
    try:
        text = repr(answer)
    except Exception:
        text = ""
    return text if 0 < len(text) <= 60 else f"a value of type {type(answer).__name__}"
