"""Pages as text: one frame, words in both languages from one pair of files, and what the scripts need to start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request

from app.auth.principal import Principal
from app.auth.sessions import idle_limit
from app.boundaries.edition_cache import EditionCache, Scheduled
from app.kit.language import language_of
from app.settings import Settings
from app.web.statics import Statics
from gis.errors import Refusal
from gis.text import Language

TEMPLATES = Path(__file__).resolve().parent / "templates"
THEME_COOKIE = "wangge_theme"


@dataclass(frozen=True)
class RailEntry:
    """One entry of the rail: where it leads, and the role without which it is not shown."""

    key: str
    address: str
    icon: str
    role: str | None = None


# Only pages that exist. The demand here is for the eye; the routes themselves hold the gate.
RAIL = (
    RailEntry("map", "/", "map"),
    RailEntry("dispatch", "/dispatch", "dispatch", role="viewer"),
    RailEntry("edit", "/editor", "edit", role="gis-editor"),
)

# What our modules import by name; a browser fetches only what its page asks for.
LIBRARIES = {
    "maplibre-gl": "maplibre-gl/maplibre-gl.mjs",
    "terra-draw": "terra-draw/terra-draw.mjs",
    "terra-draw-maplibre-gl-adapter": "terra-draw-maplibre-gl-adapter/adapter.mjs",
}


class Words:
    """The words of one language."""

    def __init__(self, lang: Language, words: Mapping[str, str]) -> None:
        self.lang = lang
        self._words = words

    def __call__(self, key: str, **values: object) -> str:
        """The text of ``key`` with its ``{values}`` filled in; an unknown key is an error, not an empty place."""
        return self._words[key].format(**values) if values else self._words[key]


class Pages:
    """Renders the templates."""

    def __init__(self, statics: Statics, settings: Settings) -> None:
        self.statics = statics
        self.settings = settings
        self.words: dict[Language, Words] = {
            lang: Words(lang, json.loads(statics.text(f"i18n/{lang}.json"))) for lang in ("zh", "en")
        }
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(asset=statics.url, icon=self._icon)
        self._environment.filters["script_json"] = _script_json

    def render(
        self,
        template: str,
        request: Request,
        *,
        principal: Principal,
        title: str,
        page: str,
        boot: Mapping[str, object] | None = None,
        **values: object,
    ) -> str:
        """One page as HTML."""
        lang = language_of(request)
        theme = request.cookies.get(THEME_COOKIE, "auto")
        t = self.words[lang]
        edition, districts = in_force(request) if self._shows_layers(principal) else (None, [])
        start = {
            "lang": lang,
            "page": page,
            "root": self.settings.root_path,
            "words": self.statics.url(f"i18n/{lang}.json"),
            "icons": self.statics.url("img/icons.svg"),
            "zone": self.settings.timezone,
            "signedIn": principal.known,
            "session": self._session(principal),
            "csrf": principal.csrf,
            "edition": _edition(edition),
            "districts": [{"code": code, "name": name} for code, name in districts],
            **(boot or {}),
        }
        return self._environment.get_template(template).render(
            lang=lang,
            root=self.settings.root_path,
            html_lang="en" if lang == "en" else "zh-CN",
            t=t,
            title=t(title),
            page=page,
            theme=theme if theme in ("light", "dark") else "auto",
            principal=principal,
            rail=[entry for entry in RAIL if entry.role is None or principal.paths(entry.role)],
            edition=edition,
            district_name="、".join(name for _, name in districts[:2]) if districts else t("app.name"),
            since=edition.effective_from.astimezone(self.settings.zone).date().isoformat()
            if edition
            else None,
            other_language=_in_language(request, "zh" if lang == "en" else "en"),
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            boot=start,
            import_map={"imports": {name: self._library(file) for name, file in LIBRARIES.items()}},
            **values,
        )

    def _shows_layers(self, principal: Principal) -> bool:
        """Whether this reader may know which district and edition is here."""
        return self.settings.public_layers or principal.known

    def _session(self, principal: Principal) -> dict[str, object] | None:
        """When the reader's session ends, so that the page can say so in time."""
        if principal.ends_at is None:
            return None
        idle = idle_limit(self.settings)
        return {"idleSeconds": idle.total_seconds(), "endsAt": principal.ends_at.isoformat()}

    def _library(self, name: str) -> str:
        return self.statics.url(f"vendor/{name}")

    def _icon(self, name: str, extra: str = "") -> Markup:
        return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>').format(
            extra, self.statics.url("img/icons.svg"), name
        )


def _script_json(value: object) -> Markup:
    """JSON that can stand in a script element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup(safe)  # noqa: S704 - no markup is left in it


def _edition(edition: Scheduled | None) -> dict[str, object] | None:
    if edition is None:
        return None
    return {
        "number": edition.number,
        "effective_from": edition.effective_from.isoformat(),
        "synthetic": edition.synthetic,
    }


def _in_language(request: Request, lang: str) -> str:
    address = request.url.include_query_params(lang=lang)
    return f"{address.path}?{address.query}"


def in_force(request: Request) -> tuple[Scheduled | None, list[tuple[str, str]]]:
    """The edition in force and its districts (code, name), from memory.

    Nothing before the first edition, or while the database is away: the page still opens and says so.
    """
    editions: EditionCache = request.app.state.editions
    try:
        loaded = editions.in_force()
    except Refusal:
        return None, []
    found = {said["district"]["code"]: said["district"]["name"] for said in loaded.descriptions}
    return loaded.scheduled, sorted(found.items())
