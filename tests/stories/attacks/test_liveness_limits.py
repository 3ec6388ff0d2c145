"""Attacks by length, number, order and gas; views in the middle; the compiler: docs/security.md, cases 80e to
80l."""

import random
import re
from functools import cache

import pytest
from support.attacks import SIDES
from support.bad_money import open_bad_money, turn
from support.bad_token import BEHAVES
from support.exchange import ALL, PEOPLE, PLAIN, PRICE, WIDE, Exchange
from support.other_bytecode import MODES, optimizer_of, tree
from support.sheets import balanced, worth

from nacre.artifacts import ROOT, compile_contract, load
from nacre.chain import CallFailed, EmbeddedChain, restored
from nacre.deploy import deploy_system, list_market
from nacre.presets import MarketConfig, preset
from nacre.units import WAD

# What Ethereum allows a transaction since Osaka (EIP-7825); half of a block is more.
TRANSACTION = 2**24
MARKETS = 16
WITHOUT_PENALTY = ["0", "0", "0", "0"]


def exact_exchange(count, configuration, free=10**7 * WAD, liquidity=3 * 10**5 * WAD):
    """Several markets; each transaction costs what it would on a chain."""
    chain = EmbeddedChain()
    system = deploy_system(chain, treasury=chain.account("treasury"))
    exchange = Exchange(chain, system, {name: chain.account(name) for name in PEOPLE})
    for number in range(count):
        list_market(system, f"market {number}" if number else "main", configuration)
    for account in exchange.people.values():
        system.fund(account, free)
    for market in system.markets.values():
        exchange.provide(exchange.people["provider"], liquidity, market=market.name)
    return exchange


def push_all(exchange, price):
    for market in exchange.system.markets.values():
        exchange.system.push_price(market, price)


# ---- 80e


@cache
def portfolio():
    """Hyperliquid's market sixteen times; the trader holds ten units in each, backed by 1,700 in all; the vault has a
    million."""
    exchange = exact_exchange(MARKETS, preset("hyperliquid", adl_price="bankruptcy", max_deviation_bps=10_000))
    house, system, people = exchange.house, exchange.system, exchange.people
    for market in range(MARKETS):
        house.transact("set_margin_mode", market, True, sender=people["trader"]).check()
        exchange.trade(people["counterparty"], -10 * WAD, 500 * WAD, market=market)
        exchange.trade(people["trader"], 10 * WAD, market=market)
        loss_cap = ("set_backstop_loss_cap", system.vault.address, market, 10**5 * WAD)
        exchange.config.transact(*loss_cap, sender=system.owner).check()
    exchange.config.transact("set_backstop_delays", system.vault.address, 0, 0, sender=system.owner).check()
    house.transact("withdraw", exchange.free(people["trader"]) - 1_700 * WAD, sender=people["trader"]).check()
    exchange.token.transact("mint", people["outsider"], 10**6 * WAD, sender=people["outsider"]).check()
    exchange.token.transact("approve", system.vault.address, ALL, sender=people["outsider"]).check()
    system.vault.transact("deposit", 10**6 * WAD, people["outsider"], sender=people["outsider"]).check()
    return exchange


def price_at(exchange, who, share_bps):
    """All prices alike, at which the account has that much of its maintenance margin; to about a ten-thousandth."""
    low, high = 50 * WAD, 100 * WAD
    for _ in range(20):
        middle = (low + high) // 2
        with exchange.undone():
            push_all(exchange, middle)
            state = exchange.house.call("account_state", who)
        low, high = (middle, high) if state.equity * 10_000 < state.maintenance_margin * share_bps else (low, middle)
    return low


@pytest.mark.parametrize(
    ("call", "share_bps", "most"),
    [
        ("liquidate_by_backstop", 5_000, 4_200_000),
        ("force_close", 9_000, 600_000),
        ("auto_deleverage", -5_000, 600_000),
    ],
)
def test_attack_80e_the_largest_account_there_can_be(call, share_bps, most):
    """Sixteen legs at the median mark. What its liquidation costs is bounded: all of it by the vault in one call is the
    longest, and less than a quarter of what one transaction may use."""
    exchange = portfolio()
    trader, keeper, counterparty = (exchange.people[name] for name in ("trader", "keeper", "counterparty"))
    more = {"force_close": (ALL, 0), "auto_deleverage": ([counterparty],)}.get(call, ())
    with exchange.undone():
        push_all(exchange, price_at(exchange, trader, share_bps))
        exchange.chain.mine(30)
        receipt = exchange.engine.transact(call, 0, trader, *more, sender=keeper).check()
        held = sum(exchange.record(trader, market).size != 0 for market in range(MARKETS))
        assert held == (0 if call == "liquidate_by_backstop" else MARKETS - 1)
        assert receipt.gas_used < most, f"{receipt.gas_used:,}"
        balanced(exchange)
    assert most * 3 < TRANSACTION


