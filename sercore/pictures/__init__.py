"""Pictures quick enough to follow a slider: drawn with PIL, or as a few lines of HTML.

:mod:`sercore.plots` draws with matplotlib, for notebooks and papers; this package draws the few pictures
that widgets redraw many times a second, about five times faster. Nothing here needs a widget.

Notebook: demo.ipynb
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "analysis": ["Clip", "Settings"],
        "picture": ["Axis", "Drawn", "Picture", "from_axes"],
        "views": ["cover_picture", "pictures", "voice_picture"],
    },
)
