"""How contracts/mocks/MockBadToken.vy can be told to misbehave, and what is said of it."""

BEHAVES = 0
# In the order of its flag.
(
    RETURNS_FALSE,
    LIES,
    REVERTS,
    REVERTS_SILENTLY,
    TAKES_FEE,
    GIVES_MORE,
    REENTERS,
    BURNS_GAS,
    MOVES_AND_RETURNS_FALSE,
    RETURNS_SHORT,
    RETURNS_GARBAGE,
    REVERTS_AT_LENGTH,
    BALANCE_REVERTS,
    BALANCE_REVERTS_SILENTLY,
    BALANCE_SHORT,
    BALANCE_BREAKS,
) = (1 << bit for bit in range(16))

LONG_WORDS = "reverted with 0xdeadbeef" + "00" * 416
# What a transfer of either kind that does not work says.
FAILED_TRANSFERS = [
    (RETURNS_FALSE, "transfer failed"),
    (MOVES_AND_RETURNS_FALSE, "transfer failed"),
    (RETURNS_SHORT, "transfer failed"),
    (RETURNS_GARBAGE, "transfer failed"),
    (REVERTS_SILENTLY, "transfer failed"),
    (BURNS_GAS, "transfer failed"),
    (REVERTS, "token says no"),
    (REVERTS_AT_LENGTH, LONG_WORDS),
]
