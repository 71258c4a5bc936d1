"""Exercises: in the notebooks and in the package, right answers, known mistakes, and odd answers."""

import re
import subprocess
import sys
from itertools import pairwise

import nbformat
import numpy as np
import pandas as pd
import pytest
from exercises.wrong_answers import WRONG
from scipy.special import expit, softmax

from sercore.course import clone
from sercore.errors import ExerciseError
from sercore.exercises import Verdict, check, exercise_ids
from sercore.exercises.answers import Choice, Function, Names, Number, When
from sercore.exercises.catalogue import NOTEBOOKS, find

IDS = exercise_ids()
CALL = re.compile(r'^check\("(\d\d\.\d)", answer', re.M)

STEPS = ["random, all clips twice", "random, duplicates removed", "new speakers", "new speakers, babble"]
GIVEN = {
    "01.3": {
        "clips": pd.DataFrame(
            {"emotion": list("aaabbbccc"), "level": [-30, -25, -24, -12, -10, -2, -50.0, -41, -40]}
        )
    },
    "03.2": {
        "leaky": pd.DataFrame({"model": ["knn", "lda", "mlp"], "ua": [0.81, 0.93, 0.88]}),
        "fair": pd.DataFrame({"model": ["mlp", "knn", "lda"], "ua": [0.72, 0.42, 0.69]}),
    },
    "06.3": {
        "means": pd.DataFrame(
            {"tuned": [71.0, 77.0], "held_out": [70.2, 72.4], "given away": [0.8, 4.6]},
            index=["equal", "genetic"],
        )
    },
    "09.3": {"steps": pd.DataFrame({"step": STEPS, "ua": [0.99, 0.91, 0.72, 0.44]})},
    "10.3": {
        "scores": pd.DataFrame(
            [("demo", "demo", 0.81), ("demo", "class", 0.52), ("class", "class", 0.63)],
            columns=["train", "test", "ua"],
        ),
        "home": "demo",
        "away": "class",
    },
}
"""Variables of the notebooks, for exercises that depend on them."""


def answer_cells(folder):
    """Id of an exercise -> (notebook, source of its cell, the cell before it)."""
    found = {}
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        for before, cell in pairwise(nbformat.read(path, as_version=4).cells):
            for name in CALL.findall(cell.source) if cell.cell_type == "code" else ():
                assert name not in found, f"{name} is checked twice"
                found[name] = (path.name[:2], cell.source, before)
    return found


CELLS = answer_cells(clone.notebooks_dir())
SOLUTIONS = answer_cells(clone.notebooks_dir() / "solutions")


def run(source, **variables):
    """Verdict of the check in a cell."""
    verdicts = []

    def record(*arguments, **given):
        verdicts.append(check(*arguments, **given))

    exec(source, {"np": np, "pd": pd, "expit": expit, "softmax": softmax, "check": record, **variables})
    (verdict,) = verdicts
    return verdict


def test_three_exercises_in_every_notebook_and_its_solutions():
    assert [f"{name}.{k}" for name in NOTEBOOKS for k in (1, 2, 3)] == IDS
    for cells in (CELLS, SOLUTIONS):
        assert sorted(cells) == IDS
        assert all(name.startswith(cell[0]) for name, cell in cells.items())


@pytest.mark.parametrize("name", IDS)
def test_every_exercise_has_its_text_before_the_cell(name):
    text = CELLS[name][2]
    assert text.cell_type == "markdown"
    assert f"**{name}** · " in text.source


@pytest.mark.parametrize("name", IDS)
def test_unanswered_cell_is_quiet(name, capfd):
    variables = GIVEN.get(name, {})
    if "home" in variables:
        variables = variables | {"CORPUS": variables["home"], "OURS": variables["away"]}
    verdict = run(CELLS[name][1], **variables)
    assert (verdict.status, repr(verdict)) == ("open", f"{name}: no answer yet")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", IDS)
def test_solution_is_right(name):
    verdict = run(SOLUTIONS[name][1], **GIVEN.get(name, {}))
    assert verdict, repr(verdict)
    assert verdict.text == find(name).because


@pytest.mark.parametrize("name", IDS)
def test_known_mistakes_have_their_own_hints(name):
    exercise, given = find(name), GIVEN.get(name, {})
    hints = []
    for mistake, hint in exercise.mistakes:
        if isinstance(mistake, When):
            wrong = mistake.example
        elif callable(mistake) and not isinstance(exercise, Function):
            wrong = mistake(**{key: given[key] for key in exercise.needs})
        else:
            wrong = mistake
        verdict = check(name, wrong, **given)
        assert (verdict.status, verdict.text) == ("wrong", hint)
        hints.append(hint)
    assert len(set(hints)) >= 2


@pytest.mark.parametrize("name", IDS)
def test_wrong_answers_of_students_meet_the_hint(name):
    """Answers written without the list of mistakes; each must meet a hint with this word."""
    assert len(WRONG[name]) >= 2
    for answer, word in WRONG[name]:
        verdict = check(name, answer, **GIVEN.get(name, {}))
        assert verdict.status == "wrong"
        assert word in verdict.text
        assert verdict.text in [hint for _, hint in find(name).mistakes]


