"""Who may act: for whom, in which role, and through what."""

from functools import cache
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.attacks import SIDES, check_books, holdings, no_gain
from support.exchange import ALL, FREE, PLAIN, PRICE, WIDE, Exchange, new_exchange

from nacre.artifacts import deployables, load
from nacre.chain import Contract
from nacre.chain.abi import checksum
from nacre.deploy import market_params, policy_params
from nacre.presets import MarketConfig
from nacre.units import WAD

SHIPPED = [path.stem for path in deployables() if "mocks" not in path.parts]
ORIGIN, CALLER, PUSH1, DELEGATECALL = 0x32, 0x33, 0x60, 0xF4
CHANGING_CODE = {0xF0: "CREATE", 0xF2: "CALLCODE", 0xF5: "CREATE2", 0xFF: "SELFDESTRUCT"}
OWNABLE = "ownable: caller is not the owner"
# Every function that changes something: by whom alone it may be called (the reason others get), or why anyone may.
OWN, OPEN = "for the caller itself, or who made it operator", "for anyone: it takes from nobody"
FUNCTIONS: dict[str, dict[str, str]] = {
    "Clearinghouse": {
        "not engine": "take_over force_close deleverage",
        "not venue": "venue_accrue venue_provide venue_absorb",
        "not config": "set_market set_status set_outflow_limit collect_protocol_fees settle_market",
        OWN: "withdraw trade adjust_margin set_margin_mode set_operator donate_insurance",
        OPEN: "deposit accrue announce claim settle settle_dead_market settle_account",
    },
    "LiquidationEngine": {
        "not config": "set_policy set_backstop",
        "not engine": "take_over_leg",
        OPEN: "call_margin liquidate_by_takeover force_close liquidate_by_backstop auto_deleverage",
    },
    "OysterAmm": {"not clearinghouse": "swap", OWN: "add_liquidity remove_liquidity", OPEN: "sync"},
    "Config": {
        OWNABLE: "transfer_ownership list_market set_backstop set_backstop_loss_cap set_market_params "
        "set_policy_params set_reduce_only unpause settle_market set_withdrawal_limit set_backstop_band "
        "set_backstop_delays set_guardian set_treasury",
        "not pending owner": "accept_ownership",
        "not guardian": "pause",
        "listing has ended": "end_listing",
        OPEN: "collect_fees",
    },
    "BackstopVault": {
        OWNABLE: "transfer_ownership set_loss_cap set_band set_delays",
        "not pending owner": "accept_ownership",
        "not engine": "took_over watch came_back",
        OWN: "transfer transferFrom approve request_deposit cancel_deposit request_redeem cancel_redeem deposit mint "
        "withdraw redeem redeem_available",
        OPEN: "unwind release claim settle",
    },
    "Treasury": {
        OWNABLE: "transfer_ownership set_period",
        "not pending owner": "accept_ownership",
        OWN: "stake unstake claim",
        OPEN: "collect",
    },
    "Timelock": {
        OWNABLE: "transfer_ownership schedule execute",
        "not pending owner": "accept_ownership",
        "not canceller": "cancel",
        "not timelock": "set_delay set_canceller",
    },
    "MockOracle": {
        OWNABLE: "transfer_ownership set_feeder set_push_jump",
        "not pending owner": "accept_ownership",
        "not feeder": "set_price set_price_at",
    },
    "SignedOracle": {
        OWNABLE: "transfer_ownership propose_signer revoke_signer set_guardian set_push_jump",
        "not oracle guardian": "revoke_as_guardian",
        "not pending owner": "accept_ownership",
        "not pending signer": "accept_signer",
        OPEN: "push",
    },
    "ChainlinkOracle": {OPEN: "record_outage"},
    "Lens": {},
}


# ---- 1. Somebody else's account


@pytest.fixture(params=[False, True], ids=["isolated", "cross"])
def victim(request, opened, trader, provider) -> Exchange:
    """The trader is long 20 and has most of its collateral free; the provider has its range."""
    exchange = opened(cross_margin=True)
    if request.param:
        exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, 20 * WAD, 0 if request.param else 900 * WAD)
    return exchange


