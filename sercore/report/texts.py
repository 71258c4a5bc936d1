"""What every model card says about use, whatever the bundle contains."""

from __future__ import annotations

INTENDED = (
    "Teaching and research on speech emotion recognition, with recordings whose speakers agreed to it.",
    "Trials on own recordings, to find out how far scores on a corpus carry over.",
    "As a baseline for other models under the same split.",
)

LIMITS = (
    "The model learned from recordings of acted emotion. It predicts which acted emotion a voice resembles, "
    "not what a person feels or thinks. Emotion in everyday life is weaker, mixed, and often hidden."
)

FORBIDDEN = (
    "Inferring emotions of people at work or in education. The EU AI Act prohibits it, except for medical "
    "or safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f)). In other areas it treats emotion "
    "recognition as high-risk (Annex III) and requires that people are informed (Article 50(3)).",
    "Decisions about a person: hiring, grading, insurance, credit, police, border control, custody, therapy.",
    "Detecting lies, intentions, illness or personality. The labels of the training data describe none of "
    "these.",
    "Recordings of people who were not asked, or who cannot refuse without a disadvantage.",
    "Recordings of minors without the consent of those who have custody. A model of adult voices does not "
    "apply to the voices of children.",
    "Languages, recording conditions and groups of people for which this card shows no scores.",
)

NO_LEGAL_ADVICE = (
    "Voice recordings are personal data, and a voice can identify a person. Ask for consent, store as "
    "little as possible, and delete on request. These lines are not legal advice."
)

ACTED = (
    "The labels of acted corpora are the emotions that speakers were asked to express; listeners often "
    "recognise another one."
)

NORMALISED = "Each speaker is normalised by these clips, under the same condition and without their labels."

OPTIMISTIC = (
    "The model was fitted on clips of these corpora, so scores on them would be too high. Only differences "
    "are given: how many answers change, and how many points of UA are lost relative to the clean clips. "
    "Losses on voices that the model does not know can be different."
)

CODE_LICENCE = "sercore (code): MIT."
