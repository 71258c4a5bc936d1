"""Published fairness: scores of groups, from published predictions."""

import numpy as np
import pytest

from sercore import evaluation
from sercore.cli import main
from sercore.course import fairness, published, readme


def test_groups_are_those_of_the_published_predictions():
    """Odd actors of RAVDESS are men."""
    oof = published.load("ravdess-emobox").query("model == 'logistic'")
    table = fairness.fairness().query("campaign == 'ravdess-emobox' and model == 'logistic'")
    table = table[table["by"] == "sex"].set_index("group")
    men = oof["speaker"].str[-2:].astype(int) % 2 == 1
    for name, part in (("male", oof[men]), ("female", oof[~men])):
        y, proba, classes, _ = evaluation.unpack(part)
        predicted = np.array(classes)[proba.argmax(axis=1)]
        assert table.loc[name, "n_clips"] == len(part)
        assert table.loc[name, "ua"] == pytest.approx(evaluation.uar(y, predicted), abs=1e-4)


def test_every_campaign_has_a_row():
    text = readme.fairness_markdown()
    for campaign, models in fairness.GROUPED.items():
        for model in models:
            assert f"| `{campaign}`, `{model}` | sex |" in text


def test_command_prints_groups(capsys):
    assert main(["results", fairness.FAIRNESS]) == 0
    assert "ravdess-emobox-encoder" in capsys.readouterr().out
