"""The components of this server, as an editor shows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from engine.behaviour import style_of
from engine.codec import dumps
from engine.errors import CodecError
from engine.node_config import settings_of
from workflows.api.documents import ERRORS
from workflows.api.view import ApiView
from workflows.surroundings import registry

if TYPE_CHECKING:
    from rest_framework.request import Request

    from engine.actor import Actor
    from engine.node_config import Setting
    from engine.ports import Port


class PortDocument(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()
    help = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    aliases = serializers.ListField(child=serializers.CharField())


class SettingDocument(serializers.Serializer[Any]):
    key = serializers.CharField()
    type = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    default = serializers.JSONField(allow_null=True)
    help = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    aliases = serializers.ListField(child=serializers.CharField())


class TemplateDocument(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="what a graph names as component")
    title = serializers.CharField()
    category = serializers.CharField()
    icon = serializers.CharField()
    description = serializers.CharField()
    inports = PortDocument(many=True)
    outports = PortDocument(many=True)
    settings = SettingDocument(many=True)
    behaviour = serializers.CharField(help_text="process, generator, async, value or batch")
    effect = serializers.CharField(help_text="none, idempotent, keyed, unsafe; or undeclared")
    await_all_inports = serializers.BooleanField()
    blocking = serializers.BooleanField()
    ours = serializers.BooleanField(help_text="not in the original's library")


@extend_schema(tags=["templates"])
class Templates(ApiView, ViewSet):
    """Every component that a graph may name."""

    lookup_field = "component"
    lookup_value_regex = "[A-Za-z0-9_./:-]{1,128}"
    serializer_class = TemplateDocument
    pagination_class = None

    @extend_schema(responses={200: TemplateDocument(many=True), **ERRORS})
    def list(self, _request: Request) -> Response:
        known = registry()
        actors = (known.get(name) for name in known)
        return Response([template_of(actor) for actor in actors if actor is not None])

    @extend_schema(responses={200: TemplateDocument, **ERRORS})
    def retrieve(self, _request: Request, component: str) -> Response:
        actor = registry().get(component)
        if actor is None:
            raise Http404
        return Response(template_of(actor))


def template_of(actor: type[Actor]) -> dict[str, Any]:
    """One component: what it is called, where things go in and out, and how it is set."""
    return {
        "id": actor.component,
        "title": actor.title or actor.component,
        "category": actor.category,
        "icon": actor.icon,
        "description": " ".join((actor.__doc__ or "").split()),
        "inports": [_port(port) for port in actor.inports],
        "outports": [_port(port) for port in actor.outports],
        "settings": [_setting(setting) for setting in settings_of(actor.Config)],
        "behaviour": style_of(actor),
        "effect": actor.effect or "undeclared",
        "await_all_inports": actor.await_all_inports,
        "blocking": actor.blocking,
        "ours": actor.ours,
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "type": port.type,
        "help": port.help,
        "required": port.required,
        "aliases": list(port.aliases),
    }


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "key": setting.key,
        "type": setting.type,
        "required": setting.required,
        "default": _json(setting.default),
        "help": setting.help,
        "choices": list(setting.choices),
        "aliases": [name for name in setting.names if name != setting.key],
    }


def _json(default: Any) -> Any:
    """A default as JSON; one that is compiled already (a pattern) as its text."""
    try:
        return json.loads(dumps(default))
    except CodecError:
        return str(default)
