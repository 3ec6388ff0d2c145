"""The commands as a user runs them, against a node: a price is fed, the keeper finds and liquidates who fails."""

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.commands import anvil, script

from nacre.chain import ZERO_ADDRESS, ChainError, NodeChain, restored
from nacre.deploy import Record, deploy_system, list_market, load_system, record_path
from nacre.keeper.chain import Desk
from nacre.presets import preset
from nacre.prices import crash_path
from nacre.replay.run import Replay, Settings
from nacre.units import WAD

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
HEADER = "timestamp,open,high,low,close,volume\n"


def command(name):
    return script(name).cli


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with anvil(tmp_path_factory.mktemp("anvil")) as address:
        yield address


@pytest.fixture(scope="module")
def deployed(url, tmp_path_factory):
    """A market with liquidity, a long that fails below 94, and a keeper with capital."""
    chain = NodeChain(url)
    record = Record({}, tmp_path_factory.mktemp("deployments") / "local.json")
    system = deploy_system(chain, record=record)
    config = preset("oyster", trading_fee_bps=0, protocol_fee_bps=0, oracle_max_age=10**6)
    market = list_market(system, "main", config, record=record)
    trader, counterparty, keeper, provider = chain.accounts[6], chain.accounts[7], chain.accounts[5], chain.accounts[8]
    for account, amount in ((trader, 1_000), (counterparty, 5_000), (keeper, 5_000), (provider, 200_000)):
        system.fund(account, amount * WAD)
    market.venue.transact("add_liquidity", 39_100, 53_000, 100_000 * WAD, sender=provider).check()
    for account, size, margin in ((trader, 20, 250), (counterparty, -20, 400)):
        system.clearinghouse.transact("trade", 0, size * WAD, margin * WAD, 0, 0, sender=account).check()
    return Desk(system, market), record.path, trader, keeper


@pytest.fixture
def desk(deployed):
    with restored(deployed[0].system.chain):
        yield deployed[0]
    deployed[1].with_suffix(".feed").unlink(missing_ok=True)


@pytest.fixture
def run(desk, deployed, url):
    def invoke(name, *arguments):
        where = ["--url", url, "--deployment", str(deployed[1])]
        return CliRunner().invoke(command(name), [*where, *arguments], env={"COLUMNS": "200"}, catch_exceptions=False)

    return invoke


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "fall.csv"
    path.write_text(HEADER + "60,100,101,97,98,0\n120,98,98,91,92,0\n")
    return path


def index_price(desk):
    return desk.oracle.call("price")[0]


# ---- deploy


