"""A small market in process, with somebody to liquidate."""

from dataclasses import dataclass

import pytest

from nacre.chain import EmbeddedChain
from nacre.deploy import BackstopTerms, deploy_system, list_market
from nacre.keeper.chain import Desk
from nacre.presets import preset
from nacre.units import WAD


@dataclass
class Stage:
    """A desk, the accounts by role, and all logs so far."""

    desk: Desk
    system: object
    market: object
    trader: str
    counterparty: str
    keeper: str
    logs: list

    def transact(self, contract, function, *arguments, sender):
        receipt = contract.transact(function, *arguments, sender=sender).check()
        self.logs += [(receipt.block_number, raw) for raw in receipt.raw_logs]
        return receipt

    def trade(self, account, size, margin):
        arguments = (self.market.id, size, margin, 0, 0)
        return self.transact(self.system.clearinghouse, "trade", *arguments, sender=account)

    def deposit_in_vault(self, amount):
        """Somebody's, for the backstop."""
        system, depositor = self.system, self.system.chain.account("depositor")
        system.mint(depositor, amount)
        self.transact(system.token, "approve", system.vault.address, amount, sender=depositor)
        self.transact(system.vault, "deposit", amount, depositor, sender=depositor)

    def free(self, account):
        return self.system.clearinghouse.call("free_collateral", account)

    def push(self, price):
        return self.system.push_price(self.market, price)

    def source(self, address, topics, first, last):
        """As eth_getLogs."""
        return [
            raw
            for block, raw in self.logs
            if first <= block <= last
            and raw.address == address
            and all("0x" + topic.hex() in wanted for topic, wanted in zip(raw.topics, topics, strict=False))
        ]


def make_stage(policy, **changes):
    chain = EmbeddedChain()
    system = deploy_system(chain, terms=BackstopTerms(deposit_delay=0))
    config = preset(policy, **({"trading_fee_bps": 0, "protocol_fee_bps": 0, "funding_cap_bps": 0} | changes))
    market = list_market(system, "main", config)
    names = ("trader", "counterparty", "keeper", "provider")
    trader, counterparty, keeper, provider = (chain.account(name) for name in names)
    for account, amount in ((trader, 1_000), (counterparty, 10_000), (keeper, 10_000), (provider, 200_000)):
        system.fund(account, amount * WAD)
    market.venue.transact("add_liquidity", 39_100, 53_000, 100_000 * WAD, sender=provider).check()
    stage = Stage(Desk(system, market), system, market, trader, counterparty, keeper, [])
    stage.trade(trader, 20 * WAD, 250 * WAD)
    stage.trade(counterparty, -20 * WAD, 400 * WAD)
    return stage


@pytest.fixture
def staged():
    """Makes a stage by policy, with other parameters."""
    return make_stage


@pytest.fixture
def stage():
    return make_stage("oyster")


@pytest.fixture
def injective():
    """Force close only; a reward for it, which the preset does not have."""
    return make_stage("injective", liquidation_fee_bps=100, reward_share_bps=5_000)
