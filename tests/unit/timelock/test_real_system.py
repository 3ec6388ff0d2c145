"""Every setter of the real contracts fits into the timelock and works through it."""

from pathlib import Path

import pytest
from support.timelock import SALT

from nacre.artifacts import load
from nacre.chain import EmbeddedChain, restored
from nacre.deploy import deploy_system, end_listing, list_market, market_params, policy_params
from nacre.presets import preset
from nacre.units import WAD

DELAY = 2 * 86_400
LONGEST = 2_048
LISTED, REDUCE_ONLY, PAUSED, SETTLING = 1, 2, 4, 32
# What anyone may call, and what is the pending owner's, the feeder's, the stakers'.
NOT_THE_OWNERS = {
    "accept_ownership",
    "collect_fees",
    "collect",
    "stake",
    "unstake",
    "claim",
    "set_price",
    "set_price_at",
}


@pytest.fixture(scope="module")
def deployed():
    system = deploy_system(EmbeddedChain(), timelock=DELAY)
    list_market(system, "main", preset("hyperliquid"))
    end_listing(system)
    return system


@pytest.fixture
def system(deployed):
    with restored(deployed.chain):
        yield deployed


def through(system, contract, function, *arguments):
    """Scheduled and executed by the owner; what the execution did."""
    data = contract.encode(function, *arguments)
    assert len(data) <= LONGEST
    call = (contract.address, data, SALT)
    refused = contract.transact(function, *arguments, sender=system.owner)
    assert not refused.ok, "the owner alone cannot"
    system.timelock.transact("schedule", *call, sender=system.owner).check()
    assert system.timelock.transact("execute", *call, sender=system.owner).reason == "too early"
    system.chain.mine(DELAY)
    return system.timelock.transact("execute", *call, sender=system.owner)


def new_venue(system):
    arguments = (system.clearinghouse.address, system.clearinghouse.call("market_count"), 100 * WAD)
    return system.chain.deploy(load("OysterAmm"), *arguments, sender=system.deployer).address


def test_list_market(system):
    config = preset("hyperliquid")
    params = market_params(config, system.markets["main"].oracle.address, new_venue(system))
    through(system, system.config, "list_market", params, policy_params(config)).check()
    assert system.clearinghouse.call("market_count") == 2
    assert system.config.call("policy_params", 1) == system.config.call("policy_params", 0)
    assert system.config.call("market_params", 1).venue == params["venue"]


def test_set_market_params(system):
    before = system.config.call("market_params", 0)
    after = before._replace(imr_bps=before.imr_bps + 100, max_open_interest=before.max_open_interest - 10 * WAD)
    through(system, system.config, "set_market_params", 0, after).check()
    assert system.config.call("market_params", 0) == after


def test_set_policy_params(system):
    before = system.config.call("policy_params", 0)
    after = before._replace(cooldown_seconds=before.cooldown_seconds + 1, trigger_bps=9_000)
    through(system, system.config, "set_policy_params", 0, after).check()
    assert system.config.call("policy_params", 0) == after


def test_status(system):
    status = lambda: system.config.call("status", 0)  # noqa: E731
    through(system, system.config, "set_reduce_only", 0, True).check()
    assert status() == LISTED | REDUCE_ONLY
    through(system, system.config, "pause", 0).check()
    assert status() == LISTED | REDUCE_ONLY | PAUSED
    through(system, system.config, "unpause", 0).check()
    through(system, system.config, "set_reduce_only", 0, False).check()
    assert status() == LISTED


def test_settle_market(system):
    system.push_price(system.markets["main"], 90 * WAD)
    through(system, system.config, "settle_market", 0, 90 * WAD).check()
    assert system.clearinghouse.call("market_state", 0).status & SETTLING


def test_set_withdrawal_limit(system):
    receipt = through(system, system.config, "set_withdrawal_limit", 500 * WAD, 7_200).check()
    assert receipt.event("WithdrawalLimitSet").args == (500 * WAD, 7_200)


