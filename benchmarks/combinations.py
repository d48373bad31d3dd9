"""Print what fusing saves where weights are quantised, sparse or pruned as well: the tables of docs/combinations.md.

Weights are random, from a seed, and so is which channels have a small γ: cycles, bytes and energies do not depend on
weights, and SQNR compares a network with itself.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import onnx

import accelsim
from accelsim.config.sparsity import Sparsity
from accelsim.energy.table import read_energy_table
from accelsim.experiment import plan_layers, read_layers
from accelsim.fusion.apply_onnx import serialised
from accelsim.memo import Memo
from accelsim.pruning.apply_onnx import prune_model
from accelsim.quantisation.layer import Variant, Widths
from accelsim.results.summary import Saving, saving_between
from accelsim.results.variant_totals import VariantTotals, plan_totals
from accelsim.validation.accuracy import accuracy
from accelsim.validation.seeded_weights import seeded_model
from accelsim.workload import read_network

ROOT = Path(__file__).parents[1]

NETWORKS = ("resnet18", "vgg16_bn", "mobilenet_v2")

PSUM_BITS = {16: 48, 8: 32, 4: 24}
"""By bits of an operand: a product and as many bits as 2^16 of them need."""

PLACEMENTS = ("inline", "pass", "offchip")

WEIGHTS = ("dense", "2:4", "γ-pruned")

SMALL_GAMMAS = 0.4
"""Share of the channels of every BatchNorm that can go: what network slimming prunes of ResNet-164 on CIFAR-10 without
loss (Liu et al., ICCV 2017, table 1)."""

THRESHOLD = 0.05

SEED = 1

MIB = 2**20

PJ_PER_MJ = 1e9


class Case(NamedTuple):
    """A network, what its operands are, and what was done to its weights."""

    network: str
    bits: int
    weights: str


def settings(case: Case, placement: str, workload: Path) -> list[str]:
    """What the machine of the shipped configuration has otherwise."""
    return [
        f"run.workload={workload}",
        f"machine.bn.placement={placement}",
        f"machine.array.operand_bits={case.bits}",
        f"machine.array.psum_bits={PSUM_BITS[case.bits]}",
        f"machine.array.sparsity={'2:4' if case.weights == '2:4' else 'dense'}",
        "machine.requantization={lanes: 32, weight_scales: per_tensor}",
    ]


class Totals(NamedTuple):
    """What a network comes to in both variants, and what fusing saves."""

    unfused: VariantTotals
    fused: VariantTotals
    saving: Saving


def totals_of(case: Case, placement: str, workload: Path, memo: Memo) -> Totals:
    """Return what a simulation would come to; the memo knows what cases have in common."""
    config = accelsim.load_config(ROOT / "configs" / f"{case.network}.yaml", settings(case, placement, workload))
    if config.energy_path is None:
        raise ValueError(f"the configuration of {case.network} names no table of energies")
    plan = plan_layers(config, read_layers(config), memo)
    totals = plan_totals(config.machine, config.run, plan, memo, read_energy_table(config.energy_path))
    return Totals(totals["unfused"], totals["fused"], saving_between(totals["fused"], totals["unfused"]))


def noise_db(model: onnx.ModelProto, images: int) -> dict[int, dict[Variant, float]]:
    """Return by bits of an operand the SQNR of the logits in every variant."""
    noise = {}
    for bits, psum_bits in PSUM_BITS.items():
        widths = Widths(weight_bits=bits, activation_bits=bits, psum_bits=psum_bits, granularity="per-tensor")
        found = accuracy(model, Path("model.onnx"), [widths], seed=SEED, images=images)
        noise[bits] = {one.variant: one.sqnr_db for one in found}
    return noise


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table in Markdown; the first column is text, the others are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def totals_cells(totals: Totals) -> list[str]:
    """Cycles, bytes and energy of both variants, and what is saved of each."""
    unfused, fused, saving = totals
    cells = []
    for name, unit in (("cycles", 1), ("bytes", MIB), ("energy_pj", PJ_PER_MJ)):
        both = [
            of.dram_read_bytes + of.dram_write_bytes if name == "bytes" else getattr(of, name)
            for of in (unfused, fused)
        ]
        cells += [f"{value / unit:,.2f}" if unit > 1 else f"{value:,}" for value in both]
    percents = (saving.cycles_percent, saving.dram_bytes_percent, saving.energy_percent)
    return [*cells, " / ".join("-" if percent is None else f"{percent:.2f} %" for percent in percents)]


def saved_cell(totals: Totals) -> str:
    """Cycles and energy that fusing saves."""
    return f"{totals.saving.cycles_percent:.2f} % / {totals.saving.energy_percent:.2f} %"


def main() -> None:
    """Make the tables network by network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=8, help="random images to measure SQNR on (default: 8)")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=NETWORKS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for network in options.networks:
            print(f"\n### {network}\n\n{network_tables(network, Path(folder), options.images)}", flush=True)


def network_tables(network: str, folder: Path, images: int) -> str:
    """Totals with a function unit, and savings wherever BatchNorm is."""
    path = ROOT / "workloads" / f"{network}.yaml"
    graph = read_network(path)
    noise = {
        "dense": noise_db(seeded_model(graph, path, seed=SEED), images),
        "2:4": noise_db(seeded_model(graph, path, seed=SEED, sparsity=Sparsity(2, 4)), images),
    }
    slimmed = prune_model(
        seeded_model(graph, path, seed=SEED, small_gammas=SMALL_GAMMAS), Path("model.onnx"), THRESHOLD
    )
    noise["γ-pruned"] = noise_db(slimmed.model, images)
    pruned = folder / f"{network}.onnx"
    pruned.write_bytes(serialised(slimmed.model, pruned))
    workloads = {"dense": path, "2:4": path, "γ-pruned": pruned}
    memo, totals, savings = Memo(), [], []
    for bits in PSUM_BITS:
        for weights in WEIGHTS:
            by_placement = {
                placement: totals_of(Case(network, bits, weights), placement, workloads[weights], memo)
                for placement in PLACEMENTS
            }
            name = f"{bits} bit, {weights}"
            decibels = [
                f"{noise[weights][bits][variant]:.1f}" for variant in ("unfused", "fused", "fused_into_requant")
            ]
            totals.append([name, *totals_cells(by_placement["pass"]), " / ".join(decibels)])
            savings.append([name, *map(saved_cell, by_placement.values())])
    return "\n\n".join(
        (
            f"γ-pruned: {slimmed.before.channels:,} channels, {slimmed.before.macs:,} MACs and "
            f"{slimmed.before.parameters:,} parameters become {slimmed.after.channels:,}, {slimmed.after.macs:,} and "
            f"{slimmed.after.parameters:,}.",
            table(
                [
                    "operands, weights",
                    "cycles, unfused",
                    "fused",
                    "DRAM MiB, unfused",
                    "fused",
                    "energy mJ, unfused",
                    "fused",
                    "saved: cycles / bytes / energy",
                    "SQNR dB, unfused / fused / into requantiser",
                ],
                totals,
            ),
            table(
                ["saved by fusing: cycles / energy", *(f"`{placement}`" for placement in PLACEMENTS)],
                savings,
            ),
        )
    )


if __name__ == "__main__":
    main()
