"""The controls of a widget."""

import ipywidgets

from sercore.widgets.page_style import Style


def controls(widget) -> list:
    """Sliders, lists, buttons, players and other controls of a widget, in document order."""
    if isinstance(widget, ipywidgets.Box):
        return [control for child in widget.children for control in controls(child)]
    return [] if isinstance(widget, (ipywidgets.HTML, ipywidgets.Label, Style)) else [widget]