def test_attack_01_acting_for_somebody_else(victim, trader, provider, outsider):
    house = victim.house
    for function, arguments in (
        ("withdraw", (1, outsider, trader)),
        ("trade", (0, -WAD, 0, 0, 0, trader)),
        ("trade", (0, 20 * WAD, FREE // 2, 0, 0, trader)),
        ("adjust_margin", (0, -1, trader)),
        ("adjust_margin", (0, 1, trader)),
    ):
        victim.refuses("not operator", house, function, *arguments, sender=outsider)
    victim.refuses("range is healthy", victim.venue, "remove_liquidity", *WIDE, provider, sender=outsider)
    victim.refuses("nothing owed", house, "claim", 0, trader, sender=outsider)
    victim.refuses("not liquidatable", victim.engine, "liquidate_by_takeover", 0, trader, ALL, 0, sender=outsider)
    victim.refuses("not liquidatable", victim.engine, "force_close", 0, trader, ALL, 0, sender=outsider)


def test_attack_01_what_anyone_may_do_for_others_takes_nothing(victim, trader, provider, outsider):
    """It may even bring them something."""
    house, token = victim.house, victim.token
    before = holdings(victim, trader, provider)
    with no_gain(victim, outsider):
        for function, arguments in (
            ("settle", (0, trader)),
            ("accrue", (0,)),
            ("announce", (0, trader)),
        ):
            house.transact(function, *arguments, sender=outsider).check()
        victim.engine.transact("call_margin", 0, [trader, provider], sender=outsider).check()
        victim.venue.transact("sync", sender=outsider).check()
        assert holdings(victim, trader, provider) == before
        token.transact("mint", outsider, WAD, sender=outsider).check()
        token.transact("approve", house.address, WAD, sender=outsider).check()
        house.transact("deposit", WAD, trader, sender=outsider).check()
        assert holdings(victim, trader, provider) == before + WAD
        token.transact("approve", house.address, ALL, sender=trader).check()
        assert not house.transact("deposit", 1, outsider, sender=outsider).ok


# ---- 2. tx.origin


def opcodes(name: str) -> set[int]:
    """Of the code that runs, without the data behind it, of which Vyper's metadata tell the lengths."""
    artifact = load(name)
    length = int.from_bytes(artifact.bytecode[-2:], "big")
    _, size, tables, *_ = cbor2.loads(artifact.bytecode[-length:-2])
    assert size == len(artifact.runtime)
    code, place, found = artifact.runtime[: size - sum(tables)], 0, set()
    while place < len(code):
        found.add(code[place])
        place += code[place] - PUSH1 + 2 if PUSH1 <= code[place] <= PUSH1 + 31 else 1
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_attack_02_nothing_asks_who_sent_the_transaction(name):
    found = opcodes(name)
    assert ORIGIN not in found
    assert CALLER in found or name != "Clearinghouse"  # so that there is something to find


def test_attack_02_a_contract_that_somebody_was_talked_into_calling(exchange, trader, outsider):
    """It acts for itself, whoever sent the transaction; and so it has nothing."""
    batch = exchange.chain.deploy(load("MockBatch"), sender=outsider)
    house = exchange.house
    exchange.trade(trader, 20 * WAD, 900 * WAD)
    for reason, call in (
        ("not operator", house.encode("withdraw", FREE // 2, outsider, trader)),
        ("not operator", house.encode("trade", 0, -20 * WAD, 0, 0, 0, trader)),
        ("not operator", house.encode("adjust_margin", 0, -WAD, trader)),
        ("insufficient collateral", house.encode("withdraw", 1, outsider)),
    ):
        exchange.refuses(reason, batch, "send", [house.address], [call], sender=trader)
    # what it approves it approves for itself
    call = house.encode("set_operator", outsider, True)
    batch.transact("send", [house.address], [call], sender=trader).check()
    assert house.call("is_operator", batch.address, outsider)
    assert not house.call("is_operator", trader, outsider)


# ---- 3. and 5. Roles


def changing(name: str) -> dict[str, list[dict[str, Any]]]:
    """Functions of a contract that change something, with all they may be called with."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in load(name).abi:
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure"):
            found.setdefault(entry["name"], []).append(entry)
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_attack_03_every_function_has_somebody_who_may_call_it(name):
    """A new function has no place in FUNCTIONS: whoever writes it says whose it is, and the next test holds it to
    that."""
    if name.startswith("Clearinghouse"):
        name = "Clearinghouse"
    listed = " ".join(FUNCTIONS[name].values()).split()
    assert sorted(listed) == sorted(set(listed)) == sorted(changing(name))


def blank(parameter: dict[str, Any]) -> Any:
    """Zero, false, nobody, nothing: who calls is looked at before what is asked."""
    kind = parameter["type"]
    if kind == "tuple":
        return tuple(blank(part) for part in parameter["components"])
    if kind.endswith("]"):
        count = kind[kind.rindex("[") + 1 : -1]
        return [blank(parameter | {"type": kind[: kind.rindex("[")]}) for _ in range(int(count or 0))]
    return {"address": "0x" + "00" * 20, "bool": False, "bytes32": bytes(32), "bytes": b""}.get(kind, 0)


@cache
def guarded() -> tuple[Exchange, list[tuple[str, Contract, str, tuple[Any, ...]]], dict[str, set[str]]]:
    """Every function with a role: the reason others get, and how to call it. And who has which role."""
    exchange = new_exchange()
    system, chain = exchange.system, exchange.chain
    contracts = {"Clearinghouse": exchange.house, "LiquidationEngine": exchange.engine, "OysterAmm": exchange.venue}
    contracts |= {"Config": exchange.config, "BackstopVault": system.vault, "MockOracle": exchange.oracle}
    others: dict[str, tuple[Any, ...]] = {
        "SignedOracle": (b"\x42" * 32, system.feeder, system.owner, 0),
        "Treasury": (system.owner, exchange.house.address, exchange.token.address, 86_400),
        "Timelock": (system.owner, system.guardian, 86_400),
    }
    for name in others.keys() & set(SHIPPED):
        contracts[name] = chain.deploy(load(name), *others[name], sender=system.deployer)
    assert set(contracts) == {name for name in FUNCTIONS if name in SHIPPED and set(FUNCTIONS[name]) - {OWN, OPEN}}
    calls = [
        (reason, contract, function, tuple(blank(parameter) for parameter in entry["inputs"]))
        for name, contract in contracts.items()
        for reason, functions in FUNCTIONS[name].items()
        if reason not in (OWN, OPEN)
        for function in functions.split()
        for entry in changing(name)[function]
    ]
    holders = {OWNABLE: {system.owner}, "not feeder": {system.feeder}}
    holders |= {reason: {system.guardian, system.owner} for reason in ("not guardian", "not canceller")}
    return exchange, calls, holders


def test_attack_03_no_role_no_call():
    """Neither for anybody at random nor for those who have another role. Attack 5, too: engine and venue are roles;
    what contracts of other roles are refused: tests/unit/clearinghouse/test_venue_hooks.py."""
    exchange, calls, holders = guarded()
    assert len(calls) > 40
    system = exchange.system
    roles = (system.owner, system.guardian, system.feeder, system.deployer, system.treasury)
    known = [who for who in (*exchange.people.values(), *roles) if not exchange.chain.code(who)]
    random = st.integers(1, 2**160 - 1).map(lambda number: checksum(f"0x{number:040x}"))

    @settings(max_examples=25)
    @given(random | st.sampled_from(known))
    def nobody(sender: str) -> None:
        with exchange.undone(), exchange.chain.block():
            for reason, contract, function, arguments in calls:
                if sender in holders.get(reason, ()):
                    continue
                receipt = contract.transact(function, *arguments, sender=sender)
                assert (receipt.ok, receipt.reason) == (False, reason), (function, sender)

    nobody()


# ---- 4. Initialisers


@pytest.mark.parametrize("name", SHIPPED)
def test_attack_04_there_is_nothing_to_initialise(name):
    """All is given to constructors: nobody comes first, nobody comes twice."""
    names = [entry["name"].lower() for entry in load(name).abi if entry["type"] == "function"]
    assert not [name for name in names if name.startswith(("init", "setup", "reinit", "upgrade"))]


@pytest.mark.parametrize("name", SHIPPED)
def test_attack_04_code_neither_changes_nor_makes_other_code(name):
    """No proxies. Code in another's storage is that of the clearinghouse's parts alone: immutables, see
    tests/unit/clearinghouse/test_parts.py."""
    found = opcodes(name)
    assert not found & set(CHANGING_CODE)
    delegating = ("Clearinghouse", "ClearinghouseCrossLiquidation", "ClearinghouseMarkets")
    assert (DELEGATECALL in found) is (name in delegating)


# ---- 6. Operators


@SIDES
def test_attack_06_an_operator_is_the_account_itself(opened, trader, counterparty, keeper, outsider, side):
    """What the owner is refused the operator is refused: liquidating its client, for whomever the reward would be."""
    exchange = opened(free=50 * FREE, liquidation_fee_bps=100, reward_share_bps=10_000, max_deviation_bps=10_000)
    mark = PRICE * (100 - 20 * side) // 100
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.lead_venue(counterparty, mark)
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    exchange.push(mark)
    before = holdings(exchange, trader, keeper)
    for who in (trader, keeper):
        exchange.refuses("self liquidation", exchange.engine, "liquidate_by_takeover", 0, trader, ALL, WAD, sender=who)
        exchange.refuses("self liquidation", exchange.engine, "force_close", 0, trader, ALL, 0, sender=who)
        close = ("trade", 0, -side * 20 * WAD, 0, 0, 0, trader)
        exchange.refuses("close leaves a deficit", exchange.house, *close, sender=who)
        taken = ("adjust_margin", 0, -1, trader)
        exchange.refuses("below initial margin", exchange.house, *taken, sender=who)
    exchange.take_over(outsider, trader, margin=400 * WAD)
    assert holdings(exchange, trader, keeper) == before


def test_attack_06_an_operator_withdraws_no_more_than_its_client_could(opened, trader, keeper):
    exchange = opened(cross_margin=True)
    exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, 50 * WAD)
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    account = exchange.house.call("account_state", trader)
    spare = account.opening - max(account.initial_margin, -(-account.notional // 10))
    for who in (trader, keeper):
        call = ("withdraw", spare + 1, keeper, trader)
        exchange.refuses("below account margin", exchange.house, *call, sender=who)
    exchange.house.transact("withdraw", spare, keeper, trader, sender=keeper).check()
    check_books(exchange)


# ---- 7. The same market twice, a market taken away


def test_attack_07_the_same_venue_twice(exchange, owner, trader):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    config = MarketConfig(**PLAIN)
    again = market_params(config, exchange.oracle.address, exchange.venue.address)
    exchange.refuses("venue already listed", exchange.config, "list_market", again, policy_params(config), sender=owner)
    other = exchange.list_market("other")
    for market, venue in ((0, other.venue), (1, exchange.venue)):
        moved = market_params(config, exchange.oracle.address, venue.address)
        call = ("set_market_params", market, moved)
        exchange.refuses("venue cannot change", exchange.config, *call, sender=owner)


@pytest.mark.parametrize("cross", [False, True], ids=["isolated", "cross"])
def test_attack_07_collateral_counts_once(opened, trader, provider, cross):
    """Two markets at the same price: what backs the first position does not back the second."""
    exchange = opened(cross_margin=True)
    exchange.list_market("other", cross_margin=True)
    exchange.system.fund(provider, 100_000 * WAD)
    exchange.provide(provider, 100_000 * WAD, market="other")
    exchange.house.transact("withdraw", FREE - 1_100 * WAD, sender=trader).check()
    if cross:
        for market in (0, 1):
            exchange.house.transact("set_margin_mode", market, True, sender=trader).check()
    margin = 0 if cross else 1_100 * WAD
    exchange.trade(trader, 90 * WAD, margin)
    reason = "below initial margin" if cross else "insufficient collateral"
    exchange.refuses(reason, exchange.house, "trade", 1, 90 * WAD, margin, 0, 0, sender=trader)
    exchange.refuses("below initial margin", exchange.house, "trade", 1, 90 * WAD, 0, 0, 0, sender=trader)


def test_attack_07_a_market_ends_with_positions_in_it(exchange, owner, trader, counterparty, provider, outsider):
    """There is no removing: they become claims at the final price, each once."""
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -30 * WAD, 900 * WAD)
    everybody = (trader, counterparty, provider)
    before = holdings(exchange, *everybody)
    exchange.config.transact("settle_market", 0, 0, sender=owner).check()
    for who in everybody * 2:
        exchange.house.transact("settle_account", 0, who, sender=outsider)
    exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=outsider).check()
    exchange.house.transact("settle_account", 0, provider, sender=outsider)
    for who in everybody * 2:
        exchange.house.transact("claim", 0, who, sender=outsider)
    assert 0 <= before - holdings(exchange, *everybody) <= 1_000
    assert exchange.state().owed_total == 0
    check_books(exchange)
