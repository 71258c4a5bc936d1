"""``bundle.json``: the description of a bundle, readable by people and validated on loading."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..encoders import EncoderRecipe
from ..encoders.sources import weights_sha256
from ..errors import BundleError, RecipeError
from ..features import Recipe
from .archives import read_json
from .folder import digest_of
from .rejection import FILE as REJECTION_FILE
from .rejection import FOLDER as REJECTION_FOLDER
from .rejection import VERSIONS as REJECTION_VERSIONS

FORMAT = 3
"""Increased whenever older code could misread a bundle; other formats are refused."""

KINDS = {
    "linear": ("linear.npz",),
    "sklearn": ("model.skops",),
    "keras": ("network.keras", "network.onnx", "scaler.npz"),
}
"""Files of each kind of member; ``network.onnx`` is optional."""

SPEAKER_FILE = "speaker.npz"
"""Mean and standard deviation of the features of all training clips, of a speaker-normalised member."""

FEATURES = ("table", "frames", "embeddings")
"""Kinds of features that a member may use."""

_KEYS = {
    "format", "classes", "members", "training", "evaluation", "versions", "reference", "temperature",
    "rejection", "files", "sha256",
}  # fmt: skip
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.=+@-]{1,64}")


@dataclass(frozen=True)
class Member:
    """One model of a bundle.

    Parameters
    ----------
    kind : str
        ``linear``, ``sklearn`` or ``keras``.
    features : str
        ``table`` (:func:`sercore.features.table_row`), ``frames`` (:func:`sercore.features.frames`) or
        ``embeddings`` (:meth:`sercore.encoders.Encoder.row`).
    recipe : Recipe or EncoderRecipe
        The weights of an encoder are not part of a bundle; the manifest contains their SHA-256.
    weight : float
        Weight in the mean of the probabilities; the weights of all members sum to 1.
    speaker_norm : bool
        Whether the features are standardised per speaker; then ``speaker.npz`` contains the mean and
        standard deviation of all training clips.
    """

    kind: str
    features: str
    recipe: Recipe | EncoderRecipe
    weight: float
    speaker_norm: bool = False

    def to_json(self) -> dict:
        """The entry of a member in the manifest."""
        entry = {
            "kind": self.kind, "features": self.features, "weight": self.weight,
            "speaker_norm": self.speaker_norm, "recipe_key": self.recipe.key,
            "recipe": json.loads(self.recipe.to_json()),
        }  # fmt: skip
        if self.features == "embeddings":
            entry["weights_sha256"] = weights_sha256(self.recipe)
        return entry


@dataclass(frozen=True)
class Manifest:
    """The content of ``bundle.json``.

    Parameters
    ----------
    classes : tuple of str
        Column *k* of the probabilities is ``classes[k]``.
    members : dict of str to Member
        Members by name, which is also the name of the subfolder.
    training : dict
        Corpora with licence and source, label scheme, seed, number of clips; ``augmentation``, if there was
        one; ``held_out`` states whether the temperature and the limit of the novelty detector were found on
        left-out ``corpora`` or ``speakers``.
    evaluation : dict or None
        A row of the result table: split, metrics, interval over speakers. ``corpora`` has a row for each
        training set and test corpus (:func:`sercore.bundle.scores.corpus_scores`).
    versions : dict of str to str
        Versions of the libraries with which the bundle was written.
    reference : dict of str to float
        Probability of each class for :func:`sercore.bundle.predictor.reference_signal`.
    temperature : float
        Divides the logits of the vote (:func:`sercore.evaluation.apply_temperature`).
    rejection : dict or None
        ``member`` whose features the novelty detector reads, and its ``threshold``.
    files : dict of str to dict
        ``bytes`` and ``sha256`` of every other file.
    """

    classes: tuple[str, ...]
    members: dict[str, Member]
    training: dict
    evaluation: dict | None
    versions: dict[str, str]
    reference: dict[str, float]
    temperature: float
    rejection: dict | None
    files: dict[str, dict]

    def to_json(self) -> bytes:
        """The manifest as indented UTF-8 JSON; its last entry, ``sha256``, is the digest of the others."""
        members = {name: member.to_json() for name, member in self.members.items()}
        content = {"format": FORMAT} | vars(self) | {"members": members}
        try:
            content["sha256"] = content_digest(content)
            return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise BundleError(f"training or evaluation cannot be written as JSON ({error})") from error

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> Manifest:
        """Read and validate a manifest from an untrusted source.

        Parameters
        ----------
        content : bytes
        where : str
            Name of the file in error messages.

        Raises
        ------
        BundleError
            Not JSON, another format, changed since it was written, or an entry is missing, unknown or of
            the wrong type.
        """
        value = read_json(content, where=where)
        form = value.get("format")
        if type(form) is int and form > FORMAT:
            raise BundleError(
                f"{where}: format {form}, but this version of sercore reads format {FORMAT}; "
                "install a newer version"
            )
        if type(form) is int and form in (1, 2):
            raise BundleError(
                f"{where}: written by an older sercore (format {form}), which this version does not read; "
                "train the model again with 'sercore train'"
            )
        if type(form) is not int or form != FORMAT or set(value) != _KEYS:
            raise BundleError(
                f"{where}: not of format {FORMAT}: differs in {sorted(set(value) ^ _KEYS) or 'format'}"
            )
        try:
            if value["sha256"] != content_digest(value):
                raise BundleError(f"{where}: changed since the bundle was written; get the bundle again")
            return cls(
                classes=_classes(value["classes"]),
                members=_members(value["members"]),
                training=_training(value["training"]),
                evaluation=None if value["evaluation"] is None else _evaluation(value["evaluation"]),
                versions={str(k): str(v) for k, v in _of_type(value["versions"], dict).items()},
                reference={k: _fraction(v) for k, v in _of_type(value["reference"], dict).items()},
                temperature=_temperature(value["temperature"]),
                rejection=None if value["rejection"] is None else _rejection(value["rejection"]),
                files={name: _file(about) for name, about in _of_type(value["files"], dict).items()},
            ).checked()
        except (ValueError, TypeError, KeyError, AttributeError, RecipeError) as error:
            raise BundleError(f"{where}: not a valid manifest ({error})") from error

    def checked(self) -> Manifest:
        """This manifest, after checking that its entries agree with each other."""
        if set(self.reference) != set(self.classes):
            raise ValueError(f"reference values of {list(self.reference)} for the classes {self.classes}")
        if not math.isclose(sum(member.weight for member in self.members.values()), 1.0, rel_tol=1e-6):
            raise ValueError("the weights of the members do not sum to 1")
        allowed = {f"{name}/{file}" for name, member in self.members.items() for file in KINDS[member.kind]}
        allowed |= {f"{name}/{SPEAKER_FILE}" for name, part in self.members.items() if part.speaker_norm}
        optional = {f"{name}/network.onnx" for name in self.members}
        if self.rejection is not None:
            if self.rejection["member"] not in self.members:
                raise ValueError(f"rejection by the features of {self.rejection['member']!r}, not a member")
            allowed |= {REJECTION_FILE, REJECTION_VERSIONS}
            optional |= {REJECTION_VERSIONS}
        if set(self.files) - allowed or (allowed - optional) - set(self.files):
            odd = sorted(set(self.files) ^ allowed)
            raise ValueError(f"files do not match the members: {odd[:3]}")
        return self


def content_digest(content: Mapping) -> str:
    """SHA-256 of the entries of a manifest other than ``sha256``, whatever their order and indentation."""
    entries = {key: value for key, value in content.items() if key != "sha256"}
    return digest_of(json.dumps(entries, sort_keys=True, allow_nan=False).encode())


def member_name(name: str) -> str:
    """The name, if it is valid as the name of a subfolder; ValueError otherwise."""
    if not _NAME.fullmatch(name) or name == REJECTION_FOLDER:
        raise ValueError(
            f"member name {name!r}: use at most 64 letters, digits and _ . = + @ -, not {REJECTION_FOLDER!r}"
        )
    return name


def _members(value) -> dict[str, Member]:
    members = {}
    for name, about in _of_type(value, dict).items():
        if about["kind"] not in KINDS or about["features"] not in FEATURES:
            raise ValueError(
                f"member {name!r}: unknown kind {about['kind']!r} or features {about['features']!r}"
            )
        kind = EncoderRecipe if about["features"] == "embeddings" else Recipe
        recipe = kind.from_json(json.dumps(about["recipe"]))
        if recipe.key != about["recipe_key"]:
            raise ValueError(
                f"member {name!r}: recipe {recipe.key}, but trained with {about['recipe_key']}; this version "
                "of sercore computes features differently"
            )
        if kind is EncoderRecipe:
            _check_encoder(name, recipe, about["weights_sha256"])
        members[member_name(name)] = Member(
            about["kind"],
            about["features"],
            recipe,
            _fraction(about["weight"]),
            _of_type(about["speaker_norm"], bool),
        )
    if not members:
        raise ValueError("no members")
    return members


def _check_encoder(name: str, recipe: EncoderRecipe, sha256: str) -> None:
    """Only weights in a file of known hash: a bundle must not choose what is downloaded."""
    if recipe.weights != "pretrained" or not weights_sha256(recipe):
        raise ValueError(f"member {name!r}: encoder {recipe.encoder!r} with {recipe.weights} weights")
    if weights_sha256(recipe) != sha256:
        raise ValueError(
            f"member {name!r}: trained with encoder weights {sha256!r:.20}, but this version of sercore "
            f"uses {weights_sha256(recipe)!r:.20}"
        )


def _classes(value) -> tuple[str, ...]:
    names = _of_type(value, list)
    if not all(isinstance(name, str) and 0 < len(name) <= 64 and name.isprintable() for name in names):
        raise ValueError(f"invalid class names {names!r:.80}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError("fewer than two classes, or a duplicate")
    return tuple(names)


def _training(value) -> dict:
    for corpus in _of_type(_of_type(value, dict).get("corpora", []), list):
        for key in ("title", "licence", *({"name"} & corpus.keys())):
            _of_type(corpus[key], str)
    if "augmentation" in value:
        _of_type(value["augmentation"], str)
    if "held_out" in value:
        for key in ("temperature", "rejection"):
            _of_type(value["held_out"][key], str)
    return value


def _evaluation(value) -> dict:
    _fraction(_of_type(value, dict)["ua"])
    kinds = {"split": str, "n_clips": int}
    if value["ua_low"] is not None:  # no interval if there are few speakers
        low, high = _fraction(value["ua_low"]), _fraction(value["ua_high"])
        margin = high - low + 1e-6  # a percentile interval of few speakers may lie beside the score
        if not low - margin <= value["ua"] <= high + margin:
            raise ValueError(f"UA {value['ua']} outside [{value['ua_low']}, {value['ua_high']}]")
        kinds["interval"] = str
    for key, kind in kinds.items():
        _of_type(value[key], kind)
    for row in _of_type(value.get("corpora", []), list):
        _fraction(row["ua"])
        for end in ("ua_low", "ua_high"):
            if row[end] is not None:
                _fraction(row[end])
        for key, kind in {"train": str, "test": str, "clips": int, "n_clips": int}.items():
            _of_type(row[key], kind)
    return value


def _temperature(value) -> float:
    low, high = 0.01, 100.0
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"temperature {value!r:.20} is not a number between {low} and {high}")
    return float(value)


def _rejection(value) -> dict:
    member, threshold = _of_type(_of_type(value, dict)["member"], str), value["threshold"]
    if type(threshold) not in (int, float) or not 0 < threshold < 1e9:
        raise ValueError(f"rejection threshold {threshold!r:.20} is not a positive number")
    return {"member": member, "threshold": float(threshold)}


def _file(about: Mapping) -> dict:
    size, digest = about["bytes"], about["sha256"]
    if type(size) is not int or size < 0 or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"invalid size {size!r:.20} or digest {digest!r:.70}")
    return {"bytes": size, "sha256": digest}


def _fraction(value) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1 + 1e-6:
        raise ValueError(f"{value!r:.20} is not a number between 0 and 1")
    return float(value)


def _of_type(value, kind):
    if not isinstance(value, kind):
        raise ValueError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value
