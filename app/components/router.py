"""The catalogue of component classes over HTTP."""

from __future__ import annotations

from app.auth.dependencies import Read
from app.auth.policy import public_if
from app.auth.routing import Router
from app.components import repository
from app.components.schemas import ComponentClasses

router = Router(tags=["catalogue"], dependencies=[public_if("public_layers", same_for_all=True)])


@router.get("/v1/catalog/components", response_model=ComponentClasses)
def list_component_classes(session: Read) -> dict[str, object]:
    """List the classes of components.

    The minor classes of city components with their major class, geometry, hazard and interval of inspection.
    """
    return {
        "classes": [
            {
                "code": c.code,
                "major_code": c.major_code,
                "major_zh": c.major_zh,
                "major_en": c.major_en,
                "name_zh": c.name_zh,
                "name_en": c.name_en,
                "geometry": c.geometry,
                "hazard": c.hazard,
                "patrol_days": c.patrol_days,
                "sensitive": c.sensitive,
                "scheme": c.scheme,
                "codes_2026": c.codes_2026,
            }
            for c in repository.classes(session)
        ]
    }
