"""Applies the same actions to the contracts, in process, and reads everything that they store."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from nacre.chain import EmbeddedChain, Receipt
from nacre.deploy import Market, System, deploy_system, list_market
from nacre.fuzz.generator import Action
from nacre.fuzz.settings import KEEPER, NAMES, TREASURY, Settings
from nacre.model.parameters import MarketParameters, Policy
from nacre.presets import MarketConfig
from nacre.units import WAD


def _decimal(amount: int) -> Decimal:
    return Decimal(amount).scaleb(-18)


def config_of(parameters: MarketParameters, policy: Policy, price: int) -> MarketConfig:
    """The deployment's words for the same market."""
    p, q = parameters, policy
    return MarketConfig(
        price=Decimal(price) / WAD,
        imr_bps=p.imr_bps,
        mmr_bps=p.mmr_bps,
        trading_fee_bps=p.trading_fee_bps,
        protocol_fee_bps=p.protocol_fee_bps,
        penalty=[_decimal(c) for c in p.penalty],
        max_deviation_bps=p.max_deviation_bps,
        max_open_interest=_decimal(p.max_open_interest),
        funding_cap_bps=p.funding_cap_bps,
        funding_period_seconds=p.funding_period_seconds,
        min_notional=_decimal(p.min_notional),
        oracle_max_age=p.oracle_max_age,
        entry_margin_rule=p.entry_margin_rule,
        tip=_decimal(p.tip),
        insurance_draw_bps=p.insurance_draw_bps,
        force_close_band_bps=p.force_close_band_bps,
        push_jump_bps=p.push_jump_bps,
        takeover=q.takeover,
        force_close=q.force_close,
        force_close_fees=q.force_close_fees,
        trigger_bps=q.trigger_bps,
        margin_call_bps=q.margin_call_bps,
        min_slice_bps=q.min_slice_bps,
        liquidation_fee_bps=q.liquidation_fee_bps,
        reward_share_bps=q.reward_share_bps,
        residue=q.residue.value,
        last_resort_seconds=q.last_resort_seconds,
        grace_seconds=q.grace_seconds,
    )


def _sender(action: Action) -> str:
    return str(action.get("sender", action["who"]))


