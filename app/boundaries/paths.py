"""The path of a unit as an ``ltree``: its ancestors' codes and its own, each as one label.

PostgreSQL 15 allows only letters, digits and the underscore in a label. Every other character of a code is
written as ``_`` and the two hexadecimal digits of each of its UTF-8 bytes, so that a code reads back exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gis.errors import CodeError

_PLAIN = re.compile(r"[A-Za-z0-9]")
_ESCAPED = re.compile(r"(?:_[0-9A-F]{2})+")

OUTSIDE = "outside"
# A district of that very code would be taken for "no owner".
_RESERVED = "outside"
MAX_LABEL_BYTES = 255


def label(code: str) -> str:
    """One code as a label.

    >>> label("370211"), label("A-1"), label("网")
    ('370211', 'A_2D1', '_E7_BD_91')
    """
    text = "".join(c if _PLAIN.match(c) else "".join(f"_{byte:02X}" for byte in c.encode()) for c in code)
    if text == _RESERVED:
        text = f"_{ord('o'):02X}utside"
    if not text or len(text) > MAX_LABEL_BYTES:
        # PostgreSQL 15 allows no longer label.
        raise CodeError(
            f"编码 {code!r} 过长：作为路径要占 {len(text)} 字节，最多 {MAX_LABEL_BYTES}（一个汉字占 9 字节）",
            f"code {code!r} is too long: as a path it takes {len(text)} bytes of at most {MAX_LABEL_BYTES}",
            code="code-too-long",
        )
    return text


def code_of(path_label: str) -> str:
    """The code a label was made from.

    >>> code_of("A_2D1")
    'A-1'
    """
    return _ESCAPED.sub(lambda m: bytes.fromhex(m[0].replace("_", "")).decode(), path_label)


def path(codes: Iterable[str]) -> str:
    """The path of the last of ``codes``, outermost first.

    >>> path(["370211", "370211001"])
    '370211.370211001'
    """
    return ".".join(label(code) for code in codes)
