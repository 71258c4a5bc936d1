"""Names of emotions and speakers in your own recordings, and the options that find or translate them.

Names are compared without case, ``_``, ``-``, repeated blanks and Unicode form: an ``ü`` of one or of two
characters is the same letter. Numbers are compared without leading zeros, which spreadsheets remove.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from ..errors import CorpusError
from ..labels import EMOTIONS

SYNONYMS = {
    "anger": "angry",
    "bored": "boredom",
    "calmness": "calm",
    "disgusted": "disgust",
    "fear": "fearful",
    "happiness": "happy",
    "joy": "happy",
    "pleasant surprise": "surprised",
    "sadness": "sad",
    "surprise": "surprised",
}
"""Names accepted in folders and tables besides the canonical ones."""

_CONTROLS = [chr(code) for code in (*range(32), 127) if not chr(code).isspace()]  # pasted from a PDF document
_INVISIBLE = str.maketrans(dict.fromkeys([*"\u200b\u200c\u200d\u2060\ufeff\u00ad", *_CONTROLS]))
_EXAMPLES = {
    "speaker": r"'([a-z]+)_\d+' for anna_03.wav or '^([^/]+)/' for a folder per speaker",
    "emotion": r"'_([a-z]+)_\d+' for anna_happy_03.wav",
}


def clean(text: str) -> str:
    """Text in the composed Unicode form, without invisible characters and blanks around it."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()


def plain(name: str) -> str:
    """Form in which names are compared.

    Examples
    --------
    >>> plain(" Pleasant-Surprise"), plain("u\\u0308ber") == plain("ÜBER"), plain("03")
    ('pleasant surprise', True, '3')
    """
    text = unicodedata.normalize("NFKC", clean(name)).casefold()
    return re.sub(r"^0+(?=\d+$)", "", clean(re.sub(r"[\s_-]+", " ", text)))


def plain_labels(labels: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Labels by comparable name, with canonical emotions; None leaves the clips of that name out.

    Raises
    ------
    CorpusError
        A value is not an emotion.
    """
    checked = {}
    for name, value in (labels or {}).items():
        emotion = value if value is None else SYNONYMS.get(plain(str(value)), plain(str(value)))
        if emotion is not None and emotion not in EMOTIONS:
            raise CorpusError(
                f"labels: {value!r} (for {name!r}) must be None or one of {', '.join(EMOTIONS)}"
            )
        if checked.setdefault(plain(str(name)), emotion) != emotion:
            raise CorpusError(f"labels: {name!r} is translated twice, in different ways")
    return checked


def to_emotion(name: str, labels: Mapping[str, str | None] | None = None) -> str | None:
    """Canonical emotion of a name, or None if ``labels`` leaves it out.

    Parameters
    ----------
    name : str
    labels : dict of str to str, optional
        From :func:`plain_labels`.

    Raises
    ------
    CorpusError
        The name is not known.

    Examples
    --------
    >>> to_emotion("Pleasant-Surprise"), to_emotion("Freude", {"freude": "happy"})
    ('surprised', 'happy')
    """
    key, labels = plain(name), labels or {}
    for known in (key, SYNONYMS.get(key, key)):
        if known in labels:
            return labels[known]
    if (emotion := SYNONYMS.get(key, key)) in EMOTIONS:
        return emotion
    if not key:
        raise CorpusError("the emotion is empty; fill the column, or remove the row")
    odd = "a number, " if re.fullmatch(r"[+-]?\d+([.,]\d+)?", key) else ""
    raise CorpusError(
        f"emotion {name!r} is {odd}not one of {', '.join(EMOTIONS)}; rename it with "
        f"labels={{{name!r}: '…'}} (--labels FILE.csv), or leave it out with labels={{{name!r}: None}} "
        f"(--drop {name!r})"
    )


def find_group(path: str, pattern: str | None, what: str) -> str:
    """Group of a pattern in a path: the group named ``what`` or the first.

    Raises
    ------
    CorpusError
        The pattern is missing, invalid, without a group, or not found.

    Examples
    --------
    >>> find_group("happy/anna_03.wav", r"([a-z]+)_\\d+", "speaker")
    'anna'
    """
    if pattern is None:
        raise CorpusError(f"no {what}: {ask(what)}")
    try:
        match = re.search(unicodedata.normalize("NFC", pattern), path)
    except re.error as error:
        raise CorpusError(f"{what}={pattern!r} is not a regular expression: {error}") from error
    groups = match.groupdict() if match else {}
    found = match and (groups[what] if what in groups else next(iter(match.groups()), ""))
    if not found:
        raise CorpusError(f"{what}={pattern!r} finds no group in the path; {ask(what)}")
    return found


def find_groups(paths: Iterable[str], pattern: str, what: str) -> set[str]:
    """Groups that the pattern finds in the paths; paths without one are skipped."""
    found = set()
    for path in paths:
        try:
            found.add(find_group(path, pattern, what))
        except CorpusError:
            continue
    return found


def ask(what: str) -> str:
    """How to find the speaker or the emotion in the path, in Python and on the command line."""
    return (
        f"pass {what}=r'…' (--{what} '…'), a regular expression whose group is the {what}, such as "
        f"{_EXAMPLES[what]}"
    )


def unused_labels(labels: Mapping[str, str | None], names: Iterable[str]) -> list[str]:
    """One line about labels that match no name, or an empty list."""
    keys = {plain(name) for name in names}
    keys |= {SYNONYMS.get(key, key) for key in keys}
    unused = [name for name in labels if plain(str(name)) not in keys]
    text = f"labels: no clip is named {', '.join(map(repr, unused))}; check the spelling"
    return [text] if unused else []
