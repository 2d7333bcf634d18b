"""New nodes for Zeal's editor: from a component to what Zeal places for its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.codec import dumps, parse_json
from engine.errors import CodecError
from engine.messages import thaw
from engine.node_config import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.actor import Actor
    from engine.node_config import Setting
    from engine.ports import Port
    from workflows.zeal.target import Target

# Templates that Zeal brings itself; all others are ours, and carry our namespace there.
OF_ZEAL = frozenset(
    """
    tpl_http_request tpl_graphql_query tpl_rpc_call tpl_if_branch tpl_switch tpl_loop
    tpl_data_transformer tpl_arrow_operations tpl_csv_reader tpl_json_parser tpl_xml_parser
    tpl_regex_matcher tpl_date_time tpl_math_add tpl_math_subtract tpl_math_multiply
    tpl_math_divide tpl_math_modulo tpl_math_power tpl_math_sqrt tpl_math_absolute tpl_math_round
    tpl_math_clamp tpl_math_min_max tpl_math_average tpl_math_sum tpl_math_statistics
    tpl_math_random tpl_math_expression tpl_javascript_script tpl_python_script tpl_nushell_script
    tpl_sql_script tpl_cache tpl_redis tpl_queue tpl_event_emitter tpl_state_store
    tpl_variable_lookup tpl_interval_trigger tpl_cron_trigger tpl_server_request
    tpl_server_response tpl_text_input tpl_number_input tpl_range_input tpl_image_input
    tpl_audio_input tpl_video_input tpl_openai_gpt tpl_claude tpl_gemini tpl_openrouter
    tpl_huggingface tpl_langchain_agent tpl_replicate_agent tpl_slack_webhook tpl_discord_webhook
    tpl_email_sender tpl_twilio_sms tpl_twitter_post tpl_facebook_post tpl_linkedin_post
    tpl_github_api tpl_salesforce tpl_hubspot tpl_google_sheets tpl_excel_reader tpl_s3_storage
    tpl_postgresql tpl_mysql tpl_mongodb_pool_manager tpl_mongo_get_collection
    tpl_mongo_write_collection graph_input graph_output proxy_input proxy_output subgraph
    """.split()  # noqa: SIM905 -- a line for each would hide the rest of the module
)

# What Zeal's forms call a type of ours; a list or an object is written as code.
_TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "string": "string"}


def template_id(component: str, target: Target) -> str:
    """A component as a node of Zeal names it."""
    return component if component in OF_ZEAL else f"{target.namespaces[0]}/{component}"


def new_node(
    name: str,
    template: str,
    position: tuple[float, float],
    *,
    actor: type[Actor] | None = None,
    title: str = "",
    values: Mapping[str, Any] | None = None,
    ports: Iterable[dict[str, Any]] = (),
) -> dict[str, Any]:
    """A node in Zeal's camelCase shape; with an actor, its ports and properties are the actor's."""
    given = dict(values or {})
    metadata = {
        "id": name,
        "templateId": template,
        "type": template,
        "title": title or (actor.title if actor else "") or name,
        "icon": (actor.icon if actor else "") or "cpu",
        "variant": "gray-700",
        "shape": "rectangle",
        "size": "medium",
        "ports": [*(_ports(actor) if actor else ()), *ports],
        "properties": _properties(actor, given) if actor else {},
        "propertyValues": given,
        "requiredEnvVars": [],
    }
    x, y = position
    return {"id": name, "type": template, "position": {"x": x, "y": y}, "metadata": metadata}


def port_of(name: str, side: str, help: str = "") -> dict[str, Any]:  # noqa: A002 -- as in Port
    port = {
        "id": name,
        "label": name,
        "type": side,
        "position": "left" if side == "input" else "right",
    }
    return {**port, "description": help} if help else port


def _ports(actor: type[Actor]) -> list[dict[str, Any]]:
    def drawn(ports: Iterable[Port], side: str) -> list[dict[str, Any]]:
        return [port_of(port.name, side, port.help) for port in ports]

    return [*drawn(actor.inports, "input"), *drawn(actor.outports, "output")]


def _properties(actor: type[Actor], given: Mapping[str, Any]) -> dict[str, Any]:
    return {item.key: _property(item, given) for item in settings_of(actor.Config)}


def _property(item: Setting, given: Mapping[str, Any]) -> dict[str, Any]:
    kind = "select" if item.choices else _TYPES.get(item.type, "code-editor")
    described: dict[str, Any] = {"type": kind, "label": item.key}
    if item.help:
        described["description"] = item.help
    if item.choices:
        described["options"] = list(item.choices)
    # Read back, a default would go before a value under another of the setting's names.
    if item.default is not None and given.keys().isdisjoint(item.names):
        value = _json(item.default)
        if value is not None:
            described["defaultValue"] = value
    return described


def _json(default: Any) -> Any:
    """A default as JSON; None for one that is compiled already."""
    try:
        return thaw(parse_json(dumps(default)))
    except CodecError:
        return None
