"""Mango Markets, 11 October 2022.

Two accounts with 5 million USDC each: one sold 483 million MNGO perpetuals at 0.0382, the other bought them. The token
was bought up on thin spot markets to 0.91; the long account's 423 million of profit on paper was collateral for
everything else on the platform, and 116 million left within minutes.
"""

from support import spec
from support.incidents import Incident, wad

from nacre.model.stages import Stage
from nacre.units import WAD

MILLION = 10**6 * WAD
START, PUMPED = wad("0.0382"), wad("0.91")
SIZE, STAKE = 483 * MILLION, 5 * MILLION
LENDERS = {"first_lender": 70 * MILLION, "second_lender": 46 * MILLION}  # the 116 million
OUTFLOW, HOUR = 7 * MILLION, 3_600
ATTACKERS = ("seller", "buyer")
# 5x, and room for the size.
ROOM = {"price": "0.0382", "imr_bps": 2_000, "mmr_bps": 1_000, "min_notional": 5_000, "max_open_interest": 50_000_000}


def told(incident, **changed) -> Incident:
    """Before anything happens: others' money is there, and a second market with somebody in it."""
    story: Incident = incident("hyperliquid", **ROOM | changed)
    for name, amount in LENDERS.items():
        story.join(name, amount)
    calm = story.list_market("calm", "hyperliquid", price=100)
    story.make_market(("95", "105"), calm)
    story.trade("first_lender", 1_000 * WAD, 20_000 * WAD, calm)
    story.owner("set_withdrawal_limit", OUTFLOW, HOUR)
    for name in ATTACKERS:
        story.join(name, STAKE)
    return story


def self_trade(story: Incident) -> None:
    """All of the stake behind either leg."""
    for name, size in (("seller", -SIZE), ("buyer", SIZE)):
        for market in (0, 1):
            story.send(name, story.exchange.house, "set_margin_mode", market, True)
        story.trade(name, size)


def deleverage(story: Incident) -> list[str]:
    """Whoever is bankrupt, one after the other, against whoever won; the names."""
    found: list[str] = []
    while bankrupt := [name for name in story.address if story.health(name).stage == Stage.BANKRUPT]:
        target = bankrupt[0]
        assert target not in found
        listed = story.queue(target)
        story.send("outsider", story.exchange.engine, "auto_deleverage", 0, story.address[target], listed)
        found.append(target)
    return found


def lenders(story: Incident) -> int:
    return story.gain(*LENDERS)


