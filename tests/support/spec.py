"""docs/spec.md as plain functions, read from its text alone: what tests compare the contracts' numbers with."""

from typing import NamedTuple

from nacre.units import BPS, RAY, WAD

INDEX_LIMIT = 2**125


def ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


class Pos(NamedTuple):
    """Section 5: size, balance, entry notional. The carry is settled unless a test says otherwise."""

    size: int = 0
    balance: int = 0
    notional: int = 0


def side(size: int) -> int:
    return (size > 0) - (size < 0)


def notional(size: int, price: int) -> int:
    return ceil(abs(size) * price, WAD)


def price_pnl(pos: Pos, price: int) -> int:
    if pos.size > 0:
        return pos.size * price // WAD - pos.notional
    return pos.notional - ceil(-pos.size * price, WAD)


def equity(pos: Pos, price: int, carry: int = 0) -> int:
    return pos.balance + price_pnl(pos, price) - carry


def carry(size: int, index_rise: int) -> int:
    """What a size pays when the index of its side rises."""
    return ceil(abs(size) * index_rise, RAY)


def margin(size: int, price: int, ratio_bps: int) -> int:
    """IM or MM."""
    return ceil(notional(size, price) * ratio_bps, BPS)


def opening_excess(pos: Pos, price: int, imr_bps: int) -> int:
    """What the opening rule leaves; negative is missing."""
    return pos.balance + min(price_pnl(pos, price), 0) - margin(pos.size, price, imr_bps)


def split(pos: Pos, size: int) -> tuple[Pos, Pos]:
    whole = abs(pos.size)
    part = Pos(side(pos.size) * size, pos.balance * size // whole, pos.notional * size // whole)
    return part, Pos(pos.size - part.size, pos.balance - part.balance, pos.notional - part.notional)


def combine(a: Pos, b: Pos) -> Pos:
    if side(a.size) * side(b.size) >= 0:
        return Pos(a.size + b.size, a.balance + b.balance, a.notional + b.notional)
    big, small = (a, b) if abs(a.size) >= abs(b.size) else (b, a)
    share, whole = big.notional * abs(small.size), abs(big.size)
    closed = ceil(share, whole) if big.size > 0 else share // whole
    balance = a.balance + b.balance + side(big.size) * (small.notional - closed)
    return Pos(a.size + b.size, balance, big.notional - closed)


def fee(amount: int, ratio_bps: int) -> int:
    return ceil(amount * ratio_bps, BPS)


def deviation(mid: int, mark: int) -> int:
    """D, section 6."""
    return ceil((max(mid, mark) - min(mid, mark)) * WAD, min(mid, mark)) if mid else 0


def penalty(amount: int, grown: int, coefficients: tuple[int, int, int, int]) -> int:
    """On a notional, at a deviation that grew past MMR; a, b, c, d in WAD."""
    a, b, c, d = coefficients
    square = grown * grown // WAD
    cube = square * grown // WAD
    ratio = a * cube // WAD + b * square // WAD + c * grown // WAD + d
    return ceil(amount * ratio, WAD)


class Absorbed(NamedTuple):
    from_insurance: int
    from_providers: int
    index_rise: int
    unallocated: int


def absorb(
    deficit: int, bound: int, drawable: int, payers: int, open_interest: int, lp_margin: int, index: int = 0
) -> Absorbed:
    """Section 7. `payers` is T, the accounts of the opposite side; `bound` is the most that one unit pays, RAY."""
    insurance = min(deficit, drawable)
    rest = deficit - insurance
    if open_interest == 0:
        return Absorbed(insurance, 0, 0, rest)
    providers = min(ceil(rest * (open_interest - payers), open_interest), lp_margin, rest)
    rest -= providers
    rise = 0
    if payers:
        rise = min(ceil(rest * RAY, payers), bound, INDEX_LIMIT - index)
    return Absorbed(insurance, providers, rise, rest - min(rest, rise * payers // RAY))


class Ranges(NamedTuple):
    """Margin of all ranges, what is left of one unit of it, and the epoch of that."""

    margin: int
    factor: int
    epoch: int

    def charged(self, loss: int) -> "Ranges":
        """After the providers bore a loss: section 7."""
        if not loss:
            return self
        margin = self.margin - loss
        factor, epoch = self.factor * margin // self.margin, self.epoch
        for _ in range(2):
            if factor < 10**18:
                factor, epoch = factor * 10**9, epoch + 1
        return Ranges(margin, factor, epoch) if factor else Ranges(margin, RAY, epoch + 1)


# Section 4. Funding.


class Accrual(NamedTuple):
    """What an accrual word holds."""

    funding_index: int
    premium_ema: int
    premium: int
    time: int


def accrual(word: int) -> Accrual:
    def signed(value: int, bits: int) -> int:
        return value - (value >> (bits - 1) << bits)

    fields = (word >> 128, 128), (word >> 80 & 2**48 - 1, 48), (word >> 32 & 2**48 - 1, 48)
    return Accrual(*(signed(*field) for field in fields), word & 2**32 - 1)


def trunc(numerator: int, denominator: int) -> int:
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def ema(old: int, premium: int, elapsed: int) -> int:
    z = min(elapsed, 150)

    def pade(z: int) -> int:
        return 1680 * 150**4 + 840 * 150**3 * z + 180 * 150**2 * z**2 + 20 * 150 * z**3 + z**4

    return premium + trunc((old - premium) * pade(-z), pade(z))


def premium(mid: int, price: int) -> int:
    return max(-(2**46), min(2**46, trunc((mid - price) * 10**12, price))) if mid else 0


def funding_step(average: int, price: int, elapsed: int, cap_bps: int, period: int) -> int:
    """What F moves by."""
    cap = cap_bps * 10**8 * period // 86_400
    rate = max(-cap, min(cap, average))
    return trunc(rate * price * elapsed, 1000 * period)
