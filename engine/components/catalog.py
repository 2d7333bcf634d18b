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
    "tpl_http_request": f"{_HERE}.integration.http_request:HttpRequestActor",
    "tpl_rules_engine": f"{_HERE}.logic.rules_engine:RulesEngineActor",
    "tpl_math_absolute": f"{_HERE}.math.absolute:Absolute",
    "tpl_math_add": f"{_HERE}.math.add:Add",
    "tpl_math_average": f"{_HERE}.math.average:Average",
    "tpl_math_clamp": f"{_HERE}.math.clamp:Clamp",
    "tpl_math_divide": f"{_HERE}.math.divide:Divide",
    "tpl_math_expression": f"{_HERE}.math.expression:MathExpression",
    "tpl_math_min_max": f"{_HERE}.math.min_max:MinMax",
    "tpl_math_modulo": f"{_HERE}.math.modulo:Modulo",
    "tpl_math_multiply": f"{_HERE}.math.multiply:Multiply",
    "tpl_math_power": f"{_HERE}.math.power:Power",
    "tpl_math_random": f"{_HERE}.math.random_number:RandomNumber",
    "tpl_math_round": f"{_HERE}.math.rounding:Round",
    "tpl_math_sqrt": f"{_HERE}.math.square_root:SquareRoot",
    "tpl_math_statistics": f"{_HERE}.math.summary:Statistics",
    "tpl_math_subtract": f"{_HERE}.math.subtract:Subtract",
    "tpl_math_sum": f"{_HERE}.math.total:Sum",
    "tpl_logger": f"{_HERE}.state.logger:LoggerActor",
    "tpl_data_operations": f"{_HERE}.transform.data_operations:DataOperationsActor",
    "tpl_data_transformer": f"{_HERE}.transform.data_transform:DataTransformActor",
    "tpl_filter": f"{_HERE}.transform.filter:Filter",
    "tpl_json_parser": f"{_HERE}.transform.json_parser:JsonParser",
    "tpl_map": f"{_HERE}.transform.map:Map",
    "tpl_reduce": f"{_HERE}.transform.reduce:Reduce",
}
