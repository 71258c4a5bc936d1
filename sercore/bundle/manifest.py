"""``bundle.json``: what a bundle is, in a form that a person can read and a program checks.

Notebook: 00_start_here.ipynb
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import BundleError, RecipeError
from ..features import Recipe
from .safe_json import read_json

FORMAT = 2
"""Raised whenever older code could misread a bundle; what is newer is refused."""

KINDS = {"sklearn": ("model.skops",), "keras": ("network.keras", "network.onnx", "scaler.npz")}
"""Kinds of members and their files. ``network.onnx`` may be absent."""

FEATURES = ("table", "frames")
"""How a member's features are made from a waveform; a pretrained encoder will be a third way."""

_KEYS = {"format", "classes", "members", "training", "evaluation", "versions", "probe", "files"}
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.=+-]{1,64}")


@dataclass(frozen=True)
class Member:
    """One model of a bundle; alone, or one voice of an ensemble.

    Parameters
    ----------
    kind : str
        ``sklearn`` or ``keras``.
    features : str
        ``table`` (:func:`sercore.features.table_row`) or ``frames`` (:func:`sercore.features.frames`).
    recipe : Recipe
    weight : float
        Share in the vote; the shares of all members sum to 1.
    """

    kind: str
    features: str
    recipe: Recipe
    weight: float


@dataclass(frozen=True)
class Manifest:
    """The content of ``bundle.json``.

    Parameters
    ----------
    classes : tuple of str
        Column *k* of the probabilities is ``classes[k]``.
    members : dict of str to Member
        By name; the name is also the subfolder.
    training : dict
        Corpora with licence and source, label scheme, clips, speakers, seed.
    evaluation : dict or None
        A row of the result table: split, figures, interval over speakers.
    versions : dict of str to str
        Of the libraries when the bundle was written.
    probe : tuple of float [shape=(n_classes,)]
        What the model answers to :func:`sercore.bundle.reference_signal.reference_signal`.
    files : dict of str to dict
        ``bytes`` and ``sha256`` of every file but this one.
    """

    classes: tuple[str, ...]
    members: dict[str, Member]
    training: dict
    evaluation: dict | None
    versions: dict[str, str]
    probe: tuple[float, ...]
    files: dict[str, dict]

    def to_json(self) -> bytes:
        """The manifest as readable JSON."""
        members = {
            name: {
                "kind": member.kind, "features": member.features, "weight": member.weight,
                "recipe_key": member.recipe.key, "recipe": json.loads(member.recipe.to_json()),
            }
            for name, member in self.members.items()
        }  # fmt: skip
        content = {"format": FORMAT} | vars(self) | {"members": members}
        try:
            return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError) as error:
            raise BundleError(f"training or evaluation holds what JSON cannot ({error})") from error

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> Manifest:
        """Read a manifest that somebody else wrote.

        Raises
        ------
        BundleError
            Not JSON, a newer format, or anything missing, unknown or of the wrong kind.
        """
        value = read_json(content, where=where)
        form = value.get("format")
        if type(form) is int and form > FORMAT:
            raise BundleError(
                f"{where}: format {form}, but this sercore knows {FORMAT} at most; install a newer one"
            )
        if form == 1:
            raise BundleError(
                f"{where}: written by sercore 0.1 (format 1); train it again with 'sercore train'"
            )
        if type(form) is not int or form != FORMAT or set(value) != _KEYS:
            raise BundleError(
                f"{where}: no bundle of format {FORMAT}: differs in {sorted(set(value) ^ _KEYS) or 'format'}"
            )
        try:
            return cls(
                classes=_classes(value["classes"]),
                members=_members(value["members"]),
                training=_training(value["training"]),
                evaluation=None if value["evaluation"] is None else _evaluation(value["evaluation"]),
                versions={str(k): str(v) for k, v in _of_type(value["versions"], dict).items()},
                probe=tuple(_share(number) for number in _of_type(value["probe"], list)),
                files={name: _file(about) for name, about in _of_type(value["files"], dict).items()},
            ).checked()
        except (ValueError, TypeError, KeyError, AttributeError, RecipeError) as error:
            raise BundleError(f"{where}: not a sound manifest ({error})") from error

    def checked(self) -> Manifest:
        """This manifest, its parts found to belong together."""
        if len(self.probe) != len(self.classes):
            raise ValueError(f"{len(self.probe)} probe values for {len(self.classes)} classes")
        if not math.isclose(sum(member.weight for member in self.members.values()), 1.0, rel_tol=1e-6):
            raise ValueError("the weights of the members do not sum to 1")
        allowed = {f"{name}/{file}" for name, member in self.members.items() for file in KINDS[member.kind]}
        optional = {f"{name}/network.onnx" for name in self.members}
        if set(self.files) - allowed or (allowed - optional) - set(self.files):
            odd = sorted(set(self.files) ^ allowed)
            raise ValueError(f"files do not fit the members: {odd[:3]}")
        return self


def member_name(name: str) -> str:
    """The name, if it may name a subfolder."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"member name {name!r}; letters, digits and _ . = + - are allowed, 64 at most")
    return name


def _members(value) -> dict[str, Member]:
    members = {}
    for name, about in _of_type(value, dict).items():
        if about["kind"] not in KINDS or about["features"] not in FEATURES:
            raise ValueError(
                f"member {name!r} is a {about['kind']!r} on {about['features']!r}, which is unknown"
            )
        recipe = Recipe.from_json(json.dumps(about["recipe"]))
        if recipe.key != about["recipe_key"]:
            raise ValueError(
                f"member {name!r}: recipe {recipe.key}, trained with {about['recipe_key']}; this sercore "
                "makes features otherwise than the one that trained it"
            )
        members[member_name(name)] = Member(about["kind"], about["features"], recipe, _share(about["weight"]))
    if not members:
        raise ValueError("no members")
    return members


def _classes(value) -> tuple[str, ...]:
    names = _of_type(value, list)
    if not all(isinstance(name, str) and 0 < len(name) <= 64 and name.isprintable() for name in names):
        raise ValueError(f"classes {names!r:.80}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError("fewer than two classes, or one twice")
    return tuple(names)


def _training(value) -> dict:
    for corpus in _of_type(_of_type(value, dict).get("corpora", []), list):
        for key in ("title", "licence"):
            _of_type(corpus[key], str)
    return value


def _evaluation(value) -> dict:
    _share(_of_type(value, dict)["ua"])
    kinds = {"split": str, "n_clips": int}
    if value["ua_low"] is not None:  # few speakers have no interval
        _share(value["ua_low"])
        _share(value["ua_high"])
        kinds["interval"] = str
    for key, kind in kinds.items():
        _of_type(value[key], kind)
    return value


def _file(about: Mapping) -> dict:
    size, digest = about["bytes"], about["sha256"]
    if type(size) is not int or size < 0 or not re.fullmatch("[0-9a-f]{64}", digest):
        raise ValueError(f"size {size!r:.20} and digest {digest!r:.70}")
    return {"bytes": size, "sha256": digest}


def _share(value) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1 + 1e-6:
        raise ValueError(f"{value!r:.20} is no share between 0 and 1")
    return float(value)


def _of_type(value, kind):
    if not isinstance(value, kind):
        raise ValueError(f"{type(value).__name__} instead of {kind.__name__}")
    return value
