"""Attacks on the way out: bank runs, pauses, changes of parameters, the timelock:
docs/security.md, cases 80a to 80d; 80e to 80l are in test_liveness_limits.py."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from support.attacks import SIDES, policy_exchange
from support.exchange import ALL, PRICE, WIDE
from support.sheets import balanced, worth

from nacre.artifacts import ROOT, load
from nacre.units import WAD

# ---- 80a, bank runs


def test_attack_80a_who_leaves_first_gains_nothing_by_it(short, keeper, trader, outsider, provider):
    """The pot holds less than two accounts may ask for, and somebody bankrupt is to blame. They run in either order:
    the second is owed what is not there. Once anybody has dealt with the bankrupt both are paid, and each is as rich as
    if it had run the other way round."""
    wanted, ends = {outsider: 1_900 * WAD, provider: 900 * WAD}, []
    for runners in ((outsider, provider), (provider, outsider)):
        with short.undone():
            pot = short.state().pot
            for runner in runners:
                short.house.transact("adjust_margin", 0, -wanted[runner], sender=runner).check()
            state = short.state()
            owed = {runner: short.house.call("owed", 0, runner) for runner in runners}
            assert (state.pot, state.owed_total) == (0, sum(wanted.values()) - pot)
            assert owed[runners[1]] > 0
            short.refuses("pot is short", short.house, "claim", 0, sender=runners[1])
            balanced(short)
            short.take_over(keeper, trader, ALL, 4_000 * WAD)
            for runner in runners:
                if owed[runner]:
                    short.house.transact("claim", 0, runner, sender=trader).check()
            assert short.state().owed_total == 0
            ends.append([short.free(who) for who in wanted] + [worth(short, who) for who in wanted])
            balanced(short)
    assert ends[0] == ends[1]


def test_attack_80a_nobody_runs_ahead_of_a_settlement(short, keeper, trader, outsider, provider):
    """What was owed before and what is owed by the settlement are paid in one proportion, whoever claims first."""
    short.house.transact("adjust_margin", 0, -2_000 * WAD, sender=outsider).check()
    assert short.state().owed_total > 0
    assert short.state().pot == 0
    short.config.transact("settle_market", 0, 0, sender=short.system.owner).check()
    short.refuses("market is settling", short.house, "claim", 0, outsider, sender=outsider)
    for who in short.people.values():
        if short.record(who).size:
            short.house.transact("settle_account", 0, who, sender=keeper).check()
    debts = {who: short.house.call("owed", 0, who) for who in (outsider, provider)}
    pot = short.state().pot
    total = sum(debts.values())
    assert 0 <= pot < total == short.state().owed_total
    for first, second in ((outsider, provider), (provider, outsider)):
        with short.undone():
            had = {who: short.free(who) for who in debts}
            for who in (first, second):
                short.house.transact("claim", 0, who, sender=keeper).check()
            for who, debt in debts.items():
                assert abs(short.free(who) - had[who] - debt * pot // total) <= 1


def test_attack_80a_free_collateral_is_no_part_of_any_run(short, trader, counterparty, keeper):
    """Even the bankrupt's: what is free is there in tokens, to the wei, whatever the market lacks."""
    short.house.transact("adjust_margin", 0, -2_000 * WAD, sender=short.people["outsider"]).check()
    assert short.state().owed_total > 0
    for who in short.people.values():
        free, held = short.free(who), short.token.call("balanceOf", who)
        short.house.transact("withdraw", free, sender=who).check()
        assert short.token.call("balanceOf", who) == held + free
    assert short.token.call("balanceOf", short.house.address) == short.state().pot


