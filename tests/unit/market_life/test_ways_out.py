"""Exits stay open in every state, with and without a limit on what may leave: whoever holds collateral gets out, by its
own calls and by calls that anybody may make. Nothing here needs the owner or the guardian; feeds go on as before.

What does not depend on a price works at once. Where there is one, or as soon as the block is over in which it jumped,
positions are closed on the venue. Where there is none, anyone ends the market after its settlement delay. In the end
everybody is gone, and the tokens that are left are accounted for.
"""

import pytest
from support.exchange import ALL
from support.market_life import (
    DELAY,
    ENDING,
    FEE_BPS,
    HOLDERS,
    MAIN,
    MAX_AGE,
    OTHER,
    RANGES,
    STATES,
    Life,
    State,
    open_life,
)
from support.spec import ceil, side

from nacre.units import BPS, WAD

EVERYBODY = (*HOLDERS, *RANGES, "keeper", "newcomer", "joiner", "saver", "sponsor", "victim", "outsider")
LIMIT, PERIOD = 9_000 * WAD, 3_600
OTHER_RANGE = RANGES["provider"]
# What stays: roundings of some dozen operations in a pot; the margin of a few wei of inventory; what the vault keeps
# for the shares that it counts besides those that exist.
DUST, SPONSORS, VAULT_DUST = 1_000, 10**6, 10**6


class Door:
    """The way out of one state, and how much went through."""

    def __init__(self, life: Life, limited: bool):
        self.life, self.limited = life, limited
        self.house = life.exchange.house
        self.was = {name: life.tokens(name) for name in EVERYBODY}

    def wait(self, seconds: int) -> None:
        """The other market's feed goes on meanwhile; this one's is left as it is."""
        self.life.exchange.chain.mine(seconds)
        self.life.keep_other_fresh()

    def withdraw(self, name: str) -> None:
        """All that is free, in as many steps as the limit asks for."""
        free, tokens = self.life.free(name), self.life.tokens(name)
        while left := self.life.free(name):
            amount = min(left, LIMIT) if self.limited else left
            if self.limited:
                self.wait(PERIOD)
            self.life.must(name, self.house, "withdraw", amount)
        assert self.life.tokens(name) == tokens + free

    def close(self, name: str, market: int = MAIN) -> None:
        """On the venue, by itself: to the wei what the fill and the position say."""
        held = self.life.exchange.record(self.life.who(name), market)
        free = self.life.free(name)
        notional = self.life.must(name, self.house, "trade", market, -held.size, 0, 0, 0).value
        fee = ceil(notional * FEE_BPS, BPS)
        gain = side(held.size) * (notional - held.entry_notional)
        assert self.life.free(name) == free + held.balance + gain - fee
        assert self.life.size(name, market) == 0

    def end_market(self, unnoted: bool) -> None:
        """For want of liquidity, or of a price. Where the oracle fails and nobody has noted it, that comes first."""
        if unnoted:
            self.life.must("outsider", self.house, "settle_dead_market", MAIN)
            assert not self.is_settling()
            self.wait(DELAY)
        if not self.is_settling():
            self.life.must("outsider", self.house, "settle_dead_market", MAIN)
        assert self.is_settling()

    def is_settling(self) -> bool:
        return self.house.call("market_words", MAIN)[0] >> 5 & 1 == 1

    def empty_vault(self) -> None:
        """It gets its claim, and its depositor what it queued and what it only brought."""
        life, vault = self.life, self.life.vault
        if life.owed("vault"):
            life.must("outsider", vault, "claim", MAIN)
        if MAIN in vault.call("active_markets"):
            life.must("outsider", vault, "release", MAIN)
        saver = life.who("saver")
        life.must("saver", vault, "cancel_deposit", ALL)
        life.must("saver", vault, "request_redeem", vault.call("balanceOf", saver))
        self.wait(4_000)
        while shares := vault.call("redeem_request", saver).matured:
            assets = vault.call("previewRedeem", shares)
            part = shares if not self.limited or assets <= LIMIT else shares // 2
            life.must("saver", vault, "redeem", part, saver, saver)
            self.wait(4_000)


