# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Clearinghouse, auto-deleveraging
@notice The part of the clearinghouse that closes bankrupt positions against those on the other side. It runs in the clearinghouse's
        storage and holds nothing itself.
@custom:security Called on its own it works on its own empty storage: no market is listed there.
@custom:kill     See Clearinghouse.
"""

from contracts.modules import deleveraging

initializes: deleveraging

exports: (deleveraging.deleverage,)


@deploy
def __init__(_engine: address):
    """
    @param _engine the liquidation engine
    """
    deleveraging.__init__(_engine)