@SIDES
def test_attack_80a_leaving_a_vault_that_is_ruined(trader, counterparty, keeper, outsider, side):
    """The vault holds a position that has become worthless. The first to redeem and the last get the same for a share,
    and what the position lacked has cost neither of them."""
    exchange = policy_exchange("hyperliquid", max_deviation_bps=10_000, funding_cap_bps=0)
    vault = exchange.system.vault
    depositors = (keeper, outsider)
    with exchange.undone():
        for who in depositors:
            exchange.token.transact("mint", who, 1_000 * WAD, sender=who).check()
            exchange.token.transact("approve", vault.address, ALL, sender=who).check()
            vault.transact("request_deposit", 1_000 * WAD, sender=who).check()
        exchange.chain.mine(vault.call("deposit_delay"))
        shares = [vault.transact("deposit", 1_000 * WAD, who, sender=who).check().value for who in depositors]
        exchange.push(PRICE)
        exchange.trade(trader, side * 50 * WAD, 300 * WAD)
        exchange.trade(counterparty, -side * 50 * WAD, 900 * WAD)
        edge = exchange.lens.call("bankruptcy_price", 0, trader)
        exchange.push(edge + side * 4 * WAD // 10)
        exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
        committed = vault.call("committed", 0)
        assert committed > 0
        for who, held in zip(depositors, shares, strict=True):
            vault.transact("request_redeem", held, sender=who).check()
        exchange.chain.mine(vault.call("lock_up"))
        exchange.push(PRICE - side * 40 * WAD)
        assert exchange.lens.call("health", 0, vault.address).stage == 4
        paid = [
            vault.transact("redeem", held, who, who, sender=who).check().value
            for who, held in zip(depositors, shares, strict=True)
        ]
        assert abs(paid[0] - paid[1]) <= 1
        assert abs(sum(paid) - (2_000 * WAD - committed)) <= 4
        balanced(exchange)


# ---- 80b, pause


def paused(exchange):
    exchange.config.transact("pause", 0, sender=exchange.system.guardian).check()


@pytest.mark.parametrize("policy", ["oyster", "satoshiswap", "hyperliquid", "defx"])
@SIDES
def test_attack_80b_what_a_pause_stops_and_what_it_does_not(trader, counterparty, keeper, provider, side, policy):
    """New risk alone: not by opening, adding, flipping, providing, by an operator or from a cross account. All ways out
    and all that protects others stay open, so there is no backlog that would need a grace period afterwards."""
    exchange = policy_exchange(policy, max_deviation_bps=10_000)
    with exchange.undone():
        exchange.trade(trader, side * 20 * WAD, 300 * WAD)
        exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
        crosses = exchange.main.config.cross_margin
        if crosses:
            exchange.house.transact("set_margin_mode", 0, True, sender=keeper).check()
        exchange.house.transact("set_operator", keeper, True, sender=counterparty).check()
        paused(exchange)
        closed = "market is reduce-only"
        own_money = 0 if crosses else 50 * WAD
        for sender, *arguments in (
            (keeper, side * WAD, own_money),
            (keeper, -side * WAD, own_money),
            (trader, side * WAD, 50 * WAD),
            (trader, -side * 22 * WAD, 0),
            (trader, -side * 40 * WAD, 500 * WAD),
        ):
            exchange.refuses(closed, exchange.house, "trade", 0, *arguments, 0, 0, sender=sender)
        by_operator = ("trade", 0, -side * WAD, 50 * WAD, 0, 0, counterparty)
        exchange.refuses(closed, exchange.house, *by_operator, sender=keeper)
        exchange.refuses(closed, exchange.venue, "add_liquidity", 45_000, 47_000, 100 * WAD, 0, 0, sender=keeper)

        exchange.system.fund(trader, WAD)
        exchange.house.transact("adjust_margin", 0, 50 * WAD, sender=trader).check()
        exchange.house.transact("adjust_margin", 0, -WAD, sender=counterparty).check()
        exchange.trade(trader, -side * 5 * WAD)
        exchange.house.transact("settle", 0, counterparty, sender=keeper).check()
        exchange.engine.transact("call_margin", 0, [trader, counterparty], sender=keeper).check()
        exchange.house.transact("donate_insurance", 0, WAD, sender=keeper).check()
        exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
        exchange.house.transact("withdraw", exchange.free(trader), sender=trader).check()
        exchange.config.transact("unpause", 0, sender=exchange.system.owner).check()
        balanced(exchange)


@SIDES
def test_attack_80b_liquidation_goes_on_and_nothing_grows(opened, trader, counterparty, keeper, side):
    """During a pause a failing account is taken over and force-closed as ever; whoever takes over gets no more than was
    there: open interest does not grow by it."""
    exchange = opened(max_deviation_bps=10_000)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    paused(exchange)
    exchange.push(PRICE - side * 13 * WAD)
    interest = exchange.house.call("open_interest", 0)
    exchange.take_over(keeper, trader, 10 * WAD, 150 * WAD)
    assert exchange.house.call("open_interest", 0) == interest
    exchange.force_close(keeper, trader)
    assert exchange.pos(trader).size == 0
    exchange.trade(keeper, -side * 10 * WAD)
    assert exchange.pos(keeper).size == 0
    balanced(exchange)


@SIDES
def test_attack_80b_no_funding_is_lost_in_a_pause(opened, trader, counterparty, side):
    """The indices go on as if there were none: whoever pays cannot hope for one."""
    exchange = opened(funding_cap_bps=500, funding_period_seconds=3_600, borrow_rate_bps=1_000, oracle_max_age=10**6)
    exchange.trade(trader, side * 20 * WAD, 900 * WAD)
    exchange.house.transact("accrue", 0, sender=counterparty).check()
    seen = []
    for pauses in (False, True):
        with exchange.undone():
            for switch, sender in (("pause", exchange.system.guardian), ("unpause", exchange.system.owner)):
                with exchange.chain.block(seconds=3_000):
                    if pauses:
                        exchange.config.transact(switch, 0, sender=sender).check()
            with exchange.chain.block():
                exchange.house.transact("accrue", 0, sender=counterparty).check()
                seen.append((exchange.state(), exchange.lens.call("health", 0, trader)))
    assert seen[0] == seen[1]
    state, health = seen[0]
    assert side * state.funding_index > 0
    assert state.borrow_index > 0
    assert health.carry > 0


# ---- 80c and 80d, parameters and the timelock


DELAY = 2 * 86_400
SALT = b"salt".ljust(32, b"\0")


class Locked:
    """The plain exchange; its Config belongs to a timelock of the owner of before."""

    def __init__(self, exchange):
        self.exchange, self.chain = exchange, exchange.chain
        self.owner, self.guardian = exchange.system.owner, exchange.system.guardian
        self.lock = self.chain.deploy(load("Timelock"), self.owner, self.guardian, DELAY, sender=self.owner)
        exchange.config.transact("transfer_ownership", self.lock.address, sender=self.owner).check()
        accepting = exchange.config.encode("accept_ownership")
        self.schedule(accepting).check()
        assert exchange.config.call("owner") == self.owner
        self.chain.mine(DELAY)
        self.execute(accepting).check()
        assert exchange.config.call("owner") == self.lock.address

    def schedule(self, payload, salt=SALT, who=None):
        return self.lock.transact("schedule", self.exchange.config.address, payload, salt, sender=who or self.owner)

    def execute(self, payload, salt=SALT, who=None):
        return self.lock.transact("execute", self.exchange.config.address, payload, salt, sender=who or self.owner)

    def policy(self, **changes):
        """The call that changes the policy of the market."""
        values = self.exchange.config.call("policy_params", 0)._asdict() | changes
        return self.exchange.config.encode("set_policy_params", 0, values)


@pytest.fixture
def locked(opened):
    return Locked(opened(trigger_bps=1_000, oracle_max_age=10**6))


@SIDES
def test_attack_80c_liquidation_by_a_change_of_parameters(locked, trader, keeper, side):
    """The owner raises the trigger so that a position that was well can be liquidated at once. It is announced by the
    timelock's delay, in which the trader tops up, and nothing can be done to him before or after."""
    exchange = locked.exchange
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE - side * 12 * WAD)
    assert exchange.lens.call("health", 0, trader).stage == 0
    tighter = locked.policy(trigger_bps=10_000)
    direct = (0, exchange.config.call("policy_params", 0)._asdict() | {"trigger_bps": 10_000})
    exchange.refuses(
        "ownable: caller is not the owner", exchange.config, "set_policy_params", *direct, sender=locked.owner
    )
    locked.schedule(tighter).check()
    taking = ("liquidate_by_takeover", 0, trader, ALL, 500 * WAD)
    exchange.refuses("not liquidatable", exchange.engine, *taking, sender=keeper)
    assert locked.execute(tighter).reason == "too early"
    with exchange.undone():
        # asleep, he would be: the change does count
        exchange.chain.mine(DELAY)
        locked.execute(tighter).check()
        exchange.take_over(keeper, trader, ALL, 500 * WAD)
    exchange.house.transact("adjust_margin", 0, 200 * WAD, sender=trader).check()
    exchange.chain.mine(DELAY)
    locked.execute(tighter).check()
    exchange.refuses("not liquidatable", exchange.engine, *taking, sender=keeper)


