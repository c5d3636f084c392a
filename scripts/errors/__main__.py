"""Write ``docs/errors.md``: ``python -m scripts.errors``."""

from __future__ import annotations

from scripts.errors.document import TARGET, errors_document

TARGET.write_text(errors_document(), encoding="utf-8")
