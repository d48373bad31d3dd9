from __future__ import annotations

from accelsim.hardware.account import Account, Execution, Stall
from accelsim.timing.work import Transfer

LOAD = Transfer("read", "ifmap", 0, 80)


def test_a_unit_that_never_worked() -> None:
    account = Account("dma")
    assert (account.busy_cycles, account.stalled_cycles, account.end_cycle) == (0, {}, 0)


def test_sums() -> None:
    # Waits in 0–3, works in 4–13 of which it is busy for 7 and held up for 3, waits in 14–15 and works to 20.
    account = Account("bn_stage")
    account.stall("ifmap_full", 0, 4)
    account.execute("drain a", 4, 14, 7)
    account.stall("activation", 11, 14)
    account.stall("ifmap_full", 14, 16)
    account.execute("drain b", 16, 21, 5, LOAD)
    assert account.busy_cycles == 12
    assert account.stalled_cycles == {"ifmap_full": 4 + 2, "activation": 3}
    assert account.end_cycle == 21
    assert account.executions[1] == Execution("drain b", 16, 21, 5, LOAD)
    assert account.executions[1].bytes == 80
    assert account.idle_cycles(25) == 4


def test_a_wait_of_no_time_is_none() -> None:
    account = Account("dma")
    account.stall("ifmap_free", 4, 4)
    assert account.stalls == []
    account.stall("ifmap_free", 4, 5)
    assert account.stalls == [Stall("ifmap_free", 4, 5)]


def test_an_account_cut_short() -> None:
    account = Account("dma")
    account.execute("load", 0, 8, 8, LOAD)
    account.stall("ifmap_free", 8, 13)
    account.stall("ifmap_free", 13, 20)
    cut = account.until(10)
    assert cut.stalls == [Stall("ifmap_free", 8, 10)]
    assert (cut.busy_cycles, cut.stalled_cycles) == (8, {"ifmap_free": 2})
