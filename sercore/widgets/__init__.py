"""Live demonstrations: sliders around functions that work without them.

``Explorer`` shows and plays a clip, ``VoiceLab`` shapes a synthetic voice, ``Timeline`` follows a long
recording, ``Voting`` and ``Occluding`` ask models. They share a ``Player`` (picture, sound, moving line),
quick ``Picture`` s, ``OwnSound`` (upload and microphone) and ``Latest`` (of a burst of events, only the
last counts). Nothing is loaded before it is used.

>>> from sercore import widgets
>>> widgets.Explorer("demo")

Notebook: demo.ipynb
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "analyses": ["Clip", "Settings"],
        "answering": ["get_predictor"],
        "bursts": ["Latest"],
        "covering": ["Cover"],
        "explorer": ["Explorer"],
        "flipping": ["flips"],
        "occluding": ["Occluding"],
        "pictures": ["Axis", "Drawn", "Picture", "from_axes"],
        "player": ["Player", "wav_bytes"],
        "recorder": ["Recorder"],
        "scenes": ["Recording"],
        "timeline": ["Timeline"],
        "upload": ["Message", "OwnSound", "Upload", "load_bytes"],
        "voice_lab": ["VoiceLab"],
        "voices": ["Voice"],
        "votes": ["vote_scores"],
        "voting": ["Voting"],
    },
)