class ChainSide:
    """The contracts of one campaign."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.chain = EmbeddedChain(exact_gas=False)
        self.system: System = deploy_system(
            self.chain, decimals=settings.decimals, treasury=self.chain.account(TREASURY)
        )
        self.markets: list[Market] = []
        # When each was listed: its funding counts from then.
        self.listed_at: list[int] = []
        for number, (parameters, policy) in enumerate(zip(settings.markets, settings.policies, strict=True)):
            market = list_market(self.system, f"m{number}", config_of(parameters, policy, settings.price))
            self.markets.append(market)
            self.listed_at.append(self.chain.timestamp)
        self.address = {name: self.chain.account(name) for name in NAMES} | {TREASURY: self.system.treasury}
        for address in self.address.values():
            self.system.token.transact("mint", address, 10**48, sender=address).check()
            self.system.approve(address)
        self._leave_block: Callable[[], object] | None = None
        self._last: Receipt | None = None
        self.now = 0
        self._advance(1)

    # ---- blocks

    def _advance(self, seconds: int) -> None:
        """Whatever follows happens in one block, `seconds` after the last."""
        self._close_block()
        block = self.chain.block(seconds)
        block.__enter__()
        self._leave_block = lambda: block.__exit__(None, None, None)
        self.now = self.chain.timestamp

    # ---- actions

    def advance(self, action: Action) -> None:
        """Makes the block in which the action happens."""
        seconds = action["seconds"] if action["do"] == "wait" else action.get("after", 0)
        if seconds:
            self._advance(seconds)

    def send(self, action: Action) -> str | None:
        """Does the action; the reason if it was refused, or None."""
        self._last = getattr(self, f"_{action['do']}")(action)
        return self._last.reason if self._last is not None and not self._last.ok else None

    def simulate(self, action: Action) -> str | None:
        """What `send` would say; changes nothing."""
        snapshot = self.chain.snapshot()
        try:
            return self.send(action)
        finally:
            self.chain.revert(snapshot)

    def last_event(self, name: str) -> Any:
        """The only event of that name in the last transaction."""
        if self._last is None:
            raise ValueError("there was no transaction")
        return self._last.event(name)

    def snapshot(self) -> int:
        """A place to come back to."""
        self._close_block()
        snapshot = self.chain.snapshot()
        self._advance(0)
        return snapshot

    def restore(self, snapshot: int) -> None:
        self._close_block()
        self.chain.revert(snapshot)
        self._advance(0)

    def _close_block(self) -> None:
        if self._leave_block is not None:
            self._leave_block()
            self._leave_block = None

    def _send(self, contract: Any, function: str, *arguments: Any, sender: str) -> Receipt:
        return contract.transact(function, *arguments, sender=self.address[sender])

    def _house(self, function: str, *arguments: Any, sender: str) -> Receipt:
        return self._send(self.system.clearinghouse, function, *arguments, sender=sender)

    def _deposit(self, a: Action) -> Receipt:
        return self._house("deposit", a["amount"], sender=a["who"])

    def _withdraw(self, a: Action) -> Receipt:
        account = self.address[a["who"]]
        sender = _sender(a)
        return self._house("withdraw", a["amount"], self.address[sender], account, sender=sender)

    def _set_operator(self, a: Action) -> Receipt:
        return self._house("set_operator", self.address[a["operator"]], a["approved"], sender=a["who"])

    def _trade(self, a: Action) -> Receipt:
        arguments = (a["market"], a["size"], a["margin"], a["limit"], a["deadline"], self.address[a["who"]])
        return self._house("trade", *arguments, sender=_sender(a))

    def _adjust_margin(self, a: Action) -> Receipt:
        account = self.address[a["who"]]
        return self._house("adjust_margin", a["market"], a["delta"], account, sender=_sender(a))

    def _takeover(self, a: Action) -> Receipt:
        arguments = (a["market"], self.address[a["target"]], a["size"], a["margin"])
        return self._send(self.system.engine, "liquidate_by_takeover", *arguments, sender=a["who"])

    def _force_close(self, a: Action) -> Receipt:
        arguments = (a["market"], self.address[a["target"]], a["size"], a["limit"])
        return self._send(self.system.engine, "force_close", *arguments, sender=a["who"])

    def _call_margin(self, a: Action) -> Receipt:
        accounts = [self.address[name] for name in a["accounts"]]
        return self._send(self.system.engine, "call_margin", a["market"], accounts, sender=a["who"])

    def _add_liquidity(self, a: Action) -> Receipt:
        venue = self.markets[a["market"]].venue
        return self._send(venue, "add_liquidity", a["lower"], a["upper"], a["margin"], sender=a["who"])

    def _remove_liquidity(self, a: Action) -> Receipt:
        venue = self.markets[a["market"]].venue
        sender = _sender(a)
        return self._send(venue, "remove_liquidity", a["lower"], a["upper"], self.address[a["who"]], sender=sender)

    def _price(self, a: Action) -> Receipt:
        return self.system.push_price(self.markets[a["market"]], a["to"])

    def _price_at(self, a: Action) -> Receipt:
        return self.system.push_price(self.markets[a["market"]], a["to"], a["at"])

    def _wait(self, a: Action) -> None:
        for market in self.markets:
            price = market.oracle.call("price")[0]
            if price and not a.get("stale"):
                self.system.push_price(market, price)

    def _sync(self, a: Action) -> Receipt:
        return self._send(self.markets[a["market"]].venue, "sync", sender=a["who"])

    def _donate_insurance(self, a: Action) -> Receipt:
        return self._house("donate_insurance", a["market"], a["amount"], sender=a["who"])

    def _claim(self, a: Action) -> Receipt:
        return self._house("claim", a["market"], self.address[a["who"]], sender=KEEPER)

    def _settle(self, a: Action) -> Receipt:
        return self._house("settle", a["market"], self.address[a["target"]], sender=a["who"])

    def _accrue(self, a: Action) -> Receipt:
        return self._house("accrue", a["market"], sender=a["who"])

    def _collect_protocol_fees(self, a: Action) -> Receipt:
        return self._send(self.system.config, "collect_fees", a["market"], sender=a["who"])

    def _status(self, a: Action) -> Receipt:
        config, owner = self.system.config, self.system.owner
        if a["field"] == "reduce_only":
            return config.transact("set_reduce_only", a["market"], a["on"], sender=owner)
        if a["on"]:
            return config.transact("pause", a["market"], sender=self.system.guardian)
        return config.transact("unpause", a["market"], sender=owner)

    def _set_params(self, a: Action) -> Receipt:
        config = self.system.config
        # The drawn markets have one tier.
        fields = {key: value for key, value in a["fields"].items() if key != "tiers"}
        params = config.call("market_params", a["market"])._asdict() | fields
        return config.transact("set_market_params", a["market"], params, sender=self.system.owner)

    # ---- reading

    def market_state(self, number: int) -> Any:
        return self.system.clearinghouse.call("market_state", number)

    def position(self, number: int, name: str) -> Any:
        return self.system.clearinghouse.call("position", number, self.address[name])

    def health(self, number: int, name: str) -> Any:
        return self.system.lens.call("health", number, self.address[name])

    def free(self, name: str) -> int:
        return int(self.system.clearinghouse.call("free_collateral", self.address[name]))

    def owed(self, number: int, name: str) -> int:
        return int(self.system.clearinghouse.call("owed", number, self.address[name]))

    def assets(self) -> int:
        """WAD of the tokens that the clearinghouse holds."""
        balance = self.system.token.call("balanceOf", self.system.clearinghouse.address)
        return int(balance) * self.system.unit
