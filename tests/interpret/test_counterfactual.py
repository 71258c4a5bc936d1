"""Counterfactuals of a synthetic voice: the smallest change that changes the prediction."""

import numpy as np
import pytest
from toys.voices import small_predictor

from sercore import synth
from sercore.interpret import flips
from sercore.pictures.html import flips_html
from sercore.synth.knobs import KNOBS, Voice


def length(wave, sr):
    """Probabilities that depend only on the rate."""
    return {"long": float(len(wave) / sr > 2.2), "short": float(len(wave) / sr <= 2.2)}


@pytest.mark.slow
@pytest.mark.parametrize("rate", [3.5, 3.6])  # neighbours; one is only reached with the largest step
def test_flips_finds_nearest_change(rate):
    voice = Voice().turn(rate=rate)
    table = flips(voice, length)
    assert table.attrs["answer"] == "long"
    assert table["knob"][0] == "rate"
    assert table["becomes"].tolist() == ["short"] + [""] * (len(KNOBS) - 1)
    assert table["flips_at"][1:].isna().all()
    short = [x for x in KNOBS["rate"].positions() if length(*voice.turn(rate=x).speak())["short"]]
    nearest = min(short, key=lambda x: abs(x - rate))
    assert table["flips_at"][0] == pytest.approx(nearest)
    assert table["change"][0] == pytest.approx(nearest - rate)
    low, high = synth.LIMITS["rate"]
    assert table["share"][0] == pytest.approx((nearest - rate) / (high - low))


@pytest.mark.parametrize(
    ("edges", "expected"), [((-3.0, 1.0), 1.5), ((-1.0, 3.0), -1.5), ((-3.0, 12.5), -3.5)]
)
def test_flips_prefers_nearer_direction(edges, expected, monkeypatch):
    """The 'sound' is the value of the knob; the prediction differs at and beyond both edges."""
    monkeypatch.setattr(Voice, "speak", lambda voice: (voice["f0_level"], None))
    answer = lambda level, _: {"in": 1.0, "out": 2.0 * (not edges[0] <= level <= edges[1])}  # noqa: E731
    assert flips(Voice(), answer, knobs=["f0_level"])["flips_at"][0] == expected


def test_flips_of_model_change_its_prediction():
    predictor, voice = small_predictor(), Voice().preset("angry")

    def answer(wave, sr):
        return predictor.predict(wave, sr=sr)

    tried = []
    table = flips(voice, answer, knobs=["loudness", "tilt"], progress=tried.append)
    assert tried == ["loudness", "tilt"]
    found = table[table["becomes"] != ""]
    assert len(found)
    for row in found.itertuples():
        proba = answer(*voice.turn(**{row.knob: row.flips_at}).speak())
        assert max(proba, key=proba.get) == row.becomes != table.attrs["answer"]
        back = row.flips_at - np.sign(row.change) * KNOBS[row.knob].step
        proba = answer(*voice.turn(**{row.knob: back}).speak())
        assert max(proba, key=proba.get) == table.attrs["answer"]
    html = flips_html(table)
    assert f"Current prediction: <b>{table.attrs['answer']}</b>" in html
    assert all(KNOBS[knob].label in html for knob in found["knob"])
