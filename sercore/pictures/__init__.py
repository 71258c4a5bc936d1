"""Pictures that are redrawn while a slider moves: PNG images drawn with PIL, and HTML.

:mod:`sercore.plots` draws figures with matplotlib; this package draws the pictures of the widgets about five
times faster. It does not depend on a widget library.
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
