"""The engine and its backstop vault: positions that the vault takes over.

From docs/spec.md, section 13.
"""

from dataclasses import replace
from typing import Any

from nacre.model import engine, liquidation
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.liquidation import Taken
from nacre.model.portfolio import MOST_CROSS_MARKETS, is_cross
from nacre.model.positions import missing_margin
from nacre.model.rounding import Revert, require
from nacre.model.vault import Vault
from nacre.model.vault_books import VAULT, HouseBooks
from nacre.units import MAX_UINT256


def legs_of(house: Clearinghouse, number: int, target: str) -> list[int]:
    """Markets to clear: of a cross account all in which it has a leg."""
    market = house.market(number)
    if not (is_cross(market, target) and market.position_of(target).size):
        return [number]
    return [
        other
        for other, found in enumerate(house.markets[:MOST_CROSS_MARKETS])
        if is_cross(found, target) and found.position_of(target).size
    ]


def liquidate_by_backstop(house: Clearinghouse, vault: Vault, number: int, target: str) -> list[Taken]:
    """One for each leg that goes, in order of market; that of the market in which it was asked must."""
    legs = legs_of(house, number, target)
    return [_take(house, vault, leg, target) for leg in legs if leg == number or _goes(house, vault, leg, target)]


def _goes(house: Clearinghouse, vault: Vault, number: int, target: str) -> bool:
    """Whether a leg can be taken over now; tried on copies of all that this changes."""
    trial = house.copy()
    books: dict[str, Any] = {"net": dict(vault.net), "seen_owed": dict(vault.seen_owed), "active": list(vault.active)}
    try:
        _take(trial, replace(vault, books=HouseBooks(trial), **books), number, target)
    except Revert:
        return False
    return True


def _take(house: Clearinghouse, vault: Vault, number: int, target: str) -> Taken:
    market = house.markets[number]
    require(market.policy.backstop_bps > 0, "no backstop")
    margin = min(_needed(house, number, target), vault.admit(number))
    # The vault commits first, whatever the target then turns out to be.
    vault.took_over(number, margin)
    quote = engine.check_backstop(house, number, VAULT, target)
    taken = liquidation.take_over(house, number, VAULT, target, MAX_UINT256, margin, quote)
    vault.came_back(number)
    return taken


def _needed(house: Clearinghouse, number: int, target: str) -> int:
    """The least margin with which the vault would meet the opening rule; 0 where nothing can be taken."""
    trial = house.copy()
    try:
        quote = trial.fresh_price(trial.markets[number])
        moved = liquidation.transfer(trial, number, VAULT, target, MAX_UINT256, quote)
    except Revert:
        return 0
    market, position = trial.markets[number], moved.position
    return missing_margin(position, quote.price, market.index_of(position.size), market.parameters)