def test_attack_80c_out_of_bounds_also_through_the_timelock(locked):
    """Bounds are Config's, and count when it is executed."""
    for changes, reason in (
        ({"trigger_bps": 10_001}, "bad trigger"),
        ({"liquidation_fee_bps": 1_001}, "bad liquidation fee"),
    ):
        payload = locked.policy(**changes)
        locked.schedule(payload).check()
        locked.chain.mine(DELAY)
        before = locked.exchange.books()
        receipt = locked.execute(payload)
        assert not receipt.ok
        assert receipt.reason == reason
        assert locked.exchange.books() == before


def test_attack_80c_every_setter_fits_into_the_timelock(locked):
    """A timelock that owned Config but could not send its longest calls would end all changes of parameters. The ways
    around it, by the owner, the guardian or the deployer, are closed."""
    config, vault = locked.exchange.config, locked.exchange.system.vault.address
    params, policy = (config.call(name, 0) for name in ("market_params", "policy_params"))
    values: dict[str, list[object]] = {
        "set_policy_params": [0, policy],
        "set_market_params": [0, params],
        "list_market": [params, policy],
        "set_backstop_delays": [vault, 60, 60],
        "settle_market": [0, 0],
    }
    for name, arguments in values.items():
        assert locked.schedule(config.encode(name, *arguments)).ok, name
        for who in (locked.owner, locked.guardian, locked.exchange.system.deployer):
            refusal = "ownable: caller is not the owner"
            locked.exchange.refuses(refusal, config, name, *arguments, sender=who)
    locked.chain.mine(DELAY)
    locked.exchange.push(PRICE)
    for name in ("set_policy_params", "set_market_params"):
        locked.execute(config.encode(name, *values[name])).check()


