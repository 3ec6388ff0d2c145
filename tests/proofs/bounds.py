"""Why no unchecked operation of the contracts overflows: docs/derivations.md section 2.

One entry for each function that has one, with the largest magnitudes in it, computed from the bounds of what
goes in. All expressions are monotone in their arguments, so the largest arguments give the largest value. SIGNED values
must stay below 2^255, the others below 2^256.
"""

from nacre.units import BPS, RAY, WAD

# ---- what goes in: enforced where docs/derivations.md says
PRICE = 10**25  # mark, oracle price
MID = 2**94  # price of a square root price
TRADED = 10**27  # size of a trade or of a position that was increased
SIZE = 2**122  # a range's inventory; every position that is not beyond the stated bounds
STORED = 2**127 - 1  # size field, balance field
NOTIONAL = 2**120  # entry notional
SWAPPED = 2**114  # notional of a swap
FUNDING = 2**125
LOSS = 2**125
BORROW = 2**124
CARRY = FUNDING + LOSS + BORROW  # K
CARRY_MOVED = 2 * CARRY  # K - k0
POT = 2**104
RANGE_MARGIN = 2**120
LP_MARGIN = 2**128
FACTOR = 10**27
EDGE_LIQUIDITY = (2**118 - 1) // 9_213
LIQUIDITY = 2**118
LOWEST_SQRT, SQRT = 791095024370034397410311, 7934700057537675536451451360148007
HOLDERS = 2**20
TOTAL = HOLDERS * 2**90
RATIO = 2**14  # a field of a market word
POLICY_RATIO = 2**16
TIME = 2**40
ELAPSED = 2**32
PENALTY = 1_678 * (10**27 + 10**24 + 10**21 + 10**18)  # a D^3 + b D^2 + c D + d at D = 1000
# Fees of a swap: two of at most 2,047 basis points and the penalty.
FEES = 2 * SWAPPED + SWAPPED * PENALTY // WAD
BUDGET = 2**126  # what the venue charges at most of a trade
AT_MARK = TRADED * PRICE // WAD + 1
EQUITY = STORED + NOTIONAL + AT_MARK
DEFICIT = EQUITY
AMOUNT = (2**20 - 1) * 10**31  # the largest amount of a market word
# A cross account: 16 legs, and free collateral, of one token's supply in 128 bits.
LEGS = 16
FREE = 2**128 - 1
CLAIM = 2**127  # what counts of it
ACCOUNT = FREE + LEGS * (EQUITY + CLAIM)
ACCOUNT_MARGIN = LEGS * AT_MARK
COLLECTABLE = LEGS * POT
GROWTH = 4 * 2**127 * 2**115 // LOWEST_SQRT
FUNDING_UNIT = RAY * 2**19
MASK_128 = 2**128

SIGNED, UNSIGNED = 2**255, 2**256

