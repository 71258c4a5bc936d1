"""Quizzes: five questions in every notebook, as HTML without scripts and as text."""

import re
from html.parser import HTMLParser
from importlib import resources

import nbformat
import pytest

from sercore.course import clone
from sercore.errors import ExerciseError
from sercore.exercises import Quiz, quiz
from sercore.exercises.quiz import Option, Question

NUMBERED = sorted(clone.notebooks_dir().glob("[0-9][0-9]_*.ipynb"))
QUIZZES = {path.name[:2]: quiz(path.name[:2]) for path in NUMBERED}
QUESTIONS = [question for one in QUIZZES.values() for question in one.questions]


class Tags(HTMLParser):
    """Counts tags and collects attributes; fails at a tag that is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.count, self.attributes = [], {}, set()
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.count[tag] = self.count.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_notebook_ends_with_its_quiz():
    for path in NUMBERED:
        sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
        places = [k for k, source in enumerate(sources) if f'quiz("{path.name[:2]}")' in source]
        assert len(places) == 1, path.name
        assert "## Recap" in "\n".join(sources[: places[0]])
        assert sources[places[0]].splitlines()[-1].startswith("quiz("), "the last line is shown"
    files = [file.name for file in (resources.files("sercore.exercises") / "quizzes").iterdir()]
    assert sorted(files) == [f"{name}.toml" for name in QUIZZES]


@pytest.mark.parametrize("name", QUIZZES)
def test_five_questions_with_explained_options(name):
    questions = QUIZZES[name].questions
    assert len(questions) == 5
    for question in questions:
        assert [option.right for option in question.options].count(True) == 1
        assert len(question.options) == len({option.text for option in question.options}) == 3
        assert all(len(option.why) > 20 for option in question.options)


def test_place_and_length_do_not_give_the_answer_away():
    places = [[option.right for option in question.options].index(True) for question in QUESTIONS]
    assert all(places.count(place) >= len(QUESTIONS) / 5 for place in range(3))
    longest = sum(max(q.options, key=lambda option: len(option.text)).right for q in QUESTIONS)
    assert longest <= len(QUESTIONS) / 2


@pytest.mark.parametrize("name", QUIZZES)
def test_html_is_small_static_and_reachable_by_keyboard(name):
    page = QUIZZES[name]._repr_html_()
    assert len(page) < 6000
    tags = Tags(page)
    assert set(tags.count) <= {"div", "style", "b", "p", "details", "summary", "code"}
    assert tags.count["details"] == tags.count["summary"] == 15  # the browser makes these reachable
    assert tags.attributes <= {"class", "data-lm-suppress-shortcuts"}  # nothing is open, nothing is loaded
    assert not re.search(r"https?:|url\(|@import", page)
    assert QUIZZES[name]._repr_html_() == quiz(name)._repr_html_()


@pytest.mark.parametrize("name", QUIZZES)
def test_text_has_every_option_and_the_answers_below(name):
    text, _, answers = repr(QUIZZES[name]).partition("Answers")
    for number, question in enumerate(QUIZZES[name].questions, 1):
        assert all(option.text in text for option in question.options)
        letter, right = next(pair for pair in zip("abc", question.options, strict=True) if pair[1].right)
        assert f"{number} {letter}: {right.why}" in answers
        assert right.why not in text


def test_code_and_signs_become_html():
    question = Question("Is `a < b` & c?", (Option("<b>yes</b>", "why", right=True),))
    page = Quiz("00", (question,))._repr_html_()
    assert "Is <code>a &lt; b</code> &amp; c?" in page
    assert "&lt;b&gt;yes" in page
    assert "<code>normalize=False</code>" in QUIZZES["01"]._repr_html_()


@pytest.mark.parametrize("name", ["11", "3", "../00", "", 3, None])
def test_unknown_quiz(name):
    with pytest.raises(ExerciseError, match="no quiz"):
        quiz(name)
