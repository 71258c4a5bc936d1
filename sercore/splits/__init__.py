"""Who is trained on and who is tested on: the named splits, and checks that they do not leak.

A network hears *who* speaks more easily than *what they feel*. When clips of one speaker are
on both sides, a model is paid for recognising the voice, and its score says nothing about the
next person. So every split here keeps people apart, except ``random``, which says so of itself.

==================  =================================================================  =========
name                rule                                                               folds
==================  =================================================================  =========
``speaker``         no speaker and no byte-identical clip on two sides; classes and    6
                    sexes balanced as far as the speakers allow
``loso``            leave one speaker out                                              speakers
``corpus``          train on all corpora but one, test on that one                     corpora
``emobox-ravdess``  RAVDESS in EmoBox's six folds of four actors (Ma et al. 2024)      6
``crema-actors``    CREMA-D, actors 1001–1023 tested, all others train                 1
``session``         IEMOCAP, leave one session (one woman, one man) out                5
``random``          by clip, stratified, 80/20: **leaky**, only to show the leak       5
==================  =================================================================  =========

Rows are given as positions (``index.iloc[fold.train]``), in ascending order.

Notebook: 03_mlp_baseline.ipynb
"""

from .folds import Fold, assert_disjoint
from .inner import inner_folds, inner_split
from .rules import CREMA_TEST_ACTORS, EMOBOX_RAVDESS, SPLITS, is_leaky, make_folds

__all__ = [
    "CREMA_TEST_ACTORS",
    "EMOBOX_RAVDESS",
    "SPLITS",
    "Fold",
    "assert_disjoint",
    "inner_folds",
    "inner_split",
    "is_leaky",
    "make_folds",
]
