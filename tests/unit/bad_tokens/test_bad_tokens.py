"""Deposits and withdrawals of tokens that misbehave: a clear error or full success, and nothing lost either way."""

import pytest
from pyrevm import AccountInfo
from support.bad_token import (
    BALANCE_BREAKS,
    BALANCE_REVERTS,
    BALANCE_REVERTS_SILENTLY,
    BALANCE_SHORT,
    BEHAVES,
    FAILED_TRANSFERS,
    GIVES_MORE,
    LIES,
    TAKES_FEE,
)
from support.houses import deploy_house

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain, TransactionFailed
from nacre.units import WAD

UNIT = 10**6


@pytest.fixture
def chain() -> EmbeddedChain:
    return EmbeddedChain(exact_gas=False)


@pytest.fixture
def victim(chain: EmbeddedChain) -> str:
    return chain.account("victim")


def house_of(chain: EmbeddedChain, token: Contract) -> Contract:
    """A clearinghouse without markets; engine and Config are mere addresses."""
    engine, config = chain.account("engine"), chain.account("config")
    return deploy_house(chain, token.address, engine, config, engine)


@pytest.fixture
def token(chain: EmbeddedChain, victim: str) -> Contract:
    return chain.deploy(load("MockBadToken"), 6, sender=victim)


@pytest.fixture
def house(chain: EmbeddedChain, token: Contract, victim: str) -> Contract:
    """The victim has 1000 in, and 1000 outside that it may still bring."""
    made = house_of(chain, token)
    token.transact("mint", victim, 2000 * UNIT, sender=victim).check()
    token.transact("approve", made.address, 2000 * UNIT, sender=victim).check()
    made.transact("deposit", 1000 * UNIT, sender=victim).check()
    return made


def plain(token: Contract) -> Contract:
    """The token as ERC-20: its own ABI takes what the modes return for bytes."""
    return token.chain.contract(load("MockToken"), token.address)


def books(token, house, victim):
    """Free collateral, tokens held by the clearinghouse, tokens held by the victim."""
    held = plain(token)
    return (
        house.call("free_collateral", victim),
        held.call("balanceOf", house.address),
        held.call("balanceOf", victim),
    )


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        *FAILED_TRANSFERS,
        (LIES, "fee on transfer"),
        (TAKES_FEE, "fee on transfer"),
        (GIVES_MORE, "fee on transfer"),
        (BALANCE_REVERTS, "token knows no balance"),
        (BALANCE_REVERTS_SILENTLY, "balance unknown"),
        (BALANCE_SHORT, "balance unknown"),
        (BALANCE_BREAKS, "balance unknown"),
    ],
)
def test_a_deposit_that_does_not_arrive(token, house, victim, mode, reason):
    before = books(token, house, victim)
    token.transact("set_mode", mode, sender=victim).check()
    assert house.transact("deposit", 1000 * UNIT, sender=victim).reason == reason
    token.transact("set_mode", BEHAVES, sender=victim).check()
    assert books(token, house, victim) == before
    assert house.transact("deposit", 1000 * UNIT, sender=victim).ok
    assert books(token, house, victim) == (2000 * WAD, 2000 * UNIT, 0)


@pytest.mark.parametrize(("mode", "reason"), FAILED_TRANSFERS)
def test_a_withdrawal_that_is_not_paid(token, house, victim, mode, reason):
    before = books(token, house, victim)
    token.transact("set_mode", mode, sender=victim).check()
    assert house.transact("withdraw", 400 * UNIT, sender=victim).reason == reason
    token.transact("set_mode", BEHAVES, sender=victim).check()
    assert books(token, house, victim) == before
    assert house.transact("withdraw", 400 * UNIT, sender=victim).ok
    assert books(token, house, victim) == (600 * WAD, 600 * UNIT, 1400 * UNIT)


@pytest.mark.parametrize("mode", [BALANCE_REVERTS, BALANCE_REVERTS_SILENTLY, BALANCE_SHORT])
def test_a_withdrawal_asks_for_no_balance(token, house, victim, mode):
    token.transact("set_mode", mode, sender=victim).check()
    assert house.transact("withdraw", 400 * UNIT, sender=victim).ok
    token.transact("set_mode", BEHAVES, sender=victim).check()
    assert books(token, house, victim) == (600 * WAD, 600 * UNIT, 1400 * UNIT)


