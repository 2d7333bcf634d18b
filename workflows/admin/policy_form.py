"""The forms of what happens when something fails: the policy of one node, and that of the graph.

Their fields are the settings that the engine knows, and the engine says what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from engine.codec import dumps, parse_json
from engine.errors import CodecError
from engine.graph.resume import ResumeLevel
from engine.node_config import settings_of
from engine.policy import BreakerPolicy, Fallback, InDoubt, NodePolicy, RetryPolicy, Supervision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.node_config import Setting

Choices = list[tuple[str, str]]
Part = tuple[Any, str, str]  # the class of its settings, its label, what it is for

PARTS: dict[str, Part] = {
    "retry": (RetryPolicy, "Try again", "A failed firing is tried again after a while."),
    "breaker": (
        BreakerPolicy,
        "Circuit breaker",
        "After so many failures in a row no call is made for a while.",
    ),
    "fallback": (
        Fallback,
        "Fallback",
        "A fixed value is sent in place of what failed for good; then there is no dead letter.",
    ),
}
SUPERVISION: dict[str, Part] = {
    "supervision": (
        Supervision,
        "Restarts",
        "Actors begin anew after a failure, with empty state.",
    )
}
LABELS = {
    "attempts": "Attempts",
    "delayMs": "First wait, ms",
    "factor": "Factor",
    "maxDelayMs": "Longest wait, ms",
    "jitter": "Jitter, 0 to 1",
    "on": "Which errors",
    "timeoutMs": "Time for one attempt, ms",
    "failures": "Failures",
    "resetMs": "Open for, ms",
    "probes": "Probes",
    "name": "Name",
    "scope": "One for each",
    "port": "Outport",
    "value": "Value, as JSON",
    "strategy": "Who begins anew",
    "maxRestarts": "Restarts at most",
    "withinMs": "Within, ms",
    "inDoubt": "In doubt",
}
PROPERTIES: dict[str, tuple[str, Choices, str]] = {
    "onError": (
        "A failure that nothing handles",
        [("", "makes the run failed"), ("ignore", "does not make the run failed")],
        "It is in the events and a dead letter either way.",
    ),
    "onUndelivered": (
        "Messages left at a join that can never fire",
        [("", "are only counted"), ("fail", "make the run failed")],
        "One event says how many there are.",
    ),
    "resume": (
        "When a worker is lost, this is done again",
        [("", "what the effects of the nodes need"), *((one, one) for one in ResumeLevel)],
        "restart: all. node: nodes that have not finished. message: firings that have not ended.",
    ),
    "inDoubt": (
        "An unsafe firing that was under way then",
        [("", "waits until somebody decides (ask)"), *((one, one) for one in InDoubt)],
        "rerun: it is done again. skip: it counts as done. A node may have its own policy.",
    ),
}


class SettingsForm(forms.Form):
    """Objects of settings, each with a box that says whether it is there at all."""

    parts: Mapping[str, Part]

    def __init__(self, raw: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.raw = raw
        for name, (kind, label, about) in self.parts.items():
            given = raw.get(name)
            there = given is not None
            self.fields[name] = forms.BooleanField(
                label=label, help_text=about, required=False, initial=there
            )
            values = given if isinstance(given, Mapping) else {}
            for item in settings_of(kind):
                self.fields[f"{name}.{item.key}"] = _field(item, values)

    def sections(self) -> list[dict[str, Any]]:
        """What the page shows of each object: its box, then its settings."""
        return [
            {
                "box": self[name],
                "fields": [self[f"{name}.{item.key}"] for item in settings_of(kind)],
            }
            for name, (kind, _, _) in self.parts.items()
        ]

    def clean(self) -> dict[str, Any]:
        for name, (kind, _, _) in self.parts.items():
            if self.cleaned_data.get(name):
                try:
                    kind.from_setting(self.part(name))
                except ValueError as error:
                    self.add_error(name, ValidationError(str(error), "policy_invalid"))
            elif not self.fields[name].initial and self.part(name):
                self.add_error(name, ValidationError("Tick this box, or empty its fields.", "box"))
        return self.cleaned_data

    def part(self, name: str) -> dict[str, Any]:
        """One object as JSON: what was left empty is left out, and so has its default."""
        found = {}
        for item in settings_of(self.parts[name][0]):
            text = str(self.cleaned_data.get(f"{name}.{item.key}") or "").strip()
            if text:
                found[item.key] = _value(item, text)
        return found

    def chosen(self) -> dict[str, dict[str, Any]]:
        return {name: self.part(name) for name in self.parts if self.cleaned_data[name]}


class NodePolicyForm(SettingsForm):
    """A node's policy; ``outports`` are those a fallback may name."""

    parts = PARTS

    def __init__(
        self, raw: Any, outports: Sequence[str], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(raw if isinstance(raw, Mapping) else {}, data)
        port = self.fields["fallback.port"]
        self.fields["fallback.port"] = _choice(port.label, outports, port.initial or "", "")
        for item in scalars():
            given = str(self.raw.get(item.key) or "")
            self.fields[item.key] = _choice(_label(item), item.choices, given, item.help)

    def others(self) -> list[Any]:
        return [self[item.key] for item in scalars()]

    def policy(self) -> dict[str, Any]:
        """The whole policy; keys that this form does not know stay."""
        known = {*self.parts, *(item.key for item in scalars())}
        kept = {key: value for key, value in self.raw.items() if key not in known}
        single = {item.key: self.cleaned_data[item.key] for item in scalars()}
        return kept | self.chosen() | {key: value for key, value in single.items() if value}


class GraphPolicyForm(SettingsForm):
    """The properties of a graph that say what a failure does to the run."""

    parts = SUPERVISION

    def __init__(self, raw: Mapping[str, Any], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(raw, data)
        for name, (label, choices, about) in PROPERTIES.items():
            given = str(raw.get(name) or "")
            self.fields[name] = _choice(label, choices, given, about)

    def others(self) -> list[Any]:
        return [self[name] for name in PROPERTIES]

    def properties(self) -> dict[str, Any]:
        """All properties of the graph, with these changed."""
        known = {*self.parts, *PROPERTIES}
        kept = {key: value for key, value in self.raw.items() if key not in known}
        given = {name: self.cleaned_data[name] for name in PROPERTIES}
        return kept | self.chosen() | {key: value for key, value in given.items() if value}


def scalars() -> list[Setting]:
    """The settings of a policy that are one word each."""
    return [item for item in settings_of(NodePolicy) if item.key not in PARTS]


def _field(item: Setting, values: Mapping[str, Any]) -> forms.Field:
    given = next((values[name] for name in item.names if name in values), None)
    text = "" if given is None else given if isinstance(given, str) else dumps(given)
    if item.key == "value" and isinstance(given, str):
        text = dumps(given)
    if item.choices:
        return _choice(_label(item), item.choices, text, item.help, default=str(item.default))
    is_json = item.key == "value"
    attributes = {"class": "rf-input", "autocomplete": "off"}
    if item.default not in (None, ""):
        attributes["placeholder"] = f"{item.default:g}"
    if item.type in ("integer", "number"):
        attributes["inputmode"] = "decimal"
    widget: forms.Widget = forms.TextInput(attributes)
    if is_json:
        widget = forms.Textarea({"class": "rf-input rf-mono", "rows": 3, "spellcheck": "false"})
    return forms.CharField(
        label=_label(item),
        required=False,
        initial=text,
        help_text=item.help,
        widget=widget,
        validators=[_check_json] if is_json else [],
    )


def _choice(
    label: Any, choices: Iterable[Any], given: str, about: str, default: str = ""
) -> forms.ChoiceField:
    """A list to choose from; a value that stands in the graph is always among them."""
    pairs = [one if isinstance(one, tuple) else (str(one), str(one)) for one in choices]
    if "" not in dict(pairs):
        pairs.insert(0, ("", f"{default} (default)" if default else "-"))
    if given not in dict(pairs):
        pairs.append((given, given))
    return forms.ChoiceField(
        label=label,
        choices=pairs,
        required=False,
        initial=given,
        help_text=about,
        widget=forms.Select({"class": "rf-select"}),
    )


def _label(item: Setting) -> str:
    return LABELS.get(item.key, item.key)


def _value(item: Setting, text: str) -> Any:
    """A number or JSON as such; what is none stays a text, and the engine says so."""
    if item.type == "string":
        return text
    try:
        return parse_json(text)
    except CodecError:
        return text


def _check_json(text: str) -> None:
    try:
        parse_json(text)
    except CodecError as error:
        raise ValidationError(f"it is no JSON: {error}", "json_invalid") from error
