"""What a field of a new run takes, for the check while it is typed; the words are the server's."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from app.services.field_words import in_words
from app.services.runs.run_request import NOT_SENT, RunRequest

NO_OBJECT = 'This is no JSON object, such as {"min_p": 0.1}.'

_BOUNDS = {
    "minimum": ("least", "greater_than_equal", "ge"),
    "maximum": ("most", "less_than_equal", "le"),
    "exclusiveMinimum": ("above", "greater_than", "gt"),
}


@cache
def rule_of(name: str) -> str:
    """Return the rule of a number or of the extra body as JSON, which its input carries."""
    (schema,) = (
        option
        for option in RunRequest.model_json_schema()["properties"][name]["anyOf"]
        if option["type"] != "null"
    )
    if schema["type"] == "object":
        return json.dumps({"kind": "object", "words": {"kind": NO_OBJECT}})
    kind = "whole" if schema["type"] == "integer" else "number"
    rule: dict[str, Any] = {"kind": kind}
    words = {"kind": in_words("int_type" if kind == "whole" else "float_type")}
    for member, (bound, mistake, limit) in _BOUNDS.items():
        if member in schema:
            rule[bound] = schema[member]
            words[bound] = in_words(mistake, {limit: schema[member]})
    if name in NOT_SENT:
        rule["none"] = True
    return json.dumps({**rule, "words": words})
