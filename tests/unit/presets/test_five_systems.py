"""The presets of all five systems: what sets them apart, what is refused, and what the documents say of them."""

import re
from decimal import Decimal

import pytest
import yaml

from nacre.artifacts import ROOT
from nacre.presets import MarketConfig, PresetError, load_file, preset, preset_names
from nacre.presets.market import MOST_SMALLEST_POSITIONS

FIVE = ["defx", "hyperliquid", "injective", "oyster", "satoshiswap"]
TOML = {name: (ROOT / "nacre" / "presets" / f"{name}.toml").read_text() for name in FIVE}
DEFAULTS = MarketConfig()
# What sets the five systems apart.
LADDER = {
    # trigger, backstop, margin call, takeover, force close, with fees, residue, loss
    "oyster": (10_000, 0, 0, True, True, True, "insurance", "social"),
    "injective": (10_000, 0, 0, False, True, True, "trader", "social"),
    "satoshiswap": (1_000, 0, 0, False, True, True, "treasury", "social"),
    "hyperliquid": (10_000, 6_667, 0, False, True, False, "trader", "adl"),
    "defx": (10_000, 10_000, 15_000, True, True, True, "insurance", "adl"),
}
MARGINS = {
    # IMR, MMR, mark, cross margin, entry margin rule, borrow rate
    "oyster": (1000, 500, "index", False, False, 0),
    "injective": (500, 250, "index", False, True, 0),
    "satoshiswap": (1000, 500, "index", False, False, 1000),
    "hyperliquid": (250, 125, "median", True, False, 0),
    "defx": (500, 250, "index", True, False, 0),
}


def test_there_are_five():
    assert preset_names() == FIVE


@pytest.mark.parametrize("name", FIVE)
def test_the_policy_table(name):
    config = preset(name)
    ladder = (config.trigger_bps, config.backstop_bps, config.margin_call_bps)
    ways = (config.takeover, config.force_close, config.force_close_fees)
    assert (*ladder, *ways, config.residue, config.loss) == LADDER[name]
    margins = (config.imr_bps, config.mmr_bps, config.mark_mode, config.cross_margin, config.entry_margin_rule)
    assert (*margins, config.borrow_rate_bps) == MARGINS[name]


def test_what_only_hyperliquid_has():
    config = preset("hyperliquid")
    assert (config.large_notional, config.chunk_bps, config.cooldown_seconds) == (100_000, 2000, 30)
    assert (config.adl_price, config.liquidation_fee_bps) == ("previous_mark", 0)
    assert config.backstop_bps * 3 >= 20_000 > (config.backstop_bps - 1) * 3  # two thirds, rounded up
    assert config.imr_bps == 10_000 // 40
    assert config.mmr_bps * 2 == config.imr_bps


def test_what_only_satoshiswap_has():
    config = preset("satoshiswap")
    assert (config.liquidation_fee_bps, config.reward_share_bps, config.borrow_share_bps) == (20, 5000, 5000)
    # at the trigger both fees are there
    left = config.mmr_bps * config.trigger_bps // 10_000
    assert left >= config.trading_fee_bps + config.protocol_fee_bps + config.liquidation_fee_bps


def test_what_only_defx_has():
    config = preset("defx")
    assert config.show_liquidation_price
    assert config.force_close_at_liquidation_price
    assert not any(preset(name).force_close_at_liquidation_price for name in FIVE if name != "defx")
    assert [(tier.lower, tier.imr_bps, tier.mmr_bps) for tier in config.tiers] == [
        (100_000, 1000, 500),
        (500_000, 2000, 1000),
    ]


@pytest.mark.parametrize("name", ["hyperliquid", "defx"])
def test_where_losses_are_deleveraged_there_is_a_cap_and_a_vault(name):
    config = preset(name)
    assert config.max_open_interest == MOST_SMALLEST_POSITIONS * config.min_notional
    assert config.backstop_loss_cap * 10 == config.max_open_interest


@pytest.mark.parametrize(
    ("leverage", "imr", "mmr"), [(3, 3333, 1667), (5, 2000, 1000), (10, 1000, 500), (25, 400, 200)]
)
def test_hyperliquids_other_leverages_are_two_fields(leverage, imr, mmr):
    config = preset("hyperliquid", imr_bps=imr, mmr_bps=mmr)
    assert abs(config.imr_bps - Decimal(10_000) / leverage) < 1
    assert abs(config.mmr_bps - Decimal(5_000) / leverage) < 1
    assert config.backstop_bps == 6_667


# ---- every number has a source


@pytest.mark.parametrize("name", FIVE)
def test_every_preset_says_where_it_comes_from(name):
    """What differs from the default stands in a block that begins with a comment."""
    for block in re.split(r"\n\n", TOML[name])[1:]:
        lines = [line for line in block.splitlines() if line]
        if all(line.startswith("#") for line in lines):
            continue
        changed = [
            key
            for line in lines
            if (key := line.partition(" = ")[0]) in MarketConfig.model_fields
            and getattr(preset(name), key) != getattr(DEFAULTS, key)
        ]
        if changed and name in ("satoshiswap", "hyperliquid", "defx"):
            assert lines[0].startswith("#"), (name, changed)


