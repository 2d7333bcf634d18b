"""Templates and categories: sections 3 and 4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.zeal.errors import (
    StorageError,
    body_of,
    envelope,
    failure,
    now_iso,
    stored,
    zip_error,
)
from tests.fakes.zeal.http import answer
from tests.fakes.zeal.routes import Route
from tests.fakes.zeal.shapes import (
    address,
    anything,
    boolean,
    choice,
    listing,
    mapping,
    matching,
    number,
    record,
    text,
)

if TYPE_CHECKING:
    from tests.fakes.zeal.http import Json, Request, Response
    from tests.fakes.zeal.server import FakeZeal

PORT = record(
    {
        "id": text,
        "label": text,
        "type": choice("input", "output"),
        "position": choice("left", "right", "top", "bottom"),
    },
    {"dataType": text, "required": boolean, "multiple": boolean},
)
PROPERTY = record(
    {"type": choice("string", "number", "boolean", "select", "code-editor")},
    {
        "label": text,
        "description": text,
        "defaultValue": anything,
        "options": listing(anything),
        "validation": record(
            {}, {"required": boolean, "min": number, "max": number, "pattern": text}
        ),
    },
)
FIELDS = {
    "subtitle": text,
    "subcategory": text,
    "variant": text,
    "shape": choice("rectangle", "circle", "diamond"),
    "size": choice("small", "medium", "large"),
    "properties": mapping(PROPERTY),
    "propertyRules": record(
        {
            "triggers": listing(text),
            "rules": listing(record({"when": text, "updates": mapping()})),
        }
    ),
    "runtime": record(
        {"executor": text},
        {"version": text, "requiredEnvVars": listing(text), "capabilities": listing(text)},
    ),
    "display": record(
        {"element": matching(r"^[a-z][a-z0-9]*-[a-z0-9-]*$")},
        {
            "bundleId": text,
            "source": text,
            "shadow": boolean,
            "observedProps": listing(text),
            "width": text,
        },
    ),
}
NEEDED = {
    "id": text,
    "type": text,
    "title": text,
    "category": text,
    "description": text,
    "icon": text,
    "ports": listing(PORT),
}
TEMPLATE = record(NEEDED, FIELDS)
REGISTER = record({"namespace": text, "templates": listing(TEMPLATE)}, {"webhookUrl": address})
SEED_REGISTER = record(
    {"namespace": text, "templates": listing(mapping(anything))}, {"webhookUrl": address}
)
UPDATE = record({}, NEEDED | FIELDS)
NAME = matching(r"^[a-z][a-z0-9-]*$")
SUBCATEGORY = record({"name": NAME, "displayName": text}, {"description": text})
CATEGORY = record(
    {"name": NAME, "displayName": text},
    {"description": text, "icon": text, "subcategories": listing(SUBCATEGORY)},
)
CATEGORIES = record({"categories": listing(CATEGORY, least=1)})
DUPLICATE = 'duplicate key value violates unique constraint "node_templates_template_id_key"'


async def register(zeal: FakeZeal, request: Request) -> Response:
    return _register(zeal, body_of(request, REGISTER))


async def register_minimal(zeal: FakeZeal, request: Request) -> Response:
    """The seed's own path, which takes templates without ports and descriptions."""
    return _register(zeal, body_of(request, SEED_REGISTER))


def _register(zeal: FakeZeal, body: Json) -> Response:
    results = [_store(zeal, body["namespace"], template) for template in body["templates"]]
    registered = sum(1 for result in results if result["status"] == "registered")
    return answer({"registered": registered, "templates": results})


def _store(zeal: FakeZeal, namespace: str, template: Json) -> Json:
    global_id = f"{namespace}/{template['id']}"
    result = {"id": template["id"], "globalId": global_id}
    zeal.record.add("template", globalId=global_id, template=template)
    if zeal.faults.item_error:
        return result | {"status": "error", "error": zeal.faults.item_error}
    if global_id in zeal.store.templates or zeal.faults.lie_about_duplicates:
        return result | {"status": "error", "error": DUPLICATE}
    try:
        zeal.store.templates[global_id] = stored(template)
    except StorageError as error:
        return result | {"status": "error", "error": str(error)}
    return result | {"status": "registered"}


