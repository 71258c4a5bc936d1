"""One process of a small campaign: ``python campaign_worker.py OUT LOG SECONDS``.

It writes a line to LOG when it begins a fold, and the predictions to OUT; finished folds are in the data
folder. A fold takes at least SECONDS, so that the process can be killed during it.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from toys.tables import CLASSES, make_features, make_index

from sercore.course import published
from sercore.course.campaigns import Campaign
from sercore.training import jobs

CAMPAIGN = Campaign(
    "demo", "all", "loso", models=("dummy", "lda", "logistic", "knn"), seeds=(0, 1), repeated=("lda",)
)


def main(out, log, seconds):
    index = make_index(n_speakers=4)
    X = make_features(index, np.random.default_rng(0))
    fit = jobs.Job.fit

    def logged_fit(job, *arguments, **options):
        *_, seed, fold = arguments
        with open(log, "a") as lines:  # one short write, which is atomic
            lines.write(f"{os.getpid()} {job.model} {seed} {fold.name}\n")
        time.sleep(float(seconds))
        return fit(job, *arguments, **options)

    jobs.Job.fit = logged_fit
    published.CAMPAIGNS["toy"] = CAMPAIGN
    published._features = lambda *_: (index, X, [], list(CLASSES))
    published.oof_folder = lambda: Path(out)
    published.run_campaign("toy", n_jobs=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
