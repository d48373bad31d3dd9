"""The post-pipeline alone. BN: 4 lanes, latency 2; residual add: 2 and 1; pooling: 1 and 0; activation: 8 and 3."""

from __future__ import annotations

from accelsim.hardware.account import Account
from accelsim.hardware.post_pipeline import PostPipeline
from accelsim.program.operations import DrainOperation, Token
from accelsim.timing.work import Block
from tests.hand_built import drain, machine
from tests.hardware.bench import Bench, spans, stalls


def post_pipeline(bench: Bench, *operations: DrainOperation) -> PostPipeline:
    return PostPipeline(bench.environment, bench.tokens, operations, machine())


def accounts(unit: PostPipeline) -> dict[str, Account]:
    return {account.unit: account for account in unit.accounts}


def run(*operations: DrainOperation) -> dict[str, Account]:
    bench = Bench()
    unit = post_pipeline(bench, *operations)
    bench.run(unit)
    return accounts(unit)


def test_it_takes_the_cycles_of_the_narrowest_stage_and_all_latencies() -> None:
    # 5 rows of 6: BN 5·⌈6/4⌉ = 10, residual add 5·3 = 15, activation 5·1; latencies 2 + 1 + 3.
    stages = run(drain(("bn_stage", "residual_add", "activation"), Block(1, 5, 6)))
    assert spans(stages["bn_stage"]) == [(0, 21)]
    assert spans(stages["residual_add"]) == spans(stages["activation"]) == [(0, 21)]
    assert [stages[stage].busy_cycles for stage in ("bn_stage", "residual_add", "activation")] == [10, 15, 5]


def test_what_a_stage_is_not_busy_for_it_is_stalled_on() -> None:
    # The drain of the test above.
    stages = run(drain(("bn_stage", "residual_add", "activation"), Block(1, 5, 6)))
    assert stalls(stages["bn_stage"]) == [("residual_add", 10, 15), ("pipeline_latency", 15, 21)]
    assert stalls(stages["residual_add"]) == [("pipeline_latency", 15, 21)]
    assert stalls(stages["activation"]) == [("residual_add", 5, 15), ("pipeline_latency", 15, 21)]


def test_the_requantiser_is_between_bn_and_residual_add() -> None:
    # 5 rows of 6: BN 10 as above, the requantiser in 1 lane 30; latencies 2 + 7 + 3.
    bench = Bench()
    operation = drain(("bn_stage", "requantizer", "activation"), Block(1, 5, 6))
    on = machine(requantization={"lanes": 1, "latency_cycles": 7})
    unit = PostPipeline(bench.environment, bench.tokens, [operation], on)
    bench.run(unit)
    assert [account.unit for account in unit.accounts][:3] == ["bn_stage", "requantizer", "residual_add"]
    stages = accounts(unit)
    assert spans(stages["requantizer"]) == [(0, 42)]
    assert stages["requantizer"].busy_cycles == 30
    assert stalls(stages["requantizer"]) == [("pipeline_latency", 30, 42)]
    assert stalls(stages["bn_stage"]) == [("requantizer", 10, 30), ("pipeline_latency", 30, 42)]


def test_a_stage_that_no_drain_needs_stays_idle() -> None:
    pooling = run(drain(("activation",), Block(1, 5, 6)))["pooling"]
    assert (pooling.busy_cycles, pooling.stalls, pooling.end_cycle) == (0, [], 0)


def test_the_first_of_equally_narrow_stages_is_named() -> None:
    # BN with 2 lanes, as the residual add: 5 rows of 8 take 20 cycles in both, and 5 in the activation.
    bench = Bench()
    operation = drain(("bn_stage", "residual_add", "activation"), Block(1, 5, 8))
    unit = PostPipeline(bench.environment, bench.tokens, [operation], machine(bn={"lanes": 2}))
    bench.run(unit)
    stages = accounts(unit)
    assert stages["bn_stage"].busy_cycles == stages["residual_add"].busy_cycles == 20
    assert stages["activation"].stalled_cycles == {"bn_stage": 15, "pipeline_latency": 3 + 3}


def test_pooling_reads_its_windows_and_no_other_stage_does() -> None:
    # 4 rows of 3 in windows of 9, one lane: 4·9·3 = 108; the activation takes 4 rows of one laneful.
    stages = run(drain(("pooling", "activation"), Block(1, 4, 3), window=9))
    assert stages["pooling"].busy_cycles == 108
    assert stages["activation"].busy_cycles == 4
    assert stages["activation"].stalled_cycles == {"pooling": 104, "pipeline_latency": 3}


def test_tokens_are_taken_at_the_start_and_given_at_the_end() -> None:
    bench = Bench()
    takes = (Token.ACCUMULATOR_FULL, Token.PARAMETER_FULL, Token.RESIDUAL_FULL, Token.OFMAP_FREE)
    for token, cycle in zip(takes, (4, 9, 6, 15), strict=True):
        bench.give(token, cycle)
    freed, stored = bench.take(Token.ACCUMULATOR_FREE), bench.take(Token.OFMAP_FULL)
    gives = (Token.ACCUMULATOR_FREE, Token.OFMAP_FULL)
    unit = post_pipeline(bench, drain(("activation",), Block(1, 5, 6), takes=takes, gives=gives))
    bench.run(unit)
    activation = accounts(unit)["activation"]
    # 5 rows of one laneful and 3 cycles of latency.
    assert spans(activation) == [(15, 23)]
    assert (freed, stored) == ([23], [23])
    # The residual operand has come before it is asked for.
    assert stalls(activation) == [
        ("accumulator_full", 0, 4),
        ("parameter_full", 4, 9),
        ("ofmap_free", 9, 15),
        ("pipeline_latency", 20, 23),
    ]


def test_a_stage_with_work_left_waits_with_the_pipeline() -> None:
    # The first drain needs no BN stage and comes in cycle 4; it takes 1 + 3 cycles. The second one waits to
    # cycle 10 and takes 1 + 2 + 3. The third needs no BN stage, which is idle from 16 on.
    bench = Bench()
    bench.give(Token.ACCUMULATOR_FULL, 4, 10, 20)
    source = (Token.ACCUMULATOR_FULL,)
    unit = post_pipeline(
        bench,
        drain(("activation",), Block(1, 1, 1), takes=source),
        drain(("bn_stage", "activation"), Block(1, 1, 1), takes=source),
        drain(("activation",), Block(1, 1, 1), takes=source),
    )
    bench.run(unit)
    stages = accounts(unit)
    assert stalls(stages["bn_stage"]) == [
        ("accumulator_full", 0, 4),
        ("post_pipeline", 4, 8),
        ("accumulator_full", 8, 10),
        ("pipeline_latency", 11, 16),
    ]
    assert stages["bn_stage"].end_cycle == 16
    assert spans(stages["activation"]) == [(4, 8), (10, 16), (20, 24)]
    assert stages["activation"].stalled_cycles == {
        "accumulator_full": 4 + 2 + 4,
        "pipeline_latency": 3 + 5 + 3,
    }