def test_the_backstop(system):
    vault, config = system.vault, system.config
    through(system, config, "set_backstop_loss_cap", vault.address, 0, 5 * WAD).check()
    assert vault.call("loss_cap", 0) == 5 * WAD
    through(system, config, "set_backstop_band", vault.address, 77).check()
    assert vault.call("band_bps") == 77
    through(system, config, "set_backstop_delays", vault.address, 11, 22).check()
    assert (vault.call("deposit_delay"), vault.call("lock_up")) == (11, 22)
    through(system, config, "set_backstop", system.lens.address).check()
    assert system.engine.call("backstop_vault") == system.lens.address


def test_guardian_and_treasury(system):
    somebody = system.chain.account("somebody")
    through(system, system.config, "set_guardian", somebody).check()
    assert system.config.call("guardian") == somebody
    through(system, system.config, "set_treasury", somebody).check()
    assert system.config.call("treasury") == somebody


def test_end_listing(system):
    """By then it has ended: the reason is Config's own."""
    assert through(system, system.config, "end_listing").reason == "listing has ended"


def test_transfer_ownership(system):
    heir = system.chain.account("heir")
    for contract in (system.config, system.treasury_contract, system.markets["main"].oracle):
        through(system, contract, "transfer_ownership", heir).check()
        contract.transact("accept_ownership", sender=heir).check()
        assert contract.call("owner") == heir


def test_the_treasury_and_the_oracle(system):
    somebody, oracle = system.chain.account("somebody"), system.markets["main"].oracle
    through(system, system.treasury_contract, "set_period", 7_200).check()
    assert system.treasury_contract.call("period_seconds") == 7_200
    through(system, oracle, "set_feeder", somebody).check()
    through(system, oracle, "set_push_jump", 55).check()
    assert (oracle.call("feeder"), oracle.call("push_jump_bps")) == (somebody, 55)


def test_the_reason_of_a_bound_is_config_s(system):
    before = system.config.call("market_params", 0)
    receipt = through(system, system.config, "set_market_params", 0, before._replace(mmr_bps=before.imr_bps))
    assert receipt.reason == "bad mmr"
    assert system.config.call("market_params", 0) == before


def test_the_longest_call_of_all_fits():
    """A function that grows past the bound is found here, not by an owner who cannot call it."""
    for name in ("Config", "Treasury", "MockOracle", "SignedOracle", "BackstopVault"):
        for entry in load(name).abi:
            if entry["type"] == "function" and entry["stateMutability"] == "nonpayable":
                words = [width(parameter) for parameter in entry["inputs"]]
                if all(words):
                    assert 4 + 32 * sum(words) <= LONGEST, entry["name"]
    listing = next(entry for entry in load("Config").abi if entry.get("name") == "list_market")
    assert 1_024 < 4 + 32 * sum(width(parameter) for parameter in listing["inputs"]) <= LONGEST


def width(parameter):
    """Words of a parameter of fixed size; 0 for others."""
    kind, count = parameter["type"], 1
    while kind.endswith("]"):
        kind, _, size = kind[:-1].rpartition("[")
        count *= int(size or 0)
    if kind == "tuple":
        parts = [width(part) for part in parameter["components"]]
        return count * sum(parts) if all(parts) else 0
    return 0 if kind in ("bytes", "string") else count


def test_no_setter_is_left_out():
    """Each stands in a test above: a new one must."""
    source = Path(__file__).read_text()
    for name in ("Config", "Treasury", "MockOracle"):
        changing = [entry for entry in load(name).abi if entry.get("stateMutability") == "nonpayable"]
        functions = {entry["name"] for entry in changing if entry["type"] == "function"} - NOT_THE_OWNERS
        assert "transfer_ownership" in functions
        assert {function for function in functions if f'"{function}"' not in source} == set()
