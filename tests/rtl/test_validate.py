from __future__ import annotations

import numpy as np
import pytest

from accelsim.rtl.cosimulation import UNITS, RtlAccount, RtlRun
from accelsim.rtl.packing import packed
from accelsim.rtl.validate import Difference, differences
from accelsim.simulation import LayerRecord, simulate_program
from tests.rtl.layers import case_of, convolution

CASE = case_of(convolution(2, 3))


def as_the_model_says() -> tuple[LayerRecord, RtlRun]:
    record = simulate_program(CASE.machine, CASE.program)
    accounts = dict.fromkeys(UNITS, RtlAccount(0, {}))
    accounts |= {account.unit: RtlAccount(account.busy_cycles, account.stalled_cycles) for account in record.accounts}
    moved = {"read": 0, "write": 0}
    for operation in CASE.program.transfers:
        moved[operation.transfer.direction] += operation.transfer.bytes
    memory = CASE.memory.copy()
    for tensor, values in CASE.expected:
        content = packed(values, tensor.element_bits).reshape(-1)
        memory[tensor.address : tensor.address + content.size] = content
    return record, RtlRun(record.cycles, True, moved["read"], moved["write"], accounts, memory)


def test_what_is_equal_has_no_differences() -> None:
    record, run = as_the_model_says()
    assert list(differences(CASE, record, run)) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"cycles": 1}, "cycles"),
        ({"finished": False}, "finished"),
        ({"read_bytes": 1}, "bytes read"),
        ({"written_bytes": 1}, "bytes written"),
    ],
)
def test_any_other_total_is_a_difference(changed: dict[str, int], what: str) -> None:
    record, run = as_the_model_says()
    (difference,) = differences(CASE, record, run._replace(**changed))  # type: ignore[arg-type]
    assert (difference.what, difference.rtl) == (what, str(*changed.values()))


def test_another_busy_time_and_another_cause_are_differences() -> None:
    record, run = as_the_model_says()
    there = run.accounts["conv_array"]
    stalls = dict(there.stalled_cycles)
    waited = stalls.pop("ifmap_full")
    other = RtlAccount(there.busy_cycles + 1, stalls | {"weight_full": 99})
    found = list(differences(CASE, record, run._replace(accounts={**run.accounts, "conv_array": other})))
    assert [difference.what for difference in found] == [
        "conv_array busy",
        "conv_array stalled on ifmap_full",
        "conv_array stalled on weight_full",
    ]
    assert found[1] == Difference("conv_array stalled on ifmap_full", str(waited), "0")


def test_one_wrong_number_is_a_difference() -> None:
    record, run = as_the_model_says()
    address = CASE.expected[0].tensor.address
    memory = run.memory.copy()
    memory[address + 4] ^= 1
    found = list(differences(CASE, record, run._replace(memory=memory)))
    assert found == [Difference(f"results at {address}", "27 numbers", "1 of them differ")]


def test_nothing_was_compared_by_accident() -> None:
    assert np.count_nonzero(CASE.expected[0].values) > 0
