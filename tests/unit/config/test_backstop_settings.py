"""Config names the backstop vault and, being its owner, sets what its owner may set."""

import pytest

from nacre.artifacts import load
from nacre.units import DAY, WAD

ZERO = "0x" + "00" * 20
ODD = "0x" + "77" * 20  # no code there
NOT_OWNER = "ownable: caller is not the owner"


def new_vault(chain, book, owner):
    terms = (DAY, 4 * DAY, 100, "Nacre backstop", "nBACK")
    return chain.deploy(
        load("BackstopVault"), book.address, book.address, book.address, owner, *terms, sender=chain.account("deployer")
    )


@pytest.fixture
def vault(chain, book, config):
    token = chain.deploy(load("MockToken"), "Coin", "COIN", 6, sender=chain.account("deployer"))
    book.transact("show_collateral", token.address, sender=chain.account("deployer")).check()
    return new_vault(chain, book, config.address)


def test_the_owner_names_the_vault(config, config_owner, book, vault):
    receipt = config.transact("set_backstop", vault.address, sender=config_owner).check()
    assert receipt.event("BackstopSet").args == (vault.address,)
    assert book.call("backstop_vault") == vault.address
    assert config.transact("set_backstop", ODD, sender=config_owner).reason == "vault is no contract"
    assert book.call("backstop_vault") == vault.address
    config.transact("set_backstop", ZERO, sender=config_owner).check()
    assert book.call("backstop_vault") == ZERO


def test_the_owner_sets_what_the_vault_lets_its_owner_set(listed, config_owner, vault):
    listed.transact("set_backstop_loss_cap", vault.address, 0, 5 * WAD, sender=config_owner).check()
    listed.transact("set_backstop_band", vault.address, 77, sender=config_owner).check()
    listed.transact("set_backstop_delays", vault.address, 10, 20, sender=config_owner).check()
    assert vault.call("loss_cap", 0) == 5 * WAD
    assert vault.call("band_bps") == 77
    assert (vault.call("deposit_delay"), vault.call("lock_up")) == (10, 20)


def test_the_vault_has_the_last_word(listed, config_owner, vault):
    for call, reason in (
        (("set_backstop_loss_cap", vault.address, 0, 2**104), "bad loss cap"),
        (("set_backstop_band", vault.address, 1001), "bad band"),
        (("set_backstop_delays", vault.address, 31 * DAY, 0), "bad deposit delay"),
        (("set_backstop_delays", vault.address, 0, 31 * DAY), "bad lock-up"),
    ):
        assert listed.transact(*call, sender=config_owner).reason == reason
    assert vault.call("loss_cap", 0) == 0


def test_a_vault_of_another_owner_is_out_of_reach(chain, listed, book, config_owner, vault):
    other = new_vault(chain, book, chain.account("other owner"))
    assert listed.transact("set_backstop_band", other.address, 77, sender=config_owner).reason == NOT_OWNER
    assert listed.transact("set_backstop_loss_cap", other.address, 0, 1, sender=config_owner).reason == NOT_OWNER
    assert listed.transact("set_backstop_delays", other.address, 0, 0, sender=config_owner).reason == NOT_OWNER
    # one that is replaced stays within reach
    listed.transact("set_backstop", other.address, sender=config_owner).check()
    assert listed.transact("set_backstop_band", vault.address, 77, sender=config_owner).ok


def test_what_is_no_vault_or_no_market(listed, config_owner, vault):
    for call, reason in (
        (("set_backstop_loss_cap", ODD, 0, 1), "vault is no contract"),
        (("set_backstop_band", ODD, 1), "vault is no contract"),
        (("set_backstop_delays", ZERO, 1, 1), "vault is no contract"),
        (("set_backstop_loss_cap", vault.address, 1, 1), "unknown market"),
    ):
        assert listed.transact(*call, sender=config_owner).reason == reason


@pytest.mark.parametrize("who", ["config guardian", "treasury", "stranger"])
def test_nobody_else_sets_anything(chain, listed, book, vault, who):
    for call in (
        ("set_backstop", vault.address),
        ("set_backstop_loss_cap", vault.address, 0, WAD),
        ("set_backstop_band", vault.address, 77),
        ("set_backstop_delays", vault.address, 0, 0),
    ):
        assert listed.transact(*call, sender=chain.account(who)).reason == NOT_OWNER
    assert (book.call("backstop_vault"), vault.call("loss_cap", 0), vault.call("band_bps")) == (ZERO, 0, 100)


def test_a_lister_sets_the_backstop_up_until_listing_ends(
    chain, with_lister, lister, book, vault, market_params, policy_params
):
    own = new_vault(chain, book, with_lister.address)
    with_lister.transact("set_backstop", own.address, sender=lister).check()
    with_lister.transact("list_market", market_params, policy_params, sender=lister).check()
    with_lister.transact("set_backstop_loss_cap", own.address, 0, 3 * WAD, sender=lister).check()
    assert (book.call("backstop_vault"), own.call("loss_cap", 0)) == (own.address, 3 * WAD)
    for call in (("set_backstop_band", own.address, 77), ("set_backstop_delays", own.address, 0, 0)):
        assert with_lister.transact(*call, sender=lister).reason == NOT_OWNER

    with_lister.transact("end_listing", sender=lister).check()
    for call in (("set_backstop", ZERO), ("set_backstop_loss_cap", own.address, 0, 0)):
        assert with_lister.transact(*call, sender=lister).reason == NOT_OWNER
    assert (book.call("backstop_vault"), own.call("loss_cap", 0)) == (own.address, 3 * WAD)