def _through_at_once(door: Door, state: State) -> None:
    """Without a price, without waiting, whatever the state."""
    life = door.life
    life.fund("holder", WAD)
    life.fund("crosser", WAD)
    if state.status not in ENDING:
        for name in ("holder", "failing", "bankrupt"):
            life.must(name, door.house, "adjust_margin", MAIN, WAD)
    if not door.limited:
        for name in ("holder", "keeper", "provider", "newcomer", "joiner"):
            door.withdraw(name)
            assert life.free(name) == 0


def _through_the_venue(door: Door) -> None:
    """The solvent close, cross or not; so do who fails its margin and the vault; the provider takes its range back."""
    door.close("crosser")
    door.life.must("outsider", door.life.vault, "unwind", MAIN, ALL)
    for name in ("holder", "failing"):
        door.close(name)
    door.life.must("provider", door.life.exchange.venue, "remove_liquidity", *RANGES["provider"])


def _through_the_end(door: Door, unnoted: bool) -> None:
    """Everything of the market becomes a claim, and every claim is paid the same share of the pot."""
    life = door.life
    door.end_market(unnoted)
    life.settle_all()
    state = life.exchange.state()
    assert (state.total_long, state.total_short) == (0, 0)
    pot, owed = state.pot, state.owed_total
    for name in (*HOLDERS, *RANGES):
        if debt := life.owed(name):
            free = life.free(name)
            life.must("outsider", door.house, "claim", MAIN, life.who(name))
            assert abs(life.free(name) - free - min(debt, debt * pot // owed)) <= len(EVERYBODY)
            assert life.owed(name) == 0


@pytest.mark.parametrize("limited", [False, True], ids=["", "limited"])
@pytest.mark.parametrize("state", STATES, ids=str)
def test_everybody_gets_out(state: State, limited: bool) -> None:
    life = open_life()
    with life.exchange.undone():
        if limited:
            life.own("set_withdrawal_limit", LIMIT, PERIOD)
        door = Door(life, limited)
        with life.brought_into(state):
            _through_at_once(door, state)
        # the same state without what has happened in it
        with life.brought_into(state._replace(oracle="fresh") if state.oracle == "jumped" else state):
            priced = not state.ending and not state.silent and not state.failing
            if priced:
                _through_the_venue(door)
            if not state.ending:
                door.wait(DELAY + (1 if priced else MAX_AGE + 1))
                if priced:
                    life.push(life.exchange.state().mark_price)
            if life.size("crosser", OTHER):
                door.close("crosser", OTHER)
            _through_the_end(door, unnoted=state.oracle == "failing" and not state.ending)
            door.empty_vault()
            life.must("sponsor", life.exchange.system.markets["other"].venue, "remove_liquidity", *OTHER_RANGE)
            _leave(door)


def _leave(door: Door) -> None:
    """With everything; but the sponsor of the other market keeps the few wei of size that rounding gave its range."""
    life, house = door.life, door.house
    held = life.exchange.record(life.who("sponsor"), OTHER)
    if held.size:
        life.must("sponsor", house, "adjust_margin", OTHER, SPONSORS - held.balance)
    for name in EVERYBODY:
        door.withdraw(name)
        assert (life.free(name), life.owed(name), life.size(name)) == (0, 0, 0)
    for market in (MAIN, OTHER):
        life.must("outsider", life.exchange.config, "collect_fees", market)
    pots = [house.call("pot", market) for market in (MAIN, OTHER)]
    kept = life.free("vault") + life.exchange.free(life.exchange.system.treasury)
    assert life.exchange.token.call("balanceOf", house.address) == sum(pots) + kept
    assert pots[MAIN] <= DUST
    assert pots[OTHER] <= DUST + SPONSORS
    assert life.free("vault") <= VAULT_DUST
