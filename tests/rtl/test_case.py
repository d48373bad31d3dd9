from __future__ import annotations

import pytest

from accelsim.errors import InputError
from accelsim.mapping.plan import LayerMapping
from accelsim.mapping.residency import Residency
from accelsim.rtl.case import CONV_ARRAY, DMA, DRAIN_UNIT, SETTINGS, RtlCase, rtl_case
from accelsim.workload.shapes import Window
from tests.rtl.layers import activated, alike, case_of, convolution, mapped, streamed


def loads(case: RtlCase, unit: int) -> int:
    return sum(load.unit == unit for load in case.loads)


def test_every_operation_is_loaded_once() -> None:
    case = case_of(convolution(4, 6, bias=True, residual=True))
    assert loads(case, SETTINGS) == 1
    assert loads(case, DMA) == len(case.program.transfers)
    assert loads(case, CONV_ARRAY) == len(case.program.array)
    assert loads(case, DRAIN_UNIT) == len(case.program.drains)


def test_a_function_unit_is_loaded_its_accumulates_and_passes() -> None:
    case = case_of(convolution(4, 6, batchnorm=True), alike(bn={"placement": "pass"}))
    # accumulate, batch norm, read-out
    assert loads(case, DRAIN_UNIT) == len(case.program.function_unit) == 3


def test_an_off_chip_bn_leaves_two_tensors_in_memory() -> None:
    machine = alike(bn={"placement": "offchip", "intermediate_bits": 16})
    case = case_of(convolution(4, 6, batchnorm=True), machine)
    assert [expected.tensor.element_bits for expected in case.expected] == [16, 8]


def test_the_same_seed_makes_the_same_case() -> None:
    layer = convolution(4, 6, bias=True)
    first, second = case_of(layer), case_of(layer)
    assert first.memory.tobytes() == second.memory.tobytes()
    assert first.loads == second.loads


def test_data_that_stays_on_chip_is_refused() -> None:
    machine, layer = alike(), convolution(4, 6)
    mapping = mapped(machine, layer)
    kept = LayerMapping(Residency(ofmap=True), mapping.tiling, mapping.parameters_at_once)
    with pytest.raises(InputError, match="layer 'conv': RTL keeps nothing on chip"):
        rtl_case("case", machine, layer, kept, has_bn=True, seed=1)


def test_other_activation_functions_are_refused() -> None:
    with pytest.raises(InputError, match="'relu' and 'relu6', not the activation 'gelu'"):
        case_of(activated("gelu"))


@pytest.mark.parametrize(("pooling", "activation", "pools"), [(2, 2, True), (2, 1, False), (9, 3, True), (9, 2, False)])
def test_pooling_needs_an_activation_as_wide_as_itself(pooling: int, activation: int, pools: bool) -> None:
    machine = alike(pooling={"lanes": pooling}, activation={"lanes": activation})
    assert machine.can_pool == pools
    layer = streamed(3, window=Window((2, 2)), pooling=True)
    if pools:
        case_of(layer, machine)
    else:
        with pytest.raises(InputError, match="pooling cannot be followed by an activation of fewer lanes"):
            case_of(layer, machine)


def test_a_function_unit_pools_one_pass_after_the_other() -> None:
    machine = alike(bn={"placement": "pass"}, pooling={"lanes": 2}, activation={"lanes": 1})
    assert machine.can_pool


def test_a_machine_that_is_too_large_is_refused_with_the_limit() -> None:
    with pytest.raises(InputError, match=r"machine\.array\.rows: RTL is simulated up to 64, not 65"):
        case_of(convolution(4, 6), alike(array={"rows": 65, "cols": 3}))
