"""What the chain looks like after a step, decimals as strings. scenarios/README.md names the fields."""

from typing import Any

from nacre.chain import CallFailed
from nacre.deploy import Market, ascending
from nacre.figures import exact
from nacre.model.stages import Stage, stage_by
from nacre.scenario.world import World

STAGES = tuple(stage.name.lower() for stage in Stage)
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
    "final_price",
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
    "backstop",
    "rewards",
)
SOLVENCY_FIELDS = ("assets", "claims", "dust")

Fields = dict[str, str | None]


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
        "index": exact(state.index_price),
        "mark": exact(state.mark_price),
        "mid": exact(state.mid_price),
        "open_interest": exact(max(state.total_long, state.total_short)),
        "long_social_loss_index": exact(state.long_social_loss_index, 27),
        "short_social_loss_index": exact(state.short_social_loss_index, 27),
        "insurance_fund": exact(state.insurance_fund),
        "unallocated_loss": exact(state.unallocated_loss),
        "pot": exact(state.pot),
        "treasury": exact(_treasury(world, market, state)),
        "final_price": exact(state.final_price) if state.final_price else None,
    }


def _treasury(world: World, market: Market, state: Any) -> int:
    """What the treasury got from the market and what waits for it there: protocol and borrow fees, proceeds."""
    share = state.borrow_fees * market.config.borrow_share_bps // 10_000
    return world.collected[market.name] + state.protocol_fees + state.borrow_fees - share


def _account(world: World, market: Market, address: str) -> Fields:
    try:
        health = world.system.lens.call("health", market.id, address)
    except CallFailed as error:
        free = world.system.clearinghouse.call("free_collateral", address)
        return _without_price(error, ACCOUNT_FIELDS) | {"free_collateral": exact(free)}
    liquidity = sum(
        market.venue.call("range_of", *key).liquidity for key in world.ranges[market.name] if key.provider == address
    )
    return {
        "free_collateral": exact(health.free_collateral),
        "size": exact(health.size),
        "balance": exact(health.balance),
        "entry_notional": exact(health.entry_notional),
        **_standing(world, market, address, health),
        "liquidation_price": exact(health.liquidation_price) if health.liquidation_price else None,
        "bankruptcy_price": exact(health.bankruptcy_price) if health.bankruptcy_price else None,
        "owed": exact(health.owed),
        "liquidity": exact(liquidity),
        **_claims(world, address),
    }


def _standing(world: World, market: Market, address: str, health: Any) -> Fields:
    """Of the position; of the account where it is cross, also while it has no position in this market."""
    house = world.system.clearinghouse
    cross = market.id < 16 and house.call("cross_markets", address)[0] >> market.id & 1
    if health.size or not cross:
        equity, im, mm, stage = health.equity, health.initial_margin, health.maintenance_margin, health.stage
    else:
        state = house.call("account_state", address)
        equity = state.equity if state.full_equity < 0 else max(state.equity, 0)
        im, mm = state.initial_margin, state.maintenance_margin
        stage = stage_by(market.config, equity, mm)
    return {"equity": exact(equity), "im": exact(im), "mm": exact(mm), "stage": STAGES[stage]}


def _claims(world: World, address: str) -> Fields:
    """What the account has in the backstop vault, and what the treasury owes it."""
    system = world.system
    shares = system.vault.call("balanceOf", address)
    worth = system.vault.call("convertToAssets", shares) if shares else 0
    rewards = system.treasury_contract.call("claimable", address) if system.treasury_contract else 0
    return {"backstop": exact(worth, system.decimals), "rewards": exact(rewards, system.decimals)}


def _without_price(error: CallFailed, fields: tuple[str, ...]) -> Fields:
    """Without a valid price a market tells little; any other failure is one."""
    if "price" not in str(error):
        raise error
    return dict.fromkeys(fields)


def _solvency(world: World) -> Fields:
    """Tokens held, all that is claimed of them (less losses that have no payer yet), and what rounding left over."""
    system, accounts = world.system, world.everybody
    try:
        held = system.lens.call("assets", accounts)
        claims = held.free_collateral
        for name, market in system.markets.items():
            books = system.lens.call("solvency", market.id, accounts, ascending(world.ranges[name]))
            claims += books.pot - books.dust
    except CallFailed as error:
        return _without_price(error, SOLVENCY_FIELDS)
    return {"assets": exact(held.assets), "claims": exact(claims), "dust": exact(held.assets - claims)}
