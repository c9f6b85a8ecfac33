"""Which addresses an account's connections and webhooks may reach."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as Late
from functools import partial

from app.current import get_settings
from app.errors import Invalid
from app.net.call_errors import CallError
from app.net.guard import EgressPolicy, check_url, parse_allow_list, resolve
from app.services.outside_calls import OutsideCalls

LOOKUP_PATIENCE_S = 2.0
_lookups: OutsideCalls[Sequence[str]] = OutsideCalls(calls=8, per_account=2)


def provider_policy(*, is_admin: bool) -> EgressPolicy:
    """Return what an account's connections may reach."""
    return _policy(get_settings().provider_egress_allow, is_admin=is_admin)


def webhook_policy(*, is_admin: bool) -> EgressPolicy:
    """Return what an account's webhooks may reach."""
    return _policy(get_settings().egress_allow, is_admin=is_admin)


def _policy(allow_list: str, *, is_admin: bool) -> EgressPolicy:
    """Permit public addresses and the list; administrators also private networks, with loopback."""
    return EgressPolicy(allow_private=is_admin, allow=parse_allow_list(allow_list))


def check_address(
    url: str, policy: EgressPolicy, account_id: int, field: str, variable: str = "EGRESS_ALLOW"
) -> None:
    """Check ``url`` against ``policy``; it is checked again at every connect.

    Args:
        url: What the user typed.
        policy: What the account may reach.
        account_id: Whose names are looked up: of one account, two at a time.
        field: The name of the field, for messages.
        variable: The setting with which an administrator can permit the address.

    Raises:
        Invalid: Not an http(s) URL, or an address that is not permitted; names ``field``.
        Limited: Too many names of the account are being looked up.
    """
    try:
        check_url(url, policy, partial(_resolve_soon, account_id))
    except CallError as error:
        action = error.action
        if error.code == "policy_block":
            action = f"An administrator can allow it with {variable}."
        raise Invalid(
            error.message,
            code=error.code,
            action=action,
            fields={field: [f"{error.message} {action}" if action else error.message]},
        ) from None


def _resolve_soon(account_id: int, host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host``, waiting only briefly for DNS.

    Whoever owns a name owns how long it takes to resolve; it is checked again at the connect.

    Raises:
        OSError: There are none, or none so soon.
    """
    key = (account_id, host, port)
    found = _lookups.start(account_id, key, partial(resolve, host, port))
    try:
        return found.result(LOOKUP_PATIENCE_S)
    except Late:
        raise OSError(f"{host} does not resolve in {LOOKUP_PATIENCE_S:g} s") from None
