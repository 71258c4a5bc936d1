"""Linear probes: what else, besides emotion, can be read from the rows of a table or an encoder.

References
----------
Hewitt & Liang: Designing and interpreting probes with control tasks. EMNLP 2019.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..errors import SercoreError
from ..splits import make_folds
from .classical import predict_proba
from .nested import rotate, scaled


def probe(
    index: pd.DataFrame, X: np.ndarray, target: str, *, n_folds: int = 2, seed: int = 0, n_boot: int = 1000
) -> dict:
    """Unweighted accuracy with which a linear model reads a column of the index from rows.

    A logistic regression on standardised rows, with scikit-learn's default regularisation for every target,
    is fitted on some speakers and tested on the others. The speaker is the exception: it is read from
    sentences on which the probe was not fitted.

    Parameters
    ----------
    index : pd.DataFrame
        With ``clip_id, corpus, speaker`` and the target; with ``sentence``, if the target is the speaker.
    X : np.ndarray [shape=(n_clips, n_columns)]
        Row *k* belongs to row *k* of the index.
    target : str
        A column such as ``speaker``, ``sex`` or ``sentence``. Clips without a value are left out.
    n_folds : int
    seed : int
        Seed of the folds.
    n_boot : int
        Number of bootstrap resamples for the interval: of speakers, or of clips if the target is the speaker.

    Returns
    -------
    dict
        ``target, ua, ua_low, ua_high, chance, interval, n_clips``.

    Raises
    ------
    SercoreError
        There is no such column, it has fewer than two values, or there are clips of several corpora.

    See Also
    --------
    speaker_normalise : removes what all clips of a speaker have in common.

    Examples
    --------
    >>> index = pd.DataFrame({"clip_id": list("abcdefgh"), "corpus": "demo", "speaker": list("vvwwxxyy"),
    ...                       "sentence": ["dogs", "kids"] * 4})
    >>> X = np.array([[0.0, 0], [0, 1], [2, 0], [2, 1], [4, 0], [4, 1], [6, 0], [6, 1]])
    >>> probe(index, X, "sentence", n_boot=10)["ua"], probe(index, X, "speaker", n_boot=10)["chance"]
    (1.0, 0.25)
    """
    from sklearn.linear_model import LogisticRegression

    from ..evaluation import evaluate_oof, oof_rows

    if target not in index.columns:
        raise SercoreError(f"no column {target!r} to probe for; the index has {', '.join(index.columns)}")
    if index["corpus"].nunique() > 1:
        raise SercoreError(
            f"the index has clips of {', '.join(sorted(set(index['corpus'])))}; probe one corpus at a time"
        )
    values = index[target].astype(object).where(index[target].notna(), "").astype(str).to_numpy()
    known = np.flatnonzero(values != "")
    index, X = index.iloc[known].assign(label=values[known]).reset_index(drop=True), X[known]
    names = sorted(set(index["label"]))
    if len(names) < 2:
        raise SercoreError(f"column {target!r} has the values {names}; a probe needs two or more")
    groups = "sentence" if target == "speaker" else "speaker"
    folds = make_folds(index.assign(speaker=index[groups]), "speaker", n_folds=n_folds, seed=seed)
    parts = []
    for fold in folds:
        train, test = rotate(*scaled(X[fold.train], X[fold.test]))
        fitted = LogisticRegression(max_iter=1000, tol=1e-3).fit(train, index["label"].iloc[fold.train])
        proba = predict_proba(fitted, test, names)
        parts.append(oof_rows(index, fold, proba, names, model="probe", split=groups, seed=seed))
    interval = "clips" if target == "speaker" else "speakers"
    scores = evaluate_oof(pd.concat(parts), interval=interval, n_boot=n_boot)
    kept = {name: scores[name] for name in ("ua", "ua_low", "ua_high")}
    return {"target": target, **kept, "chance": 1 / len(names), "interval": scores["interval"],
            "n_clips": len(index)}  # fmt: skip
