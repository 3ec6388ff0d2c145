"""Listing, status, roles, fees."""

import pytest

from nacre.artifacts import load
from nacre.chain import CallFailed, TransactionFailed
from nacre.deploy import market_params as to_market_params
from nacre.deploy import policy_params as to_policy_params
from nacre.presets import preset, preset_names
from nacre.units import MAX_UINT256

ZERO = "0x" + "00" * 20
NOT_OWNER = "ownable: caller is not the owner"
LISTED, REDUCE_ONLY, PAUSED = 1, 2, 4


def test_markets_are_numbered_from_zero(chain, config, config_owner, book, market_params, policy_params):
    receipt = config.transact("list_market", market_params, policy_params, sender=config_owner).check()
    assert receipt.value == 0
    assert receipt.event("MarketListed").args == (0, market_params["oracle"], market_params["venue"])
    other = chain.deploy(load("MockMarketBook"), sender=config_owner)
    receipt = config.transact(
        "list_market", market_params | {"venue": other.address, "imr_bps": 2000}, policy_params, sender=config_owner
    ).check()
    assert receipt.value == 1
    assert config.call("market_params", 0).imr_bps == 1000
    assert config.call("market_params", 1).imr_bps == 2000
    for market in (0, 1):
        assert config.call("policy_params", market)._asdict() == policy_params
        assert config.call("status", market) == book.call("status", market) == LISTED


def test_a_venue_has_one_market(listed, market_params, policy_params, config_owner, book):
    receipt = listed.transact("list_market", market_params, policy_params, sender=config_owner)
    assert receipt.reason == "venue already listed"
    assert book.call("market_count") == 1


def test_what_is_refused_is_not_listed(config, book, market_params, policy_params, config_owner):
    for market, policy, reason in (
        (market_params | {"venue": "0x" + "77" * 20}, policy_params, "venue is no contract"),
        (market_params | {"imr_bps": 10_001}, policy_params, "bad imr"),
        (market_params, policy_params | {"residue": 3}, "bad residue"),
    ):
        assert config.transact("list_market", market, policy, sender=config_owner).reason == reason
    assert book.call("market_count") == 0
    assert config.transact("list_market", market_params, policy_params, sender=config_owner).ok


def test_reduce_only_and_pause_are_kept_apart(listed, book, config_owner, config_guardian):
    def status():
        assert listed.call("status", 0) == book.call("status", 0)
        return listed.call("status", 0)

    listed.transact("set_reduce_only", 0, True, sender=config_owner).check()
    assert status() == LISTED | REDUCE_ONLY
    listed.transact("pause", 0, sender=config_guardian).check()
    assert status() == LISTED | REDUCE_ONLY | PAUSED
    listed.transact("set_reduce_only", 0, False, sender=config_owner).check()
    assert status() == LISTED | PAUSED
    listed.transact("pause", 0, sender=config_owner).check()
    assert status() == LISTED | PAUSED
    listed.transact("unpause", 0, sender=config_owner).check()
    assert status() == LISTED
    listed.transact("set_reduce_only", 0, False, sender=config_owner).check()
    assert status() == LISTED


def test_the_guardian_pauses_and_nothing_else(listed, market_params, policy_params, config_guardian, stranger):
    for sender in (config_guardian, stranger):
        for call in (
            ("unpause", 0),
            ("set_reduce_only", 0, True),
            ("set_market_params", 0, market_params),
            ("set_policy_params", 0, policy_params),
            ("list_market", market_params, policy_params),
            ("set_guardian", sender),
            ("set_treasury", sender),
            ("transfer_ownership", sender),
        ):
            assert listed.transact(*call, sender=sender).reason == NOT_OWNER, call
    assert listed.transact("pause", 0, sender=stranger).reason == "not guardian"


def test_unknown_markets(listed, market_params, policy_params, config_owner):
    for call in (
        ("pause", 1),
        ("unpause", 1),
        ("set_reduce_only", 1, True),
        ("set_market_params", 1, market_params),
        ("set_policy_params", MAX_UINT256, policy_params),
        ("collect_fees", 1),
    ):
        assert listed.transact(*call, sender=config_owner).reason == "unknown market", call
    for view in ("market_params", "policy_params"):
        with pytest.raises(CallFailed, match=r"unknown market$"):
            listed.call(view, 1)
    assert listed.call("status", 1) == 0


def test_the_guardian_is_replaced(listed, config_owner, config_guardian, stranger):
    receipt = listed.transact("set_guardian", stranger, sender=config_owner).check()
    assert receipt.event("GuardianSet").guardian == stranger
    assert listed.call("guardian") == stranger
    assert listed.transact("pause", 0, sender=config_guardian).reason == "not guardian"
    assert listed.transact("pause", 0, sender=stranger).ok
    listed.transact("set_guardian", ZERO, sender=config_owner).check()
    assert listed.transact("pause", 0, sender=stranger).reason == "not guardian"