def test_attack_80d_executing_early_twice_or_something_else(locked, outsider):
    """What was scheduled, once, after the delay, by who may; nothing else."""
    exchange, chain = locked.exchange, locked.chain
    payload, other = locked.policy(trigger_bps=2_000), locked.policy(trigger_bps=9_000)
    stranger = "ownable: caller is not the owner"
    for who in (outsider, locked.guardian):
        assert locked.schedule(payload, who=who).reason == stranger
    scheduled = locked.schedule(payload).check().timestamp
    assert locked.schedule(payload).reason == "already scheduled"
    chain.set_next_timestamp(scheduled + DELAY - 1)
    assert locked.execute(payload).reason == "too early"
    chain.set_next_timestamp(scheduled + DELAY)
    with exchange.undone():
        locked.execute(payload).check()
    assert locked.execute(payload, salt=bytes(32)).reason == "not scheduled"
    assert locked.execute(other).reason == "not scheduled"
    assert locked.execute(payload, who=outsider).reason == stranger
    assert exchange.config.call("policy_params", 0).trigger_bps == 1_000
    locked.execute(payload).check()
    assert exchange.config.call("policy_params", 0).trigger_bps == 2_000
    assert locked.execute(payload).reason == "already executed"
    assert locked.schedule(payload).reason == "already executed"
    assert locked.execute(other).reason == "not scheduled"


