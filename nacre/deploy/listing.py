"""Lists markets: oracle, venue, parameters and policy; and ends the deployer's right to do so."""

from decimal import Decimal
from typing import Any

from nacre.chain import ZERO_ADDRESS, AbiError, Chain, ChainError, Contract, create_address
from nacre.deploy.core import Progress
from nacre.deploy.record import Record, code_hash, market_of, parameters_of
from nacre.deploy.system import Announced, DeployError, Market, System, artifact
from nacre.deploy.timelock import as_lister, utc
from nacre.presets import MarketConfig
from nacre.presets.market import wad

RESIDUES = {"insurance": 0, "trader": 1, "treasury": 2}


def market_params(config: MarketConfig, oracle: str, venue: str) -> dict[str, Any]:
    """What IConfig.MarketParams holds."""
    return {
        "oracle": oracle,
        "venue": venue,
        "imr_bps": config.imr_bps,
        "mmr_bps": config.mmr_bps,
        "trading_fee_bps": config.trading_fee_bps,
        "protocol_fee_bps": config.protocol_fee_bps,
        "penalty": [wad(coefficient) for coefficient in config.penalty],
        "max_deviation_bps": config.max_deviation_bps,
        "max_open_interest": wad(config.open_interest_cap),
        "funding_cap_bps": config.funding_cap_bps,
        "funding_period_seconds": config.funding_period_seconds,
        "min_notional": wad(config.min_notional),
        "oracle_max_age": config.oracle_max_age,
        "entry_margin_rule": config.entry_margin_rule,
        "tip": wad(config.tip),
        "insurance_draw_bps": config.insurance_draw_bps,
        "force_close_band_bps": config.force_close_band_bps,
        "mark_median": config.mark_mode == "median",
        "previous_mark": config.adl_price == "previous_mark",
        "cross_margin": config.cross_margin,
        "tiers": _tiers(config),
        "borrow_rate_bps": config.borrow_rate_bps,
        "borrow_share_bps": config.borrow_share_bps if config.borrow_rate_bps else 0,
        "settlement_delay": config.settlement_delay,
        "shown_trigger_bps": config.trigger_bps if config.show_liquidation_price else 0,
    }


def _tiers(config: MarketConfig) -> list[dict[str, int]]:
    """Three places, empty ones last."""
    tiers = [
        {"lower_notional": wad(tier.lower), "imr_bps": tier.imr_bps, "mmr_bps": tier.mmr_bps} for tier in config.tiers
    ]
    return tiers + [{"lower_notional": 0, "imr_bps": 0, "mmr_bps": 0}] * (3 - len(tiers))


def policy_params(config: MarketConfig) -> dict[str, Any]:
    """What IConfig.PolicyParams holds."""
    return {
        "trigger_bps": config.trigger_bps,
        "backstop_bps": config.backstop_bps,
        "margin_call_bps": config.margin_call_bps,
        "takeover": config.takeover,
        "force_close": config.force_close,
        "force_close_fees": config.force_close_fees,
        "loss_adl": config.loss == "adl",
        "adl_previous_mark": config.adl_price == "previous_mark",
        "at_liquidation_price": config.force_close_at_liquidation_price,
        "min_slice_bps": config.min_slice_bps,
        "liquidation_fee_bps": config.liquidation_fee_bps,
        "reward_share_bps": config.reward_share_bps,
        "chunk_bps": config.chunk_bps,
        "residue": RESIDUES[config.residue],
        "cooldown_seconds": config.cooldown_seconds,
        "last_resort_seconds": config.last_resort_seconds,
        "grace_seconds": config.grace_seconds,
        "large_notional": wad(config.large_notional),
    }


