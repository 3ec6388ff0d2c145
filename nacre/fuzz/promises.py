"""Invariant 17.9: what health and previews say beforehand is what the transaction then does."""

from dataclasses import dataclass
from typing import Any

from nacre.chain import CallFailed
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.generator import Action
from nacre.model.stages import Stage

# Refusals that a preview of a takeover shows as missing margin, or cannot know.
MARGIN_REFUSALS = ("below initial margin", "close leaves a deficit")
MONEY_REFUSAL = "insufficient collateral"


@dataclass(slots=True)
class Promise:
    """What the contracts said right before a liquidation, in the same block."""

    action: Action
    stage: int
    preview: Any
    refusal: str | None
    state: Any

    def broken(self, reason: str | None, chain: ChainSide) -> str | None:
        """How the transaction contradicts it, if it does."""
        name = self.action["do"]
        if reason is None and self.stage < Stage.LIQUIDATABLE:
            return f"{name} went through at stage {self.stage}"
        if reason == "not liquidatable" and self.stage >= Stage.LIQUIDATABLE:
            return f"{name} refused at stage {self.stage}"
        if self.refusal is not None:
            return None if reason == self.refusal else f"preview refused {self.refusal!r}, {name}: {reason!r}"
        if reason is not None:
            return self._unexpected(reason)
        wrong = self._takeover(chain) if name == "takeover" else self._force_close(chain)
        return f"preview of {name}: {', '.join(wrong)}" if wrong else None

    def _unexpected(self, reason: str) -> str | None:
        takeover = self.action["do"] == "takeover"
        missing = takeover and self.preview.missing_margin > 0
        if missing and reason in MARGIN_REFUSALS:
            return None
        if takeover and not missing and reason == MONEY_REFUSAL:
            return None
        return f"preview passed, the transaction did not: {reason}"

    def _losses(self, chain: ChainSide, size: int) -> list[str]:
        after = chain.market_state(self.action["market"])
        rise = (
            after.short_social_loss_index - self.state.short_social_loss_index
            if size > 0
            else after.long_social_loss_index - self.state.long_social_loss_index
        )
        return _differ(social_loss=(self.preview.social_loss_per_unit, rise))

    def _takeover(self, chain: ChainSide) -> list[str]:
        preview, who = self.preview, self.action["who"]
        found = chain.position(self.action["market"], who)
        wrong = _differ(size=(preview.new_size, found.size), missing=(preview.missing_margin, 0))
        if found.size:
            wrong += _differ(
                balance=(preview.new_balance, found.balance),
                notional=(preview.new_entry_notional, found.entry_notional),
                equity=(preview.new_equity, chain.health(self.action["market"], who).equity),
                initial_margin=(preview.initial_margin, chain.health(self.action["market"], who).initial_margin),
            )
        return wrong + self._losses(chain, preview.size)

    def _force_close(self, chain: ChainSide) -> list[str]:
        preview = self.preview
        after = chain.market_state(self.action["market"])
        event = chain.last_event("ForceClose")
        wrong = _differ(
            size=(preview.size, event.size),
            notional=(preview.notional, event.notional),
            residue=(preview.residue, event.residue),
            reward=(preview.reward, event.reward),
        )
        if preview.residue < 0:
            paid = self.state.insurance_fund - after.insurance_fund
            # The fund also gets what a finished epoch of the ranges leaves.
            if after.lp_epoch == self.state.lp_epoch:
                wrong += _differ(from_insurance=(preview.from_insurance, paid))
        return wrong + self._losses(chain, preview.size)


def _differ(**pairs: tuple[int, int]) -> list[str]:
    return [f"{name} {said} but {done}" for name, (said, done) in pairs.items() if said != done]


def foresee(chain: ChainSide, action: Action) -> Promise:
    """Asks lens and engine right before the transaction."""
    number, who = action["market"], action["who"]
    try:
        stage, state = chain.health(number, action["target"]).stage, chain.market_state(number)
    except CallFailed:
        stage, state = Stage.LIQUIDATABLE, None
    last = action["margin"] if action["do"] == "takeover" else action["limit"]
    function = f"preview_{action['do']}"
    arguments = (number, chain.address[action["target"]], action["size"], last)
    preview, refusal = None, None
    try:
        preview = chain.system.engine.call(function, *arguments, sender=chain.address[who])
    except CallFailed as failure:
        refusal = str(failure)
    return Promise(action, stage, preview, refusal, state)
