"""A deployment whose owner acts through a timelock: who owns what, and how a market is listed later."""

import pytest
from click.testing import CliRunner
from support.commands import script
from support.deployments import ABSENT, FragileChain, FragileOneKeyChain, Interrupted, OneKeyChain, roles_left_to

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, EmbeddedChain, TransactionFailed
from nacre.deploy import (
    MAX_DELAY,
    MIN_DELAY,
    Announced,
    DeployError,
    Record,
    deploy_system,
    end_listing,
    list_market,
    load_system,
    market_params,
    policy_params,
)
from nacre.deploy.record import CORE
from nacre.presets import preset

DELAY = 2 * 86_400
GRACE = 14 * 86_400
# Token, timelock, core, treasury and its token, naming the vault; of the market oracle, venue, listing and the loss cap
# in it; the end of listing.
TRANSACTIONS = 2 + len(CORE) + 2 + 1 + 4 + 1


def run(chain, path, *names, **options):
    """What the command does, market by market."""
    record = Record.load(path) or Record({}, path)
    system = deploy_system(chain, record=record, timelock=DELAY, **options)
    for name in names or ("main",):
        list_market(system, name, preset("hyperliquid"), record=record)
        end_listing(system)
    return system


@pytest.fixture
def chain():
    return EmbeddedChain()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "local.json"


@pytest.mark.parametrize("owner_has_a_key", [True, False])
def test_it_owns_whatever_the_owner_would(path, owner_has_a_key):
    chain = EmbeddedChain() if owner_has_a_key else OneKeyChain()
    system = run(chain, path, **({} if owner_has_a_key else {"owner": ABSENT, "guardian": ABSENT}))
    timelock = system.timelock
    said = (timelock.call("owner"), timelock.call("canceller"), timelock.call("delay"))
    assert said == (system.owner, system.guardian, DELAY)
    assert roles_left_to(system, system.deployer) == set()
    owned = {"Config.owner", "MockOracle.owner", "Treasury.owner"}
    assert roles_left_to(system, timelock.address) == owned
    assert "BackstopVault.owner" in roles_left_to(system, system.config.address)
    if owner_has_a_key:
        assert roles_left_to(system, system.owner) == {"Timelock.owner"}
        assert roles_left_to(system, system.guardian) == {"Config.guardian", "Timelock.canceller"}
    pending = {"BackstopVault", "Config", "MockOracle", "Timelock", "Treasury"}
    nobody = {f"{name}.pending_owner" for name in pending} | {"Config.lister"}
    assert roles_left_to(system, ZERO_ADDRESS) == nobody


def test_the_owner_can_do_nothing_at_once(chain, path):
    system = run(chain, path)
    for contract, *call in (
        (system.config, "set_guardian", system.owner),
        (system.config, "unpause", 0),
        (system.config, "transfer_ownership", system.owner),
        (system.treasury_contract, "set_period", 3_600),
        (system.markets["main"].oracle, "set_feeder", system.owner),
    ):
        receipt = contract.transact(*call, sender=system.owner)
        assert receipt.reason == "ownable: caller is not the owner", call
    system.config.transact("pause", 0, sender=system.guardian).check()


def test_the_record_lists_it(chain, path):
    system = run(chain, path)
    record = Record.load(path)
    entry = record.contracts["Timelock"]
    assert (entry["address"], record.data["timelock"]) == (system.timelock.address, DELAY)
    assert entry["code_hash"]
    assert load_system(chain, path).timelock.address == system.timelock.address


def test_without_one_there_is_none(chain, path):
    record = Record({}, path)
    system = deploy_system(chain, record=record)
    assert system.timelock is None
    assert "Timelock" not in record.contracts
    assert record.data["timelock"] is None
    assert load_system(chain, path).timelock is None


@pytest.mark.parametrize("one_key", [False, True])
@pytest.mark.parametrize("interrupted_after", range(TRANSACTIONS))
def test_an_interrupted_run_is_continued(path, interrupted_after, one_key):
    chain = FragileOneKeyChain() if one_key else FragileChain()
    options = {"owner": ABSENT} if one_key else {}
    chain.left = interrupted_after
    with pytest.raises(Interrupted):
        run(chain, path, **options)
    chain.left = TRANSACTIONS - interrupted_after  # nothing is done twice
    system = run(chain, path, **options)
    assert chain.left == 0
    assert roles_left_to(system, system.deployer) == set()
    again = run(chain, path, **options)  # and now there is nothing left to do
    assert again.timelock.address == system.timelock.address


@pytest.mark.parametrize("delay", [MIN_DELAY - 1, MAX_DELAY + 1])
def test_bounds_are_the_contract_s(chain, delay):
    with pytest.raises(DeployError, match=rf"a timelock of {delay} seconds: {MIN_DELAY} to {MAX_DELAY} are possible"):
        deploy_system(chain, timelock=delay)
    assert chain.block_number == 1, "nothing was sent"
    owner = chain.account("owner")
    with pytest.raises(TransactionFailed, match="bad delay"):
        chain.deploy(load("Timelock"), owner, owner, delay, sender=owner)
    chain.deploy(load("Timelock"), owner, owner, min(max(delay, MIN_DELAY), MAX_DELAY), sender=owner)


# ---- a market later


def announced(chain, path, name="second"):
    """When the owner may go on, after a run that announced the market."""
    with pytest.raises(Announced, match=f"market {name} is announced: start the same command again after 20"):
        run(chain, path, "main", name)
    return chain.timestamp + DELAY


