"""Model cards: what a bundle is, for whom it works, and what it must not be used for.

``sercore report BUNDLE`` writes a card as Markdown and as one HTML page with figures. Scores are those of the
evaluation before training, which the bundle stores; recording conditions, other corpora and rejected sounds
are measured with the bundle. A bundle is data of unknown origin: nothing of it reaches a page unescaped, and
the page loads and runs nothing.

=====================  ====================================================================
``model_card``         :func:`model_card`, :func:`write_card`
``stored``             entries of ``bundle.json``, validated
``measured``           predictions for degraded clips, other corpora and other sounds
``stored_sections``    sections made of the stored entries
``measured_sections``  sections made of measurements
``texts``              intended and forbidden use
``figures``            figures as SVG
``card``               sections, paragraphs, tables: a card without a format
``markdown``           a card as Markdown
``html``               a card as an HTML page
=====================  ====================================================================

References
----------
Mitchell et al.: Model cards for model reporting. FAT* 2019.
"""

from .card import Card, Section
from .html import to_html
from .markdown import to_markdown
from .model_card import model_card, write_card

__all__ = ["Card", "Section", "model_card", "to_html", "to_markdown", "write_card"]
