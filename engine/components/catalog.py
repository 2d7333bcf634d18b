"""The component library by name: where each class lives, imported when it is first used."""

from __future__ import annotations

_HERE = "engine.components"

CATALOG: dict[str, str] = {
    "tpl_collect": f"{_HERE}.flow_control.collect:Collect",
    "tpl_data_emit": f"{_HERE}.flow_control.data_emit:DataEmit",
    "tpl_delay": f"{_HERE}.flow_control.delay:Delay",
    "tpl_gate": f"{_HERE}.flow_control.gate:Gate",
    "tpl_if_branch": f"{_HERE}.flow_control.branch:ConditionalBranchActor",
    "tpl_loop": f"{_HERE}.flow_control.loop:LoopActor",
    "tpl_merge": f"{_HERE}.flow_control.merge:Merge",
    "tpl_passthrough": f"{_HERE}.flow_control.passthrough:Passthrough",
    "tpl_split": f"{_HERE}.flow_control.split:Split",
    "tpl_switch": f"{_HERE}.flow_control.switch:SwitchCaseActor",
    "tpl_data_operations": f"{_HERE}.transform.data_operations:DataOperationsActor",
    "tpl_data_transformer": f"{_HERE}.transform.data_transform:DataTransformActor",
    "tpl_filter": f"{_HERE}.transform.filter:Filter",
    "tpl_json_parser": f"{_HERE}.transform.json_parser:JsonParser",
    "tpl_map": f"{_HERE}.transform.map:Map",
    "tpl_reduce": f"{_HERE}.transform.reduce:Reduce",
}
