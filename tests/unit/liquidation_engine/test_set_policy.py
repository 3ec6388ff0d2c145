"""set_policy: Config's alone. Each parameter is tested where it governs; bounds: tests/unit/config."""

import pytest
from support.exchange import ALL

from nacre.deploy import policy_params
from nacre.units import WAD


@pytest.mark.parametrize("role", ["trader", "keeper", "owner", "guardian", "treasury", "feeder"])
def test_nobody_but_config(exchange, role):
    system = exchange.system
    roles = {"owner": system.owner, "guardian": system.guardian, "treasury": system.treasury, "feeder": system.feeder}
    sender = (exchange.people | roles)[role]
    before = exchange.engine.call("policy", 0)
    for market, policy in ((0, 0), (0, before), (1, before), (ALL, before)):
        exchange.refuses("not config", exchange.engine, "set_policy", market, policy, sender=sender)
    assert exchange.engine.call("policy", 0) == before


def test_it_counts_at_once(exchange, trader, keeper, owner):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(88 * WAD)
    params = policy_params(exchange.main.config) | {"takeover": False}
    receipt = exchange.config.transact("set_policy_params", 0, params, sender=owner).check()
    word = exchange.engine.call("policy", 0)
    event = receipt.event("PolicySet")
    assert (event.market, event.policy) == (0, word)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    exchange.refuses("takeover not allowed", exchange.engine, *arguments, sender=keeper)
    exchange.config.transact("set_policy_params", 0, params | {"takeover": True}, sender=owner).check()
    assert exchange.engine.call("policy", 0) != word
    exchange.take_over(keeper, trader, margin=300 * WAD)


def test_one_policy_a_market(exchange, owner):
    exchange.list_market("other", trigger_bps=5_000)
    first, second = (exchange.engine.call("policy", market) for market in (0, 1))
    assert first != second
    assert exchange.engine.call("policy", 2) == exchange.engine.call("policy", ALL) == 0
    params = policy_params(exchange.main.config) | {"trigger_bps": 7_000}
    exchange.config.transact("set_policy_params", 1, params, sender=owner).check()
    assert exchange.engine.call("policy", 0) == first


def test_where_the_money_is(exchange):
    assert exchange.engine.call("clearinghouse") == exchange.house.address