def test_attack_80e_no_seventeenth_market_for_an_account(trader):
    exchange = portfolio()
    with exchange.undone():
        list_market(exchange.system, "one more", preset("hyperliquid"))
        refused = exchange.house.transact("set_margin_mode", MARKETS, True, sender=trader)
        assert refused.reason == "too many cross markets"


def test_attack_80e_the_longest_deleveraging_fits_into_a_transaction():
    """A thousand on the other side, of whom 66 have smallest positions in all other markets too, which must be looked
    at: whoever opens those must not have made deleveraging, the only way left, too long for any block."""
    fields = {"adl_price": "bankruptcy", "oracle_max_age": 10**6, "penalty": WITHOUT_PENALTY}
    exchange = exact_exchange(MARKETS, preset("hyperliquid", price=100, max_deviation_bps=10_000, **fields))
    trader, size = exchange.people["trader"], 101 * WAD // 100
    exchange.trade(trader, 1_000 * size, 40_000 * size)
    accounts = [exchange.chain.account(f"holder {number}") for number in range(1_000)]
    for number, account in enumerate(accounts):
        exchange.system.fund(account, 3_000 * WAD)
        if number < 66:
            for market in range(MARKETS):
                exchange.house.transact("set_margin_mode", market, True, sender=account).check()
                exchange.trade(account, -size, market=market)
        else:
            exchange.trade(account, -size, 50 * WAD)
    exchange.push(exchange.lens.call("bankruptcy_price", 0, trader) - WAD)
    ranks = exchange.lens.call("adl_counterparties", 0, trader, accounts)
    named = [rank.account for rank in ranks]
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, named, sender=exchange.people["keeper"]).check()
    assert exchange.record(trader).size == 0 or exchange.lens.call("health", 0, trader).equity == 0
    assert receipt.gas_used < TRANSACTION, f"{receipt.gas_used:,}"


# ---- 80f