def list_market(
    system: System,
    name: str,
    config: MarketConfig,
    *,
    price: Decimal | None = None,
    oracle: str | None = None,
    record: Record | None = None,
    progress: Progress | None = None,
) -> Market:
    """Lists a market at `price` (default: that of the config), with a mock oracle unless the address of an adapter is
    given. Does what the record says is missing. The market is in system.markets afterwards. Where a timelock owns
    Config and nobody lists for it, the first run announces the market, and one after its delay lists it."""
    if price is not None:
        config = config.changed(price=price)
    record = record or Record({"contracts": {}, "markets": {}})
    say = progress or (lambda text: None)
    count = system.clearinghouse.call("market_count")
    entry = record.markets.setdefault(name, {"id": None, "number": count, "parameters": parameters_of(config)})
    if entry["parameters"] != parameters_of(config):
        changed = [key for key, value in parameters_of(config).items() if entry["parameters"].get(key) != value]
        raise DeployError(
            f"market {name} is there with other parameters ({', '.join(changed)}): its owner changes them"
        )
    if entry["id"] is not None:
        say(f"market {name} is there, number {entry['id']}")
        system.markets[name] = market_of(system.chain, name, entry)
        return system.markets[name]

    number = entry["number"]
    _deploy_part(system, record, entry, "oracle", oracle, lambda: _mock_oracle(system, config))
    say(f"oracle of {name} at {entry['oracle']['address']}")
    if oracle is not None and lacks_guardian(system.chain, oracle):
        say("it has no guardian: until its owner names one (set_guardian), only the owner can revoke a leaked signer")
    _deploy_part(system, record, entry, "venue", None, lambda: _venue(system, number, config))
    say(f"venue of {name} at {entry['venue']['address']}")
    listed_at = _list(system, entry, config, number)
    capped_at = _cap_backstop(system, config, number, hold=listed_at is not None)
    if listed_at is not None or capped_at is not None:
        record.save()
        when = utc(max(listed_at or 0, capped_at or 0))
        raise Announced(f"market {name} is announced: start the same command again after {when}")
    entry["id"] = number
    record.save()
    say(f"market {name} listed, number {number}")
    system.markets[name] = market_of(system.chain, name, entry)
    return system.markets[name]


def _deploy_part(system: System, record: Record, entry: dict, key: str, given: str | None, make: Any) -> None:
    chain = system.chain
    if given is not None:
        entry[key] = {"address": given, "code_hash": code_hash(chain, given)}
        if not entry[key]["code_hash"]:
            raise DeployError(f"there is no contract at the {key}'s address {given}")
    elif key not in entry or not record.is_deployed(chain, entry[key]):
        # Noted beforehand: a run that ends in between finds its contract again.
        entry[key] = {"address": create_address(_builder(system), chain.nonce(_builder(system)))}
        record.save()
        made: Contract = make()
        if made.address != entry[key]["address"]:
            entry[key]["address"] = made.address
    record.note_code(chain, entry[key])


def lacks_guardian(chain: Chain, oracle: str) -> bool:
    """Of an adapter of signed prices: whether a leaked signer waits for the owner. Other adapters have no signer."""
    try:
        return bool(chain.contract(artifact("SignedOracle"), oracle).call("guardian") == ZERO_ADDRESS)
    except (AbiError, ChainError):
        return False


def _builder(system: System) -> str:
    """Has no part in what it deploys: whoever can, where the deployer's key is not at hand any more."""
    chain = system.chain
    return system.deployer if chain.can_send(system.deployer) or not chain.accounts else chain.accounts[0]


def _mock_oracle(system: System, config: MarketConfig) -> Contract:
    # A silence longer than the age at which a price is stale counts as an outage.
    return system.chain.deploy(
        artifact("MockOracle"),
        wad(config.price),
        system.feeder,
        system.contracts_owner,
        config.push_jump_bps,
        config.oracle_max_age,
        sender=_builder(system),
    )


def _venue(system: System, number: int, config: MarketConfig) -> Contract:
    return system.chain.deploy(
        artifact("OysterAmm"), system.clearinghouse.address, number, wad(config.price), sender=_builder(system)
    )


def _list(system: System, entry: dict[str, Any], config: MarketConfig, number: int) -> int | None:
    """Unless a run before this one did it and ended before it could note so. Until when it waits, if it does."""
    count = system.clearinghouse.call("market_count")
    venue = entry["venue"]["address"]
    if number < count:
        if system.config.call("market_params", number).venue != venue:
            raise DeployError(f"market number {number} is taken by another venue")
        return None
    if number > count:
        raise DeployError(f"market number {number} cannot be listed before number {count}")
    params = market_params(config, entry["oracle"]["address"], venue)
    return as_lister(system, "list_market", params, policy_params(config))


def _cap_backstop(system: System, config: MarketConfig, number: int, hold: bool) -> int | None:
    """Lets the vault lose so much in the market, where the policy has a backstop; as long as the market waits it only
    waits, too."""
    cap = wad(config.backstop_loss_cap)
    if cap == system.vault.call("loss_cap", number):
        return None
    return as_lister(system, "set_backstop_loss_cap", system.vault.address, number, cap, hold=hold)


def end_listing(system: System) -> None:
    """Takes from the deployer what it had to list markets for an owner without a key here: it has no role then."""
    lister = system.config.call("lister")
    if lister != ZERO_ADDRESS:
        system.config.transact("end_listing", sender=lister).check()
