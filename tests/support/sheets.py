"""The books of a whole exchange: what every attack must leave in order.

balanced(exchange, wallet, ...)     # every wei of the pots and of the token is somebody's, but for a little dust
worth(exchange, wallet, ...)        # what accounts own together, in all markets, ranges included
"""

from support.exchange import WIDE, Exchange

# Far above what derivations.md section 5 allows after some ten operations in these small markets.
DUST = 10**7
RangeKey = tuple[str, int, int]


def ordered(*accounts: str) -> list[str]:
    """Without repeats, as the lens asks for them."""
    return sorted(set(accounts), key=lambda account: int(account, 16))


def balanced(exchange: Exchange, *wallets: str, ranges: tuple[RangeKey, ...] = ()) -> None:
    """`wallets` are those besides the people, vault and treasury; `ranges` those besides the provider's wide ones."""
    system = exchange.system
    accounts = ordered(*exchange.people.values(), system.vault.address, system.treasury, *wallets)
    keys = [(exchange.people["provider"], *WIDE), *ranges]
    for market in system.markets.values():
        held = [key for key in keys if market.venue.call("range_of", *key).liquidity]
        sheet = exchange.lens.call("solvency", market.id, accounts, held)
        assert (sheet.missing_long, sheet.missing_short) == (0, 0), "somebody was left out"
        assert 0 <= sheet.dust <= DUST, market.name
        assert 0 <= sheet.missing_margin <= DUST, market.name
    assert exchange.lens.call("assets", accounts).unassigned == 0


def worth(exchange: Exchange, *wallets: str) -> int:
    """Free collateral, equities at mark, ranges at mark and debts of the markets."""
    house, total = exchange.house, 0
    for wallet in wallets:
        total += house.call("free_collateral", wallet)
        for market in exchange.system.markets.values():
            total += house.call("owed", market.id, wallet) + _equity(exchange, market.id, wallet)
            total += range_equity(exchange, market.venue, market.id, wallet)
    return total


def _equity(exchange: Exchange, market: int, wallet: str) -> int:
    """Of the position there alone, whatever its margin mode."""
    health = exchange.lens.call("health", market, wallet)
    return health.balance + health.pnl


def range_equity(exchange: Exchange, venue: object, market: int, wallet: str) -> int:
    if not venue.call("range_of", wallet, *WIDE).liquidity:
        return 0
    return exchange.lens.call("solvency", market, [], [(wallet, *WIDE)]).range_equity
