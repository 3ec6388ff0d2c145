"""Nobody comes back into the venue while it waits for its clearinghouse."""

import pytest
from venue_desk import WIDE

from nacre.units import WAD

CALLS = {
    "add_liquidity": (*WIDE, WAD),
    "remove_liquidity": WIDE,
    "sync": (),
    "quote": (WAD,),
    "mid_price": (),
}


@pytest.mark.parametrize("name", CALLS)
def test_hooks_cannot_call_back(desk, provider, second, name):
    desk.add(provider, *WIDE, WAD).check()
    desk.house.transact(
        "set_reenter", desk.venue.address, desk.venue.encode(name, *CALLS[name]), sender=desk.owner
    ).check()
    before = desk.state
    assert not desk.add(second, *WIDE, WAD).ok
    assert not desk.remove(provider, *WIDE).ok
    assert desk.state == before
    desk.house.transact("set_reenter", "0x" + "00" * 20, b"", sender=desk.owner).check()
    assert desk.add(second, *WIDE, WAD).ok
    assert desk.remove(provider, *WIDE).ok


def test_drift_report_cannot_call_back(desk):
    desk.house.transact("set_reenter", desk.venue.address, desk.venue.encode("sync"), sender=desk.owner).check()
    assert not desk.sync().ok