def test_a_later_market_is_announced_and_listed(chain, path):
    run(chain, path)
    ready_at = announced(chain, path)
    before = chain.block_number
    assert announced(chain, path), "again, too soon"
    assert chain.block_number == before, "nothing was sent"
    assert list(load_system(chain, path).markets) == ["main"]
    chain.set_next_timestamp(ready_at)
    chain.mine()
    system = run(chain, path, "main", "second")
    assert system.clearinghouse.call("market_count") == 2
    assert system.vault.call("loss_cap", 1) == system.vault.call("loss_cap", 0) > 0
    assert system.markets["second"].oracle.call("owner") == system.timelock.address
    assert chain.block_number == before + 3, "a block of ours, the listing and the cap"
    run(chain, path, "main", "second")
    assert chain.block_number == before + 3


def test_it_is_announced_again_when_nobody_came_in_time(chain, path):
    run(chain, path)
    announced(chain, path)
    chain.mine(DELAY + GRACE)
    chain.mine(announced(chain, path) - chain.timestamp)
    assert run(chain, path, "main", "second").clearinghouse.call("market_count") == 2


def test_the_guardian_stops_it(chain, path):
    """And the cap, which nobody cancelled, waits for its market."""
    system = run(chain, path)
    announced(chain, path)
    chain.mine(DELAY)
    params, policy = calls_of(system, path)
    call = system.config.encode("list_market", params, policy)
    call_id = system.timelock.call("call_id", system.config.address, call, bytes(32))
    system.timelock.transact("cancel", call_id, sender=system.guardian).check()
    ready_at = announced(chain, path)
    assert system.clearinghouse.call("market_count") == 1
    assert system.vault.call("loss_cap", 1) == 0
    chain.mine(ready_at - chain.timestamp)
    assert run(chain, path, "main", "second").vault.call("loss_cap", 1) == system.vault.call("loss_cap", 0)


def calls_of(system, path):
    """Parameters and policy of the second market, as its record says."""
    entry, config = Record.load(path).markets["second"], preset("hyperliquid")
    return market_params(config, entry["oracle"]["address"], entry["venue"]["address"]), policy_params(config)


@pytest.mark.parametrize("interrupted_after", range(6))
def test_a_later_market_after_interruptions(path, interrupted_after):
    """Oracle, venue and two announcements; then listing and cap."""
    chain = FragileChain()
    run(chain, path)
    chain.left = interrupted_after
    with pytest.raises(Interrupted if interrupted_after < 4 else Announced):
        run(chain, path, "main", "second")
    if interrupted_after < 4:
        chain.left = 4 - interrupted_after
        announced(chain, path)
    chain.left = max(interrupted_after - 4, 0)
    chain.mine(DELAY + 10)
    with pytest.raises(Interrupted):
        run(chain, path, "main", "second")
    chain.left = 2 - max(interrupted_after - 4, 0)
    assert run(chain, path, "main", "second").clearinghouse.call("market_count") == 2
    assert chain.left == 0


class LaterChain(EmbeddedChain):
    """One key of all, which one changes."""

    key = "deployer"

    @property
    def accounts(self):
        return [self.account(self.key)]

    def can_send(self, address):
        return address == self.account(self.key)


def test_with_the_owner_s_key_only(path):
    """The deployer is gone: whoever announces a market deploys what it stands on."""
    chain = LaterChain()
    owner = chain.account("owner")
    run(chain, path, owner=owner)
    with pytest.raises(DeployError, match=rf"only the owner {owner} of the timelock can do that, and has no key here"):
        run(chain, path, "main", "second", owner=owner)
    chain.key = "owner"
    announced(chain, path)
    chain.mine(DELAY)
    system = run(chain, path, "main", "second", owner=owner)
    assert system.clearinghouse.call("market_count") == 2
    assert roles_left_to(system, system.deployer) == set()


# ---- the command


@pytest.fixture
def deploy():
    return script("deploy")


def test_the_command_puts_it_in_between(deploy, tmp_path):
    arguments = ["--policy", "oyster", "--timelock", str(DELAY), "--out", str(tmp_path)]
    result = CliRunner().invoke(deploy.cli, arguments)
    assert result.exit_code == 0, result.output
    record = Record.load(tmp_path / "embedded.json")
    address = record.contracts["Timelock"]["address"]
    assert f"Timelock deployed, {address}" in result.output
    assert f"{address}  {DELAY} seconds" in result.output
    assert record.data["timelock"] == DELAY


@pytest.mark.parametrize("delay", ["0", str(MIN_DELAY - 1), str(MAX_DELAY + 1), "two days"])
def test_the_command_knows_the_bounds(deploy, tmp_path, delay):
    result = CliRunner().invoke(deploy.cli, ["--policy", "oyster", "--timelock", delay, "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "Invalid value for '--timelock'" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("had", "wanted"), [(DELAY, DELAY + 1), (None, DELAY)])
def test_a_later_run_changes_no_timelock(deploy, chain, path, had, wanted):
    record = Record({}, path)
    deploy_system(chain, record=record, timelock=had)
    with pytest.raises(DeployError, match=f"has another timelock, {had or 'none'}; move it away to start anew"):
        deploy._record(chain, path, None, {"timelock": wanted})
    for same in (None, had):
        assert deploy._record(chain, path, None, {"timelock": same}).data == record.data
    del record.data["timelock"]  # as records of before have none
    record.save()
    with pytest.raises(DeployError, match="has another timelock, none"):
        deploy._record(chain, path, None, {"timelock": wanted})
