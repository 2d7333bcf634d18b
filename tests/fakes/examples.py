"""Bodies as the protocol shows them."""

from __future__ import annotations

from typing import Any

LOOP: dict[str, Any] = {
    "id": "tpl_loop",
    "type": "loop",
    "title": "Loop",
    "category": "logic",
    "description": "",
    "icon": "repeat",
    "ports": [{"id": "items-in", "label": "Items", "type": "input", "position": "left"}],
}
NUMBER_NODE = {"id": "tpl_number_input-1-a", "type": "number-input", "metadata": {}}
ADD_NODE = {"id": "tpl_math_add-2-c", "type": "math", "metadata": {}}
WORKFLOW: dict[str, Any] = {
    "name": "Sample sum",
    "graphs": [
        {
            "id": "main",
            "name": "Main",
            "namespace": "main",
            "isMain": True,
            "nodes": [NUMBER_NODE, ADD_NODE],
            "connections": [
                {
                    "id": "conn-1",
                    "source": {"nodeId": "tpl_number_input-1-a", "portId": "output"},
                    "target": {"nodeId": "tpl_math_add-2-c", "portId": "a-in"},
                    "state": "pending",
                }
            ],
            "groups": [],
        }
    ],
}
EVENT: dict[str, Any] = {
    "timestamp": 1795295906967,
    "nodeId": "n1",
    "eventType": "input",
    "data": {"size": 2, "type": "application/json", "preview": 42},
}
HOP: dict[str, Any] = {
    "source": {
        "nodeId": "n1",
        "nodeName": "Add",
        "nodeType": "math",
        "portId": "result-out",
        "portName": "Result",
        "portType": "output",
    },
    "target": {
        "nodeId": "n2",
        "nodeName": "Log",
        "nodeType": "log",
        "portId": "in",
        "portName": "In",
        "portType": "input",
    },
    "duration": 12,
    "status": "success",
    "data": {"payload": 42, "size": 2, "type": "application/json", "preview": "42"},
}
SUMMARY = {
    "totalNodes": 2,
    "successfulNodes": 2,
    "failedNodes": 0,
    "totalDuration": 15,
    "totalDataProcessed": 84,
}
