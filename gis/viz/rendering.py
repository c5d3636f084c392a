"""Elements of a folium map whose text is rendered once, so that what stands in data is never read as a template.

branca renders the macros of an element, makes a *new template* of the result and renders that again. Whatever a name
brings along would be a program there: ``{{7*7}}`` is worked out, ``{%`` is a syntax error. Escaping does not help,
since braces are no markup. Here the result of a macro is put into the page as it stands.
"""

from __future__ import annotations

from branca.element import Element, Figure, MacroElement
from folium.template import Template

__all__ = ["Literal", "RenderedOnce", "html_text"]

# What a reader of HTML would change or drop by itself: a lone carriage return becomes a line feed, NUL vanishes.
_UNWRITABLE = {0: "\ufffd", 13: "&#13;", ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"} | {
    ord('"'): "&quot;",
    ord("'"): "&#39;",
}


def html_text(text: str) -> str:
    """Text of data as HTML that a browser shows exactly so, also between quotes of an attribute.

    NUL and halves of surrogate pairs, which no page can hold, become U+FFFD.

    Examples
    --------
    >>> html_text('<b>{{7*7}} & "q"')
    '&lt;b&gt;{{7*7}} &amp; &quot;q&quot;'
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.translate(_UNWRITABLE)


class Literal(Element):
    """Text that stands in the page as it is."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Literal"
        self.text = text


class RenderedOnce(MacroElement):
    """What makes an element put the results of its macros into the page as they are; named last among the bases.

    Standing after the classes of folium and before `MacroElement`, it takes the place of branca's own ``render``.
    """

    def render(self, **kwargs: object) -> None:  # type: ignore[override]
        """Render the macros of this element into header, body and script of its page, then its children."""
        page = self.get_root()
        if not isinstance(page, Figure):
            raise TypeError(f"{self._name} has to be added to a map before it is drawn")
        macros = self._template.module.__dict__
        for part in ("header", "html", "script"):
            if (macro := macros.get(part)) is not None:
                getattr(page, part).add_child(Literal(str(macro(self, kwargs))), name=self.get_name())
        for child in list(self._children.values()):
            child.render(**kwargs)
