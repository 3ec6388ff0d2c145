"""Accounts are found in events, in whatever chunks the node accepts."""

import pytest

from nacre.chain import ChainError
from nacre.chain.logs import node_logs
from nacre.deploy import RangeKey
from nacre.keeper.chain_pass import Duties, run_pass
from nacre.keeper.chain_scan import OwedIndex, PositionIndex, RangeIndex
from nacre.keeper.view import Limits
from nacre.units import MAX_UINT256, WAD


def index_of(stage, source=None, market=0):
    return PositionIndex(stage.system.clearinghouse, market, source or stage.source)


def test_finds_who_has_a_position_and_forgets_who_closed(stage):
    index = index_of(stage)
    chain = stage.system.chain
    assert sum(index.update(chain.block_number)) == chain.block_number + 1
    assert index.accounts == [stage.trader, stage.counterparty]
    stage.trade(stage.trader, -20 * WAD, 0)
    list(index.update(chain.block_number))
    assert index.accounts == [stage.counterparty]
    stage.trade(stage.trader, WAD, 50 * WAD)
    list(index.update(chain.block_number))
    assert index.accounts == [stage.counterparty, stage.trader]


def test_each_block_is_read_once(stage):
    asked = []

    def source(address, topics, first, last):
        asked.append((first, last))
        return stage.source(address, topics, first, last)

    index = index_of(stage, source)
    list(index.update(5))
    list(index.update(5))
    list(index.update(9))
    assert asked == [(0, 5), (6, 9)]


def test_another_markets_positions_are_not_found(stage):
    index = index_of(stage, market=1)
    list(index.update(stage.system.chain.block_number))
    assert index.accounts == []


def test_chunks_shrink_where_the_node_refuses_and_nothing_is_missed(stage):
    def source(address, topics, first, last):
        if last - first >= 3:
            raise ChainError("range too large")
        return stage.source(address, topics, first, last)

    index = index_of(stage, source)
    list(index.update(stage.system.chain.block_number))
    assert index.accounts == [stage.trader, stage.counterparty]


def test_a_node_that_refuses_everything_is_an_error(stage):
    def source(*_):
        raise ChainError("no logs here")

    with pytest.raises(ChainError, match="no logs here"):
        list(index_of(stage, source).update(10))


def test_logs_of_a_node_are_decoded(stage):
    calls = []

    def rpc(method, wanted):
        calls.append((method, wanted))
        found = stage.source(wanted["address"], wanted["topics"], 0, 10**9)
        return [
            {
                "address": raw.address.lower(),
                "topics": ["0x" + topic.hex() for topic in raw.topics],
                "data": "0x" + raw.data.hex(),
            }
            for raw in found
        ]

    index = index_of(stage, node_logs(rpc))
    list(index.update(20))
    assert index.accounts == [stage.trader, stage.counterparty]
    assert calls[0][0] == "eth_getLogs"
    assert calls[0][1]["fromBlock"] == "0x0"
    assert calls[0][1]["toBlock"] == "0x14"


def test_a_takeover_says_whose_position_is_gone_and_who_has_it_now(stage):
    index, chain = index_of(stage), stage.system.chain
    stage.push(91 * WAD)
    arguments = ("liquidate_by_takeover", 0, stage.trader, MAX_UINT256, 300 * WAD)
    stage.transact(stage.system.engine, *arguments, sender=stage.keeper)
    list(index.update(chain.block_number))
    assert index.accounts == [stage.counterparty, stage.keeper]


def test_a_force_close_says_whose_position_is_gone(stage):
    index, chain = index_of(stage), stage.system.chain
    stage.push(91 * WAD)
    stage.trade(stage.counterparty, -60 * WAD, 1_000 * WAD)
    stage.transact(stage.system.engine, "force_close", 0, stage.trader, MAX_UINT256, 0, sender=stage.keeper)
    list(index.update(chain.block_number))
    assert index.accounts == [stage.counterparty]


def test_who_is_forgotten_comes_back_with_a_new_position(stage):
    index, chain = index_of(stage), stage.system.chain
    list(index.update(chain.block_number))
    index.forget([stage.trader, stage.system.owner])
    assert index.accounts == [stage.counterparty]
    stage.trade(stage.trader, WAD, 50 * WAD)
    list(index.update(chain.block_number))
    assert index.accounts == [stage.counterparty, stage.trader]


def test_a_pass_says_who_may_be_forgotten(stage):
    stage.push(91 * WAD)
    known = [stage.trader, stage.counterparty]
    run_pass(stage.desk, stage.keeper, known, Limits())
    assert run_pass(stage.desk, stage.keeper, known, Limits(), duties=Duties()).gone == [stage.trader]


def test_ranges_are_found_and_removed_ones_forgotten(stage):
    index = RangeIndex(stage.market.venue, stage.source)
    provider, chain = stage.system.chain.account("provider"), stage.system.chain
    stage.transact(stage.market.venue, "add_liquidity", 44_000, 48_000, 10_000 * WAD, sender=provider)
    stage.transact(stage.market.venue, "add_liquidity", 44_000, 47_000, 10_000 * WAD, sender=provider)
    list(index.update(chain.block_number))
    assert index.ranges == [RangeKey(provider, 44_000, 48_000), RangeKey(provider, 44_000, 47_000)]
    stage.transact(stage.market.venue, "remove_liquidity", 44_000, 48_000, sender=provider)
    list(index.update(chain.block_number))
    assert index.ranges == [RangeKey(provider, 44_000, 47_000)]


def test_creditors_of_a_market_are_found_until_they_are_paid(stage):
    index, system = OwedIndex(stage.system.clearinghouse, 0, stage.source), stage.system
    stage.transact(system.config, "settle_market", 0, 95 * WAD, sender=system.owner)
    provider = system.chain.account("provider")
    stage.transact(stage.market.venue, "remove_liquidity", 39_100, 53_000, provider, sender=stage.keeper)
    for account in (stage.trader, stage.counterparty, provider):
        stage.transact(system.clearinghouse, "settle_account", 0, account, sender=stage.keeper)
    list(index.update(system.chain.block_number))
    assert index.accounts == [stage.trader, stage.counterparty, provider]
    stage.transact(system.clearinghouse, "claim", 0, stage.trader, sender=stage.keeper)
    list(index.update(system.chain.block_number))
    assert index.accounts == [stage.counterparty, provider]
