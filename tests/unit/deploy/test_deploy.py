"""Deployment: who owns what afterwards, what a second and an interrupted run do, what is refused."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner
from support.commands import script
from support.deployments import ABSENT, FragileChain, FragileOneKeyChain, Interrupted, OneKeyChain, roles_left_to

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, EmbeddedChain
from nacre.deploy import (
    DeployError,
    Record,
    deploy_system,
    end_listing,
    list_market,
    load_system,
    market_params,
    policy_params,
)
from nacre.deploy.listing import lacks_guardian
from nacre.deploy.record import CORE
from nacre.presets import preset
from nacre.units import WAD

# Token, core, treasury and its token, naming the vault; of a market oracle, venue, listing and the loss cap in it.
TRANSACTIONS = 1 + len(CORE) + 2 + 1 + 4


@pytest.fixture
def chain():
    return EmbeddedChain()


def test_contracts_know_each_other_and_the_deployer_holds_no_role(chain):
    system = deploy_system(chain, decimals=6)
    assert system.clearinghouse.call("collateral") == system.token.address
    assert system.token.call("decimals") == 6
    assert system.config.call("owner") == system.owner
    assert system.config.call("guardian") == system.guardian
    assert system.config.call("treasury") == system.treasury
    assert system.deployer not in (system.owner, system.guardian, system.treasury, system.feeder)


@pytest.mark.parametrize("owner_has_a_key", [True, False])
def test_the_deployer_is_nothing_anywhere(owner_has_a_key):
    chain = EmbeddedChain() if owner_has_a_key else OneKeyChain()
    system = deploy_system(chain, **({} if owner_has_a_key else {"owner": ABSENT}))
    for name in ("main", "second"):
        list_market(system, name, preset("hyperliquid"))
    assert roles_left_to(system, system.deployer) == (set() if owner_has_a_key else {"Config.lister"})
    end_listing(system)
    end_listing(system)  # nothing left to end
    assert roles_left_to(system, system.deployer) == set()
    assert roles_left_to(system, system.owner) >= {"Config.owner", "MockOracle.owner", "Treasury.owner"}
    assert roles_left_to(system, system.config.address) >= {"BackstopVault.owner"}
    pending = {f"{name}.pending_owner" for name in ("Config", "MockOracle", "Treasury", "BackstopVault")}
    assert roles_left_to(system, ZERO_ADDRESS) == pending | {"Config.lister"}
    for contract, *call in (
        (
            system.config,
            "list_market",
            market_params(preset("oyster"), ABSENT, ABSENT),
            policy_params(preset("oyster")),
        ),
        (system.config, "pause", 0),
        (system.config, "set_guardian", system.deployer),
        (system.config, "set_backstop", ZERO_ADDRESS),
        (system.config, "set_backstop_loss_cap", system.vault.address, 0, 0),
        (system.vault, "set_loss_cap", 0, 0),
        (system.treasury_contract, "set_period", 3600),
        (system.config, "accept_ownership"),
        (system.markets["main"].oracle, "set_price", WAD),
        (system.markets["main"].oracle, "set_feeder", system.deployer),
        (system.markets["main"].oracle, "accept_ownership"),
    ):
        assert contract.transact(*call, sender=system.deployer).reason.startswith(("ownable", "not ")), call


def test_no_role_goes_to_a_named_deployer_by_default(chain):
    for deployer in chain.accounts[:5]:
        system = deploy_system(chain, deployer=deployer)
        list_market(system, "main", preset("oyster"))
        assert roles_left_to(system, deployer) == set()
        assert len({system.owner, system.guardian, system.treasury, system.feeder, deployer}) == 5


def test_market_has_the_parameters_of_its_preset(chain):
    system = deploy_system(chain)
    config = preset("injective", tip="0.5", penalty=["1.5", "0", "0.0001", "2"], min_notional=5, push_jump_bps=70)
    market = list_market(system, "btc", config, price=Decimal("65000.5"))

    stored = system.config.call("market_params", market.id)._asdict()
    expected = market_params(config, market.oracle.address, market.venue.address)
    tiers = [tuple(tier.values()) for tier in expected["tiers"]]
    assert stored == expected | {"max_deviation_bps": config.imr_bps, "tiers": tiers}  # 0 stands for the IMR
    assert system.config.call("policy_params", market.id)._asdict() == policy_params(config)
    assert market.oracle.call("price")[0] == 65_000_500_000_000_000_000_000
    assert market.oracle.call("push_jump_bps") == 70
    assert system.markets["btc"] == market


def test_several_markets_have_numbers_in_order(chain):
    system = deploy_system(chain)
    markets = [list_market(system, name, preset("oyster")) for name in ("btc", "eth", "link")]
    assert [market.id for market in markets] == [0, 1, 2]
    assert len({market.venue.address for market in markets}) == 3


def test_funding_an_account_and_pushing_a_price(chain):
    system = deploy_system(chain, decimals=6)
    market = list_market(system, "main", preset("oyster"))
    ann = chain.account("ann")
    system.fund(ann, 5 * WAD)
    system.fund(ann, 2 * WAD)
    assert system.clearinghouse.call("free_collateral", ann) == 7 * WAD
    system.push_price(market, 80 * WAD)
    assert system.clearinghouse.call("mark_price", market.id) == 80 * WAD
    system.push_price(market, 81 * WAD, chain.timestamp)
    assert system.clearinghouse.call("mark_price", market.id) == 81 * WAD


def test_own_collateral(chain):
    token = chain.deploy(load("MockToken"), "Dollar", "USD", 8, sender=chain.accounts[0])
    system = deploy_system(chain, token=token.address)
    assert (system.decimals, system.unit, system.to_tokens(3 * WAD)) == (8, 10**10, 3 * 10**8)
    assert system.clearinghouse.call("collateral") == token.address


@pytest.mark.parametrize("interrupted_after", range(TRANSACTIONS))
def test_interrupted_run_is_continued(tmp_path, interrupted_after):
    chain, path = FragileChain(), tmp_path / "local.json"

    def run():
        record = Record.load(path) or Record({}, path)
        system = deploy_system(chain, record=record)
        list_market(system, "main", preset("hyperliquid"), record=record)
        return system

    chain.left = interrupted_after
    with pytest.raises(Interrupted):
        run()
    chain.left = TRANSACTIONS - interrupted_after  # nothing is done twice
    system = run()
    assert system.clearinghouse.call("market_count") == 1

    chain.left = 0  # and now there is nothing left to do
    assert run().clearinghouse.address == system.clearinghouse.address
    again = load_system(chain, path)
    assert again.markets["main"].venue.address == system.markets["main"].venue.address
    assert again.markets["main"].config == preset("hyperliquid")
    hashes = [entry["code_hash"] for entry in json.loads(path.read_text())["contracts"].values()]
    assert all(item.startswith("0x") and len(item) == 66 for item in hashes)


@pytest.mark.parametrize("transactions", [1, 2])
def test_plan_that_other_transactions_have_overtaken(tmp_path, transactions):
    chain, path = FragileChain(), tmp_path / "local.json"
    chain.left = 2
    with pytest.raises(Interrupted):
        deploy_system(chain, record=Record({}, path))
    chain.left = 10**9
    for _ in range(transactions):  # they take the planned addresses of clearinghouse and engine
        chain.deploy(load("MockToken"), "Other", "OTH", 18, sender=chain.accounts[0])
    with pytest.raises(DeployError, match="the deployer has sent other transactions since"):
        deploy_system(chain, record=Record.load(path))


def test_owner_without_a_key_here_owns_from_the_start():
    chain = OneKeyChain()
    system = deploy_system(chain, owner=ABSENT)
    assert system.config.call("owner") == ABSENT
    assert {system.guardian, system.treasury_contract.call("owner"), system.feeder} == {ABSENT}
    assert system.treasury == system.treasury_contract.address
    list_market(system, "main", preset("oyster"))
    end_listing(system)
    with pytest.raises(DeployError, match=r"only the owner .* can list a market, and has no key here"):
        list_market(system, "second", preset("oyster"))


@pytest.mark.parametrize("interrupted_after", range(TRANSACTIONS + 1))
def test_interrupted_run_for_an_owner_without_a_key_is_continued(tmp_path, interrupted_after):
    chain, path = FragileOneKeyChain(), tmp_path / "local.json"

    def run():
        record = Record.load(path) or Record({}, path)
        system = deploy_system(chain, owner=ABSENT, record=record)
        list_market(system, "main", preset("hyperliquid"), record=record)
        end_listing(system)
        return system

    chain.left = interrupted_after
    with pytest.raises(Interrupted):
        run()
    chain.left = TRANSACTIONS + 1 - interrupted_after  # nothing is done twice
    assert roles_left_to(run(), chain.account("deployer")) == set()
    assert chain.left == 0
    assert run().clearinghouse.call("market_count") == 1  # and now there is nothing left to do


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"decimals": 19}, "19 decimals: 0 to 18 are possible"),
        ({"token": ABSENT}, "no contract at the collateral's address"),
        ({"owner": EmbeddedChain().accounts[0]}, "must be others than the deployer"),
        ({"guardian": EmbeddedChain().accounts[0]}, "must be others than the deployer"),
    ],
)
def test_what_cannot_be_deployed(chain, options, reason):
    with pytest.raises(DeployError, match=reason):
        deploy_system(chain, **options)


def test_one_account_needs_to_name_an_owner():
    with pytest.raises(DeployError, match="no account for the owner: name one"):
        deploy_system(OneKeyChain())


def test_market_that_is_there_with_other_parameters(chain, tmp_path):
    record = Record({}, tmp_path / "local.json")
    system = deploy_system(chain, record=record)
    list_market(system, "main", preset("oyster"), record=record)
    with pytest.raises(DeployError, match=r"market main is there with other parameters \(imr_bps\)"):
        list_market(system, "main", preset("oyster", imr_bps=900), record=record)


def test_record_of_another_chain_or_code(chain, tmp_path):
    path = tmp_path / "local.json"
    with pytest.raises(DeployError, match="there is no deployment record"):
        load_system(chain, path)
    record = Record({}, path)
    deploy_system(chain, record=record)
    with pytest.raises(DeployError, match="Token is not deployed on this chain"):
        load_system(EmbeddedChain(), path)
    with pytest.raises(DeployError, match="is about chain 1337, not 5"):
        load_system(EmbeddedChain(chain_id=5), path)
    record.contracts["Config"]["code_hash"] = "0x" + "00" * 32
    record.save()
    with pytest.raises(DeployError, match=r"is not what .* says"):
        load_system(chain, path)
    path.write_text("{}")
    with pytest.raises(DeployError, match="not a deployment record of this version"):
        load_system(chain, path)


# ---- the command, on Ape's test chain


@pytest.fixture
def command():
    return script("deploy").cli


def test_command_writes_the_record(command, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('policy = "oyster"\nimr_bps = 300\nmmr_bps = 150\n')
    result = CliRunner().invoke(command, ["--config", str(own), "--price", "42.5", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "market main listed, number 0" in result.output
    data = json.loads((tmp_path / "embedded.json").read_text())
    assert data["markets"]["main"]["parameters"]["imr_bps"] == 300
    assert data["markets"]["main"]["parameters"]["price"] == "42.5"
    assert data["collateral_decimals"] == 18


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name either --policy or --config"),
        (
            ["--policy", "binance"],
            "there is no policy 'binance'; there are defx, hyperliquid, injective, oyster, satoshiswap",
        ),
        (["--config", "nowhere.toml"], "nowhere.toml: No such file"),
        (["--policy", "oyster", "--price", "-1"], "price: Input should be greater than 0"),
        (["--policy", "oyster", "--price", "high"], "'high' is not a number"),
        (["--policy", "oyster", "--owner", "0x12"], "'0x12' is not an address"),
        (["--policy", "oyster", "--url", "http://127.0.0.1:1"], "no node answers at http://127.0.0.1:1"),
        (["--policy", "oyster", "--network", "ethereum:local:nothing"], "nothing"),
    ],
)
def test_command_says_what_is_wrong(command, tmp_path, arguments, reason):
    result = CliRunner().invoke(command, [*arguments, "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert reason in result.output
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_signed_oracle_without_a_guardian_is_told(chain):
    system = deploy_system(chain)
    signer, owner = chain.account("signer"), chain.account("oracle owner")
    deployed = [
        chain.deploy(load("SignedOracle"), bytes(32), signer, owner, 0, sender=chain.account("somebody"))
        for _ in range(2)
    ]
    deployed[1].transact("set_guardian", chain.account("oracle guardian"), sender=owner).check()
    heard = []
    for number, oracle in enumerate([*(signed.address for signed in deployed), None]):
        said: list[str] = []
        list_market(system, f"market {number}", preset("oyster"), oracle=oracle, progress=said.append)
        heard.append([text for text in said if "guardian" in text])
    assert [len(said) for said in heard] == [1, 0, 0]
    assert heard[0][0].startswith("it has no guardian: ")
    assert not lacks_guardian(chain, system.markets["market 2"].oracle.address)  # of another kind
