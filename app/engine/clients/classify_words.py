"""The words and codes by which providers name a failure, as their error references list them."""

from __future__ import annotations

import re

from app.engine.clients.classify_parts import ErrorParts

CONTEXT = re.compile(
    r"maximum context length|context[ _](?:length|window)|context size exceeded"
    r"|(?:prompt|input)(?: is)? too (?:long|big)|(?:prompt|input|model) length\b.{0,40}\bexceed"
    r"|(?:maximum|max) (?:prompt|input|model) length|prompt exceeds max|range of input length"
    r"|exceeds? the available context|reduce the length of|maximum number of tokens allowed"
    r"|input token count|too many (?:input )?tokens|request too large for model"
    r"|exceed(?:s|ed)?(?: the)? model(?:'s)? token limit|`inputs` must have less than"
    r"|input length and .?max_tokens.? exceed|tokens \+ max_new_tokens",
    re.IGNORECASE,
)
CONTEXT_TAGS = {
    "context_length_exceeded",
    "exceed_context_size_error",
    "request_too_large",
    "string_above_max_length",
}
FILTER_TAGS = {
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
    "moderation",
    "moderation_blocked",
    "prompt_blocked",
    "data_inspection_failed",
    "sensitive_words_detected",
}
FILTER = re.compile(
    r"content (?:management )?policy|content ?policy ?violation|content filter|was flagged"
    r"|requires moderation|output blocked|(?:safety|guardrails?) (?:system|filter|policy|reasons?)"
    r"|violat(?:es?|ing|ion of) (?:our |the |\w+'s )?(?:usage|content|safety|acceptable)"
    r"|inappropriate content|content exists risk|considered high risk|sensitive content"
    r"|prohibited_content|due to copyright|不安全或敏感|敏感内容",
    re.IGNORECASE,
)
QUOTA_TAGS = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "enforced_spend_limit_reached",
    "insufficient_balance",
    "billing_error",
}
QUOTA = re.compile(
    r"credit balance|insufficient (?:credit|balance|funds)|(?:out of|any|no) credits?\b"
    r"|exceeded your current quota|usage limits?\b.*regain|reached your specified api usage"
    r"|spend(?:ing)? (?:limit|cap)",
    re.IGNORECASE,
)
KEY_TAGS = {
    "api_key_invalid",
    "invalid_api_key",
    "authentication_error",
    "no_db_connection",  # LiteLLM without a database, for every key but the master's
}
KEY = re.compile(r"api key not valid|incorrect api key|invalid api key", re.IGNORECASE)
MODEL_TAGS = {
    "deploymentnotfound",
    "invalid_model",
    "model_not_available",
    "model_not_found",
    "unknown_model",
}
MODEL = re.compile(
    r"model\b.{0,80}\b(?:not found|does not exist|not available|not supported|is not valid)"
    r"|no endpoints found|invalid model|unknown model",
    re.IGNORECASE,
)
NAMED_MODEL = re.compile(r"(?<![/\w])models?\b(?!/)|deployment", re.IGNORECASE)
"""What a 404 says where the path is right and the model is not there."""

MEMORY = re.compile(r"cuda (?:error|out of memory)|out of memory", re.IGNORECASE)
RATE_TAGS = {"rate_limit_exceeded", "rate_limit_error", "too_many_requests", "resource_exhausted"}
RATE = re.compile(r"rate limit|too many requests", re.IGNORECASE)

OVERLOAD_TAGS = {"overloaded_error", "overloaded"}
OVERLOAD = re.compile(r"\boverloaded\b", re.IGNORECASE)

_STATUSES = (
    (429, QUOTA_TAGS, QUOTA),
    (401, KEY_TAGS, KEY),
    (400, CONTEXT_TAGS, CONTEXT),
    (400, FILTER_TAGS, FILTER),
    (404, MODEL_TAGS, MODEL),
    (429, RATE_TAGS, RATE),
    (529, OVERLOAD_TAGS, OVERLOAD),
)


def names(parts: ErrorParts, tags: set[str], pattern: re.Pattern[str]) -> bool:
    """Return whether the provider's codes or text name a failure."""
    return not tags.isdisjoint(parts.tags) or bool(pattern.search(parts.message))


def implied_status(parts: ErrorParts) -> int:
    """Return the HTTP status of an error that came within a 2xx answer; 502 if nothing says it."""
    if parts.status is not None:
        return parts.status
    for status, tags, pattern in _STATUSES:
        if names(parts, tags, pattern):
            return status
    return 502
