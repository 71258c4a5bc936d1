"""What a person can operate in a widget."""

import ipywidgets


def controls(widget) -> list:
    """All sliders, lists and buttons of a widget, in document order."""
    found = []
    for child in widget.children:
        if isinstance(child, ipywidgets.Box):
            found += controls(child)
        elif isinstance(child, ipywidgets.Button) or hasattr(child, "value"):
            found.append(child)
    return [each for each in found if not isinstance(each, (ipywidgets.HTML, ipywidgets.Label))]
