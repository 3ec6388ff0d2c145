# pragma version 0.4.3
"""
@title  Reasons
@notice Every reason the clearinghouse, the engine and the venue revert with, one cause each; docs/errors.md explains
        them. A string in an assert costs 123 bytes of code, the text as a number here about 30:
        `int.from_bytes(b"zero size")`. A test reads the numbers back.
"""

AMOUNT_TOO_LARGE: constant(uint256) = 129503336600061895126526356770048337765  # amount too large
BAD_RECEIVER: constant(uint256) = 30447269602181637068385838450  # bad receiver
BAD_TICKS: constant(uint256) = 1814798689027242552179  # bad ticks
BALANCE_UNKNOWN: constant(uint256) = 510821072663016032745505030629455726  # balance unknown
BELOW_INITIAL_MARGIN: constant(uint256) = 561742916862357648041571509811527695518629587310  # below initial margin
BELOW_MAINTENANCE_MARGIN: constant(uint256) = 2412667456683473375819470109797605773738369663517214599534  # below maintenance margin
BELOW_MINIMUM_NOTIONAL: constant(uint256) = 36814383799491476113103471114351512090647054846419308  # below minimum notional
CLOSE_LEAVES_A_DEFICIT: constant(uint256) = 37198775944716774349200593994840842106843370939967860  # close leaves a deficit
DEADLINE_PASSED: constant(uint256) = 521285925434778320768998884146111844  # deadline passed
DECIMALS_UNKNOWN: constant(uint256) = 133449237872563074408313551165689132910  # decimals unknown
FEE_ON_TRANSFER: constant(uint256) = 531670815023166316781094485918901618  # fee on transfer
FORCE_CLOSE_NOT_ALLOWED: constant(uint256) = 9811356282178375134141969748791685388978747238216328548  # force close not allowed
FUTURE_PRICE: constant(uint256) = 31709465283696208486530114405  # future price
GRACE_PERIOD: constant(uint256) = 32015233458098059235499274084  # grace period
INSUFFICIENT_COLLATERAL: constant(uint256) = 10098326615963444424582595720990143219585016382882996588  # insufficient collateral
MARKET_IS_FULL: constant(uint256) = 2218503189687199221666829709962348  # market is full
MARKET_IS_REDUCE_ONLY: constant(uint256) = 159860002214328435506236385037639032225723447143545  # market is reduce-only
NOTHING_OWED: constant(uint256) = 34178091566895700953183774052  # nothing owed
NOTIONAL_TOO_LARGE: constant(uint256) = 9620277533120625211616330626506367536621413  # notional too large
NOT_CLEARINGHOUSE: constant(uint256) = 37579207632185189031382623057879764398949  # not clearinghouse
NOT_CONFIG: constant(uint256) = 521516269505280632842599  # not config
NOT_ENGINE: constant(uint256) = 521516269507475243888229  # not engine
NOT_LIQUIDATABLE: constant(uint256) = 146793779816005190001454369001615551589  # not liquidatable
NOT_OPERATOR: constant(uint256) = 34178090239163034313206034290  # not operator
NOT_VENUE: constant(uint256) = 2037172927836439082341  # not venue
NO_LIQUIDITY: constant(uint256) = 34177694961898976329264100473  # no liquidity
NO_POSITION: constant(uint256) = 133506621234839249966690158  # no position
NO_RANGE: constant(uint256) = 7957614742219941733  # no range
OPEN_INTEREST_CAP: constant(uint256) = 37920742919367779099467769960382366703984  # open interest cap
OPERATOR_UNCHANGED: constant(uint256) = 9707710209446567324369445988281829426685284  # operator unchanged
ORACLE_FAILED: constant(uint256) = 8829725065521294530569109792100  # oracle failed
POSITION_TOO_LARGE: constant(uint256) = 9794500775857170162407381690196361613567845  # position too large
POT_IS_SHORT: constant(uint256) = 34797060258374147449467925108  # pot is short
PRICE_JUST_JUMPED: constant(uint256) = 38263704293805361870863839869347417843044  # price just jumped
PRICE_LIMIT: constant(uint256) = 135939985646179779024349556  # price limit
PRICE_OUT_OF_BOUNDS: constant(uint256) = 2507650124598828591710558885014907897686942835  # price out of bounds
RANGE_EXISTS: constant(uint256) = 35399078291750647882553980019  # range exists
RANGE_IS_HEALTHY: constant(uint256) = 152037883571612598034349887088598739065  # range is healthy
RANGE_NOT_AROUND_PRICE: constant(uint256) = 42794859737457091127553012364636646219735873738072933  # range not around price
RANGE_TOO_SMALL: constant(uint256) = 593897982701611913719791099746282604  # range too small
SELF_LIQUIDATION: constant(uint256) = 153387840089521696054012220442820570990  # self liquidation
SIZE_TOO_LARGE: constant(uint256) = 2340833940909909418813876524443493  # size too large
SLICE_TOO_SMALL: constant(uint256) = 599312988687034299115916773220772972  # slice too small
STALE_PRICE: constant(uint256) = 139576060912555179834434405  # stale price
TAKEOVER_NOT_ALLOWED: constant(uint256) = 664415457231095668743799948531707070329742910820  # takeover not allowed
TOO_LITTLE_LIQUIDITY: constant(uint256) = 664727992629480627535608342740761273607997977721  # too little liquidity
TOO_MANY_DECIMALS: constant(uint256) = 39620875873015415420215512911019302284403  # too many decimals
TOO_MANY_MARKETS: constant(uint256) = 154769046378966466485219376249870578803  # too many markets
TOO_MANY_TICKS: constant(uint256) = 2361588232100928748858968434240371  # too many ticks
TOO_MUCH_LIQUIDITY: constant(uint256) = 10142944223493527485938757489865152833090681  # too much liquidity
TRANSFER_FAILED: constant(uint256) = 604626349599481281308343686038054244  # transfer failed
UNKNOWN_MARKET: constant(uint256) = 2381790269908091335874791785325940  # unknown market
VENUE_TOO_FAR: constant(uint256) = 9380314698897643561011349184882  # venue too far
VENUE_TOO_FAR_FROM_MARK: constant(uint256) = 11340104635607987221033392266888173767369624245252485739  # venue too far from mark
ZERO_AMOUNT: constant(uint256) = 147968019944086256483659380  # zero amount
ZERO_SIZE: constant(uint256) = 2257812804322906962533  # zero size


@internal
@pure
def _revert(_reason: uint256):
    """
    @notice Reverts as `assert False, "..."` would: Error(string).
    @param _reason up to 32 characters, the last in the lowest byte
    """
    text: uint256 = _reason
    length: uint256 = 32
    for i: uint256 in range(32):
        if text >> 248 != 0:
            break
        text = text << 8
        length = unsafe_sub(length, 1)
    raw_revert(concat(0x08c379a0, convert(32, bytes32), convert(length, bytes32), convert(text, bytes32)))
