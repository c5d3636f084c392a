"""What an operation may need to know besides the coverage, and the questions all of them ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from gis.coverage import EXCLUDED_PREFIX, is_excluded_code
from gis.editing.code_allocation import check_new_code, next_code
from gis.editing.model import Coverage
from gis.editing.refusals import refuse

__all__ = ["Context"]


@dataclass
class Context:
    """Codes ever used and communities known, for one operation; hands out new codes one after the other."""

    coverage: Coverage
    used_codes: Collection[str] = ()
    communities: Collection[str] | None = None
    district_code: str = ""
    excluded_number: int | None = None
    _given: set[str] = field(default_factory=set)
    _used: set[str] | None = None

    @property
    def used(self) -> set[str]:
        """Every code that is or was in use, those given out for this operation among them."""
        if self._used is None:
            self._used = set(self.used_codes) | set(self.coverage.codes)
        return self._used

    def new_code(self, community: str) -> str:
        """Give out the next free code of a community."""
        siblings = [
            code
            for code, words in zip(self.coverage.codes, self.coverage.attributes, strict=True)
            if words.community == community and not words.excluded
        ]
        return self._keep(next_code(community, self.used, siblings=siblings))

    def given_code(self, code: str) -> str:
        """Take a code that somebody chose, if it is free."""
        if code.startswith(EXCLUDED_PREFIX):
            refuse(
                "reserved-code",
                f"{EXCLUDED_PREFIX} 开头的编码留给不划入网格的区域",
                f"codes that begin with {EXCLUDED_PREFIX} are those of excluded land",
            )
        return self._keep(check_new_code(code, self.used))

    def new_excluded_code(self) -> str:
        """Give out the next code for land that is declared to be nobody's."""
        if self.excluded_number is not None:
            return self._keep(f"{EXCLUDED_PREFIX}{self.excluded_number}")
        known = [int(code.removeprefix(EXCLUDED_PREFIX)) for code in self.used if is_excluded_code(code)]
        return self._keep(f"{EXCLUDED_PREFIX}{max(known, default=0) + 1}")

    def district(self, codes: Iterable[str]) -> str:
        """What declared land among these grids belongs to: their district, or else the community of the first."""
        if self.district_code:
            return self.district_code
        return next((self.coverage.attributes_of(code).community for code in codes), "")

    def _keep(self, code: str) -> str:
        self.used.add(code)
        return code

    def known_community(self, community: str) -> str:
        """Refuse a community that there is not."""
        if self.communities is not None and community not in self.communities:
            refuse(
                "unknown-community",
                f"没有编码为 {community!r} 的社区",
                f"no community has the code {community!r}",
            )
        if not community.strip():
            refuse("unknown-community", "社区编码为空", "the community code is empty")
        return community

    def grids(self, codes: Iterable[str], *, least: int = 1) -> tuple[str, ...]:
        """Refuse grids that there are not, that are named twice, or too few of them."""
        named = tuple(codes)
        for at, code in enumerate(named):
            self.coverage.position(code)
            if code in named[:at]:
                refuse("duplicate-grid", f"网格 {code} 列了两次", f"{code} is named twice")
        if len(named) < least:
            refuse(
                "too-few-grids",
                f"至少要 {least} 个网格，实际 {len(named)} 个",
                f"expected at least {least} grids, got {len(named)}",
            )
        return named