@pytest.mark.parametrize("name", IDS)
def test_hints_do_not_contain_the_solution(name):
    exercise = find(name)
    texts = [hint for _, hint in exercise.mistakes] + [exercise.otherwise]
    if isinstance(exercise, Choice):
        if exercise.solution != "a":  # an article, too
            assert not any(re.search(rf"\b{exercise.solution}\b", text) for text in texts)
    elif isinstance(exercise, Names):
        assert not any(word in text for text in texts for word in exercise.allowed)
    elif isinstance(exercise, Number):
        value = exercise.solution
        value = value(*GIVEN[name].values()) if callable(value) else value
        forms = {f"{abs(value):.{digits}f}" for digits in range(5)} | {f"{abs(value):g}"}
        forms -= {"0", "1"}  # words such as "between 0 and 1"
        for text in texts:
            assert not forms & set(re.findall(r"[\d.]*\d", text)), text
    else:
        assert not any("return " in text for text in texts)


ODD = [None, float("nan"), np.inf, "12", "", b"x", True, [], [1, 2], {}, object(), np.zeros((2, 2)), 1j]
ODD += [pd.DataFrame({"a": [1, 2]}), pd.NaT, len, print, "z", [None], np.array(["a", "b"]), ["angry"], -1e9]
ODD += [[np.zeros(2)] * 3, lambda: 1, lambda *_: None, lambda *_: "text", lambda *_: np.zeros(77)]
ODD += [lambda *_: np.nan, lambda *_: {}]


class Hostile:
    """An object that raises whatever is asked of it."""

    def __repr__(self):
        raise RuntimeError

    def __array__(self, *_, **__):
        raise RuntimeError

    __float__ = __iter__ = __len__ = __array__


def raises(*_):
    raise KeyError("level")


@pytest.mark.parametrize("name", IDS)
def test_odd_answers_get_a_message(name):
    for answer in [*ODD, Hostile(), raises]:
        verdict = check(name, answer, **GIVEN.get(name, {}))
        assert verdict.status == "wrong"
        assert len(verdict.text) > 20
        assert "Traceback" not in verdict.text
        assert verdict._repr_html_()


@pytest.mark.parametrize(
    ("name", "answer", "message"),
    [
        ("02.1", "198", "without quotes"),
        ("02.1", float("nan"), "not finite"),
        ("02.1", [1, 2], "shape (2,)"),
        ("02.1", len, "Call it first"),
        ("02.1", None, "`return`"),
        ("02.3", "f", 'from "a" to "d"'),
        ("03.3", np.ones(3), "without calling it"),
        ("03.3", raises, "KeyError: 'level'"),
        ("03.3", lambda logits: None, "returns None"),
        ("03.3", lambda logits: logits[:, :1], "shape (2, 1) where (2, 3)"),
        ("03.3", lambda logits: logits * np.nan, "not finite"),
        ("06.1", ("angry", "happy"), "3 names"),
        ("06.1", ("angry", "happy", "tired"), "angry, happy, sad"),
    ],
)
def test_message_for_odd_answer(name, answer, message):
    assert message in check(name, answer).text


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("05.1", np.int64(3216)), ("05.1", np.float32(3216)), ("05.1", np.array([3216])), ("05.1", [3216.0]),
        ("05.1", pd.Series([3216])), ("02.3", "C"), ("02.3", " c) "), ("02.3", ["c"]), ("02.3", np.str_("c")),
        ("06.1", ["Angry", "HAPPY", "sad "]), ("06.1", np.array(["angry", "happy", "sad"])),
        ("06.1", "angry, happy, sad"), ("06.1", pd.Series(["angry", "happy", "sad"])),
        ("01.2", lambda level, who: level - pd.Series(level).groupby(who).transform("median")),
        ("03.3", lambda logits: softmax(logits, axis=1).tolist()),
    ],
)  # fmt: skip
def test_form_of_right_answers_is_free(name, answer):
    assert check(name, answer)


def test_function_answers_may_change_their_arguments():
    def answer(logits):
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits

    assert check("03.3", answer)
    assert check("03.3", answer)


@pytest.mark.parametrize("name", GIVEN)
def test_variables_of_the_notebook_are_needed_by_name(name):
    names = find(name).needs
    assert tuple(GIVEN[name]) == names
    assert all(f"{key}=" in CELLS[name][1] for key in names)
    assert all(key in check(name, 1.0).text for key in names)
    broken = dict.fromkeys(names, pd.DataFrame())
    assert "Run the notebook's cells again" in check(name, 1.0, **broken).text


def test_check_keeps_nothing():
    clips = GIVEN["01.3"]["clips"].copy()
    first = check("01.3", 3.0, clips=clips)
    assert check("01.3", 3.0, clips=clips) == first
    pd.testing.assert_frame_equal(clips, GIVEN["01.3"]["clips"])


@pytest.mark.parametrize("name", ["03.9", "11.1", "00.1", "3.1", "", 3.1, None])
def test_unknown_exercise(name):
    with pytest.raises(ExerciseError, match="available: 0"):
        check(name, 1)


def test_verdict_as_html_is_escaped():
    shown = Verdict("01.1", "wrong", "Use `np.log10` & <b>not</b> this.")._repr_html_()
    assert "<code>np.log10</code> &amp; &lt;b&gt;not&lt;/b&gt;" in shown


def test_import_is_light():
    code = "import sys, sercore.exercises as e; e.check('04.1', 1); e.quiz('04');"
    code += "\nheavy = {'tensorflow', 'keras', 'pandas', 'matplotlib', 'IPython'}"
    code += "\nprint(sorted(heavy & set(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_ragged_answers_get_a_hint():
    verdict = check("02.3", [[1, 2], [3]])
    assert "One letter in quotes is expected" in str(verdict)