def test_attack_80d_what_was_cancelled_or_forgotten_is_not_executed(locked, outsider):
    payload, forgotten = locked.policy(trigger_bps=2_000), locked.policy(trigger_bps=9_000)
    for call in (payload, forgotten):
        locked.schedule(call).check()
    number = locked.lock.call("call_id", locked.exchange.config.address, payload, SALT)
    assert locked.lock.transact("cancel", number, sender=outsider).reason == "not canceller"
    locked.lock.transact("cancel", number, sender=locked.guardian).check()
    locked.chain.mine(DELAY)
    assert locked.execute(payload).reason == "not scheduled"
    locked.chain.mine(locked.lock.call("GRACE"))
    assert locked.execute(forgotten).reason == "call expired"
    assert locked.exchange.config.call("policy_params", 0).trigger_bps == 1_000


def test_attack_80d_nobody_swaps_a_part_of_the_clearinghouse(exchange, trader):
    """Whatever the owner may call, the code that runs in the clearinghouse's storage is that of its construction."""
    parts, code = exchange.house.call("code_parts"), exchange.chain.code(exchange.house.address)
    names = {entry["name"] for entry in exchange.house.abi.entries if entry["type"] == "function"}
    assert not {name for name in names if re.search("upgrade|implementation|set_part|set_code|migrate", name)}
    for part in parts:
        assert exchange.chain.code(part)
        assert bytes.fromhex(part[2:]) in code, "an immutable"


# What must not stand in a source that is deployed.
FORBIDDEN = re.compile(
    r"\b(selfdestruct|create_from_blueprint|create_minimal_proxy_to|create_copy_of|raw_create|tx\.origin)\b"
)
DELEGATED = re.compile(r"raw_call\(\s*([\w.]+),(?:(?!raw_call).)*?is_delegate_call=True", re.S)
IMPORTED = re.compile(r"^\s*from (snekmate\.[\w.]+) import (\w+)", re.M)


def deployed_sources():
    """Every source under contracts/ but mocks, and what it imports of the library; without comments."""
    sources = {path: path.read_text() for path in (ROOT / "contracts").rglob("*.vy") if "mocks" not in path.parts}
    library = Path(str(distribution("snekmate").locate_file("")))
    for package, name in {found for text in sources.values() for found in IMPORTED.findall(text)}:
        path = library.joinpath(*package.split("."), f"{name}.vy")
        if path.exists():
            sources[path] = path.read_text()
    assert any(path.name == "ownable.vy" for path in sources)
    return {path.name: "\n".join(line.split("#")[0] for line in text.splitlines()) for path, text in sources.items()}


def test_attack_80d_code_runs_in_foreign_storage_in_known_places_only():
    """Delegated calls go to the addresses fixed at construction, from the clearinghouse and its own parts; nothing is
    created, destroyed or replaced."""
    sources = deployed_sources()
    assert [name for name, text in sources.items() if FORBIDDEN.search(text)] == []
    found = [target for text in sources.values() for target in DELEGATED.findall(text)]
    assert len(found) == sum(text.count("is_delegate_call") for text in sources.values())
    chosen = re.findall(r"\bpart(?:: address)? = (.+)", sources["Clearinghouse.vy"])
    targets = {target.removeprefix("parts.") for target in {*found, *chosen} - {"part"}}
    assert targets == {"CROSS", "CROSS_LIQUIDATION", "MARKETS", "DELEVERAGING"}
    fixed = set(re.findall(r"^(\w+): immutable\(address\)", sources["Clearinghouse.vy"] + sources["parts.vy"], re.M))
    assert targets <= fixed
