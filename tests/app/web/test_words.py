"""Words of the pages: both languages whole, every word used, every used word there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from app.web.pages import TEMPLATES
from app.web.statics import ROOT
from gis.defects import Kind

WORDS = {lang: json.loads((ROOT / "i18n" / f"{lang}.json").read_text()) for lang in ("zh", "en")}
SOURCES = [*(ROOT / "js").rglob("*.js"), *TEMPLATES.glob("*.html"), *Path(TEMPLATES.parent).glob("*.py")]
TEXT = {path: path.read_text() for path in SOURCES}
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_both_languages_have_the_same_keys_in_the_same_order() -> None:
    assert list(WORDS["zh"]) == list(WORDS["en"])


def test_every_kind_of_defect_has_its_word() -> None:
    kinds = [f"editor.defect.{kind}" for kind in get_args(Kind)]
    assert [key for key in kinds if key not in WORDS["zh"]] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_word_is_empty(lang: str) -> None:
    assert [key for key, text in WORDS[lang].items() if not text.strip()] == []


def test_the_same_values_are_filled_in() -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    differing = [k for k in WORDS["zh"] if places(WORDS["zh"][k]) != places(WORDS["en"][k])]
    assert differing == []


def test_english_is_english_and_chinese_is_chinese() -> None:
    assert [key for key, text in WORDS["en"].items() if HAN.search(text)] == []
    plain = {key for key, text in WORDS["zh"].items() if not HAN.search(text)}
    assert plain == set()


def test_every_key_that_is_asked_for_exists() -> None:
    asked = {
        key
        for text in TEXT.values()
        for key in re.findall(r"""\bt(?:Maybe)?\(\s*["']([\w.-]+)["']""", text)
        if not key.endswith(".")
    }
    assert asked - set(WORDS["zh"]) == set()
    assert len(asked) > 100


def test_every_word_is_used() -> None:
    everything = "\n".join(TEXT.values())
    prefixes = set(re.findall(r"""\bt(?:Maybe)?\(\s*[`"']([\w.-]+\.)(?:\$\{|["']\s*~)""", everything))
    prefixes |= set(re.findall(r"""f"([\w.-]+\.)\{""", everything))
    unused = [
        key
        for key in WORDS["zh"]
        if f'"{key}"' not in everything
        and f"'{key}'" not in everything
        and not key.startswith(tuple(prefixes))
    ]
    assert unused == []


def test_words_stand_in_the_files_and_not_in_the_pages() -> None:
    """Chinese in a template or script would stay Chinese in English."""
    found = {}
    for path, text in TEXT.items():
        if path.suffix == ".py":
            continue
        bare = re.sub(r"/\*.*?\*/|//[^\n]*|\{#.*?#\}", "", text, flags=re.DOTALL)
        for line in bare.splitlines():
            # The name of the other language is written in that language.
            if HAN.search(line.replace("中文", "")):
                found[path.name] = line.strip()
    assert found == {}