def test_anyone_collects_fees_for_the_treasury(listed, book, treasury, config_owner, stranger):
    receipt = listed.transact("collect_fees", 0, sender=stranger).check()
    assert receipt.value == 7 * 10**18
    assert receipt.event("FeesAsked").args == (listed.address, 0, treasury)
    assert receipt.event("FeesCollected").args == (0, treasury, 7 * 10**18)
    receipt = listed.transact("set_treasury", stranger, sender=config_owner).check()
    assert receipt.event("TreasurySet").treasury == stranger
    receipt = listed.transact("collect_fees", 0, sender=stranger).check()
    assert receipt.event("FeesAsked").receiver == stranger
    assert listed.transact("set_treasury", ZERO, sender=config_owner).reason == "zero treasury"
    assert listed.call("treasury") == stranger


def test_the_owner_changes_in_two_steps(listed, config_owner, stranger):
    listed.transact("transfer_ownership", stranger, sender=config_owner).check()
    assert listed.call("owner") == config_owner
    assert listed.transact("accept_ownership", sender=config_owner).reason == "not pending owner"
    listed.transact("accept_ownership", sender=stranger).check()
    assert listed.call("owner") == stranger
    assert listed.transact("unpause", 0, sender=config_owner).reason == NOT_OWNER
    assert listed.transact("unpause", 0, sender=stranger).ok
    assert listed.transact("pause", 0, sender=config_owner).reason == "not guardian"


def test_the_deployer_has_no_role(chain, listed):
    deployer = chain.account("deployer")
    assert deployer not in (listed.call("owner"), listed.call("guardian"), listed.call("treasury"))
    assert listed.transact("unpause", 0, sender=deployer).reason == NOT_OWNER


def test_a_lister_lists_markets_and_nothing_else(with_lister, lister, config_owner, market_params, policy_params):
    assert with_lister.call("lister") == lister
    assert with_lister.transact("list_market", market_params, policy_params, sender=lister).check().value == 0
    for call in (
        ("set_market_params", 0, market_params),
        ("set_policy_params", 0, policy_params),
        ("set_reduce_only", 0, True),
        ("unpause", 0),
        ("set_guardian", lister),
        ("set_treasury", lister),
        ("transfer_ownership", lister),
    ):
        assert with_lister.transact(*call, sender=lister).reason == NOT_OWNER
    assert with_lister.transact("pause", 0, sender=lister).reason == "not guardian"
    assert with_lister.transact("accept_ownership", sender=lister).reason == "not pending owner"


@pytest.mark.parametrize("who", ["lister", "config owner"])
def test_listing_ends_for_good(chain, with_lister, lister, config_owner, book, market_params, policy_params, who):
    receipt = with_lister.transact("end_listing", sender=chain.account(who)).check()
    assert receipt.event("ListerSet").args == (ZERO,)
    assert with_lister.call("lister") == ZERO
    assert with_lister.transact("list_market", market_params, policy_params, sender=lister).reason == NOT_OWNER
    for account in (lister, config_owner):
        assert with_lister.transact("end_listing", sender=account).reason == "listing has ended"
    with_lister.transact("list_market", market_params, policy_params, sender=config_owner).check()
    assert book.call("market_count") == 1


def test_others_neither_list_nor_end_listing(
    with_lister, config_guardian, treasury, stranger, lister, market_params, policy_params
):
    for account in (config_guardian, treasury, stranger):
        assert with_lister.transact("list_market", market_params, policy_params, sender=account).reason == NOT_OWNER
        assert with_lister.transact("end_listing", sender=account).reason == "not lister"
    assert with_lister.call("lister") == lister


def test_without_a_lister_there_is_nothing_to_end(config, config_owner, stranger):
    assert config.call("lister") == ZERO
    for account in (config_owner, stranger):
        assert config.transact("end_listing", sender=account).reason == "listing has ended"


@pytest.mark.parametrize(("owner", "treasury", "reason"), [(None, "t", "zero owner"), ("o", None, "zero treasury")])
def test_what_cannot_be_deployed(chain, book, owner, treasury, reason):
    roles = [chain.account(name) if name else ZERO for name in (owner, "g", treasury)]
    with pytest.raises(TransactionFailed, match=f"{reason}$"):
        chain.deploy(load("Config"), *roles, ZERO, book.address, book.address, sender=chain.account("deployer"))


def test_it_fits(config):
    assert load("Config").code_size <= 22_500


@pytest.mark.parametrize("name", preset_names())
def test_presets_are_within_the_bounds(config, config_owner, book, name):
    market = to_market_params(preset(name), book.address, book.address)
    policy = to_policy_params(preset(name))
    config.transact("list_market", market, policy, sender=config_owner).check()
    deviation = market["max_deviation_bps"] or market["imr_bps"]
    tiers = [tuple(tier.values()) for tier in market["tiers"]]
    shown = market | {"max_deviation_bps": deviation, "tiers": tiers}
    assert config.call("market_params", 0)._asdict() == shown
    assert config.call("policy_params", 0)._asdict() == policy
