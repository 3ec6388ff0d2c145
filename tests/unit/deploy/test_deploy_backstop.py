"""Treasury and backstop vault as parts of a deployment: who owns them, what is given, what later runs leave alone."""

import pytest

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from nacre.deploy import BackstopTerms, DeployError, Record, deploy_system, end_listing, list_market, load_system
from nacre.presets import preset
from nacre.units import DAY, WAD

ABSENT = "0x000000000000000000000000000000000000dEaD"


@pytest.fixture
def chain():
    return EmbeddedChain()


def test_fees_go_to_a_treasury_with_a_mock_governance_token(chain):
    system = deploy_system(chain, decimals=6)
    treasury = system.treasury_contract
    assert system.treasury == treasury.address == system.config.call("treasury")
    assert treasury.call("owner") == system.owner
    assert treasury.call("clearinghouse") == system.clearinghouse.address
    assert treasury.call("collateral") == system.token.address
    assert treasury.call("governance_token") == system.governance_token.address
    assert treasury.call("period_seconds") == 7 * DAY


def test_an_account_may_be_the_treasury(chain):
    system = deploy_system(chain, treasury=ABSENT)
    assert system.treasury == system.config.call("treasury") == ABSENT
    assert (system.treasury_contract, system.governance_token) == (None, None)
    with pytest.raises(DeployError, match="name either it or the treasury"):
        deploy_system(chain, treasury=ABSENT, governance_token=ABSENT)


def test_own_governance_token(chain):
    token = chain.deploy(load("MockToken"), "Share", "SHR", 18, sender=chain.accounts[0])
    system = deploy_system(chain, governance_token=token.address)
    assert system.governance_token.address == system.treasury_contract.call("governance_token") == token.address
    with pytest.raises(DeployError, match="there is no contract at the governance token's address"):
        deploy_system(chain, governance_token=ABSENT)


def test_the_vault_belongs_to_config_and_the_engine_knows_it(chain):
    system = deploy_system(chain, decimals=6)
    vault = system.vault
    assert vault.call("owner") == system.config.address
    assert system.engine.call("backstop_vault") == vault.address
    assert vault.call("CLEARINGHOUSE") == system.clearinghouse.address
    assert (vault.call("LENS"), vault.call("ENGINE")) == (system.lens.address, system.engine.address)
    assert vault.call("asset") == system.token.address
    assert (vault.call("deposit_delay"), vault.call("lock_up"), vault.call("band_bps")) == (DAY, 4 * DAY, 100)
    assert vault.call("decimals") == 12


def test_terms_of_the_vault(chain):
    vault = deploy_system(chain, terms=BackstopTerms(5, 6, 7)).vault
    assert (vault.call("deposit_delay"), vault.call("lock_up"), vault.call("band_bps")) == (5, 6, 7)


def test_markets_bring_their_loss_cap(chain):
    system = deploy_system(chain)
    caps = {"oyster": 0, "hyperliquid": 100_000 * WAD, "defx": 100_000 * WAD}
    for name, cap in caps.items():
        market = list_market(system, name, preset(name))
        assert system.vault.call("loss_cap", market.id) == cap
    market = list_market(system, "small", preset("hyperliquid", backstop_loss_cap="12.5"))
    assert system.vault.call("loss_cap", market.id) == 125 * WAD // 10


def test_a_later_run_leaves_the_owners_choices_alone(chain, tmp_path):
    path = tmp_path / "local.json"

    def run(**options):
        record = Record.load(path) or Record({}, path)
        system = deploy_system(chain, record=record, **options)
        list_market(system, "main", preset("hyperliquid"), record=record)
        end_listing(system)
        return system

    system = run(terms=BackstopTerms(0, 0, 50))
    system.config.transact("set_backstop_loss_cap", system.vault.address, 0, WAD, sender=system.owner).check()
    zero = "0x" + "00" * 20
    system.config.transact("set_backstop", zero, sender=system.owner).check()
    again = run(terms=BackstopTerms(1, 1, 1))
    assert again.vault.address == system.vault.address
    assert again.engine.call("backstop_vault") == zero
    assert again.vault.call("loss_cap", 0) == WAD
    assert again.vault.call("band_bps") == 50
    loaded = load_system(chain, path)
    assert loaded.vault.address == system.vault.address
    assert loaded.treasury_contract.address == system.treasury
    assert loaded.governance_token.address == system.governance_token.address


def test_a_run_that_ended_before_it_noted_the_vault(chain, tmp_path):
    record = Record({}, tmp_path / "local.json")
    system = deploy_system(chain, record=record)
    record.data["backstop_named"] = False
    before = chain.block_number
    deploy_system(chain, record=record)
    assert chain.block_number == before  # nothing was sent
    assert record.data["backstop_named"] is True
    assert system.engine.call("backstop_vault") == system.vault.address
