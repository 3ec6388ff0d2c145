"""In what the contracts count."""

WAD = 10**18  # amounts, sizes, prices
RAY = 10**27  # indices
BPS = 10_000  # ratios
Q96 = 2**96  # square roots of the venue's prices
MAX_UINT256 = 2**256 - 1  # "all of it"
DAY = 86_400  # seconds
