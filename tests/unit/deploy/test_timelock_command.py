"""The command, as an owner uses it, against a node."""

import pytest
from click.testing import CliRunner
from support.commands import anvil, script

from nacre.artifacts import load
from nacre.chain import NodeChain, restored
from nacre.deploy import Record, deploy_system, end_listing, list_market
from nacre.presets import preset

DELAY = 86_400


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with anvil(tmp_path_factory.mktemp("anvil")) as address:
        yield address


def deployed_at(url, folder, **options):
    record = Record({}, folder / "local.json")
    system = deploy_system(NodeChain(url), record=record, **options)
    list_market(system, "main", preset("oyster"), record=record)
    end_listing(system)
    return system, record.path


@pytest.fixture(scope="module")
def deployed(url, tmp_path_factory):
    return deployed_at(url, tmp_path_factory.mktemp("deployments"), timelock=DELAY)


@pytest.fixture
def system(deployed):
    with restored(deployed[0].chain):
        yield deployed[0]


@pytest.fixture
def run(deployed, url):
    module = script("timelock")

    def ran(*words, fails=False, deployment=None):
        place = ["--url", url, "--deployment", str(deployment or deployed[1])]
        result = CliRunner().invoke(module.cli, [*place, *words])
        assert (result.exit_code != 0) is fails, result.output
        assert "Traceback" not in result.output
        return result.output

    return ran


def announced(output):
    """The id that the command for later names."""
    return output.split("execute ")[1].strip()


def test_a_parameter_is_changed(system, run):
    before = system.config.call("market_params", 0)
    output = run("schedule", "Config.set_market_params", "0", f"imr_bps={before.imr_bps + 100}")
    assert f"imr_bps={before.imr_bps + 100}, mmr_bps={before.mmr_bps}" in output
    assert f"  imr_bps: {before.imr_bps} -> {before.imr_bps + 100}\n" in output
    call_id = announced(output)
    listed = run("list")
    assert f"{call_id}  waiting until 20" in listed
    assert "Config.set_market_params(0, " in listed
    assert "too early" in run("execute", call_id, fails=True)
    system.chain.mine(DELAY)
    assert f"{call_id}  ready" in run("list")
    assert "executed: Config.set_market_params(0, " in run("execute", call_id[:10])
    assert system.config.call("market_params", 0) == before._replace(imr_bps=before.imr_bps + 100)
    assert run("list") == "Nothing is announced.\n"
    assert f"{call_id}  executed" in run("list", "--all")
    assert "already executed" in run("execute", call_id, fails=True)


def test_the_same_again_takes_another_salt(system, run):
    words = ("schedule", "Config.set_reduce_only", "0", "true")
    first = announced(run(*words))
    assert "already scheduled" in run(*words, fails=True)
    second = announced(run(*words, "--salt", "1"))
    assert "no announced calls begin with 0xzz" in run("execute", "0xzz", fails=True)
    assert "2 announced calls begin with 0x" in run("execute", "0x", fails=True)
    system.chain.mine(DELAY)
    for call_id in (first, second):
        run("execute", call_id)
    assert system.config.call("status", 0) == 3


def test_what_is_cancelled(system, run):
    call_id = announced(run("schedule", "Config.set_guardian", "Lens"))
    assert f"cancelled: Config.set_guardian({system.lens.address})" in run("cancel", call_id)
    assert run("list") == "Nothing is announced.\n"
    assert f"{call_id}  cancelled" in run("list", "--all")
    assert "not scheduled" in run("cancel", call_id, fails=True)


def test_what_would_fail_is_not_announced(system, run):
    words = ("schedule", "Config.set_market_params", "0", "mmr_bps=0")
    assert "it would fail now: bad mmr (--anyway announces it all the same)" in run(*words, fails=True)
    assert run("list") == "Nothing is announced.\n"
    call_id = announced(run(*words, "--anyway"))
    system.chain.mine(DELAY)
    assert "bad mmr" in run("execute", call_id, fails=True)


def test_its_own_delay(system, run):
    call_id = announced(run("schedule", "Timelock.set_delay", "7200"))
    system.chain.mine(DELAY)
    run("execute", call_id)
    assert system.timelock.call("delay") == 7_200


def test_who_has_no_key(system, run):
    """An owner that is a contract: a multisig, say."""
    call_id = announced(run("schedule", "Config.set_reduce_only", "0", "true"))
    heir, timelock = system.chain.deploy(load("MockBatch"), sender=system.deployer), system.timelock
    timelock.transact("transfer_ownership", heir.address, sender=system.owner).check()
    accepting = timelock.encode("accept_ownership")
    heir.transact("send", [timelock.address], [accepting], sender=system.deployer).check()
    refused = f"only the owner {heir.address} may do that, and has no key here"
    assert refused in run("schedule", "Config.set_reduce_only", "0", "true", "--salt", "1", fails=True)
    assert refused in run("execute", call_id, fails=True)
    assert "cancelled: " in run("cancel", call_id), "the guardian has one"


def test_a_deployment_without_one(url, run, tmp_path):
    _, path = deployed_at(url, tmp_path)
    output = run("list", fails=True, deployment=path)
    assert "this deployment has no timelock: its owner acts at once" in output
