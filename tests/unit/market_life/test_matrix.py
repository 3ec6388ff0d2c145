"""Every operation in every state a market can be in goes through, or is refused for exactly the reason in the table.

The table says what docs/spec.md sections 3, 9, 11 and 15 say of each operation. A column is a condition; of those that
hold, the first from the left in which something other than a dot stands decides: the end of a market comes before what
its oracle says, and that before jumps, pauses and the grace period.
"""

from functools import lru_cache

import pytest
from life_operations import OPERATIONS
from support.exchange import reason_of
from support.market_life import FINAL, GRACE, MAIN, STATES, State, open_life

from nacre.chain import restored

# A bit of MarketState.status.
SETTLING = 32
REASONS = {
    ".": "",
    "A": "market is alive",
    "C": "cross position",
    "E": "market is settling",
    "F": "oracle failed",
    "G": "grace period",
    "H": "range is healthy",
    "J": "price just jumped",
    "L": "market is not settling",
    "N": "no price",
    "O": "nothing owed",
    "P": "no position",
    "R": "market is reduce-only",
    "S": "stale price",
    "U": "use ADL",
    "X": "no range",
}
# Conditions: settled; settling, by the owner or by anyone; the oracle fails; its price is stale; it just jumped;
# reduce-only or paused; within the grace period; always.
COLUMNS = "settled settling failing stale jumped closed grace else"
TABLE = """
open                            E E F S J R . .
open, cross                     E E F S J R . .
increase                        E E F S J R . .
increase, cross                 E E F S J R . .
flip                            E E F S J R . .
flip, cross                     E E F S J R . .
reduce                          E E F S J . . .
reduce, cross                   E E F S J . . .
reduce with margin out          E E F S J . . .
reduce, failing                 E E F S J . . .
close                           E E F S J . . .
close, cross                    E E F S J . . .
close the other leg             . . . . J . . .
set margin mode                 E E . . . . . .
deposit                         . . . . . . . .
deposit, cross                  . . . . . . . .
withdraw                        . . . . . . . .
withdraw, cross                 . . S S J . . .
top up                          P E . . . . . .
top up, failing                 P E . . . . . .
top up, cross                   P C . . . . . C
margin out                      P E F S J . . .
donate                          . . . . . . . .
collect fees                    . . . . . . . .
take over                       E E F S . . G .
take over, part                 E E F S . . G .
take over, cross                E E F S . . G .
take over, cross, part          E E F S . . G .
take over to become smaller     E E F S . . G .
take over, bankrupt             E E F S . . . .
take over, cross, bankrupt      E E F S . . . .
take over, bankrupt, no fund    E E F S . . . U
force close                     E E F S . . G .
force close, part               E E F S . . G .
force close, cross              E E F S . . G .
force close, cross, part        E E F S . . G .
force close, cross, bankrupt    E E F S . . . .
force close, bankrupt           E E F S . . . .
backstop                        E E F S . . G .
backstop, cross                 E E F S . . G .
backstop, bankrupt              E E F S . . . .
deleverage                      E E F S . . . .
deleverage, cross               E E F S . . . .
call margin                     . . F S . . . .
add liquidity                   E E F S J R . .
remove own range                X . F S J . . .
remove a healthy range          X . F S . . . H
remove an idle range            X . F S H . . .
remove a failing range          X . F S . . . .
sync                            . . F S . . . .
accrue                          E E F S . . . .
settle                          E E F S . . . .
settle, cross                   E E F S . . . .
claim                           . E . . . . . O
settle account                  P . L . . . . L
settle account, cross           P . L . . . . L
settle dead market              E E . . . . . A
settle market                   E E . . . . . .
settle market at mark           E E F S . . . .
reduce-only                     . . . . . . . .
pause                           . . . . . . . .
unpause                         . . . . . . . .
set parameters                  . . . . . . . .
vault: deposit                  . . N S J . . .
vault: mint                     . . N S J . . .
vault: withdraw                 . . N S J . . .
vault: redeem                   . . N S J . . .
vault: redeem available         . . N S J . . .
vault: request deposit          . . . . . . . .
vault: cancel deposit           . . . . . . . .
vault: request redeem           . . . . . . . .
vault: cancel redeem            . . . . . . . .
vault: unwind                   P E F S J . . .
vault: release                  . E F S J . . .
vault: settle                   E E F S . . . .
vault: claim                    . O . . . . . O
"""


def _rows() -> dict[str, list[str]]:
    lines = [line.rsplit(maxsplit=8) for line in TABLE.strip().splitlines()]
    return {name: cells for name, *cells in lines}


ROWS = _rows()


def _conditions(state: State) -> list[bool]:
    live = not state.ending
    return [
        state.status == "settled",
        state.ending and state.status != "settled",
        live and state.failing,
        live and state.silent,
        live and state.oracle == "jumped",
        live and state.closed,
        live and state.grace,
        live,
    ]


def expected(operation: str, state: State) -> str:
    if operation == "settle dead market" and not state.ending and (state.oracle == "dead" or state.failing):
        # where the oracle has just begun to fail that is noted, and no more
        return ""
    if operation == "take over to become smaller" and state.oracle == "jumped" and not state.ending:
        # which way it would go is known only once it has happened
        return REASONS["G"] if state.grace else REASONS["J"]
    cells = zip(ROWS[operation], _conditions(state), strict=True)
    return REASONS[next((cell for cell, holds in cells if holds and cell != "."), ".")]


@lru_cache(maxsize=1)
def outcomes() -> dict[tuple[str, State], str]:
    """Each cell from the same world, taken back at once."""
    life = open_life()
    found: dict[tuple[str, State], str] = {}
    for state in STATES:
        with life.brought_into(state):
            for name, send in OPERATIONS.items():
                with restored(life.exchange.chain):
                    found[name, state] = send(life).reason
    return found


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_state(operation: str) -> None:
    wrong = {
        str(state): f"{found or 'goes through'!r}, not {expected(operation, state) or 'goes through'!r}"
        for state in STATES
        if (found := outcomes()[operation, state]) != expected(operation, state)
    }
    assert wrong == {}


def test_the_table_has_every_operation() -> None:
    assert list(ROWS) == list(OPERATIONS)
    assert all(len(cells) == len(COLUMNS.split()) for cells in ROWS.values())


def test_every_state_is_what_it_says() -> None:
    """By what the contracts tell of it, so that no column is tested by a state of another."""
    life = open_life()
    house, config = life.exchange.house, life.exchange.config
    assert len(set(STATES)) == 5 * 2 * 2 * 6
    for state in STATES:
        with life.brought_into(state):
            bits = 1 + 2 * (state.status == "reduce-only") + 4 * state.paused
            assert config.call("status", MAIN) == bits
            oracle = life.bad_oracle if state.failing else life.exchange.oracle
            ended = oracle.call("outage_end")
            assert (ended > 0 and life.exchange.chain.timestamp < ended + GRACE) == state.grace
            if state.failing and not state.ending:
                assert reason_of(house, "market_state", MAIN) == "oracle failed"
                continue
            seen = life.exchange.state()
            assert seen.status == bits + SETTLING * state.ending
            assert (seen.mark_price, seen.final_price) == (FINAL, FINAL if state.ending else 0)
            assert (seen.stale, seen.jumped) == (
                not state.ending and state.silent,
                not state.ending and state.oracle == "jumped",
            )
            assert (seen.total_long + seen.total_short == 0) == (state.status == "settled")
