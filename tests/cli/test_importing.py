"""``accelsim import``: the file it writes, its warnings, and that it leaves nothing behind where it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.cli import main
from accelsim.workload import read_network
from tests.cli.tiny import LRN, NETWORK, WARNING, names


def test_import_writes_a_network_as_yaml(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "net.yaml", "-o", "deeper/copy.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out == "deeper/copy.yaml: tiny: 3 layers (1 conv, 1 batchnorm), 592 parameters, 9,216 MACs\n"
    assert printed.err == ""
    assert (folder / "deeper" / "copy.yaml").read_text() == NETWORK.replace("input:", "source: net.yaml\ninput:", 1)


def test_import_warns_of_what_is_not_modelled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.yaml").write_text(NETWORK + LRN)
    assert main(["import", "net.yaml", "-o", "copy.yaml"]) == 0
    assert " ".join(capsys.readouterr().out.split()).endswith(WARNING)
    assert list(read_network(folder / "copy.yaml")) == list(read_network(folder / "net.yaml"))


@pytest.mark.usefixtures("folder")
def test_import_replaces_a_file_only_by_force(capsys: pytest.CaptureFixture[str]) -> None:
    Path("copy.yaml").write_text("mine")
    assert main(["import", "net.yaml", "-o", "copy.yaml"]) == 2
    assert "copy.yaml: is there already; give --force" in capsys.readouterr().err
    assert Path("copy.yaml").read_text() == "mine"
    assert main(["import", "net.yaml", "-o", "copy.yaml", "--force"]) == 0
    assert read_network(Path("copy.yaml")).name == "tiny"
    assert main(["import", "copy.yaml", "-o", "copy.yaml", "--force"]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.yaml", "-o", "out.yaml"], "nowhere.yaml: no such file"),
        (["net.txt", "-o", "out.yaml"], "net.txt: no network is read from '.txt' files"),
        (["config.yaml", "-o", "out.yaml"], "config.yaml:1: machine: unknown key 'machine'"),
        (["net.yaml", "-o", "net.yaml/out.yaml"], "net.yaml/out.yaml: cannot be written: "),
        (["net.yaml", "-o", "out.yaml", "--input-shape", "8,4,4"], "net.yaml: this file says what shape its input has"),
    ],
)
def test_import_refuses_what_is_at_fault(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {words}")
    assert names(folder) == {"config.yaml", "net.yaml"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["net.yaml"], "the following arguments are required: -o/--output"),
        (["net.yaml", "-o", "out.onnx"], "'out.onnx' does not end in .yaml or .yml"),
        *(
            (["net.yaml", "-o", "out.yaml", "--input-shape", shape], f"'{shape}' is not channels,height,width")
            for shape in ("3", "3,224", "3,a,4", "3,4,5,6", "3,-1,4")
        ),
        (["net.yaml", "-o", "out.yaml", "--input-shape", "3,224,0"], "a side must be from 1 to 16777216, not 0"),
        (["net.yaml", "-o", "out.yaml", "--input-shape", "3,16777217,4"], "from 1 to 16777216, not 16777217"),
        (
            ["net.yaml", "-o", "out.yaml", "--input-shape", f"3,4,{9:0>30}"],
            "from 1 to 16777216, not 0000000000000000000…",
        ),
        (
            ["net.yaml", "-o", "out.yaml", "--input-shape", "channels,height,width"],
            "'channels,height,wid…' is not channels,height,width, such as 3,224,224",
        ),
    ],
)
def test_a_wrong_import_is_refused(
    arguments: list[str], words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["import", *arguments])
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
    assert names(folder) == {"config.yaml", "net.yaml"}