def test_deploy_for_an_owner_without_a_key_leaves_the_deployer_nothing(url, tmp_path):
    owner = "0x000000000000000000000000000000000000dEaD"
    arguments = ["--policy", "oyster", "--url", url, "--owner", owner, "--out", str(tmp_path)]
    chain = NodeChain(url)
    with restored(chain):
        done = CliRunner().invoke(command("deploy"), arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        system = load_system(chain, record_path(chain, tmp_path))
        roles = [system.config.call(role) for role in ("owner", "guardian", "lister", "pending_owner")]
        assert system.config.call("treasury") == system.treasury_contract.address
        roles.insert(0, system.treasury_contract.call("owner"))
        assert roles == [owner] * 3 + [ZERO_ADDRESS] * 2
        oracle = system.markets["main"].oracle
        assert [oracle.call(role) for role in ("owner", "feeder", "pending_owner")] == [owner] * 2 + [ZERO_ADDRESS]
        again = CliRunner().invoke(command("deploy"), arguments, catch_exceptions=False)
        assert again.exit_code == 0
        assert "market main is there, number 0" in again.output


# ---- feed


def test_feed_pushes_every_price_of_every_candle(run, desk, prices):
    done = run("feed", "--prices", str(prices))
    assert done.exit_code == 0
    assert "Pushed 7 of 7 prices" in done.output
    assert index_price(desk) == 92 * WAD


def test_feed_goes_on_where_it_stopped(run, desk, prices):
    seen = []
    for _ in range(4):
        assert run("feed", "--prices", str(prices), "--step", "2").exit_code == 0
        seen.append(index_price(desk) // WAD)
    assert seen == [101, 98, 91, 92]
    over = run("feed", "--prices", str(prices), "--step", "2")
    assert over.exit_code == 1
    assert "nothing left to push" in over.output


def test_feed_may_begin_anywhere(run, desk, prices):
    assert run("feed", "--prices", str(prices), "--step", "1", "--start", "5").exit_code == 0
    assert index_price(desk) == 91 * WAD


def test_feed_may_push_closes_only(run, desk, prices):
    assert "Pushed 1 of 2 prices" in run("feed", "--prices", str(prices), "--closes", "--step", "1").output
    assert index_price(desk) == 98 * WAD


def test_feed_as_a_stream_takes_its_time(run, desk, prices):
    started = time.monotonic()
    assert run("feed", "--prices", str(prices), "--closes", "--interval", "0.3").exit_code == 0
    assert time.monotonic() - started >= 0.3
    assert index_price(desk) == 92 * WAD


def test_feed_lets_time_pass_as_in_the_file(run, desk, prices):
    before = desk.system.chain.timestamp
    assert run("feed", "--prices", str(prices), "--closes", "--warp").exit_code == 0
    assert 60 <= desk.system.chain.timestamp - before < 75


def test_feed_takes_the_embedded_crash_without_a_file(run, desk):
    assert "Pushed 1 of 1344 prices, the last 9,130" in run("feed", "--step", "1").output
    assert index_price(desk) == 9_130 * WAD


def test_feed_names_a_bad_row(run, desk, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(HEADER + "60,1,2,3,1,0\n")
    done = run("feed", "--prices", str(bad))
    assert done.exit_code == 1
    assert "line 2: high 2 is below low 3" in done.output
    assert index_price(desk) == 100 * WAD


def test_feed_is_either_in_steps_or_a_stream(run):
    assert run("feed", "--step", "1", "--interval", "1").exit_code == 2


# ---- keeper


def push(desk, price):
    desk.oracle.transact("set_price", price * WAD, sender=desk.system.feeder).check()


def test_keeper_finds_nothing_in_a_calm_market(run):
    done = run("keeper")
    assert done.exit_code == 0
    assert "2 positions, none to liquidate" in done.output


def test_keeper_takes_over_who_fails(run, desk, deployed):
    push(desk, 92)
    _, _, trader, keeper = deployed
    done = run("keeper")
    assert done.exit_code == 0
    assert "takeover" in done.output
    assert "1 liquidated, 0 left" in done.output
    assert desk.position(trader).size == 0
    assert desk.position(keeper).size == 20 * WAD


def test_keeper_sells_what_it_took_in_the_next_pass_unless_told_to_hold(run, desk, deployed):
    push(desk, 92)
    keeper = deployed[3]
    run("keeper", "--loop", "--passes", "2", "--interval", "0.1", "--hold")
    assert desk.position(keeper).size == 20 * WAD
    done = run("keeper")
    assert "Own position: sold 20.00 on the venue" in done.output
    assert desk.position(keeper).size == 0


def test_a_dry_run_shows_and_sends_nothing(run, desk, deployed):
    push(desk, 92)
    block = desk.system.chain.block_number
    done = run("keeper", "--dry-run")
    assert "dry run" in done.output
    assert "takeover" in done.output
    assert desk.system.chain.block_number == block
    assert desk.position(deployed[2]).size == 20 * WAD


def test_the_profit_floor_leaves_what_brings_less(run, desk, deployed):
    push(desk, 92)
    done = run("keeper", "--profit-floor", "100000.5")
    assert "profit below the floor" in done.output
    assert "0 liquidated, 1 left" in done.output
    assert desk.position(deployed[2]).size == 20 * WAD


def test_capital_is_respected(run, desk, deployed):
    push(desk, 92)
    free = desk.clearinghouse.call("free_collateral", deployed[3])
    run("keeper", "--capital", "20")
    assert free - desk.clearinghouse.call("free_collateral", deployed[3]) <= 20 * WAD
    assert 0 < desk.position(deployed[3]).size < 20 * WAD


def test_a_node_that_stumbles_does_not_end_the_loop(desk, deployed, url, monkeypatch):
    cli = command("keeper")
    passes = cli.callback.__globals__
    original, calls = passes["run_pass"], []

    def stumbling(*arguments, **named):
        calls.append(1)
        if len(calls) == 1:
            raise ChainError("connection reset")
        return original(*arguments, **named)

    monkeypatch.setitem(passes, "run_pass", stumbling)
    arguments = ["--url", url, "--deployment", str(deployed[1]), "--loop", "--passes", "2", "--interval", "0.1"]
    push(desk, 92)
    done = CliRunner().invoke(cli, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "connection reset; trying again" in done.output
    assert "1 liquidated" in done.output
    calls.clear()
    assert CliRunner().invoke(cli, arguments[:4], env={"COLUMNS": "200"}).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--market", "nope"], "there is no market 'nope' in this deployment; there are: main"),
        (["--keeper", "0x" + "11" * 20], "there is no key of 0x"),
        (["--keeper", "somebody"], "'somebody' is not an address"),
        (["--profit-floor", "-1"], "is not an amount"),
        (["--capital", "much"], "is not an amount"),
        (["--deployment", "/nonexistent/local.json"], "there is no deployment record"),
        (["--url", "http://127.0.0.1:1"], "no node answers"),
    ],
)
def test_keeper_says_what_is_wrong(run, arguments, reason):
    done = run("keeper", *arguments)
    assert done.exit_code != 0
    assert reason in done.output


# ---- replay


def test_replay_runs_on_a_node(url, tmp_path):
    arguments = ["--accounts", "8", "--candles", "3", "--out", str(tmp_path), "--network", url]
    done = CliRunner().invoke(command("replay"), arguments)
    assert done.exit_code == 0, done.output
    assert "assets = claims + dust" in done.output
    assert "<svg" in (tmp_path / "report.html").read_text()
    assert json.loads((tmp_path / "report.json").read_text())["parties"]


def test_replay_on_a_node_tells_the_same_story_as_in_process(url):
    """To the wei, without funding: a node takes as many seconds for its transactions as it happens to."""
    settings = Settings(crash_path()[:3], preset("oyster", funding_cap_bps=0), "oyster", accounts=8)
    node, embedded = (
        json.loads(Replay(settings, chain).run(lambda done, total: None).as_json()) for chain in (NodeChain(url), None)
    )
    for told in ("liquidations_by_kind", "parties"):
        assert node[told] == embedded[told]


@pytest.mark.parametrize(
    ("arguments", "reason", "status"),
    [
        (["--policy", "nope"], "there is no policy 'nope'", 1),
        (["--prices", "nope.csv"], "nope.csv: No such file", 1),
        (["--accounts", "1"], "is not in the range", 2),
        (["--seed", "-1"], "is not in the range", 2),
        (["--network", "http://127.0.0.1:1"], "no node answers", 1),
    ],
)
def test_replay_says_what_is_wrong(arguments, reason, status, tmp_path):
    done = CliRunner().invoke(command("replay"), [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == status
    assert reason in done.output
