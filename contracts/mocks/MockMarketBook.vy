# pragma version 0.4.3
"""
@title  Mock market book
@license MIT
@notice Keeps the words that Config writes, in place of the clearinghouse and of the engine, and checks nothing.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

event FeesAsked:
    sender: address
    market: uint256
    receiver: address


# How many markets there are.
market_count: public(uint256)

# Risk, trading and limits word by market.
_words: HashMap[uint256, uint256[3]]

# Status by market.
status: public(HashMap[uint256, uint256])

# Policy word by market.
policy: public(HashMap[uint256, uint256])


@external
def set_market(_market: uint256, _risk_word: uint256, _trading_word: uint256, _limits_word: uint256):
    """
    @notice As the clearinghouse's: the next free number opens a market.
    """
    if _market == self.market_count:
        self.market_count += 1
    self._words[_market] = [_risk_word, _trading_word, _limits_word]


@external
def set_status(_market: uint256, _status: uint256):
    """
    @notice As the clearinghouse's.
    """
    self.status[_market] = _status


@external
def set_policy(_market: uint256, _policy: uint256):
    """
    @notice As the engine's.
    """
    self.policy[_market] = _policy


@external
def collect_protocol_fees(_market: uint256, _receiver: address) -> uint256:
    """
    @notice As the clearinghouse's: 7 tokens each time.
    """
    log FeesAsked(sender=msg.sender, market=_market, receiver=_receiver)
    return 7 * 10**18


@external
@view
def market_words(_market: uint256) -> (uint256, uint256, uint256):
    """
    @notice As the clearinghouse's.
    """
    words: uint256[3] = self._words[_market]
    return words[0], words[1], words[2]
