"""What the ring does, as data, and as MockAttacker reads it.

A step names what is done, by whom, and with what. One of its numbers may be a share of something that is known
only when its turn comes: `share("position", account, market, bps, negative)`.
"""

from typing import TYPE_CHECKING, Any

from nacre.units import MAX_UINT256

if TYPE_CHECKING:
    from nacre.fuzz.free_money.world import World

Step = dict[str, Any]
ALL = MAX_UINT256
# As in MockAttacker.
KINDS = {"position": 1, "free": 2, "tokens": 3, "shares": 4, "redeemable": 5, "margin": 6, "value": 8}
COUNTERPARTIES = 7

# Step: contract called ("venue": that of its market), function, its arguments: "@" names an account, "*" several.
CALLS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "deposit": ("house", "deposit", ("tokens",)),
    "deposit_for": ("house", "deposit", ("tokens", "@target")),
    "withdraw": ("house", "withdraw", ("tokens",)),
    "trade": ("house", "trade", ("market", "size", "margin", "limit", "deadline")),
    "trade_for": ("house", "trade", ("market", "size", "margin", "limit", "deadline", "@target")),
    "adjust": ("house", "adjust_margin", ("market", "delta")),
    "mode": ("house", "set_margin_mode", ("market", "cross")),
    "operator": ("house", "set_operator", ("@target", "approved")),
    "settle": ("house", "settle", ("market", "@target")),
    "claim": ("house", "claim", ("market", "@target")),
    "donate": ("house", "donate_insurance", ("market", "amount")),
    "accrue": ("house", "accrue", ("market",)),
    "settle_account": ("house", "settle_account", ("market", "@target")),
    "settle_dead": ("house", "settle_dead_market", ("market",)),
    "send_tokens": ("token", "transfer", ("to", "tokens")),
    "collect": ("config", "collect_fees", ("market",)),
    "takeover": ("engine", "liquidate_by_takeover", ("market", "@target", "size", "margin")),
    "force_close": ("engine", "force_close", ("market", "@target", "size", "limit")),
    "backstop": ("engine", "liquidate_by_backstop", ("market", "@target")),
    "adl": ("engine", "auto_deleverage", ("market", "@target", "nobody")),
    "call_margin": ("engine", "call_margin", ("market", "*targets")),
    "add_range": ("venue", "add_liquidity", ("lower", "upper", "margin")),
    "remove_range": ("venue", "remove_liquidity", ("lower", "upper", "@target")),
    "sync": ("venue", "sync", ()),
    "request_deposit": ("vault", "request_deposit", ("tokens",)),
    "cancel_deposit": ("vault", "cancel_deposit", ("tokens",)),
    "vault_deposit": ("vault", "deposit", ("tokens", "@target")),
    "request_redeem": ("vault", "request_redeem", ("shares",)),
    "cancel_redeem": ("vault", "cancel_redeem", ("shares",)),
    "redeem": ("vault", "redeem", ("shares", "@target", "@who")),
    "redeem_available": ("vault", "redeem_available", ()),
    "send_shares": ("vault", "transfer", ("@target", "shares")),
    "unwind": ("vault", "unwind", ("market", "size")),
    "release": ("vault", "release", ("market",)),
    "vault_claim": ("vault", "claim", ("market",)),
    "vault_settle": ("vault", "settle", ("market",)),
}
DEFAULTS: Step = {"limit": 0, "deadline": 0, "margin": 0, "size": ALL, "nobody": [], "market": 0}


def share(of: str, account: str, bps: int = 10_000, negative: bool = False, market: int = 0) -> Step:
    """A number that is so much of what the account has of it at that moment."""
    return {"of": of, "account": account, "bps": bps, "negative": negative, "market": market}


def encode(world: "World", step: Step) -> bytes:
    """Header and calldata."""
    kind = step["do"]
    target, function, names = CALLS[kind]
    market = step.get("market", 0)
    header, arguments = 0, []
    for place, name in enumerate(names):
        value = _value(world, step, name)
        if isinstance(value, dict):
            header = 4 + 32 * place << 32 | KINDS[value["of"]] << 48 | value["market"] << 56
            header |= world.number[value["account"]] << 64 | value["bps"] << 72 | value["negative"] << 88
            value = 0
        arguments.append(value)
    if kind == "adl":
        header = COUNTERPARTIES << 48 | market << 56 | world.number[step["target"]] << 64
    callee = f"venue {market}" if target == "venue" else target
    data = world.function(target, function, len(arguments)).encode(arguments)
    header |= world.number[step["who"]] | world.callee[callee] << 8 | len(data) << 16
    return header.to_bytes(32, "big") + data


def _value(world: "World", step: Step, name: str) -> Any:
    if name[0] == "@":
        return world.address[step[name[1:]] if name[1:] in step else step["who"]]
    if name[0] == "*":
        return [world.address[account] for account in step[name[1:]]]
    value = step[name] if name in step else DEFAULTS[name]
    return world.address[value] if name == "to" else value