@pytest.mark.parametrize("name", ["defx", "hyperliquid", "satoshiswap"])
def test_presets_hold_no_field_without_need(name, tmp_path):
    """Each line is a field, and the file alone is the preset."""
    path = tmp_path / "copy.toml"
    path.write_text(TOML[name])
    assert load_file(path) == preset(name)


def rows():
    """Field, default and the five columns of docs/parameters.md."""
    head = None
    for line in (ROOT / "docs" / "parameters.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "field" and "default" in cells:
            head = cells
        elif not line.startswith("|"):
            head = None
        elif head and "oyster" in head and line.startswith("| `"):
            field = cells[0].split("`")[1]
            if field in MarketConfig.model_fields and field != "price":
                yield field, dict(zip(head, cells, strict=True))


ROWS = dict(rows())


def test_every_field_is_documented():
    assert set(ROWS) == set(MarketConfig.model_fields) - {"price", "push_jump_bps"}


def documented(text, field):
    if field == "penalty":
        return [Decimal(item) for item in text.split(",")]
    if field == "tiers":
        return MarketConfig(tiers=yaml.safe_load(text)).tiers
    value = yaml.safe_load(text)
    return Decimal(str(value)) if isinstance(getattr(DEFAULTS, field), Decimal) else value


@pytest.mark.parametrize("field", sorted(ROWS))
def test_the_documents_say_what_the_presets_do(field):
    row = ROWS[field]
    default = getattr(DEFAULTS, field)
    assert documented(row["default"], field) == default
    for name in FIVE:
        value = getattr(preset(name), field)
        assert value == (documented(row[name], field) if row[name] else default), name
        assert not row[name] or value != default, f"{name}: an empty cell says the same"


# ---- what is refused


@pytest.mark.parametrize(
    ("name", "fields", "reason"),
    [
        ("oyster", {"loss": "adl"}, "min_notional: loss = adl needs one above 0"),
        ("hyperliquid", {"min_notional": 0}, "min_notional: loss = adl needs one above 0"),
        (
            "hyperliquid",
            {"max_open_interest": 1_000_001},
            r"max_open_interest \(1000001\) with loss = adl: at most 10,000 times min_notional \(100\), 1000000",
        ),
        ("defx", {"min_notional": 99}, r"max_open_interest \(1000000\) with loss = adl: at most"),
        ("defx", {"imr_bps": 2000, "mmr_bps": 500}, "tiers: bounds and ratios must rise"),
        ("defx", {"tiers": [[1000, 1000]]}, r"tiers.0: a tier is \[lower bound of the notional, imr_bps, mmr_bps\]"),
        ("defx", {"tiers": [{"from": 5, "imr_bps": 1000, "mmr_bps": 500}]}, "tiers.0.lower: Field required"),
        ("defx", {"tiers": [[1, 600, 300], [2, 700, 350], [3, 800, 400], [4, 900, 450]]}, "tiers: List should have"),
        ("defx", {"tiers": [[0, 600, 600]]}, r"mmr_bps \(600\) must be below imr_bps \(600\)"),
        ("oyster", {"mark_mode": "last"}, "mark_mode: Input should be 'index' or 'median'"),
        ("oyster", {"adl_price": "mark"}, "adl_price: Input should be 'bankruptcy' or 'previous_mark'"),
        ("oyster", {"loss": "both"}, "loss: Input should be 'social' or 'adl'"),
        ("oyster", {"cross_margin": "yes"}, "cross_margin: Input should be a valid boolean"),
        ("oyster", {"borrow_share_bps": 10_001}, "borrow_share_bps: Input should be less than or equal to 10000"),
        ("oyster", {"backstop_loss_cap": -1}, "backstop_loss_cap: Input should be greater than or equal to 0"),
    ],
)
def test_what_does_not_go_together_is_refused(name, fields, reason):
    with pytest.raises(PresetError, match=f"^market: {reason}"):
        preset(name, **fields)


def test_no_cap_given_is_the_highest_where_losses_are_deleveraged():
    assert preset("hyperliquid", max_open_interest=0).open_interest_cap == 1_000_000
    assert preset("hyperliquid", max_open_interest=0, min_notional=3).open_interest_cap == 30_000
    assert preset("hyperliquid", max_open_interest=500).open_interest_cap == 500
    assert preset("oyster").open_interest_cap == 0


def test_tiers_may_begin_at_zero():
    config = preset("oyster", tiers=[[0, 400, 200], [1000, 800, 400]])
    assert (config.imr_bps, config.mmr_bps) == (400, 200)
    assert [(tier.lower, tier.imr_bps) for tier in config.tiers] == [(1000, 800)]
    assert config.changed(tip=1).tiers == config.tiers


def test_wrong_name_lists_the_right_ones():
    with pytest.raises(PresetError, match=f"there is no policy 'gmx'; there are {', '.join(FIVE)}$"):
        preset("gmx")
