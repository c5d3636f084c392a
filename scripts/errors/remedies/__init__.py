"""What each code means and what to do about it, in the chapters of ``docs/errors.md``."""

from __future__ import annotations

from gis.text import Text
from scripts.errors.remedies import boundaries, editing, files, operations, people, service
from scripts.errors.remedies.entry import Entry

__all__ = ["CHAPTERS", "REMEDIES", "Entry"]

CHAPTERS: tuple[tuple[Text, dict[str, Entry]], ...] = (
    (Text("边界、版本与草案", "Boundaries, editions and drafts"), boundaries.ENTRIES),
    (Text("草案的操作", "Operations of a draft"), editing.ENTRIES),
    (Text("文件与坐标", "Files and coordinates"), files.ENTRIES),
    (Text("网页服务与接口", "The service and its interfaces"), service.ENTRIES),
    (Text("账号与权限", "Accounts and rights"), people.ENTRIES),
    (Text("命令行与运行", "The command line and operation"), operations.ENTRIES),
)

REMEDIES: dict[str, Entry] = {code: entry for _, entries in CHAPTERS for code, entry in entries.items()}