def _shown(global_id: str, template: Json) -> Json:
    defaults = {"subtitle": "", "subcategory": "", "variant": "gray-700", "shape": "rectangle"}
    shown = defaults | {"size": "medium"} | template | {"id": global_id, "type": global_id}
    shown.pop("runtime", None)
    return shown | {"ports": [], "createdAt": now_iso()}


async def of_namespace(zeal: FakeZeal, _request: Request, namespace: str) -> Response:
    found = [
        _shown(global_id, template)
        for global_id, template in reversed(zeal.store.templates.items())
        if global_id.startswith(f"{namespace}/")
    ][:1000]
    return answer({"namespace": namespace, "templates": found, "count": len(found)})


async def update(zeal: FakeZeal, request: Request, namespace: str, name: str) -> Response:
    changes = body_of(request, UPDATE)
    global_id = f"{namespace}/{name}"
    if global_id not in zeal.store.templates:
        return zip_error(404, "RESOURCE_NOT_FOUND", "Template not found")
    zeal.store.templates[global_id] |= stored(changes)
    template = {"id": name, "globalId": global_id, "status": "updated"}
    zeal.record.add("template", globalId=global_id, template=changes, updated=True)
    return answer({"success": True, "template": template})


async def delete(zeal: FakeZeal, _request: Request, namespace: str, name: str) -> Response:
    zeal.store.templates.pop(f"{namespace}/{name}", None)
    return answer({"success": True, "message": "Template deleted successfully"})


async def in_editor(zeal: FakeZeal, _request: Request, global_id: str) -> Response:
    template = zeal.store.templates.get(global_id)
    if template is None:
        return failure(404, "TEMPLATE_NOT_FOUND", "Template not found")
    data = _shown(global_id, template)
    data.pop("ports")
    ports = template.get("ports", [])
    data["inputs"] = [port for port in ports if port["type"] == "input"]
    data["outputs"] = [port for port in ports if port["type"] == "output"]
    return envelope(data)


async def palette(zeal: FakeZeal, request: Request) -> Response:
    found = [_shown(global_id, each) for global_id, each in zeal.store.templates.items()]
    wanted = request.query.get("category")
    found = [each for each in found if wanted in (None, each["category"])]
    start = int(request.query.get("offset", "0"))
    return envelope(found[start : start + int(request.query.get("limit", "50"))])


async def categories(zeal: FakeZeal, _request: Request) -> Response:
    found = list(zeal.store.categories.values())
    source = "database" if found else "canonical"
    return answer({"categories": found, "count": len(found), "source": source})


async def add_categories(zeal: FakeZeal, request: Request) -> Response:
    body = body_of(request, CATEGORIES)
    results = [_category(zeal, category) for category in body["categories"]]
    counts = {
        "registered": sum(1 for each in results if each["status"] == "created"),
        "updated": sum(1 for each in results if each["status"] == "updated"),
    }
    return answer(counts | {"categories": results})


def _category(zeal: FakeZeal, category: Json) -> Json:
    zeal.record.add("category", category=category)
    known: Any = zeal.store.categories.get(category["name"])
    wanted = category.get("subcategories", [])
    if known is None:
        zeal.store.categories[category["name"]] = category | {"subcategories": list(wanted)}
        return _added(category, "created", len(wanted))
    names = {each["name"] for each in known["subcategories"]}
    new = [each for each in wanted if each["name"] not in names]
    known["subcategories"] += new
    return _added(category, "updated" if new else "exists", len(new))


def _added(category: Json, status: str, subcategories: int) -> Json:
    return {"name": category["name"], "status": status, "subcategoriesAdded": subcategories}


_NO_NAMESPACE = zip_error(400, "VALIDATION_ERROR", "Missing namespace parameter")
_NO_TEMPLATE = zip_error(400, "INVALID_REQUEST", "Missing template parameters")
ROUTES = [
    Route("POST", "/api/zip/templates/register", register),
    Route("GET", "/api/zip/templates/{}", of_namespace, lost=_NO_NAMESPACE),
    Route("PUT", "/api/zip/templates/{}/{}", update, lost=_NO_TEMPLATE),
    Route("DELETE", "/api/zip/templates/{}/{}", delete, lost=_NO_TEMPLATE),
    Route("GET", "/api/templates", palette),
    Route("GET", "/api/templates/{}", in_editor),
    Route("GET", "/api/zip/categories", categories),
    Route("POST", "/api/zip/categories", add_categories),
]
