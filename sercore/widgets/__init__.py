"""Live demonstrations: sliders around functions that work without them.

``Explorer`` shows and plays a clip, ``VoiceLab`` shapes a synthetic voice, ``Timeline`` follows a long
recording, ``Voting`` and ``Occluding`` ask models. They share a ``Player`` (picture, sound, moving line),
quick ``Picture`` s, ``OwnSound`` (upload and microphone) and ``Latest`` (of a burst of events, only the
last counts). Nothing is loaded before it is used.

>>> from sercore import widgets
>>> widgets.Explorer("demo")

Notebook: demo.ipynb
"""

from importlib import import_module

_PLACES = {
    "Axis": "pictures",
    "Clip": "analyses",
    "Cover": "covering",
    "Drawn": "pictures",
    "Explorer": "explorer",
    "Latest": "bursts",
    "Message": "upload",
    "Occluding": "occluding",
    "OwnSound": "upload",
    "Picture": "pictures",
    "Player": "player",
    "Recorder": "recorder",
    "Recording": "scenes",
    "Settings": "analyses",
    "Timeline": "timeline",
    "Upload": "upload",
    "Voice": "voices",
    "VoiceLab": "voice_lab",
    "Voting": "voting",
    "flips": "flipping",
    "from_axes": "pictures",
    "get_predictor": "answering",
    "load_bytes": "upload",
    "vote_scores": "votes",
    "wav_bytes": "player",
}
"""Name: the module that holds it, which is loaded when the name is first used."""

__all__ = sorted(_PLACES)


def __getattr__(name: str):
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_PLACES[name]}", __name__), name)
