"""What a client changes in its requests because the model refuses something in them.

Learned once per run, by whichever call is refused first, and shared by all of its threads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any, Literal, get_args

ChangeKind = Literal["drop", "rename", "set", "limit", "merge_system", "stream"]

_MOST_CHANGES = 16
"""A server that wants more has no end of it."""

SETTING_OF: Mapping[str, str] = {
    "max_completion_tokens": "max_tokens",
    "stop_sequences": "stop",
    "output_config": "reasoning_effort",
    "reasoning": "reasoning_effort",
    "thinking": "thinking_tokens",
    "thinking_token_budget": "thinking_tokens",
}
"""Names in requests whose setting is called otherwise in the Studio."""

_CODES: Mapping[ChangeKind, str] = {
    "drop": "parameter_dropped",
    "rename": "parameter_changed",
    "set": "parameter_changed",
    "limit": "parameter_changed",
    "merge_system": "system_merged",
    "stream": "streaming_changed",
}


_STREAMING = {
    True: "answers as a stream only: its answers are streamed.",
    False: "does not stream: its answers come at once, and their speed is not measured.",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a request's body.

    Attributes:
        kind: ``drop``: the field ``name`` is not sent. ``rename``: it is sent as ``value``.
            ``set``: with another value. ``limit``: with no more than ``value``.
            ``merge_system``: system messages become the beginning of the first user message.
            ``stream``: answers are streamed, or not, as ``value`` says.
        name: Of the field in the request.
        value: As above; ``None`` where there is none.
    """

    kind: ChangeKind
    name: str = ""
    value: Any = None

    def apply(self, body: dict[str, Any]) -> None:
        """Change ``body`` in place."""
        if self.kind == "merge_system":
            _merge_system(body)
        elif self.kind == "stream" or self.name not in body:
            return
        elif self.kind == "drop":
            del body[self.name]
        elif self.kind == "rename":
            body[str(self.value)] = body.pop(self.name)
        elif self.kind == "set":
            body[self.name] = self.value
        else:
            body[self.name] = min(body[self.name], self.value)

    @property
    def setting(self) -> str:
        """What the user calls the field."""
        return SETTING_OF.get(self.name, self.name)

    def stored(self) -> dict[str, Any]:
        """Return the change as JSON, from which :func:`read_changes` makes it again."""
        fields = {**asdict(self), "setting": self.setting}
        return {name: value for name, value in fields.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a client wants the user to know about a run.

    Attributes:
        code: Stable, snake_case.
        message: For readers.
        change: What it is about; ``None`` where nothing is remembered.
    """

    code: str
    message: str
    change: Change | None = None


def notice_of(change: Change, model: str, said: str = "") -> Notice:
    """Return what the user is told of a change.

    Args:
        change: What was changed.
        model: That refused something.
        said: The provider's words, fit to be shown; empty where it said nothing.
    """
    if change.kind == "stream":
        message = f"The model {model} {_STREAMING[bool(change.value)]}"
    elif change.name == "stream_options":
        message = f"The model {model} does not count the tokens of a stream when asked to."
    elif change.kind == "drop":
        message = f"The model {model} does not accept {change.setting}: left to the provider."
    elif change.kind == "rename":
        message = f"The model {model} does not accept {change.name}: sent as {change.value}."
    elif change.kind == "limit":
        message = (
            f"The model {model} allows {change.setting} up to {change.value:,}: lowered to that."
        )
    elif change.kind == "set":
        message = f"The model {model} does not accept this {change.setting}: it decides by itself."
    else:
        message = (
            f"The model {model} does not accept a system message: it is sent as the beginning of "
            "the first user message."
        )
    if said:
        message = f"{message} The provider says: {said}"
    return Notice(_CODES[change.kind], message, change)


@dataclass(slots=True)
class RequestChanges:
    """The changes that a client has learned. Thread-safe; reading takes no lock."""

    _learned: tuple[Change, ...] = ()
    _lock: Lock = field(default_factory=Lock)

    def apply(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return ``body`` with all changes made in place."""
        for change in self._learned:
            change.apply(body)
        return body

    def streams(self, default: bool) -> bool:
        """Return whether answers are streamed: as learned last, else as is the ``default``."""
        for change in reversed(self._learned):
            if change.kind == "stream":
                return bool(change.value)
        return default

    def learn(self, change: Change) -> bool:
        """Learn a change; returns whether it is new."""
        with self._lock:
            is_new = change not in self._learned and len(self._learned) < _MOST_CHANGES
            if is_new:
                self._learned = (*self._learned, change)
        return is_new

    def remember(self, changes: Iterable[Change]) -> None:
        """Learn what an earlier attempt of the same run learned."""
        for change in changes:
            self.learn(change)


def read_changes(stored: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Return stored changes; what no longer has a meaning is left out."""
    return [
        Change(each["kind"], str(each.get("name", "")), each.get("value"))
        for each in stored
        if each.get("kind") in get_args(ChangeKind)
    ]


def _merge_system(body: dict[str, Any]) -> None:
    """Put all system texts before the first user message's text."""
    texts = [body.pop("system")] if isinstance(body.get("system"), str) else []
    rest = []
    for message in body["messages"]:
        if message["role"] in ("system", "developer"):
            texts.append(message["content"])
        else:
            rest.append(message)
    if not texts:
        return
    for place, message in enumerate(rest):
        if message["role"] == "user":
            texts.append(message["content"])
            rest[place] = {**message, "content": "\n\n".join(texts)}
            break
    else:
        rest.insert(0, {"role": "user", "content": "\n\n".join(texts)})
    body["messages"] = rest
