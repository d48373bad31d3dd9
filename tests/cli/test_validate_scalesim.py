"""``accelsim validate scalesim``: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accelsim.cli import main

TOPOLOGY = "Layer, M, N, K,\na, 20, 17, 35,\nb, 1, 9, 64,\n"


# What SCALE-Sim 3.0.0 reports for it, ws on an 8x16 array.
REPORT = "LayerID, Total Cycles, Stall Cycles,\n0, 499, 0,\n1, 247, 0,\n"


ARRAY = ["--rows", "8", "--cols", "16", "--dataflow", "ws"]


class TestValidateScalesim:
    @staticmethod
    def exit_code(report: str, *array: str) -> int:
        Path("topology.csv").write_text(TOPOLOGY)
        Path("report.csv").write_text(report)
        return main(["validate", "scalesim", "--topology", "topology.csv", "--report", "report.csv", *array])

    @pytest.mark.usefixtures("folder")
    def test_equal_layers(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.exit_code(REPORT, *ARRAY) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        lines = [line.split() for line in printed.out.splitlines()]
        assert ["a", "500", "500", "0"] in lines
        assert ["b", "248", "248", "0"] in lines
        assert printed.out.endswith("\n2 of 2 layers equal\n")

    @pytest.mark.usefixtures("folder")
    def test_a_difference_is_a_failure(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.exit_code(REPORT.replace("247", "246"), *ARRAY) == 1
        printed = capsys.readouterr()
        assert printed.err == ""
        assert ["b", "247", "248", "+1"] in [line.split() for line in printed.out.splitlines()]
        assert printed.out.endswith("\n1 of 2 layers equal\n")

    @pytest.mark.usefixtures("folder")
    @pytest.mark.parametrize(
        ("report", "array", "words"),
        [
            (REPORT.replace("247", "many"), ARRAY, "report.csv:3: Total Cycles: must be a number of cycles, not the"),
            (REPORT, [*ARRAY, "--rows", "0"], "rows: must be at least 1, not 0"),
            (
                REPORT,
                [*ARRAY, "--topology", "topologie.csv"],
                "topologie.csv: no such file; did you mean 'topology.csv'?",
            ),
            (
                REPORT,
                [*ARRAY, "--topology", "net.yaml"],
                "net.yaml: is no topology of SCALE-Sim, which is a .csv file",
            ),
        ],
    )
    def test_bad_input_is_refused(
        self, report: str, array: list[str], words: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.exit_code(report, *array) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith(f"error: {words}")

    @pytest.mark.parametrize("arguments", [[], ["scalesym"], ["scalesim"], ["scalesim", *ARRAY, "--dataflow", "rs"]])
    def test_a_wrong_command_line_is_refused(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(["validate", *arguments])
        assert caught.value.code == 2
        assert capsys.readouterr().out == ""

    @pytest.mark.usefixtures("folder")
    def test_a_topology_is_a_network_like_any_other(self) -> None:
        Path("topology.csv").write_text(TOPOLOGY)
        assert main(["run", "config.yaml", "-o", "out", "--set", "run.workload=topology.csv"]) == 0
        summary = json.loads(Path("out/summary.json").read_text())
        assert summary["network"] == "topology"
        assert summary["variants"]["fused"]["macs"] == 20 * 17 * 35 + 9 * 64
