"""One vocabulary of refusals: precise kebab-case codes, two whole languages, a remedy for each, and a page that lists them."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from app.cli.exit_codes import exit_of
from gis.errors import Refusal
from scripts.errors.collect import ROOT, Site, Source, collect, python_files
from scripts.errors.document import TARGET, errors_document, kinds_of, statuses_of
from scripts.errors.remedies import CHAPTERS, REMEDIES

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What one part of the program tells another and never a person; none of them reaches a door.
SIGNALS = {
    "Cancelled": "a reader was told to stop",
    "Folded": "a ring folded; the operation refuses with its place",
    "BrokenShape": "one shape of a KML file; the row is reported",
    "MessageDamaged": "the sandbox answered nonsense; it is ended",
    "OutOfOrder": "a lock was asked for in an order that can deadlock: a mistake in the code",
    "RehearsalOver": "ends the transaction of a rehearsal",
    "SandboxFailed": "the process that reads files could not be made",
    "Stopped": "a signal came",
    "Unconfined": "the machine cannot close a process off; the service refuses the upload",
    "_NoShapes": "a snapshot without shapes is made anew",
}


@cache
def source() -> Source:
    return collect()


def where(site: Site) -> str:
    return f"{site.file}:{site.line}"


def test_the_page_is_what_the_code_says() -> None:
    assert TARGET.read_text("utf-8") == errors_document(source()), "run make docs"


def test_every_code_is_kebab_case() -> None:
    for code, sites in source().codes().items():
        assert CODE.fullmatch(code), where(sites[0])


def test_every_code_has_a_remedy_and_every_remedy_a_code() -> None:
    codes = source().codes()
    assert set(codes) - set(REMEDIES) == set(), "raised, but without a remedy in scripts/errors/remedies"
    assert set(REMEDIES) - set(codes) == set(), "never raised"
    assert len(REMEDIES) == sum(len(entries) for _, entries in CHAPTERS), "in two chapters"


def test_meanings_and_remedies_are_complete_in_both_languages() -> None:
    for code, entry in REMEDIES.items():
        for text in (entry.meaning, entry.remedy):
            assert text.zh, code
            assert CHINESE.search(text.zh) or text.zh.isascii(), code
            assert text.en, code
            assert not CHINESE.search(text.en), code
            assert "|" not in text.zh + text.en, f"{code}: would end the cell of the table"


def test_a_code_means_one_status_and_one_way_to_end() -> None:
    kinds = kinds_of(source())
    for code, sites in source().codes().items():
        raised = {kinds[site.kind] for site in sites}
        # OGC API Features asks for 400 where everything else answers 422.
        statuses = set(statuses_of(raised)) - {400}
        assert len(statuses) <= 1, (code, statuses, [where(site) for site in sites])
        assert len({exit_of(kind) for kind in raised}) == 1, (code, [where(site) for site in sites])


def test_a_code_that_is_computed_is_that_of_another_refusal_or_one_of_several_named() -> None:
    computed = {(site.file, site.passed) for site in source().sites if site.code is None}
    passed_on = {(file, text) for file, text in computed if text is not None and text.endswith(".code")}
    # Helpers that are called with one of the codes which stand at the other sites.
    assert computed - passed_on == {
        ("gis/editing/input_refusals.py", "code"),
        ("gis/editing/refusals.py", "code"),
        ("gis/io/plausible.py", "code"),
    }


def test_sentences_are_complete_in_both_languages() -> None:
    """What is filled in by name stands in braces and is not looked at."""
    for site in source().sites:
        if site.zh is None or site.en is None:
            continue
        zh, en = (re.sub(r"\{.*?\}", "", text) for text in (site.zh, site.en))
        filled = "{" in site.zh
        assert CHINESE.search(zh) or filled, f"{where(site)}: no Chinese in {site.zh!r}"
        assert en.strip() or filled, f"{where(site)}: no English"
        assert not CHINESE.search(en), f"{where(site)}: Chinese in {site.en!r}"


def test_what_is_filled_in_in_one_language_is_in_the_other() -> None:
    """How often may differ: English needs a word for one and one for several, and lists are joined in place or before."""
    for site in source().sites:
        if site.zh is not None and site.en is not None:
            zh, en = site.zh.count("{"), site.en.count("{")
            assert bool(zh) == bool(en), where(site)
            assert abs(zh - en) <= 2, f"{where(site)}: {zh} in Chinese, {en} in English"


def test_whatever_refuses_is_a_refusal() -> None:
    """An exception of ours is a refusal, or a signal between two parts that is named above with its reason."""
    refusals = source().classes
    found = set()
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name not in refusals and _is_exception(node):
                found.add(node.name)
    assert found == set(SIGNALS)


def _is_exception(node: ast.ClassDef) -> bool:
    names = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return any(name.endswith(("Error", "Exception")) for name in names)


def test_the_tree_of_the_core_is_the_only_one() -> None:
    kinds = kinds_of(source())
    assert all(issubclass(kind, Refusal) for kind in kinds.values())


@pytest.mark.parametrize("name", ["message_zh", "message_en", "reason_zh", "detail_zh"])
def test_no_pair_of_attributes_does_the_work_of_a_text(name: str) -> None:
    """The documents of the interface have such members; objects of the program hold a `Text`."""
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            at = getattr(node, "attr", None) if isinstance(node, ast.Attribute) else None
            declared = (
                node.target.id
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
                else None
            )
            if name in (at, declared) and "schemas" not in path.name:
                raise AssertionError(f"{path.relative_to(ROOT)}:{node.lineno}")
