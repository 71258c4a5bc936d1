"""Evidence by removal of sound."""

import numpy as np
import pytest

from sercore.errors import AudioError
from sercore.interpret import sound_occlusion


def test_evidence_is_where_the_answer_depends_on_the_sound():
    weights = np.zeros((60, 32))
    weights[30:, 16:] = 1e-3  # the last box

    def answer(mask):
        p = float(np.exp(-0.1 - weights[mask].sum()))
        return np.array([p, 1 - p])

    done = []
    found = sound_occlusion(answer, 60, 32, 0, box=(30, 16), progress=done.append)
    np.testing.assert_allclose(found, weights, atol=1e-8)
    assert done == [0.25, 0.5, 0.75, 1.0]
    assert (sound_occlusion(answer, 60, 32, 1, box=(30, 16))[30:, 16:] < 0).all()


def test_box_without_which_nothing_is_left_has_no_evidence():
    def answer(mask):
        if mask[:10].all():
            raise AudioError("silent", reason="silent")
        return np.array([0.5 if mask.any() else 0.8, 0.2])

    found = sound_occlusion(answer, 20, 4, 0, box=(10, 4))
    assert (found[:10] == 0).all()
    assert found[10:].sum() == pytest.approx(np.log(0.8 / 0.5), rel=1e-5)
