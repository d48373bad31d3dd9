"""A new file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from accelsim.documents.new_file import check_new_file, write_new_file
from accelsim.errors import InputError


def test_bytes_are_written_and_folders_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "file.bin"
    write_new_file(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert [file.name for file in path.parent.iterdir()] == ["file.bin"]


def test_a_writer_gets_a_path_of_the_same_name(tmp_path: Path) -> None:
    written = []

    def write(path: Path) -> None:
        written.append(path)
        path.write_text("text")

    write_new_file(tmp_path / "file.yaml", write)
    assert (tmp_path / "file.yaml").read_text() == "text"
    assert [path.name for path in written] == ["file.yaml"]
    assert written[0].parent.parent == tmp_path


@pytest.mark.parametrize("was_there", [True, False])
def test_a_writer_that_fails_changes_nothing(tmp_path: Path, *, was_there: bool) -> None:
    path = tmp_path / "file"
    if was_there:
        path.write_text("old")

    def write(fresh: Path) -> None:
        fresh.write_text("half")
        raise InputError("no more to say")

    with pytest.raises(InputError, match="no more to say"):
        write_new_file(path, write, force=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("file", "old")] * was_there


def test_a_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(InputError, match="is there already; give --force") as caught:
        write_new_file(path, b"new")
    assert caught.value.path == path
    assert path.read_text() == "old"
    write_new_file(path, b"new", force=True)
    assert path.read_text() == "new"


def test_what_else_can_be_given_is_what_the_command_takes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(InputError, match=r"or another file with -o$"):
        check_new_file(tmp_path / "file", force=False)
    with pytest.raises(InputError, match=r"or another folder with --into$"):
        check_new_file(tmp_path / "file", force=False, elsewhere="another folder with --into")


@pytest.mark.parametrize("force", [True, False])
def test_a_folder_is_never_replaced(tmp_path: Path, *, force: bool) -> None:
    with pytest.raises(InputError, match="a file is to go here, but this is none"):
        check_new_file(tmp_path, force=force)


@pytest.mark.parametrize(
    ("name", "words"), [("file/below", "cannot be written: "), ("x" * 300, "no file can be written here: ")]
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(InputError, match=words) as caught:
        write_new_file(tmp_path / name, b"new")
    assert caught.value.path == tmp_path / name
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
