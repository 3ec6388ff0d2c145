"""Counts at the end, from the contracts alone: whose is what, and does it add up to the last wei."""

from collections.abc import Sequence
from dataclasses import dataclass

from nacre.deploy import ascending
from nacre.replay.result import BalanceSheet, Liquidation, Party, TraderOutcome
from nacre.replay.world import World

# What the lens takes in one call.
ACCOUNTS, RANGES = 500, 100


class AuditError(Exception):
    """The books do not add up: a bug in the contracts or in the replay."""


@dataclass(frozen=True)
class Roles:
    """Accounts by role."""

    traders: list[str]
    providers: list[str]
    arbitrageurs: list[str]
    keepers: list[str]
    operator: list[str]
    fund: int  # what the insurance fund was given at the start


def worth(world: World, account: str) -> int:
    """Free collateral, what is owed, the position's and the ranges' equity at mark; may be negative."""
    health = world.system.lens.call("health", world.market.id, account)
    # The equity of a cross account counts its free collateral.
    total = health.owed + health.equity + (0 if health.cross else health.free_collateral)
    for provider, lower, upper in world.ranges:
        if provider == account:
            total += world.venue.call("range_of", provider, lower, upper).equity
    return total


def parties(world: World, roles: Roles) -> list[Party]:
    """All roles; what they gained together is the dust, with opposite sign."""

    def party(role: str, accounts: Sequence[str]) -> Party:
        brought = sum(world.brought[account] for account in accounts)
        return Party(role, len(accounts), brought, sum(worth(world, account) for account in accounts))

    state = world.clearinghouse.call("market_state", world.market.id)
    rows = [
        party("traders", roles.traders),
        party("liquidity providers", roles.providers),
        party("arbitrageurs", roles.arbitrageurs),
        party("keepers", roles.keepers),
        party("operator's keeper", roles.operator),
        Party("insurance fund", 0, roles.fund, state.insurance_fund),
        Party("treasury", 0, 0, worth(world, world.system.treasury) + state.protocol_fees),
    ]
    if world.vault is not None:
        rows.insert(5, party("backstop vault", [world.vault.address]))
    if state.borrow_fees:
        rows.append(Party("borrow fees to be shared", 0, 0, state.borrow_fees))
    if state.unallocated_loss:
        rows.append(Party("loss without a payer", 0, 0, -state.unallocated_loss))
    return rows


def trader_outcome(world: World, traders: Sequence[str], liquidations: Sequence[Liquidation]) -> TraderOutcome:
    final = {account: worth(world, account) for account in traders}
    targets = {liquidation.target for liquidation in liquidations}
    hit = [account for account in traders if world.names[account] in targets]
    return TraderOutcome(
        liquidated=len(hit),
        in_profit=sum(final[account] > world.brought[account] for account in traders),
        in_loss=sum(final[account] < world.brought[account] for account in traders),
        emptied=sum(final[account] * 100 < world.brought[account] for account in traders),
        kept_by_liquidated=sum(final[account] for account in hit),
        brought_by_liquidated=sum(world.brought[account] for account in hit),
    )


def balance_sheet(world: World) -> BalanceSheet:
    """Tokens against claims. Raises AuditError unless every position and range is counted and nothing is missing."""
    lens, market = world.system.lens, world.market.id
    # The lens takes them in ascending order, so that none counts twice.
    accounts, ranges = sorted(world.names, key=lambda address: int(address, 16)), ascending(world.ranges)
    account_equity = range_equity = free = 0
    treasury, vault = (world.free(account) for account in (world.system.treasury, world.system.vault.address))
    for start in range(0, len(accounts), ACCOUNTS):
        batch = accounts[start : start + ACCOUNTS]
        account_equity += lens.call("solvency", market, batch).account_equity
        free += lens.call("assets", batch).free_collateral
    for start in range(0, len(ranges), RANGES):
        range_equity += lens.call("solvency", market, [], ranges[start : start + RANGES]).range_equity
    state = world.clearinghouse.call("market_state", market)
    tokens = world.system.token.call("balanceOf", world.clearinghouse.address) * world.system.unit
    claims = [
        ("free collateral of accounts", free - treasury - vault),
        ("free collateral of the backstop vault", vault),
        ("free collateral of the treasury", treasury),
        ("equity of open positions, at mark", account_equity),
        ("equity of liquidity ranges, at mark", range_equity),
        ("insurance fund", state.insurance_fund),
        ("protocol fees for the treasury", state.protocol_fees),
        ("borrow fees for treasury and fund", state.borrow_fees),
        ("owed to accounts", state.owed_total),
        ("loss without a payer", -state.unallocated_loss),
    ]
    always = ("free collateral of accounts", "equity", "insurance fund")
    claims = [(name, amount) for name, amount in claims if amount or name.startswith(always)]
    sheet = BalanceSheet(tokens, tuple(claims), tokens - sum(amount for _, amount in claims))
    _check_complete(world, accounts)
    if not sheet.balances:
        raise AuditError(f"assets {tokens} are {-sheet.dust} wei less than all claims on them")
    return sheet


def _check_complete(world: World, accounts: Sequence[str]) -> None:
    """The sizes of the known accounts make up the market's totals: nobody was forgotten."""
    state = world.clearinghouse.call("market_state", world.market.id)
    sizes = [world.clearinghouse.call("position", world.market.id, account).size for account in accounts]
    long, short = sum(size for size in sizes if size > 0), -sum(size for size in sizes if size < 0)
    if (long, short) != (state.total_long, state.total_short):
        raise AuditError(
            f"positions of {long} long and {short} short, the market says {state.total_long}, {state.total_short}"
        )
    for account, size in zip(accounts, sizes, strict=True):
        if world.position(account).size != size:
            raise AuditError(f"the mirror of {world.names[account]} is off")
