"""What sets the policies apart in a replay, on real contracts: the vault, deleveraging, cross accounts, chunks; and all
of them side by side."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from nacre.presets import preset, preset_names
from nacre.prices import crash_path
from nacre.replay.compare import ORDER, Comparison, common_leverage
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE
from nacre.replay.run import Replay, Settings
from nacre.replay.several import ReplayError, run_several
from nacre.units import WAD
from scripts.replay import cli

# Both legs of the crash.
CANDLES = crash_path()[118:158]


def settings(policy, **changed):
    return Settings(
        **({"candles": CANDLES, "config": preset(policy), "policy": policy, "accounts": 24, "seed": 5} | changed)
    )


@pytest.fixture(scope="module", params=["hyperliquid", "defx"])
def replay(request):
    replay = Replay(settings(request.param))
    replay.outcome = replay.run()
    return replay


def test_assets_are_claims_and_dust_with_vault_treasury_and_cross_accounts(replay):
    sheet = replay.outcome.balance
    assert sheet.balances
    assert 0 <= sheet.dust < 10**9
    assert replay.outcome.zero_sum() == -sheet.dust
    system = replay.world.system
    assert sheet.assets == system.token.call("balanceOf", system.clearinghouse.address)


def test_half_of_the_traders_trade_cross_and_nobody_else(replay):
    world = replay.world
    traders = {trader.account for trader in replay.traders}
    assert world.cross < traders
    assert 6 <= len(world.cross) <= 18
    for account in traders:
        assert (account in world.cross) == (world.clearinghouse.call("cross_markets", account)[0] == 1)


def test_the_vault_has_depositors_and_takes_over(replay):
    result, vault = replay.outcome, replay.world.vault
    assert vault.call("totalSupply") > 0
    assert result.party("backstop vault").brought > 0
    assert result.of_kind(BACKSTOP)
    assert all(item.liquidator == "backstop vault" for item in result.of_kind(BACKSTOP))
    assert result.samples[-1].vault > 0


def test_the_worth_of_the_vault_is_what_its_shares_are_worth(replay):
    world = replay.world
    worth = world.system.to_tokens(replay.outcome.party("backstop vault").final)
    assert abs(world.vault.call("totalAssets") - worth) <= 1


def test_nobody_is_left_bankrupt_and_nothing_is_left_to_pay(replay):
    result, world = replay.outcome, replay.world
    assert result.left_bankrupt == 0
    assert world.leftovers == {}
    assert not any(world.owed.values())


def test_mirrors_agree_with_the_chain(replay):
    world = replay.world
    for account in world.names:
        stored = world.desk.position(account)
        assert world.position(account) == (replace(stored, topups=0) if stored.size else type(stored)())
        assert world.leftovers.get(account, 0) == (0 if stored.size else stored.balance)
        assert world.owed.get(account, 0) == world.clearinghouse.call("owed", 0, account)
    for account in world.cross:
        assert world.backing(account) == world.free(account)


def test_the_stage_of_every_account_is_that_of_the_lens(replay):
    world = replay.world
    for account, position in world.positions.items():
        if position.size:
            seen = world.system.lens.call("health", 0, account)
            state = world.standing(account)
            assert (state.equity, state.maintenance_margin) == (seen.equity, seen.maintenance_margin)
            assert world.failing(account) == (seen.stage >= 2)


def test_what_deleveraging_takes_covers_the_loss_and_no_more(replay):
    result = replay.outcome
    assert result.of_kind(ADL)
    for item in result.of_kind(ADL):
        assert item.bankrupt
        assert item.counterparties > 0
        # Shares of counterparties are rounded against each of them; a rest that nobody took went down the waterfall.
        assert abs(item.given_up - item.residue + item.deficit + item.equity) <= item.counterparties + 2
    assert result.total("from_insurance") + result.party("insurance fund").final > 0


def test_at_the_bankruptcy_price_nothing_is_left_to_the_target(replay):
    left = sum(item.residue for item in replay.outcome.of_kind(ADL))
    assert (left > 0) == (replay.settings.policy == "hyperliquid")


def test_defx_calls_margin_and_oyster_does_not():
    calls = {
        policy: Replay(settings(policy, candles=CANDLES[:14], accounts=8)).run().margin_calls
        for policy in ("defx", "oyster")
    }
    assert calls["defx"] > 0
    assert calls["oyster"] == 0


def test_large_positions_go_in_chunks_and_the_rest_after_the_cooldown():
    config = preset("hyperliquid", large_notional=2_000, backstop_bps=0)
    replay = Replay(settings("hyperliquid", config=config, candles=CANDLES[:12]))
    result = replay.run()
    steps = {}
    for item in result.of_kind(FORCE_CLOSE):
        steps.setdefault(item.target, []).append(item)
    several = [items for items in steps.values() if len(items) > 1 and items[0].notional * 5 > 2_000 * WAD]
    assert several
    first, second = several[0][:2]
    assert second.time - first.time >= 30
    assert not any(reason.endswith("cooldown") for reason in result.refused)


def test_satoshiswap_collects_borrow_fees_and_proceeds_for_the_treasury():
    result = Replay(settings("satoshiswap")).run()
    assert result.party("treasury").result > 0
    assert result.balance.balances


def test_a_cap_on_open_interest_grows_with_the_accounts():
    few, many = (settings("defx", accounts=accounts).market() for accounts in (10, 1_000))
    assert few.max_open_interest == preset("defx").max_open_interest
    assert many.max_open_interest == 25_000_000
    assert many.min_notional * 10_000 == many.max_open_interest
    assert many.backstop_loss_cap * preset("defx").max_open_interest == (
        preset("defx").backstop_loss_cap * many.max_open_interest
    )


# ---- several


def test_processes_of_their_own_tell_the_same_story():
    wanted = [settings(policy, candles=CANDLES[:10], accounts=6) for policy in ("injective", "oyster")]
    seen = []
    results = run_several(wanted, lambda number, done, total: seen.append((number, done, total)))
    assert [result.as_json() for result in results] == [Replay(one).run().as_json() for one in wanted]
    assert {number for number, done, total in seen if done == total == 10} == {0, 1}


def test_a_replay_that_fails_ends_all_and_says_which():
    wanted = [settings("oyster", candles=CANDLES[:3], accounts=4), settings("defx", candles=[], accounts=4)]
    with pytest.raises(ReplayError, match="defx: "):
        run_several(wanted)


def test_all_policies_with_the_same_accounts_and_prices():
    leverage = common_leverage([preset(policy) for policy in preset_names()])
    wanted = [
        settings(policy, candles=CANDLES[:4], accounts=6, most_leverage_bps=leverage) for policy in ("oyster", "defx")
    ]
    replays = [Replay(one) for one in wanted]
    first, second = ([(t.stake, t.leverage_bps, t.long) for t in replay.traders] for replay in replays)
    assert first == second
    results = [replay.run() for replay in replays]
    assert results[0].candles == results[1].candles
    assert {result.party("traders").brought for result in results} == {results[0].party("traders").brought}
    assert all(result.balance.balances for result in Comparison(results).results)


def test_the_command_compares_all_policies(tmp_path):
    arguments = ["--policy", "all", "--accounts", "6", "--candles", "3", "--out", str(tmp_path)]
    done = CliRunner().invoke(cli, arguments, env={"COLUMNS": "80"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "assets = claims + dust under every policy" in done.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert [entry["policy"] for entry in report["policies"]] == list(ORDER)
    assert len(report["candles"]) == 3
    page = (tmp_path / "report.html").read_text()
    assert "Five liquidation systems, one price path" in page


def test_a_wrong_name_lists_the_right_ones(tmp_path):
    done = CliRunner().invoke(cli, ["--policy", "nope", "--out", str(tmp_path / "out")])
    assert done.exit_code == 1
    assert "there is no policy 'nope'; there are defx, hyperliquid, injective, oyster, satoshiswap" in done.output
    assert "and all to compare them" in done.output
    assert not (tmp_path / "out").exists()
