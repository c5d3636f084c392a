"""Texts that a page, a file, a log or a terminal could take for a program: whatever is stored has to come out as it is."""

from __future__ import annotations

TEMPLATES = (
    "甲{{7*7}}乙",
    "pid {{ cycler.__init__.__globals__.os.getpid() }}",
    "a {# note #} b",
    "100{%网格",
    "{{ 未定义 }}网格",
    "{% for x in range(9) %}噪{% endfor %}",
    "{{",
    "{%",
    "{#",
    "#}%}}}",
    "${7*7} #{7*7} <%= 7*7 %> {7*7} %(x)s {0.__class__} %s",
)
MARKUP = (
    "</script><script>document.title='ran'</script>",
    "</title></style></textarea><img src=x onerror=document.title='ran'>",
    "<!--<script>",
    "\"'`><svg onload=document.title='ran'>",
    "javascript:document.title='ran'",
    "&lt;b&gt; &amp; &#60;",
    "`${document.title='ran'}`",
    "');document.title='ran';//",
    "\\\\\\u003c \\x3c \\' \\\"",
    "$& $` $' $1 $$",
)
SEPARATORS = ("行\u2028段\u2029页\u0085尾", "'; DROP TABLE unit_version; --", "\\.", "a\\Nb", "甲,乙;丙|丁")
DIRECTIONS = ("\u202e格网转反", "\u2067\u202a甲\u200f乙\u200e", "\u2066\u2069\u061c")
CONTROLS = (
    "\x1b[31m红\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "tab\there",
    "two\nlines",
    "back\rto",
    "\x08\x7f",
)
FORMULAS = ("=cmd|'/c calc'!A0", "@SUM(1)", "+1+1", "-1+1", "\t=1+1")
LONG = "长" * 10_000

PRINTABLE = TEMPLATES + MARKUP + DIRECTIONS + FORMULAS[:4]
"""Texts that are legal wherever people write names."""
EVERY = PRINTABLE + SEPARATORS + CONTROLS + FORMULAS[4:] + (LONG,)
"""Whatever a file may hold."""
REFUSED = ("半\ud800个", "\udfff", "\udc00\ud800", "有\x00空")
"""Halves of surrogate pairs and NUL, which are no text: refused with the name of the field."""