def test_attack_80f_dust_accounts_cost_nobody_else_anything():
    """Two hundred smallest positions on both sides, and as many requests at the vault: a trade, a liquidation, a
    withdrawal, a deposit cost what they did before. Each of them cost its owner the minimum and the fee."""
    fields = {"min_notional": 10, "trading_fee_bps": 10, "oracle_max_age": 10**6, "max_deviation_bps": 10_000}
    exchange = exact_exchange(1, MarketConfig(**PLAIN | fields))
    people, vault = exchange.people, exchange.system.vault
    exchange.trade(people["trader"], 20 * WAD, 300 * WAD)
    for who in ("counterparty", "keeper"):
        exchange.trade(people[who], -20 * WAD, 900 * WAD)
    exchange.token.transact("mint", people["keeper"], 10**3 * WAD, sender=people["keeper"]).check()
    exchange.token.transact("approve", vault.address, ALL, sender=people["keeper"]).check()
    costs = []
    for spam in (2, 200):
        with exchange.undone():
            for number in range(spam):
                account = exchange.chain.account(f"dust {number}")
                exchange.system.fund(account, 10 * WAD)
                side = 1 if number % 2 else -1
                refused = exchange.house.transact("trade", 0, side * WAD // 20, 2 * WAD, 0, 0, sender=account)
                assert refused.reason == "below minimum notional"
                paid = exchange.trade(account, side * WAD * 11 // 100, 2 * WAD).event("Trade").fees
                assert paid >= 10 * WAD * 10 // 10_000
                exchange.token.transact("mint", account, 1, sender=account).check()
                exchange.token.transact("approve", vault.address, 1, sender=account).check()
                vault.transact("request_deposit", 1, sender=account).check()
            exchange.push(88 * WAD)
            calls = (
                (exchange.house, "trade", (0, -WAD, 0, 0, 0), "counterparty"),
                (exchange.house, "withdraw", (WAD,), "counterparty"),
                (vault, "request_deposit", (10**3 * WAD,), "keeper"),
                (exchange.engine, "liquidate_by_takeover", (0, people["trader"], ALL, 300 * WAD), "keeper"),
            )
            sent = [contract.transact(name, *more, sender=people[who]) for contract, name, more, who in calls]
            costs.append([receipt.check().gas_used for receipt in sent])
    few, many = costs
    assert all(abs(one - other) < 600 for one, other in zip(few, many, strict=True)), costs


# ---- 80g


@SIDES
def test_attack_80g_the_second_keeper_has_lost_only_gas(trader, counterparty, keeper, outsider, side):
    """Two in one block, by takeover and by force close: the second is told so at once, and a bank of margin that it
    offered stays its own."""
    exchange = exact_exchange(1, MarketConfig(**PLAIN | {"max_deviation_bps": 10_000}), liquidity=10**5 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.push(PRICE - side * 12 * WAD)
    second = (("liquidate_by_takeover", 0, trader, ALL, 900 * WAD), ("force_close", 0, trader, ALL, 0))
    firsts = (
        lambda: exchange.take_over(keeper, trader, ALL, 300 * WAD),
        lambda: exchange.force_close(keeper, trader),
        lambda: exchange.house.transact("adjust_margin", 0, 200 * WAD, sender=trader).check(),
    )
    for first, reason in zip(firsts, ("no position", "no position", "not liquidatable"), strict=True):
        with exchange.undone(), exchange.chain.block():
            first()
            had = worth(exchange, outsider)
            for call in second:
                receipt = exchange.engine.transact(*call, sender=outsider)
                assert receipt.reason == reason
                assert receipt.gas_used < 70_000
            assert worth(exchange, outsider) == had
    # half taken by another: all of the rest, and no more margin than was offered
    with exchange.undone(), exchange.chain.block():
        exchange.take_over(keeper, trader, 10 * WAD, 150 * WAD)
        free, had = exchange.free(outsider), worth(exchange, outsider)
        exchange.take_over(outsider, trader, ALL, 300 * WAD)
        assert free - exchange.free(outsider) == 300 * WAD
        assert worth(exchange, outsider) >= had
    # a venue that somebody moved in between: the limit is the keeper's to name
    with exchange.undone():
        exchange.trade(counterparty, -side * 3 * WAD)
        limit = PRICE * 2 if side > 0 else 1
        refused = ("force_close", 0, trader, ALL, limit)
        exchange.refuses("price limit", exchange.engine, *refused, sender=outsider)


# ---- 80h


def deployed_code():
    paths = [path for path in (ROOT / "contracts").rglob("*.vy") if "mocks" not in path.parts]
    return {path.name: re.sub(r"#.*", "", path.read_text()) for path in paths}


def test_attack_80h_what_others_answer_has_a_bound():
    """Each call whose failure is caught takes at most five words of the answer, but what the vault asks the lens, which
    is ours. So no answer, and no reason of a revert, can cost its caller more than it has."""
    caught = re.compile(r"raw_call\((?:(?!raw_call).)*?revert_on_failure=False", re.S)
    found = [call for text in deployed_code().values() for call in caught.findall(text)]
    assert len(found) == sum(text.count("revert_on_failure=False") for text in deployed_code().values()) > 5
    for call in found:
        sizes = [int(size) for size in re.findall(r"max_outsize=(\d+)", call)]
        assert sizes or "gas=" in call, call
        assert max(sizes, default=0) <= (1_024 if "LENS.address" in call else 160), call


def test_attack_80h_positions_move_between_contracts_that_answer_nothing(opened, counterparty, keeper):
    """Target, liquidator and operator are contracts without any function for that: a takeover calls none of them."""
    exchange = opened(max_deviation_bps=10_000)
    target, taker = (exchange.chain.deploy(load("MockBatch"), sender=keeper) for _ in range(2))
    house, engine = exchange.house, exchange.engine
    for contract in (target, taker):
        exchange.token.transact("mint", keeper, 1_000 * WAD, sender=keeper).check()
        house.transact("deposit", 1_000 * WAD, contract.address, sender=keeper).check()
    opening = house.encode("trade", 0, 20 * WAD, 300 * WAD, 0, 0)
    target.transact("send", [house.address], [opening], sender=keeper).check()
    exchange.trade(counterparty, -20 * WAD, 900 * WAD)
    exchange.push(80 * WAD)
    taking = engine.encode("liquidate_by_takeover", 0, target.address, ALL, 400 * WAD)
    taker.transact("send", [engine.address], [taking], sender=keeper).check()
    assert exchange.pos(target.address).size == 0
    assert exchange.pos(taker.address).size == 20 * WAD
    balanced(exchange, target.address, taker.address)


# ---- 80j


def test_attack_80j_no_delay_is_counted_in_blocks():
    """On a rollup a block number is another chain's, or rises several times a second: only time is asked."""
    assert [
        name for name, text in deployed_code().items() if re.search(r"\bblock\.(number|prevhash)|blockhash", text)
    ] == []
    assert sum("block.timestamp" in text for text in deployed_code().values()) > 5


# ---- 80k


# Views that answer in the middle of a payment: each goes by what its own contract stores, which no payment changes.
ANSWERS = {
    "BackstopVault": "CLEARINGHOUSE ENGINE LENS active_markets allowance asset balanceOf band_bps committed decimals "
    "deposit_delay deposit_request lock_up loss_cap name owner pending_owner queued_shares redeem_request "
    "requested_assets symbol totalSupply",
    "Clearinghouse": "check_free code_parts market_words",
    "Config": "CLEARINGHOUSE ENGINE guardian lister owner pending_owner policy_params status treasury",
    "Lens": "CLEARINGHOUSE COLLATERAL ENGINE",
    "LiquidationEngine": "backstop_vault clearinghouse liquidatable_since policy",
    "OysterAmm": "CLEARINGHOUSE MARKET edge mid_price quote_swap state",
}


def arguments_for(entry, who):
    """Something that decodes."""

    def value(item):
        if item["type"].endswith("[]"):
            return []
        if item["type"] == "tuple":
            return tuple(value(part) for part in item["components"])
        return {"address": who, "bool": True}.get(item["type"], 0)

    return [value(item) for item in entry["inputs"]]


@pytest.mark.parametrize("way", ["deposit", "withdraw"])
def test_attack_80k_reading_in_the_middle_of_a_payment(keeper, way):
    """The token asks every view there is while the clearinghouse moves it: it is told nothing, or what is true before
    and after alike."""
    exchange = open_bad_money(max_deviation_bps=10_000)
    with exchange.undone():
        exchange.trade(keeper, WAD, 90 * WAD)
        exchange.token.transact("mint", keeper, 10**3 * WAD, sender=keeper).check()
        system, range_key = exchange.system, (exchange.people["provider"], *WIDE)
        loss_cap = ("set_backstop_loss_cap", system.vault.address, 0, WAD)
        exchange.config.transact(*loss_cap, sender=system.owner).check()
        answered = {}
        for contract in (exchange.house, exchange.lens, exchange.engine, system.vault, exchange.venue, exchange.config):
            for entry in load(contract.name).abi:
                if entry["type"] != "function" or entry["stateMutability"] not in ("view", "pure"):
                    continue
                arguments = range_key if entry["name"] == "range_of" else arguments_for(entry, keeper)
                data = contract.encode(entry["name"], *arguments)
                exchange.token.transact("set_reentry", contract.address, data, sender=keeper).check()
                with restored(exchange.chain):
                    before = told(exchange, contract, data)
                    exchange.house.transact(way, WAD, sender=keeper).check()
                    if exchange.token.call("successes"):
                        turn(exchange, BEHAVES)
                        answered.setdefault(contract.name, set()).add(entry["name"])
                        assert told(exchange, contract, data) == before, entry["name"]
        assert {name: " ".join(sorted(functions)) for name, functions in answered.items()} == ANSWERS


def told(exchange, contract, data):
    try:
        return exchange.chain.raw_call(contract.address, data)
    except CallFailed as refusal:
        return str(refusal)


# ---- 80l


def drawn(generator, kind):
    """Something of a type, near the ends as often as in between."""
    if kind == "bool":
        return bool(generator.getrandbits(1))
    bits = int(re.sub(r"\D", "", kind)) - (not kind.startswith("u"))
    size = generator.getrandbits(generator.randrange(1, bits + 1))
    return size if kind.startswith("u") or generator.getrandbits(1) else -size


@pytest.mark.parametrize("name", ["MockVenueMath", "MockDeleveragingMath"])
def test_attack_80l_the_optimizer_changes_no_number(name):
    """Every function of the venue's and of deleveraging's mathematics on 300 draws, optimised as shipped, otherwise,
    and not at all. tests/support/other_bytecode.py runs the suites on such bytecode."""
    chain, generator = EmbeddedChain(exact_gas=False), random.Random(name)
    shipped = load(name)
    others = [mode for mode in MODES if mode != optimizer_of(ROOT / shipped.path)]
    codes = [shipped, *(compile_contract(shipped.path, tree(mode)) for mode in others)]
    assert len({code.runtime for code in codes}) == len(codes) == 3
    contracts = [chain.deploy(code, sender=chain.account("deployer")) for code in codes]
    functions = [entry for entry in shipped.abi if all(not item["type"].endswith("]") for item in entry["inputs"])]
    refused = 0
    for _ in range(300):
        entry = generator.choice(functions)
        arguments = [drawn(generator, item["type"]) for item in entry["inputs"]]
        answers = set()
        for contract in contracts:
            try:
                answers.add(chain.raw_call(contract.address, contract.encode(entry["name"], *arguments)))
            except CallFailed as refusal:
                answers.add(str(refusal))
        assert len(answers) == 1, (entry["name"], arguments)
        refused += isinstance(answers.pop(), str)
    assert refused < 200


def test_attack_80l_the_compiler_is_one_and_plain():
    """One exact version in each source, and no experimental code generator anywhere."""
    sources = [path for folder in ("contracts", "interfaces") for path in (ROOT / folder).rglob("*.vy*")]
    assert len(sources) > 60
    for path in sources:
        text = path.read_text()
        assert re.search(r"^# pragma version 0\.4\.3$", text, re.M), path.name
        assert "experimental-codegen" not in text
        assert "venom" not in text
    assert re.search(r"^vyper==0\.4\.3$", (ROOT / "requirements.in").read_text(), re.M)
