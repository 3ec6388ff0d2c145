"""The contracts that a scenario runs against, and how each step becomes a transaction."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Any

from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt
from nacre.deploy import (
    BackstopTerms,
    Market,
    RangeKey,
    System,
    deploy_system,
    list_market,
    market_params,
    policy_params,
)
from nacre.model.ticks import SPACING
from nacre.presets import MarketConfig
from nacre.presets.market import scaled, wad
from nacre.scenario import schema
from nacre.units import MAX_UINT256

_LOG_BASE = Decimal("1.0001")


@dataclass(frozen=True)
class Outcome:
    """What a step did: its own transactions, without those that mint and approve."""

    ok: bool
    reason: str
    gas_used: int


class World:
    """Freshly deployed contracts on a chain of their own."""

    def __init__(self, markets: dict[str, MarketConfig], decimals: int, people: Collection[str] = ()):
        self.chain = EmbeddedChain()
        # Whoever brings or takes deposits of the backstop does so at once.
        self.system: System = deploy_system(self.chain, decimals=decimals, terms=BackstopTerms(0, 0))
        for name, config in markets.items():
            list_market(self.system, name, config)
        self.names: dict[str, str] = {}
        # People go first, should one be called like a contract.
        addresses = dict(zip(schema.CONTRACTS, (self.system.vault.address, self.system.treasury), strict=True))
        self.contracts = {name: address for name, address in addresses.items() if name not in people}
        # Fees that were paid out, and the markets that settle, by market: read off events.
        self.collected = dict.fromkeys(markets, 0)
        self.settling: set[str] = set()
        self.prices = {name: config.price for name, config in markets.items()}
        # Read off the venues' events: they do not list their ranges.
        self.ranges: dict[str, dict[RangeKey, None]] = {name: {} for name in markets}

    def account(self, name: str) -> str:
        """The address of a name; new on first use."""
        if name not in self.names:
            self.names[name] = self.contracts.get(name) or self.chain.account(f"scenario {name}")
        return self.names[name]

    @property
    def everybody(self) -> list[str]:
        """Addresses that may hold something."""
        system = self.system
        roles = (system.treasury, system.owner, system.guardian, system.vault.address)
        return sorted({*self.names.values(), *roles}, key=lambda address: int(address, 16))

    def market(self, name: str | None) -> Market:
        """By name; the only one without."""
        markets = self.system.markets
        return markets[name] if name else next(iter(markets.values()))

    def run(self, step: schema.Step) -> Outcome:
        """One block. A revert is an outcome; ValueError says that a number does not fit."""
        for name in step.actors():
            self.account(name)
        seconds = step.seconds if isinstance(step, schema.Wait) else 1
        with self.chain.block(seconds):
            receipts = _ACTIONS[type(step)](self, step)
        for receipt in receipts:
            self._note(receipt)
        failed = next((receipt for receipt in receipts if not receipt.ok), None)
        gas = sum(receipt.gas_used for receipt in receipts)
        return Outcome(failed is None, failed.reason if failed else "", gas)

    def _note(self, receipt: Receipt) -> None:
        venues = {market.venue.address: name for name, market in self.system.markets.items()}
        numbers = {market.id: name for name, market in self.system.markets.items()}
        for log in receipt.logs:
            if log.name == "RangeAdded":
                self.ranges[venues[log.address]][RangeKey(log.provider, log.lower, log.upper)] = None
            elif log.name == "RangeRemoved":
                self.ranges[venues[log.address]].pop(RangeKey(log.provider, log.lower, log.upper), None)
            elif log.name == "ProtocolFeesCollected":
                self.collected[numbers[log.market]] += log.amount
            elif log.name == "MarketSettling":
                self.settling.add(numbers[log.market])

    # ---- accounts

    def _deposit(self, step: schema.Deposit) -> list[Receipt]:
        system, account = self.system, self.account(step.who)
        amount = scaled(step.amount, system.decimals)
        system.token.transact("mint", account, amount, sender=account).check()
        system.approve(account)
        return [system.clearinghouse.transact("deposit", amount, sender=account)]

    def _withdraw(self, step: schema.Withdraw) -> list[Receipt]:
        amount = scaled(step.amount, self.system.decimals)
        return [self._clearinghouse(step.who, "withdraw", amount)]

    def _claim(self, step: schema.Claim) -> list[Receipt]:
        return [self._clearinghouse(step.who, "claim", self.market(step.market).id)]

    # ---- venue

    def _add_liquidity(self, step: schema.AddLiquidity) -> list[Receipt]:
        lower, upper = tick_below(step.lower), tick_above(step.upper)
        return [self._venue(step, "add_liquidity", lower, upper, wad(step.margin))]

    def _remove_liquidity(self, step: schema.RemoveLiquidity) -> list[Receipt]:
        market = self.market(step.market)
        provider = self.account(step.of or step.who)
        if step.lower is not None and step.upper is not None:
            edges = [(tick_below(step.lower), tick_above(step.upper))]
        else:
            edges = [(key.lower, key.upper) for key in self.ranges[market.name] if key.provider == provider]
        if not edges:
            raise ValueError(f"{step.of or step.who} has no range in market {market.name}")
        arguments = [provider] if step.of else []
        return [self._venue(step, "remove_liquidity", lower, upper, *arguments) for lower, upper in edges]

    # ---- trading

    def _trade(self, step: schema.Trade) -> list[Receipt]:
        limit, deadline = wad(step.limit or 0), step.deadline or 0
        market = self.market(step.market).id
        return [self._clearinghouse(step.who, "trade", market, wad(step.size), wad(step.margin), limit, deadline)]

    def _adjust_margin(self, step: schema.AdjustMargin) -> list[Receipt]:
        return [self._clearinghouse(step.who, "adjust_margin", self.market(step.market).id, wad(step.delta))]

    def _donate(self, step: schema.DonateInsurance) -> list[Receipt]:
        return [self._clearinghouse(step.who, "donate_insurance", self.market(step.market).id, wad(step.amount))]

    def _set_margin_mode(self, step: schema.SetMarginMode) -> list[Receipt]:
        return [self._clearinghouse(step.who, "set_margin_mode", self.market(step.market).id, step.cross)]

    def _settle(self, step: schema.Settle) -> list[Receipt]:
        market = self.market(step.market)
        function = "settle_account" if market.name in self.settling else "settle"
        return [self._clearinghouse(step.who or step.target, function, market.id, self.account(step.target))]

    def _settle_market(self, step: schema.SettleMarket) -> list[Receipt]:
        market = self.market(step.market).id
        if step.who is not None:
            return [self._clearinghouse(step.who, "settle_dead_market", market)]
        return [self.system.config.transact("settle_market", market, wad(step.price or 0), sender=self.system.owner)]

    # ---- liquidation

    def _takeover(self, step: schema.Takeover) -> list[Receipt]:
        target, size = self.account(step.target), _size(step.size)
        return [self._engine(step, step.who, "liquidate_by_takeover", target, size, wad(step.margin))]

    def _force_close(self, step: schema.ForceClose) -> list[Receipt]:
        target, size = self.account(step.target), _size(step.size)
        return [self._engine(step, step.who, "force_close", target, size, wad(step.limit or 0))]

    def _call_margin(self, step: schema.CallMargin) -> list[Receipt]:
        names = list(self.names) if step.accounts is None else step.accounts
        return [self._engine(step, step.who, "call_margin", [self.account(name) for name in names])]

    def _adl(self, step: schema.Adl) -> list[Receipt]:
        target = self.account(step.target)
        if step.counterparties is None:
            listed = self._counterparties(self.market(step.market), target)
        else:
            listed = [self.account(name) for name in step.counterparties]
        return [self._engine(step, step.who, "auto_deleverage", target, listed)]

    def _counterparties(self, market: Market, target: str) -> list[str]:
        """All of them by rank. Of a target that cannot be deleveraged none: it is for the engine to say why."""
        try:
            ranks = self.system.lens.call("adl_counterparties", market.id, target, self.everybody)
        except CallFailed:
            return []
        return [rank.account for rank in ranks]

    # ---- the backstop vault

    def _backstop(self, step: schema.Backstop) -> list[Receipt]:
        return [self._engine(step, step.who, "liquidate_by_backstop", self.account(step.target))]

    def _backstop_deposit(self, step: schema.BackstopDeposit) -> list[Receipt]:
        system, account = self.system, self.account(step.who)
        amount = scaled(step.amount, system.decimals)
        system.token.transact("mint", account, amount, sender=account).check()
        system.token.transact("approve", system.vault.address, amount, sender=account).check()
        return [system.vault.transact("deposit", amount, account, sender=account)]

    def _backstop_withdraw(self, step: schema.BackstopWithdraw) -> list[Receipt]:
        vault, account = self.system.vault, self.account(step.who)
        if step.amount is None:
            shares = vault.call("balanceOf", account)
            return [vault.transact("redeem", shares, account, account, sender=account)]
        amount = scaled(step.amount, self.system.decimals)
        return [vault.transact("withdraw", amount, account, account, sender=account)]

    def _backstop_unwind(self, step: schema.BackstopUnwind) -> list[Receipt]:
        market, sender = self.market(step.market).id, self._sender(step.who)
        return [self.system.vault.transact("unwind", market, _size(step.size), sender=sender)]

    # ---- the treasury

    def _collect_fees(self, step: schema.CollectFees) -> list[Receipt]:
        sender = self._sender(step.who)
        receipt = self.system.config.transact("collect_fees", self.market(step.market).id, sender=sender)
        return [receipt, self._treasury().transact("collect", sender=sender)]

    def _stake(self, step: schema.Stake) -> list[Receipt]:
        account, amount = self.account(step.who), wad(step.amount)
        treasury, token = self._treasury(), self.system.governance_token
        assert token is not None
        token.transact("mint", account, amount, sender=account).check()
        token.transact("approve", treasury.address, amount, sender=account).check()
        return [treasury.transact("stake", amount, sender=account)]

    def _unstake(self, step: schema.Unstake) -> list[Receipt]:
        return [self._treasury().transact("unstake", wad(step.amount), sender=self.account(step.who))]

    def _claim_rewards(self, step: schema.ClaimRewards) -> list[Receipt]:
        return [self._treasury().transact("claim", sender=self.account(step.who))]

    def _treasury(self) -> Contract:
        treasury = self.system.treasury_contract
        assert treasury is not None
        return treasury

    # ---- price, time, owner

    def _price(self, step: schema.Price) -> list[Receipt]:
        market = self.market(step.market)
        price, feeder = wad(step.to), self.system.feeder
        if price:
            receipt = market.oracle.transact("set_price", price, sender=feeder)
        else:  # only accepted where a price of any kind may be pushed: it is for the market to refuse it
            receipt = market.oracle.transact("set_price_at", 0, self.chain.timestamp, sender=feeder)
        if receipt.ok:
            self.prices[market.name] = step.to
        return [receipt]

    def _wait(self, step: schema.Wait) -> list[Receipt]:
        if step.stale:
            return []
        # The feed went on meanwhile, at the same price: the end of no outage.
        for market in self.system.markets.values():
            price, now = wad(self.prices[market.name]), self.chain.timestamp
            market.oracle.transact("set_price_at", price, now, sender=self.system.feeder).check()
        return []

    def _pause(self, step: schema.Pause) -> list[Receipt]:
        return [self.system.config.transact("pause", self.market(step.market).id, sender=self.system.guardian)]

    def _unpause(self, step: schema.Unpause) -> list[Receipt]:
        return [self.system.config.transact("unpause", self.market(step.market).id, sender=self.system.owner)]

    def _reduce_only(self, step: schema.ReduceOnly) -> list[Receipt]:
        market, owner = self.market(step.market).id, self.system.owner
        return [self.system.config.transact("set_reduce_only", market, step.active, sender=owner)]

    def _withdrawal_limit(self, step: schema.WithdrawalLimit) -> list[Receipt]:
        arguments = (wad(step.amount), step.seconds)
        return [self.system.config.transact("set_withdrawal_limit", *arguments, sender=self.system.owner)]

    def _set(self, step: schema.Set) -> list[Receipt]:
        market, config, owner = self.market(step.market), self.system.config, self.system.owner
        changed = market.config.changed(**step.changes)
        receipts = []
        oracle, venue = market.oracle.address, market.venue.address
        setters = [
            ("set_market_params", lambda fields: market_params(fields, oracle, venue)),
            ("set_policy_params", policy_params),
        ]
        if changed.loss == "social":  # then the cap may rise; where it comes to bind it must be there first
            setters.reverse()
        for function, make in setters:
            if make(changed) != make(market.config):
                receipts.append(config.transact(function, market.id, make(changed), sender=owner))
        if changed.backstop_loss_cap != market.config.backstop_loss_cap:
            cap = (self.system.vault.address, market.id, wad(changed.backstop_loss_cap))
            receipts.append(config.transact("set_backstop_loss_cap", *cap, sender=owner))
        if changed.push_jump_bps != market.config.push_jump_bps:
            receipts.append(market.oracle.transact("set_push_jump", changed.push_jump_bps, sender=owner))
        if all(receipt.ok for receipt in receipts):
            self.system.markets[market.name] = replace(market, config=changed)
        return receipts

    # ---- who sends what

    def _clearinghouse(self, who: str, function: str, *arguments: Any) -> Receipt:
        return self.system.clearinghouse.transact(function, *arguments, sender=self.account(who))

    def _sender(self, who: str | None) -> str:
        """Somebody without a name, where it makes no difference."""
        return self.account(who) if who else self.chain.account("scenario: anybody")

    def _engine(self, step: schema.Step, who: str | None, function: str, *arguments: Any) -> Receipt:
        market = self.market(step.market).id
        return self.system.engine.transact(function, market, *arguments, sender=self._sender(who))

    def _venue(self, step: Any, function: str, *arguments: Any) -> Receipt:
        return self.market(step.market).venue.transact(function, *arguments, sender=self.account(step.who))


_ACTIONS: dict[type[schema.Step], Callable[[World, Any], list[Receipt]]] = {
    schema.Deposit: World._deposit,
    schema.Withdraw: World._withdraw,
    schema.AddLiquidity: World._add_liquidity,
    schema.RemoveLiquidity: World._remove_liquidity,
    schema.Trade: World._trade,
    schema.AdjustMargin: World._adjust_margin,
    schema.Price: World._price,
    schema.Wait: World._wait,
    schema.Takeover: World._takeover,
    schema.ForceClose: World._force_close,
    schema.CallMargin: World._call_margin,
    schema.SetMarginMode: World._set_margin_mode,
    schema.Backstop: World._backstop,
    schema.BackstopDeposit: World._backstop_deposit,
    schema.BackstopWithdraw: World._backstop_withdraw,
    schema.BackstopUnwind: World._backstop_unwind,
    schema.Adl: World._adl,
    schema.DonateInsurance: World._donate,
    schema.Settle: World._settle,
    schema.Claim: World._claim,
    schema.SettleMarket: World._settle_market,
    schema.CollectFees: World._collect_fees,
    schema.Stake: World._stake,
    schema.Unstake: World._unstake,
    schema.ClaimRewards: World._claim_rewards,
    schema.Pause: World._pause,
    schema.Unpause: World._unpause,
    schema.ReduceOnly: World._reduce_only,
    schema.WithdrawalLimit: World._withdrawal_limit,
    schema.Set: World._set,
}


def _size(size: Decimal | None) -> int:
    return MAX_UINT256 if size is None else wad(size)


def tick_below(price: Decimal) -> int:
    """The highest tick, a multiple of the spacing, whose price is not above."""
    with localcontext(prec=60):
        tick = int((price.ln() / _LOG_BASE.ln()).to_integral_value(rounding="ROUND_FLOOR"))
        # The logarithm of an exact power may come out a hair low.
        if _LOG_BASE ** (tick + 1) <= price:
            tick += 1
        return tick // SPACING * SPACING


def tick_above(price: Decimal) -> int:
    """The lowest tick, a multiple of the spacing, whose price is not below."""
    below = tick_below(price)
    with localcontext(prec=60):
        return below if _LOG_BASE**below == price else below + SPACING
