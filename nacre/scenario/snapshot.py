"""What the chain looks like after a step: DESIGN section 13, decimals as strings."""

from typing import Any

from nacre.chain import CallFailed
from nacre.deploy import Market
from nacre.scenario.world import World

STAGES = ("healthy", "margin_call", "liquidatable", "backstop", "bankrupt")
MARKET_FIELDS = (
    "index",
    "mark",
    "mid",
    "open_interest",
    "long_social_loss_index",
    "short_social_loss_index",
    "insurance_fund",
    "unallocated_loss",
    "pot",
    "treasury",
)
ACCOUNT_FIELDS = (
    "free_collateral",
    "size",
    "balance",
    "entry_notional",
    "equity",
    "im",
    "mm",
    "stage",
    "liquidation_price",
    "bankruptcy_price",
    "owed",
    "liquidity",
)
SOLVENCY_FIELDS = ("assets", "claims", "dust")

Fields = dict[str, str | None]


def decimal(value: int, digits: int = 18) -> str:
    """A scaled integer with all its digits and no zeros behind them."""
    sign, value = "-" if value < 0 else "", abs(value)
    whole, rest = divmod(value, 10**digits)
    fraction = f"{rest:0{digits}d}".rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"


def snapshot(world: World) -> dict[str, Any]:
    """{"markets": {name: {"market": fields, "accounts": {name: fields}}}, "solvency": fields}"""
    markets = {
        name: {
            "market": _market(world, market),
            "accounts": {who: _account(world, market, address) for who, address in world.names.items()},
        }
        for name, market in world.system.markets.items()
    }
    return {"markets": markets, "solvency": _solvency(world)}


def _market(world: World, market: Market) -> Fields:
    try:
        state = world.system.clearinghouse.call("market_state", market.id)
    except CallFailed as error:
        return _without_price(error, MARKET_FIELDS)
    return {
        "index": decimal(state.index_price),
        "mark": decimal(state.mark_price),
        "mid": decimal(state.mid_price),
        "open_interest": decimal(max(state.total_long, state.total_short)),
        "long_social_loss_index": decimal(state.long_social_loss_index, 27),
        "short_social_loss_index": decimal(state.short_social_loss_index, 27),
        "insurance_fund": decimal(state.insurance_fund),
        "unallocated_loss": decimal(state.unallocated_loss),
        "pot": decimal(state.pot),
        "treasury": decimal(state.protocol_fees),
    }


def _account(world: World, market: Market, address: str) -> Fields:
    try:
        health = world.system.lens.call("health", market.id, address)
    except CallFailed as error:
        free = world.system.clearinghouse.call("free_collateral", address)
        return _without_price(error, ACCOUNT_FIELDS) | {"free_collateral": decimal(free)}
    liquidity = sum(
        market.venue.call("range_of", *key).liquidity for key in world.ranges[market.name] if key.provider == address
    )
    return {
        "free_collateral": decimal(health.free_collateral),
        "size": decimal(health.size),
        "balance": decimal(health.balance),
        "entry_notional": decimal(health.entry_notional),
        "equity": decimal(health.equity),
        "im": decimal(health.initial_margin),
        "mm": decimal(health.maintenance_margin),
        "stage": STAGES[health.stage],
        "liquidation_price": decimal(health.liquidation_price) if health.liquidation_price else None,
        "bankruptcy_price": decimal(health.bankruptcy_price) if health.bankruptcy_price else None,
        "owed": decimal(health.owed),
        "liquidity": decimal(liquidity),
    }


def _without_price(error: CallFailed, fields: tuple[str, ...]) -> Fields:
    """Without a valid price a market tells little; any other failure is one."""
    if "price" not in str(error):
        raise error
    return dict.fromkeys(fields)


def _solvency(world: World) -> Fields:
    """Tokens held, all that is claimed of them (less losses that have no payer yet), and what rounding left over."""
    system = world.system
    roles = {system.treasury, system.owner, system.guardian}
    accounts = sorted({*world.names.values(), *roles}, key=lambda address: int(address, 16))
    try:
        held = system.lens.call("assets", accounts)
        claims = held.free_collateral
        for name, market in system.markets.items():
            ranges = sorted(world.ranges[name], key=lambda key: (int(key.provider, 16), key.lower, key.upper))
            books = system.lens.call("solvency", market.id, accounts, ranges)
            claims += books.pot - books.dust
    except CallFailed as error:
        return _without_price(error, SOLVENCY_FIELDS)
    return {"assets": decimal(held.assets), "claims": decimal(claims), "dust": decimal(held.assets - claims)}