def test_a_token_that_is_gone():
    """Its code vanished after the clearinghouse was deployed; an account without code takes every call."""
    chain = EmbeddedChain()
    victim = chain.account("victim")
    token = chain.deploy(load("MockBadToken"), 6, sender=victim)
    house = house_of(chain, token)
    token.transact("mint", victim, 2 * UNIT, sender=victim).check()
    token.transact("approve", house.address, 2 * UNIT, sender=victim).check()
    house.transact("deposit", UNIT, sender=victim).check()
    chain._evm.insert_account_info(token.address, AccountInfo(nonce=1))
    assert chain.code(token.address) == b""
    assert house.transact("deposit", UNIT, sender=victim).reason == "balance unknown"
    assert house.transact("withdraw", UNIT, sender=victim).reason == "transfer failed"
    assert house.call("free_collateral", victim) == WAD


@pytest.mark.parametrize(
    "call",
    [
        ("deposit", UNIT),
        ("withdraw", UNIT, "attacker", "victim"),
        ("trade", 0, WAD, WAD, 0, 0, "victim"),
        ("adjust_margin", 0, WAD, "victim"),
        ("donate_insurance", 0, WAD),
        ("claim", 0, "victim"),
        ("set_operator", "attacker", True),
        ("accrue", 0),
        ("free_collateral", "victim"),
    ],
)
@pytest.mark.parametrize("entry", ["deposit", "withdraw"])
def test_nobody_comes_back_in_the_middle(chain, token, house, victim, call, entry):
    """The token is the victim's operator and calls back as such, from inside a transfer."""
    people = {"victim": victim, "attacker": chain.account("attacker")}
    house.transact("set_operator", token.address, True, sender=victim).check()
    name, *arguments = call
    data = house.encode(name, *[people.get(item, item) for item in arguments])
    token.transact("set_reentry", house.address, data, sender=victim).check()
    free, held, owned = books(token, house, victim)
    assert house.transact(entry, 400 * UNIT, sender=victim).ok
    assert token.call("reentries") == 1
    assert token.call("successes") == 0
    assert token.call("refusal") == b""  # the lock's; every other refusal has a reason
    moved = 400 if entry == "deposit" else -400
    assert books(token, house, victim) == (free + moved * WAD, held + moved * UNIT, owned - moved * UNIT)


def test_tokens_that_return_nothing(chain, victim):
    token = chain.deploy(load("MockSilentToken"), sender=victim)
    house = house_of(chain, token)
    token.transact("mint", victim, 1000 * UNIT, sender=victim).check()
    token.transact("approve", house.address, 1000 * UNIT, sender=victim).check()
    house.transact("deposit", 1000 * UNIT, sender=victim).check()
    house.transact("withdraw", 400 * UNIT, sender=victim).check()
    assert books(token, house, victim) == (600 * WAD, 600 * UNIT, 400 * UNIT)
    assert house.transact("deposit", 1000 * UNIT, sender=victim).reason == "insufficient allowance"


@pytest.mark.parametrize("decimals", [19, 24, 255])
def test_more_than_18_decimals(chain, victim, decimals):
    token = chain.deploy(load("MockToken"), "Fine", "FINE", decimals, sender=victim)
    with pytest.raises(TransactionFailed, match=r"too many decimals$"):
        house_of(chain, token)


def test_a_collateral_without_decimals(chain):
    silent = chain.deploy(load("MockBadOracle"), WAD, sender=chain.account("engine"))
    for address in (chain.account("nobody"), silent.address):
        with pytest.raises(TransactionFailed, match=r"decimals unknown$"):
            deploy_house(chain, address, address, address, chain.account("engine"))


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_every_unit_counts_exactly(chain, victim, decimals):
    token = chain.deploy(load("MockToken"), "Coin", "COIN", decimals, sender=victim)
    house = house_of(chain, token)
    token.transact("mint", victim, 7, sender=victim).check()
    token.transact("approve", house.address, 7, sender=victim).check()
    house.transact("deposit", 5, sender=victim).check()
    assert house.call("free_collateral", victim) == 5 * 10 ** (18 - decimals)
    assert house.transact("withdraw", 6, sender=victim).reason == "insufficient collateral"
    house.transact("withdraw", 5, sender=victim).check()
    assert books(token, house, victim) == (0, 0, 7)


def test_tokens_sent_without_a_deposit_belong_to_nobody(token, house, victim):
    before = house.call("free_collateral", victim)
    plain(token).transact("transfer", house.address, 500 * UNIT, sender=victim).check()
    assert house.call("free_collateral", victim) == before
    assert house.transact("withdraw", 1500 * UNIT, sender=victim).reason == "insufficient collateral"
    house.transact("withdraw", 1000 * UNIT, sender=victim).check()
    assert plain(token).call("balanceOf", house.address) == 500 * UNIT
