"""Training and test clips: the named splits, divisions within a training part, and checks for leaks.

A network recognises *who* speaks more easily than *what they feel*. If clips of one speaker are in both
training and test, a model is rewarded for recognising the voice, and its score does not apply to new
speakers. Every split here therefore keeps speakers apart, except ``random``, which is marked as leaky.

==================  =================================================================  =========
name                rule                                                               folds
==================  =================================================================  =========
``speaker``         no speaker and no byte-identical clip in both training and test;   6
                    classes and sexes balanced as far as the speakers allow
``loso``            leave one speaker out                                              speakers
``corpus``          train on all corpora but one, test on that one                     corpora
``emobox-ravdess``  RAVDESS in EmoBox's six folds of four actors (Ma et al. 2024)      6
``crema-actors``    CREMA-D, test on actors 1001–1023, train on all others             1
``session``         IEMOCAP, leave one session (one woman, one man) out                5
``random``          by clip, stratified, 80/20: **leaky**, only to show the leak       5
==================  =================================================================  =========

:func:`make_folds` makes the folds of a named split, :func:`corpus_folds` those that train on chosen corpora
and test on others, in which a clip may be tested several times. :func:`inner_folds` and :func:`inner_split`
divide the training part of a fold, for everything that is tuned. Rows are positions
(``index.iloc[fold.train]``), in ascending order.
"""

from .cross_corpus import balance_corpora, corpus_folds, corpus_pairs
from .folds import Fold, assert_disjoint, inner_folds, inner_split
from .rules import CREMA_TEST_ACTORS, EMOBOX_RAVDESS, SPLITS, is_leaky, make_folds

__all__ = [
    "CREMA_TEST_ACTORS", "EMOBOX_RAVDESS", "SPLITS", "Fold", "assert_disjoint", "balance_corpora",
    "corpus_folds", "corpus_pairs", "inner_folds", "inner_split", "is_leaky", "make_folds",
]  # fmt: skip