# file.function: [(what, largest value, limit)]
ENTRIES: dict[str, list[tuple[str, int, int]]] = {
    # ---- lib
    "lib/accrual_math._accrued": [
        ("now - accrued", ELAPSED, SIGNED),
        ("even", 1680 * 150**4 + 180 * 150**4 + 150**4, SIGNED),
        ("distance * (even + odd)", 2 * 2**47 * (2701 * 150**4), SIGNED),
        ("cap_bps 1e8 period", RATIO * 10**8 * 2**24, SIGNED),
        ("rate * price * elapsed", 2**48 * PRICE * ELAPSED, SIGNED),
        ("1000 * period", 1_000 * 2**24, SIGNED),
        ("index + change", FUNDING + 2**48 * PRICE * ELAPSED, SIGNED),
        ("(mid - price) * 1e12", MID * 10**12, SIGNED),
    ],
    "lib/accrual_math._median_mark": [
        ("1e12 + ema", 10**12 + 2**47, SIGNED),
        ("price * factor", PRICE * (10**12 + 2**47), UNSIGNED),
    ],
    "lib/accrual_math._borrow_rise": [("rate * mark * elapsed * 1e9", 2**16 * PRICE * ELAPSED * 10**9, UNSIGNED)],
    "lib/deleveraging_math._at_bankruptcy": [("balance +- entry notional", 2**161, SIGNED)],
    "lib/deleveraging_math._rank": [
        ("profit, or notional, of an equity that a pot can hold, in 2^-80", 2**161 << 80, UNSIGNED),
        ("product of two factors", (2**128 - 1) ** 2, UNSIGNED),
    ],
    "lib/deleveraging_math._is_in_order": [("rank - a lower one", UNSIGNED - 1, UNSIGNED)],
    "lib/deleveraging_math._is_complete": [("100 times the sizes of a side", 100 * TOTAL, UNSIGNED)],
    "lib/fixed_point._mul_div_down": [
        ("entry notional * size", NOTIONAL * SIZE, UNSIGNED),
        ("stake * WAD * RATIO", (STORED + NOTIONAL + 2**128) * WAD * 10**8, UNSIGNED),
    ],
    "lib/fixed_point._mul_div_up": [
        ("size * price", SIZE * PRICE + WAD, UNSIGNED),
        ("total * price", 2 * TOTAL * PRICE + WAD, UNSIGNED),
        ("loss * venue", DEFICIT * TOTAL + TOTAL, UNSIGNED),
        ("loss * RAY", DEFICIT * RAY + STORED, UNSIGNED),
        ("distance from mark * WAD", MID * WAD + MID, UNSIGNED),
        ("notional * penalty ratio", SWAPPED * PENALTY + WAD, UNSIGNED),
        ("stake * WAD * RATIO", (STORED + NOTIONAL + 2**128) * WAD * 10**8 + SIZE * 10**8, UNSIGNED),
    ],
    "lib/fixed_point._bps_up": [("notional at mark * ratio", SIZE * PRICE // WAD * RATIO + BPS, UNSIGNED)],
    "lib/fixed_point._signed_mul_div_floor": [("balance * size", STORED * SIZE + SIZE, SIGNED)],
    "lib/liquidation_math._slice": [("size * ratio", STORED * POLICY_RATIO, UNSIGNED)],
    "lib/liquidation_math._before_proceeds": [("balance +- notional", STORED + NOTIONAL, SIGNED)],
    "lib/liquidation_math._with_notional": [("balance +- notional", STORED + NOTIONAL + SWAPPED, SIGNED)],
    "lib/liquidation_math._outcome": [
        ("fees", 3 * (STORED + NOTIONAL + SWAPPED), SIGNED),
        ("notional * liquidation fee", SWAPPED * POLICY_RATIO, UNSIGNED),
        ("fee * reward share", SWAPPED * POLICY_RATIO * POLICY_RATIO, UNSIGNED),
    ],
    "lib/liquidation_math._band_bps": [("ratio / 5", RATIO, UNSIGNED)],
    "lib/margin_math._both": [("notional * ratio + 9,999", SIZE * PRICE // WAD * RATIO + BPS, UNSIGNED)],
    "lib/margin_math._of": [
        ("notional * rate + 9,999", SIZE * PRICE // WAD * RATIO + BPS, UNSIGNED),
        ("bound * rise of the rate, which Config lets only rise", AMOUNT * RATIO, UNSIGNED),
        # Each bound is below the notional, and the rises add up to less than the rate: nothing falls below 0.
        ("sum of three deductions", 3 * AMOUNT * RATIO, UNSIGNED),
    ],
    "lib/market_words._amount": [("mantissa * 10^exponent", AMOUNT, UNSIGNED)],
    "lib/market_words._tier": [("number * bits of a tier", 2 * 53, UNSIGNED)],
    "lib/outflow_limit._level": [
        ("now - last, of a word written before", ELAPSED, UNSIGNED),
        ("limit or credit, * elapsed", max(AMOUNT, 2**127) * ELAPSED, SIGNED),
        ("level +- what fades", 2**127 + max(AMOUNT, 2**127) * ELAPSED, SIGNED),
    ],
    "lib/packing._signed_at": [("256 - width - offset, of constants", 256, UNSIGNED)],
    "lib/position_math._abs": [("-size", STORED + 1, SIGNED)],
    "lib/position_math._notional": [("size * price", SIZE * PRICE + WAD, UNSIGNED)],
    "lib/position_math._price_pnl": [("value - entry notional", SIZE * PRICE // WAD + 1 + NOTIONAL, SIGNED)],
    "lib/position_math._appraised": [
        ("size * price", SIZE * PRICE + WAD, SIGNED),
        ("value - entry notional", SIZE * PRICE // WAD + 1 + NOTIONAL, SIGNED),
    ],
    "lib/position_math._carry_charge": [("size * (K - k0)", SIZE * CARRY_MOVED + RAY, SIGNED)],
    "lib/position_math._pnl": [("price pnl - carry", SIZE * PRICE + NOTIONAL + SIZE * CARRY_MOVED // RAY, SIGNED)],
    "lib/position_math._equity": [
        ("balance + pnl", STORED + SIZE * PRICE + NOTIONAL + SIZE * CARRY_MOVED // RAY, SIGNED)
    ],
    "lib/position_math._worth": [("balance + price pnl", 2**176 + SIZE * PRICE // WAD + NOTIONAL, SIGNED)],
    "lib/position_math._settled": [("balance - carry", STORED + SIZE * CARRY_MOVED // RAY + 1, SIGNED)],
    "lib/position_math._part": [("-size", STORED, SIGNED)],
    "lib/position_math._without": [("whole - part, part at most the whole", 2 * STORED, SIGNED)],
    "lib/position_math._combined": [
        ("balances", 2**176 + STORED + 2 * NOTIONAL + 2**128, SIGNED),
        ("sizes", STORED + SIZE, SIGNED),
        ("entry notional * size", (NOTIONAL + SWAPPED) * SIZE + SIZE, UNSIGNED),
    ],
    "lib/position_math._opening_excess": [("balance + pnl - margin", 2**176 + 3 * SIZE * PRICE, SIGNED)],
    "lib/position_math._is_below": [
        ("equity * 1e4", (2**176 + SIZE * PRICE) * BPS, UNSIGNED),
        ("equity of an account * 1e4", ACCOUNT * BPS, UNSIGNED),
        ("margin of all legs * ratio", LEGS * (SIZE * PRICE // WAD * RATIO) * POLICY_RATIO, UNSIGNED),
    ],
    "lib/reasons._revert": [("length", 32, UNSIGNED)],
    "lib/swap_math._next_sqrt_price_up": [
        ("depth", LIQUIDITY * 2**96, UNSIGNED),
        ("size * sqrt price", 2**128 * SQRT, UNSIGNED),
        ("depth + moved", LIQUIDITY * 2**96 + 2**128 * SQRT, UNSIGNED),
        ("upper digit * depth", (SQRT >> 57) * (2**198 - 1), UNSIGNED),
        ("rest * 2^57 + lower digit * depth + divisor", (2**198 - 1) * (2**58 - 1) + 2**198 - 2, UNSIGNED),
        ("result of a purchase: at most 2^34 s", 2**34 * SQRT + 1, UNSIGNED),
    ],
    "lib/swap_math._scaled_up": [
        ("s, in nine digits of 14 bits", SQRT, 2 ** (9 * 14)),
        ("divisor", LIQUIDITY * 2**96 + 2**128 * SQRT, 2**241),
        ("rest * 2^14 + digit * multiplier", (2**241 << 14) + 2**14 * LIQUIDITY * 2**96, UNSIGNED),
        ("result of a purchase: at most 2^34 s", 2**34 * SQRT + 1, UNSIGNED),
    ],
    "lib/swap_math._base_between": [
        ("L (high - low)", LIQUIDITY * SQRT, UNSIGNED),
        ("rest * 2^96 + high", (SQRT << 96) + SQRT, UNSIGNED),
        ("whole * 2^96 + rest * 2^96 / high + low, whole below L", (LIQUIDITY << 96) + 2**96 + SQRT, UNSIGNED),
    ],
    "lib/swap_math._cash_between": [("L (high - low) + 2^96", LIQUIDITY * SQRT + 2**96, UNSIGNED)],
    "lib/swap_math._price_down": [
        ("s * s", SQRT * SQRT, UNSIGNED),
        ("s * s / 2^64 * WAD", (SQRT * SQRT >> 64) * WAD, UNSIGNED),
    ],
    "lib/swap_math._sqrt_price_up": [
        ("price * 2^160 + WAD", (2**94 << 160) + WAD, UNSIGNED),
        ("root * root", (2**128) ** 2 - 1, UNSIGNED),
    ],
    "lib/swap_math._liquidity_of_margin": [("distance to an edge", SQRT, UNSIGNED)],
    "lib/swap_math._edge_liquidity": [
        ("margin * s", RANGE_MARGIN * SQRT, UNSIGNED),
        ("depth * 2^96", (2**160 - 1) << 96, UNSIGNED),
        ("edge * imr", SQRT * RATIO + BPS, UNSIGNED),
    ],
    "lib/swap_math._over_sqrt_price": [("funding * 2^115 + s", 2**127 * 2**115 + SQRT, SIGNED)],
    "lib/swap_math._funding_up": [
        ("growth since entry", 2 * GROWTH, 2**166),
        ("L * rest + unit", LIQUIDITY * FUNDING_UNIT + FUNDING_UNIT, SIGNED),
        ("L * units", LIQUIDITY * (2**166 // FUNDING_UNIT) + LIQUIDITY, SIGNED),
    ],
    "lib/tick_math._sqrt_price_at_tick": [("Q111 ratio * Q128 factor", 2**128 * (2**128 - 1), UNSIGNED)],
    "lib/tick_math._highest_bit": [("bit", 64 + 32 + 16 + 8 + 4 + 2 + 1, UNSIGNED)],
    "lib/tick_math._tick_at_sqrt_price": [
        ("tick * bits per tick", 2**24 * 2**51, SIGNED),
        ("(s - r) * 2^80", SQRT * 2**80, SIGNED),
        ("z * z", 2**160, SIGNED),
        ("z z * series", 2**76 * 2**100, SIGNED),
        ("doublings * ticks", 64 * 2**93 + 2**78 * 2**100, SIGNED),
    ],
    "lib/venue_math._penalised": [("ratio * 1e14", RATIO * 10**14, UNSIGNED)],
    "lib/venue_math._priced": [
        ("notional * WAD * 1e4", SWAPPED * WAD * BPS, UNSIGNED),
        ("limit * size", 2**120 * 2**128, UNSIGNED),
        ("size * mark * (1e4 + band)", 2**128 * PRICE * (BPS + RATIO), UNSIGNED),
        ("budget of a holder or of a part, and the notional", STORED + NOTIONAL + SWAPPED, SIGNED),
        ("notional * rate + 9,999", SWAPPED * RATIO + BPS, UNSIGNED),
        ("left - fee, of which each is at most what is left", STORED + NOTIONAL, SIGNED),
    ],
    "lib/venue_math._is_near": [("price * 1e4", MID * RATIO, UNSIGNED)],
    "lib/venue_math._deviation": [("mid - mark", MID, UNSIGNED)],
    "lib/venue_math._penalty": [
        ("coefficient * power", 1_678 * WAD * 10**27, UNSIGNED),
        ("power * D", 10**27 * 10**21, UNSIGNED),
        ("ratio", PENALTY, UNSIGNED),
    ],
    "lib/waterfall_math._drawable": [("fund * ratio", POT * RATIO, UNSIGNED)],
    "lib/waterfall_math._decayed": [("fund * ratio * elapsed", POT * RATIO * TIME, UNSIGNED)],
    "lib/waterfall_math._shares": [
        ("loss * RAY, and what rounds it up", DEFICIT * RAY + TOTAL, UNSIGNED),
        ("deficit * RAY, and what rounds it up", DEFICIT * RAY + STORED, UNSIGNED),
        ("rise * payers", LOSS * TOTAL, UNSIGNED),
    ],
    # ---- modules of the clearinghouse
    "modules/account_settlement.settle_account": [("-missing, -worth", EQUITY, SIGNED)],
    "modules/accounts.set_operator": [("the count follows the flags of at most 2^112 accounts", MASK_128, UNSIGNED)],
    "modules/accounts._take": [("free - amount, checked the line above", MASK_128, UNSIGNED)],
    "modules/accounts._give": [("free + amount, of one token's supply in 128 bits", MASK_128 - 1, MASK_128)],
    "modules/accounts._is_cross": [("224 + market, a shift; from 16 on it is not asked", 224 + 15, 256)],
    "modules/accounts._set_leg": [("240 + market below 16", 240 + 15, 256)],
    "modules/accounts._flip_mode": [("224 + market below 16", 224 + 15, 240)],
    "modules/account_views.detached": [("balance + what moves", STORED + FREE + COLLECTABLE + EQUITY, SIGNED)],
    "modules/administration.collect_protocol_fees": [
        ("words - amounts, each at most what its field holds", 2**112, UNSIGNED),
        ("fees * share", 2**112 * RATIO, UNSIGNED),
        ("what both kinds of fees pay", 2**113, UNSIGNED),
    ],
    "modules/cross_liquidation.take_over": [("balance + margin", 2**176 + POT, SIGNED)],
    "modules/cross_liquidation._receive": [
        ("pot + margin, of free collateral", POT + FREE, UNSIGNED),
        ("balance - spared, margin - spared: the smaller", 2**176 + POT, SIGNED),
        ("margin - balance", 2**176 + POT, SIGNED),
    ],
    "modules/cross_liquidation._check_opening": [
        ("margins of all legs", ACCOUNT_MARGIN + AT_MARK, SIGNED),
        ("what backs new risk + worth of the leg", ACCOUNT + EQUITY, SIGNED),
    ],
    "modules/cross_trading.trade": [
        ("fees", FEES, SIGNED),
        ("worth after - worth before", 2 * (EQUITY + BUDGET), SIGNED),
    ],
    "modules/cross_trading.check_free": [("notionals * 1e3 + 9,999", ACCOUNT_MARGIN * 1_000 + BPS, UNSIGNED)],
    "modules/cross_trading._check_account": [
        ("margins of all legs", ACCOUNT_MARGIN + AT_MARK, SIGNED),
        ("account + worth of the leg, + change", ACCOUNT + 3 * (EQUITY + BUDGET), SIGNED),
    ],
    "modules/cross_trading._finish": [("balance - paid, at most what it is worth", 2 * EQUITY, SIGNED)],
    "modules/cross_trading._released": [("balance - share of the balance before", 2 * (STORED + BUDGET), SIGNED)],
    "modules/custody.deposit": [("amount * scale: at most 1e30, checked before", 10**30, UNSIGNED)],
    "modules/custody.withdraw": [("amount, cut to 128 bits, * scale", MASK_128 * WAD, UNSIGNED)],
    "modules/custody._count": [("level + amount", 2**127 + MASK_128 * WAD, SIGNED)],
    "modules/leg_reads._seen": [
        ("now - touched", TIME, UNSIGNED),
        ("B + rise", BORROW + 2**162, UNSIGNED),
        ("S + B +- F", CARRY, 2**127),
    ],
    "modules/liquidation_steps._absorbed": [("balance + deficit", 2 * EQUITY, SIGNED)],
    "modules/liquidation_steps._close_part": [
        ("-size", STORED, SIGNED),
        ("-residue", STORED + NOTIONAL + SWAPPED + FEES, SIGNED),
        ("penalty + share of the fund", FEES + SWAPPED * POLICY_RATIO, UNSIGNED),
    ],
    "modules/deleveraging.deleverage": [
        ("2^128 - size", 2**128, UNSIGNED),
        ("size - 1 wraps at 0, which is past every size", 0, UNSIGNED),
        ("sizes listed", 1_000 * STORED, UNSIGNED),
        ("notional of the target * size, and what rounds it up", (2**128 - 1) * STORED + STORED, UNSIGNED),
        ("notional - entry notional: the highest bit is its sign", (2**128 - 1) * STORED + STORED, SIGNED),
        ("carry, lifted", SIZE * CARRY_MOVED + RAY * 2**160 + RAY, SIGNED),
        ("what it is lifted by, in RAY", SIZE * CARRY_MOVED // RAY + 1, 2**160),
        (
            "balance - carry + gain, if that is one, + free collateral",
            2**161 + 2 * STORED * PRICE // WAD + FREE,
            SIGNED,
        ),
        ("entry notional * equity", NOTIONAL * POT, UNSIGNED),
        ("gain, or notional, of an equity that a pot can hold, in 2^-80", 2**161 << 80, UNSIGNED),
        ("product of two factors of a rank", (2**128 - 1) ** 2, UNSIGNED),
        ("size of one that is cross", STORED + 2**128, UNSIGNED),
        ("equity + notional - share of it", POT + 2**161, UNSIGNED),
        ("sum of what is due", 1_000 * (POT + 1), UNSIGNED),
    ],
    "modules/deleveraging._begin": [("balance + from the fund", 2**160 + POT, SIGNED)],
    "modules/deleveraging._prepared": [("-size", STORED, SIGNED), ("calls in a transaction", 2**32, UNSIGNED)],
    "modules/deleveraging._close": [
        ("filled + size, at most the target's", STORED, UNSIGNED),
        ("notional of the target * size", (2**128 - 1) * STORED + STORED, UNSIGNED),
        ("due", 1_000 * (POT + 1), UNSIGNED),
    ],
    "modules/deleveraging._covered": [
        ("account + leg", ACCOUNT + EQUITY, SIGNED),
        ("collected, of free collateral", FREE, UNSIGNED),
        ("legs, or gas", 2**64, UNSIGNED),
    ],
    "modules/deleveraging._finish": [
        ("balance + deficit", 2**160 + 2 * EQUITY, SIGNED),
        ("-size, -worth", 2**161, SIGNED),
    ],
    "modules/deleveraging._written": [
        ("changes of totals: of a whole side at most", 2 * TOTAL, SIGNED),
        ("holders - some of them", HOLDERS, UNSIGNED),
        ("pot + free collateral, dues", POT + FREE + 1_001 * (POT + 1), UNSIGNED),
    ],
    "modules/liquidation.take_over": [
        ("S + B +- F", CARRY, 2**127),
        ("balance + deficit", 2 * EQUITY, SIGNED),
        ("balance + margin: wraps only for a margin that nobody has, refused after", STORED, SIGNED),
        ("sizes, and notionals", STORED + SIZE, SIGNED),
        ("balance - spared, margin - spared: the smaller", STORED + POT, SIGNED),
        ("holders + 1 - 1, of which the target is one", HOLDERS + 2, UNSIGNED),
        ("free collateral - margin, checked the line above", FREE, UNSIGNED),
        ("pot + margin, of free collateral", POT + FREE, UNSIGNED),
    ],
    "modules/liquidation._check_stage": [
        ("balance + price pnl", 2**176 + SIZE * PRICE // WAD + NOTIONAL, SIGNED),
        ("equity * 1e4", (2**176 + SIZE * PRICE) * BPS, UNSIGNED),
        ("margin * trigger", SIZE * PRICE // WAD * RATIO * POLICY_RATIO, UNSIGNED),
    ],
    "modules/liquidation.force_close": [
        ("balance + residue", 2 * STORED + NOTIONAL + SWAPPED, SIGNED),
    ],
    "modules/liquidation_prices._spare": [
        ("margin * trigger + 9,999", ACCOUNT_MARGIN * POLICY_RATIO + BPS, UNSIGNED),
        ("equity - needed", ACCOUNT + ACCOUNT_MARGIN * POLICY_RATIO, SIGNED),
    ],
    "modules/liquidation_prices._announce": [
        ("balance + spare", STORED + ACCOUNT + ACCOUNT_MARGIN * POLICY_RATIO, SIGNED),
    ],
    "modules/margin_adjustment.adjust_margin": [
        ("balance + delta", STORED + POT, SIGNED),
        ("count of top-ups", 512, UNSIGNED),
    ],
    "modules/markets._previous_mark": [("now - a touch", ELAPSED, UNSIGNED)],
    "modules/markets._quote": [
        ("price - minimum wraps below it, which the comparison then refuses", 0, UNSIGNED),
        ("now - updated, checked before", TIME, UNSIGNED),
    ],
    "modules/markets._borrowed": [
        ("now - touched", TIME, UNSIGNED),
        ("limit - B, which never passes it", BORROW, UNSIGNED),
        ("rise * both totals", BORROW * 2 * TOTAL, UNSIGNED),
        # of a unit at the highest price and rate over ten years, on a market at the bounds of open positions
        ("fees in the pot", 2**111 + 10 * 5 * 2 * 10**30, 2**112),
        ("B + rise", BORROW, MASK_128),
    ],
    "modules/markets._carry_index": [("S + B +- F", CARRY, 2**127)],
    "modules/markets._sides_after": [("total + change", 2 * TOTAL, MASK_128)],
    "modules/markets._set_mid": [("fees in the pot", 2**111 + POT, 2**112)],
    "modules/payouts.claim": [("total - debt, pot - paid: debt <= total, paid <= pot", 2**176, UNSIGNED)],
    "modules/payouts._pay": [("pot - paid, amount - paid: paid is the smaller", SIGNED, UNSIGNED)],
    "modules/payouts._ending": [("margin - balance", 2**176, SIGNED)],
    "modules/payouts._move": [("pot + amount, of free collateral", POT + MASK_128, UNSIGNED)],
    "modules/positions._load_settled": [("S + B +- F", CARRY, 2**127)],
    "modules/positions._load_at": [
        ("size * (K - k0)", SIZE * CARRY_MOVED + RAY, SIGNED),
        ("balance - carry", STORED + SIZE * CARRY_MOVED // RAY + 1, SIGNED),
        ("dues - one of them", 2 * POT, UNSIGNED),
    ],
    "modules/portfolio._of": [
        ("K - k0", CARRY_MOVED, SIGNED),
        ("balance - carry", STORED + SIZE * CARRY_MOVED // RAY + 1, SIGNED),
        ("sums of legs and free collateral", ACCOUNT, SIGNED),
        ("sums of margins and notionals", LEGS * (SIZE * PRICE // WAD + 1), UNSIGNED),
        ("sum of what pots pay", COLLECTABLE, UNSIGNED),
    ],
    "modules/portfolio._with": [
        ("sums of legs and free collateral", ACCOUNT, SIGNED),
        ("sums of margins and notionals", LEGS * (SIZE * PRICE // WAD + 1), UNSIGNED),
    ],
    "modules/portfolio._pay_in": [
        ("pot + paid, of free collateral", POT + FREE, UNSIGNED),
        ("balance + paid", 2**176 + FREE, SIGNED),
        ("amount - paid: the smaller", 2**176, UNSIGNED),
    ],
    "modules/portfolio._collect": [
        ("missing - taken, pot - taken: the smallest of them", 2**176, UNSIGNED),
        ("balance - taken", STORED + SIZE * CARRY_MOVED // RAY + POT, SIGNED),
    ],
    "modules/portfolio._fund": [
        ("pot + taken", POT + FREE + COLLECTABLE, UNSIGNED),
        ("balance + taken", 2**176 + FREE + COLLECTABLE, SIGNED),
    ],
    "modules/portfolio._plan": [
        ("worth - due", EQUITY + 2**127, SIGNED),
        ("loss * (free collateral + collectable profits)", EQUITY * (FREE + COLLECTABLE), UNSIGNED),
        ("missing - the smaller", EQUITY, UNSIGNED),
        ("worth + moved", 2 * EQUITY + FREE + COLLECTABLE, SIGNED),
    ],
    "modules/portfolio._moved": [("free + legs + rest - excess", FREE + COLLECTABLE + 2 * EQUITY + 2**127, SIGNED)],
    "modules/portfolio._detach": [
        ("balance + moved", STORED + FREE + COLLECTABLE + 2 * EQUITY + 2**127, SIGNED),
        ("pot + what comes in", POT + FREE + COLLECTABLE, UNSIGNED),
        ("rest - its profit, + excess", STORED + 2 * EQUITY + 2**127, SIGNED),
    ],
    "modules/portfolio._share": [
        ("equity, cut, * margin that goes: that of the rest is never the larger", 2**127 * AT_MARK, SIGNED),
    ],
    "modules/positions._changed": [("changes of few sizes", 4 * SIZE, SIGNED), ("holders", HOLDERS + 2, UNSIGNED)],
    "modules/positions._store_flat": [("sum of what is due, of a pot", 2 * POT, UNSIGNED)],
    "modules/providers.venue_absorb": [("balance - equity, - tip", 2**176 + 2 * SIZE * PRICE, SIGNED)],
    "modules/trading.trade": [
        ("fees", FEES, SIGNED),
        ("margin - fees", POT + FEES, SIGNED),
    ],
    "modules/settlement.settle_dead_market": [("time + age, + delay", TIME + 2**20 + 2**24, UNSIGNED)],
    "modules/carry_payment.settle": [("due - paid: the smaller", STORED, UNSIGNED)],
    "modules/trade_rules._is_worse": [
        ("equity * margin", EQUITY * (AT_MARK + 1), SIGNED),
        ("equity * margin of an account", (ACCOUNT + 2 * (EQUITY + BUDGET)) * (ACCOUNT_MARGIN + AT_MARK), SIGNED),
    ],
    "modules/payouts._bear": [("unallocated - the smaller", 2**64 * DEFICIT, UNSIGNED)],
    "modules/waterfall._credit": [("fund + amount", POT + FEES + STORED, UNSIGNED)],
    "modules/waterfall._absorb": [
        ("deficit + fund", DEFICIT + POT, SIGNED),
        ("sum of both indices", 2 * LOSS, UNSIGNED),
        ("unallocated + loss, of at most 2^64 calls", 2**64 * DEFICIT, UNSIGNED),
    ],
    "modules/waterfall._absorb_settling": [
        ("deficit - paid, fund - paid: the smaller", DEFICIT, UNSIGNED),
        ("unallocated + loss, of at most 2^64 calls", 2**64 * DEFICIT, UNSIGNED),
    ],
    "modules/waterfall._draw": [("level + paid, shifted by 32", 2 * POT << 32, UNSIGNED)],
    "modules/waterfall._draw_level": [("now - drawn", TIME, UNSIGNED)],
    "modules/waterfall._socialise": [
        ("index + rise, by `room`", LOSS, MASK_128),
    ],
    "modules/waterfall._charge_ranges": [
        ("factor * margin", FACTOR * LP_MARGIN, UNSIGNED),
        ("factor * 1e9, of one below 1e18", 10**27, 2**96),
        ("epoch", 2**32 - 1, 2**32),
    ],
    # ---- the venue
    "OysterAmm.add_liquidity": [("sum of liquidity", 9_213 * EDGE_LIQUIDITY, LIQUIDITY)],
    "OysterAmm.remove_liquidity": [("liquidity - one of those in range", LIQUIDITY, UNSIGNED)],
    "modules/curve._point": [("tick", 2**24, SIGNED)],
    "modules/curve._store": [("tick", 2**24, SIGNED)],
    "modules/curve._growth": [("dF * 2^115", 2 * FUNDING * 2**115 + SQRT, SIGNED)],
    "modules/curve._credited": [("fee * 2^96; the growth wraps, only differences count", SWAPPED << 96, UNSIGNED)],
    "modules/curve._drifted": [("tick - 1", 2**24, SIGNED)],
    "modules/curve._across": [("liquidity +- net", 2 * LIQUIDITY, SIGNED)],
    "modules/curve._plan": [
        ("-size; the smallest int256 stays what it is, and is refused", 0, UNSIGNED),
        ("sum of notionals", 65 * (LIQUIDITY * SQRT >> 96), UNSIGNED),
        ("ticks", 65, UNSIGNED),
    ],
    "modules/curve._notional": [("L (high - low) + 2^96", LIQUIDITY * SQRT + 2**96, UNSIGNED)],
    "modules/curve._carry_out": [("dF * 2^115", 2 * FUNDING * 2**115 + SQRT, SIGNED)],
    "modules/curve._cross_all": [("fee * notional of a stretch", SWAPPED * SWAPPED, UNSIGNED)],
    "modules/ranges._drawn": [
        ("s * mmr", SQRT * RATIO, UNSIGNED),
        ("s + s * mmr / 4e4", 2 * SQRT, UNSIGNED),
        ("L * reach", LIQUIDITY * SQRT + 2**96, UNSIGNED),
    ],
    "modules/ranges._key": [("tick + offset", 2**24, SIGNED)],
    "modules/ranges._growths": [("funding growth: each term below 2^163", GROWTH, 2**165)],
    "modules/ranges._accrued": [
        ("margin * factor", RANGE_MARGIN * 2**96, UNSIGNED),
        ("entry factor * 1e18", FACTOR * 10**18, UNSIGNED),
        ("L * fee growth", LIQUIDITY * 2**128, UNSIGNED),
        ("margin + fees - funding", RANGE_MARGIN + 2**150 + 2**176, SIGNED),
    ],
    "modules/ranges._inventory": [("-cash, -size", (LIQUIDITY * 2**96 // LOWEST_SQRT) + 1, SIGNED)],
    "modules/ranges._margins": [
        ("size * mark + WAD", SIZE * MID + WAD, UNSIGNED),
        ("notional * ratio", SIZE * MID // WAD * RATIO + BPS, UNSIGNED),
        ("balance + pnl", 2**177 + SIZE * MID, SIGNED),
    ],
    "modules/ranges._position_at": [("balance + cash", 2**177, SIGNED)],
    "modules/ticks._minus": [("each half of a pair and the funding wrap: only differences count", GROWTH, SIGNED)],
    "modules/ticks._same_cell": [("tick + offset", 2**24, SIGNED)],
    "modules/ticks._index": [("tick + offset", 2**24, SIGNED)],
    "modules/ticks._first_edge": [("words and bits", 256, UNSIGNED)],
    "modules/ticks._last_edge": [("words and bits; word 0 is the last one looked at", 256, UNSIGNED)],
    "modules/ticks._tick": [("index * spacing", 2**24, SIGNED)],
    "modules/ticks._add_edge": [
        ("gross + liquidity, below 2^128 + 2^160", 2**161, UNSIGNED),
        ("net +- liquidity, modulo 2^128", 2 * EDGE_LIQUIDITY, 2**127),
    ],
    "modules/ticks._drop_edge": [
        ("gross - one of it", EDGE_LIQUIDITY, UNSIGNED),
        ("net +- liquidity, modulo 2^128", 2 * EDGE_LIQUIDITY, 2**127),
    ],
}