def test_mango_paper_profit_is_no_collateral(incident):
    """The makers have gone, and the mark follows the index: 421 million on paper. None of it leaves, or backs anything
    in another market; closed against its own loser it is the loser's stake. What two accounts brought, two accounts
    take, and not before the outflow limit lets them. What all have brought was brought more than a period before."""
    story = told(incident)
    story.make_market(("0.036", "0.04"))
    self_trade(story)
    story.exchange.chain.mine(HOUR)
    story.push(START)
    story.push(100 * WAD, 1)
    story.withdraw_liquidity("market_maker")
    before = lenders(story)
    story.push(PUMPED)
    story.touch()
    assert abs(story.gain("buyer") - 423 * MILLION) < 3 * MILLION
    assert story.health("seller").stage == Stage.BANKRUPT
    house, buyer = story.exchange.house, story.address["buyer"]
    story.refuses("withdrawal limit", "buyer", house, "withdraw", 116 * MILLION)
    story.refuses("insufficient collateral", "buyer", house, "withdraw", OUTFLOW)
    story.refuses("below account margin", "buyer", house, "withdraw", 1)
    story.refuses("below initial margin", "buyer", house, "trade", 1, WAD, 0, 0, 0)
    engine, seller = story.exchange.engine, story.address["seller"]
    story.refuses("use ADL", "first_lender", engine, "liquidate_by_takeover", 0, seller, SIZE, 50 * MILLION)

    assert deleverage(story) == ["seller"]
    assert story.pos("seller") == spec.Pos()
    assert story.worth("seller") == 0
    story.send("outsider", house, "settle", 0, buyer)
    both = story.gain(*ATTACKERS)
    assert both == -story.gain("market_maker", *LENDERS) - story.dust() - story.dust(1)
    assert abs(both) < 10**6  # wei
    assert lenders(story) == before

    story.exchange.chain.mine(HOUR)
    story.push(START)
    story.refuses("withdrawal limit", "buyer", house, "withdraw", OUTFLOW + 1)
    story.send("buyer", house, "withdraw", OUTFLOW)
    story.refuses("withdrawal limit", "buyer", house, "withdraw", MILLION // 100)
    story.exchange.chain.mine(HOUR)
    story.push(START)
    story.push(100 * WAD, 1)
    story.send("buyer", house, "withdraw", story.free("buyer"))
    assert sum(story.tokens(name) for name in ATTACKERS) == 2 * STAKE + both
    story.owner("set_withdrawal_limit", 0, HOUR)
    taken = story.everyone_leaves()
    assert sum(taken[name] - story.brought[name] for name in LENDERS) == before


def median(*prices: int) -> int:
    return sorted(prices)[1]


def test_mango_mark_after_a_jump_of_the_index(incident):
    """Where makers still quote 0.038, the mark is the index for a moment only: the premium's average over 150 s draws
    it back to where the market trades. The seller does not stay ruined for a price that nobody pays."""
    story = told(incident)
    story.make_market(("0.036", "0.04"))
    self_trade(story)
    start = story.exchange.state()
    story.push(PUMPED)
    story.touch()
    jumped = story.exchange.state()
    assert jumped.premium == spec.premium(jumped.mid_price, PUMPED) < -(95 * 10**10)
    averaged = PUMPED * (10**12 + jumped.premium_ema) // 10**12
    assert jumped.mark_price == median(PUMPED, averaged, start.mid_price) > PUMPED * 99 // 100
    marks = []
    for seconds in (60, 150, 600):
        with story.exchange.undone():
            story.exchange.chain.mine(seconds)
            ema = spec.ema(jumped.premium_ema, jumped.premium, story.exchange.chain.timestamp - jumped.accrued_at)
            averaged = PUMPED * max(0, 10**12 + ema) // 10**12
            marks.append(story.exchange.state().mark_price)
            assert marks[-1] == median(PUMPED, averaged, jumped.mid_price)
    assert PUMPED > marks[0] > marks[1] == marks[2]  # a step counts 150 s at most
    for _ in range(20):
        story.exchange.chain.mine(150)
        story.push(PUMPED)
        story.touch()
    assert story.exchange.state().mark_price < START * 11 // 10
    assert story.health("seller").stage < Stage.BANKRUPT
    story.owner("set_withdrawal_limit", 0, HOUR)
    story.everyone_leaves()


def test_mango_pumped_venue_does_not_move_the_mark(incident):
    """The other way round: the index stands still and the attackers drive the venue up as far as trades may."""
    story = told(incident)
    story.join("maker", MILLION)
    story.provide("maker", MILLION, "0.03", "0.05")
    self_trade_small(story)
    before = story.exchange.state()
    assert before.mid_price > START * 115 // 100
    assert before.mark_price == START * (10**12 + max(0, before.premium_ema)) // 10**12 < START * 1001 // 1000
    story.owner("set_withdrawal_limit", 0, HOUR)
    story.everyone_leaves()


def self_trade_small(story: Incident) -> None:
    """The buyer goes first, alone."""
    story.exchange.lead_venue(story.address["buyer"], START * 119 // 100, 2 * MILLION)
    story.check()


def with_a_maker(incident, cap: int) -> Incident:
    """A maker with a million stays at 0.038 while the index goes to 0.91, and the attackers have a third account."""
    story = told(incident, max_open_interest=cap, min_notional=cap // 10_000)
    story.make_market(("0.036", "0.04"))
    self_trade(story)
    story.withdraw_liquidity("market_maker")
    story.join("maker", MILLION)
    story.provide("maker", MILLION, "0.03", "0.05")
    story.join("looter", STAKE)
    story.push(PUMPED)
    return story


def test_mango_open_interest_cap_protects_makers(incident):
    """At 0.91 the two legs alone are nine times the cap: nobody buys from makers who have not seen the news."""
    story = with_a_maker(incident, 50_000_000)
    before = story.worth("maker")
    arguments = ("trade", 0, MILLION, STAKE, 0, 0)
    story.refuses("open interest cap", "looter", story.exchange.house, *arguments)
    assert deleverage(story) == ["seller"]
    assert story.worth("maker") == before
    assert story.gain("seller", "buyer", "looter", "market_maker", *LENDERS) == -story.dust() - story.dust(1)
    story.owner("set_withdrawal_limit", 0, HOUR)
    story.everyone_leaves()


def test_mango_a_maker_loses_its_margin_at_most(incident):
    """Without that cap the third account buys 25 million MNGO for a million, worth 22 million by the index. The maker
    has a million to lose, and that is what three accounts gain together: the rest of the profit nobody owes them."""
    story = with_a_maker(incident, 1_000_000_000)
    before = lenders(story)
    story.trade("looter", 25 * MILLION, STAKE)
    assert story.gain("looter") > 20 * MILLION
    bought = story.pos("looter")
    range_key = next(iter(story.ranges[0]))
    story.ranges[0].clear()
    lacking = -story.exchange.venue.call("range_of", story.address["maker"], *range_key[1:]).equity
    assert lacking > 19 * MILLION
    story.send("outsider", story.exchange.venue, "remove_liquidity", *range_key[1:], story.address["maker"])
    assert story.gain("maker") == -MILLION
    # What the range lacked its winners gave up at once, by size.
    state = story.exchange.state()
    share = spec.carry(bought.size, state.long_social_loss_index)
    assert share > MILLION
    assert story.gain("looter") == spec.price_pnl(bought, state.mark_price) - share
    # The maker stands at zero with what its range had sold: as the mark goes on, it is its turn again.
    assert deleverage(story) == ["seller", "maker"]
    assert story.gain("maker") == -MILLION
    together = story.gain("looter", *ATTACKERS)
    assert together == MILLION - story.gain("market_maker", *LENDERS) - story.dust() - story.dust(1)
    assert lenders(story) == before
    story.owner("set_withdrawal_limit", 0, HOUR)
    taken = story.everyone_leaves()
    assert sum(taken[name] for name in (*ATTACKERS, "looter")) <= 3 * STAKE + MILLION


def test_mango_settled_before_the_ruined_are_dealt_with(incident):
    """Why a market is not settled while somebody in it is bankrupt: nobody gives up a paper profit then, all claims are
    cut alike, and the maker's million counts for no more than the buyer's 421. Deleveraging first leaves it alone."""
    story = with_a_maker(incident, 50_000_000)
    story.touch()
    lost = -story.health("seller").equity  # beyond the stake, which its market gets
    stake, sheet = story.free("seller"), story.seen[0][0].sheet
    pot = sheet.pot + stake
    claims = sheet.account_equity + sheet.range_equity + lost + stake
    assert claims - pot == lost - story.dust()
    claim = {name: story.worth(name) - story.free(name) for name in ("maker", "buyer")}
    free = {name: story.free(name) for name in claim}
    mark = story.exchange.state().mark_price
    story.owner("set_withdrawal_limit", 0, HOUR)
    taken = story.everyone_leaves([mark, 100 * WAD])
    for name in claim:
        assert abs(taken[name] - free[name] - claim[name] * pot // claims) <= 10
    assert taken["maker"] < MILLION // 50
    assert taken["buyer"] + taken["seller"] + taken["looter"] <= 3 * STAKE + MILLION
