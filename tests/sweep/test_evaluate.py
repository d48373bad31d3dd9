"""A point of a sweep against the same configuration, run on its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import accelsim
from accelsim import experiment
from accelsim.area.estimate import machine_area
from accelsim.area.figures import shipped
from accelsim.cli import main
from accelsim.config.run import Variant
from accelsim.energy.table import read_energy_table
from accelsim.errors import AccelsimError, MappingError
from accelsim.experiment import in_layers
from accelsim.memo import Memo
from accelsim.program.operations import STAGES, Stage
from accelsim.sweep import evaluate
from accelsim.sweep.columns import FIGURES
from accelsim.sweep.evaluate import Evaluator, PointError
from accelsim.sweep.evaluation import Evaluation, Point
from accelsim.sweep.folder import begin
from accelsim.sweep.objectives import ENERGIES, SAVINGS
from accelsim.sweep.reading import read_sweep
from accelsim.sweep.show import point_yaml
from accelsim.workload import read_network
from tests.cli.tiny import NETWORK
from tests.results.runs import CONFIGS
from tests.sweep.tiny_sweeps import MIXED_AXES, evaluations_of, points_of, refusal, sweep_file, tiny_sweep


def test_every_point_is_what_a_run_of_its_configuration_gives(tmp_path: Path) -> None:
    tiny_sweep(tmp_path, MIXED_AXES)
    with (tmp_path / "config.yaml").open("a") as config:
        config.write(f"  energy: {CONFIGS / 'energy' / '45nm.yaml'}\n")
    sweep = read_sweep(tmp_path / "sweep.yaml")
    begin(tmp_path / "sweep", sweep, resume=False, force=False)
    feasible = 0
    for evaluation in evaluations_of(sweep):
        if evaluation.reason:
            continue
        feasible += 1
        path = tmp_path / "point.yaml"
        path.write_text(point_yaml(tmp_path / "sweep", evaluation.point.number, tmp_path))
        summary = accelsim.simulate(path).summary
        assert evaluation.config_sha256 == summary.config_sha256
        assert list(evaluation.figures) == list(summary.variants)
        for variant, totals in summary.variants.items():
            figures = dict(zip(FIGURES, evaluation.figures[variant], strict=True))
            for name, value in totals.model_dump().items():
                assert figures.get(name, value) == value
            assert figures["dram_bytes"] == totals.dram_read_bytes + totals.dram_write_bytes
            assert figures["conv_array_utilization"] == totals.utilization["conv_array"]
            assert summary.saving
            assert figures["saved_cycles_percent"] == summary.saving.cycles_percent
            assert figures["saved_dram_bytes_percent"] == summary.saving.dram_bytes_percent
            assert figures["energy_pj"] == totals.energy_pj is not None
            assert figures["saved_energy_percent"] == summary.saving.energy_percent
            assert figures["saved_energy_delay_percent"] == summary.saving.energy_delay_percent is not None
            assert figures["multipliers"] == 64
            assert figures["buffer_bytes"] == (4 + 4 + 1 + 4 + 4) * 1024
    assert feasible == 24  # of 32: shadow registers with os are 8


def test_the_key_of_a_point_is_that_of_accelsim_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = tiny_sweep(tmp_path, MIXED_AXES)
    begin(tmp_path / "sweep", sweep, resume=False, force=False)
    Path("point.yaml").write_text(point_yaml(Path("sweep"), 3, Path()))
    assert main(["run", "point.yaml", "-o", "result"]) == 0
    summary = json.loads(Path("result/summary.json").read_text())
    assert Evaluator(sweep).evaluate(points_of(sweep)[3]).config_sha256 == summary["config_sha256"]


def figure(evaluation: Evaluation, variant: Variant, name: str) -> Any:
    return evaluation.figures[variant][list(FIGURES).index(name)]


def test_areas_are_those_of_the_machine_with_its_memories(repository: Path, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    base = repository / "configs" / "alpha5.yaml"
    path.write_text(f"base: {base}\naxes:\n- machine.array.operand_bits: [4, 5]\n")
    known, unknown = evaluations_of(read_sweep(path))
    machine = accelsim.load_config(base).machine
    behind = STAGES[2:]  # without a requantiser
    built: dict[Variant, tuple[Stage, ...]] = {"fused": behind, "unfused": ("bn_stage", *behind)}
    for variant, stages in built.items():
        area_um2 = machine_area(machine, stages, shipped()).machine_um2
        assert area_um2
        assert figure(known, variant, "area_um2") == area_um2
        assert figure(known, variant, "cycles_x_area") == figure(known, variant, "cycles") * area_um2
    assert unknown.reason is None  # no such tile in the table: all figures but the areas
    for variant in built:
        missing = {name for name, value in zip(FIGURES, unknown.figures[variant], strict=True) if value is None}
        assert missing == {"area_um2", "cycles_x_area"}


def test_areas_of_a_machine_are_those_that_each_network_needs(tmp_path: Path) -> None:
    sweep_file(tmp_path, "  - machine.bn.placement: [inline, pass, offchip]\n")
    bn, relu = "  - {name: bn, op: batchnorm}\n", "  - {name: relu, op: relu}\n"
    (tmp_path / "late.yaml").write_text(NETWORK.replace(bn + relu, relu + bn))  # its BatchNorm is not folded
    with (tmp_path / "sweep.yaml").open("a") as sweep:
        sweep.write("workloads: [net.yaml, late.yaml]\n")
    evaluations = evaluations_of(read_sweep(tmp_path / "sweep.yaml"))
    folds, late = evaluations[:3], evaluations[3:]
    for evaluation in folds:
        assert figure(evaluation, "fused", "area_um2") < figure(evaluation, "unfused", "area_um2")
    for evaluation, other in zip(late, folds, strict=True):
        area_um2 = figure(evaluation, "fused", "area_um2")
        assert area_um2 == figure(evaluation, "unfused", "area_um2") == figure(other, "unfused", "area_um2")
        assert figure(evaluation, "fused", "cycles_x_area") == figure(evaluation, "fused", "cycles") * area_um2


def test_each_folded_variant_saves_against_the_unfused_one(tmp_path: Path) -> None:
    sweep = tiny_sweep(
        tmp_path,
        "  - machine.requantization.lanes: [4]\n  - machine.requantization.weight_scales: [per_tensor]\n",
    )
    begin(tmp_path / "sweep", sweep, resume=False, force=False)
    (tmp_path / "point.yaml").write_text(point_yaml(tmp_path / "sweep", 0, tmp_path))
    variants = "run.variants=[fused_into_requant, fused, unfused]"
    energies = CONFIGS / "energy" / "45nm.yaml"
    config = accelsim.load_config(tmp_path / "point.yaml", [variants, f"run.energy={energies}"])
    summary = accelsim.simulate(config).summary
    network = in_layers(config, read_network(config.workload_path))
    figures = evaluate.figures_of(config, network, Memo(), read_energy_table(energies))
    assert summary.saving
    assert summary.saving_into_requant
    assert summary.saving_into_requant.energy_delay_percent != summary.saving.energy_delay_percent
    savings = {"fused_into_requant": summary.saving_into_requant, "fused": summary.saving, "unfused": summary.saving}
    assert list(figures) == list(savings)
    for variant, saving in savings.items():
        of_variant = dict(zip(FIGURES, figures[variant], strict=True))
        for name, column in SAVINGS.items():
            assert of_variant[column] == getattr(saving, name) is not None


def test_one_variant_alone_saves_nothing(tmp_path: Path) -> None:
    evaluation = evaluations_of(tiny_sweep(tmp_path, more="variants: [unfused]\n"))[0]
    assert list(evaluation.figures) == ["unfused"]
    figures = dict(zip(FIGURES, evaluation.figures["unfused"], strict=True))
    assert {figures[name] for name in SAVINGS.values()} == {None}


def test_without_a_table_of_energies_there_are_none(tmp_path: Path) -> None:
    evaluation = evaluations_of(tiny_sweep(tmp_path))[0]
    for variant in ("fused", "unfused"):
        figures = dict(zip(FIGURES, evaluation.figures[variant], strict=True))
        assert {name for name, value in figures.items() if value is None} >= ENERGIES


def test_a_combination_that_no_machine_has_is_infeasible(tmp_path: Path) -> None:
    axes = "  - machine.array.dataflow: [ws, os]\n  - machine.array.ifmap_streaming: [im2col, raster]\n"
    fine, raster, other, neither = evaluations_of(tiny_sweep(tmp_path, axes))
    assert [fine.reason, raster.reason, other.reason] == [None, None, None]
    assert neither.reason == (
        "machine.array.ifmap_streaming: 'raster' streams past stationary weights, so it needs array.dataflow 'ws', "
        "not 'os'"
    )
    assert (neither.config_sha256, neither.figures) == (None, {})


def test_a_layer_that_does_not_fit_makes_its_point_infeasible(tmp_path: Path) -> None:
    axes = "  - {run.tiling.conv.out_height: [2, 4, 4], machine.accumulator.psums: [256, 16, 256]}\n"
    fits, too_large, fits_again = evaluations_of(tiny_sweep(tmp_path, axes))
    assert fits.reason is None
    assert too_large.reason
    assert too_large.reason.startswith("run.tiling.conv: layer 'conv': ")
    assert too_large.config_sha256
    assert not too_large.figures
    assert str(tmp_path) not in too_large.reason
    assert fits_again.reason is None


def test_a_batch_that_is_too_large_is_told_without_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "MAX_ELEMENTS", 2 * 8 * 4 * 4)
    reasons = [evaluation.reason for evaluation in evaluations_of(tiny_sweep(tmp_path, "  - run.batch: [2, 3]\n"))]
    assert reasons == [None, "run.batch: 3 images make a tensor of more than 256 elements"]


@pytest.mark.parametrize("error", [ZeroDivisionError("division by zero"), AccelsimError("it stands")])
def test_a_bug_is_told_with_its_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(evaluate, "figures_of", fails)
    with pytest.raises(PointError) as caught:
        Evaluator(tiny_sweep(tmp_path)).evaluate(Point(5, (0, 1, 2)))
    message = str(caught.value)
    assert message.startswith(f"point 5 fails, which is a fault of accelsim: {type(error).__name__}: {error} (fails, ")


def test_a_mapping_error_is_told_without_the_path_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise MappingError("layer 'conv': does not fit", path=tmp_path)

    monkeypatch.setattr(evaluate, "figures_of", fails)
    assert Evaluator(tiny_sweep(tmp_path)).evaluate(Point(0, (0, 0, 0))).reason == "layer 'conv': does not fit"


def test_what_has_no_configuration_cannot_be_shown(tmp_path: Path) -> None:
    axes = "  - machine.array.dataflow: [os]\n  - machine.array.ifmap_streaming: [raster]\n"
    begin(tmp_path / "sweep", tiny_sweep(tmp_path, axes), resume=False, force=False)
    message = refusal(point_yaml, tmp_path / "sweep", 0, tmp_path)
    assert "point 0 has no configuration: machine.array.ifmap_streaming: 'raster' streams" in message
    assert "there is no point 1 in this sweep" in refusal(point_yaml, tmp_path / "sweep", 1, tmp_path)
