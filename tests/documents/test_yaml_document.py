"""Any file becomes plain data with line numbers, or one clear InputError."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelsim.documents.core_yaml import MAX_DEPTH
from accelsim.documents.files import fault_of_file
from accelsim.documents.yaml_document import YamlDocument, dotted, parse_yaml, read_yaml
from accelsim.errors import InputError


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "some.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(tmp_path: Path, content: str | bytes) -> InputError:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert caught.value.path == path
    return caught.value


def test_data_is_plain_and_every_key_path_has_its_line(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "# comment\na:\n  b: 1\n  c:\n    - x\n    - {y: [1, 2]}\nd: text\n"))
    assert document.data == {"a": {"b": 1, "c": ["x", {"y": [1, 2]}]}, "d": "text"}
    assert document.lines == {
        (): 2,
        ("a",): 2,
        ("a", "b"): 3,
        ("a", "c"): 4,
        ("a", "c", 0): 5,
        ("a", "c", 1): 6,
        ("a", "c", 1, "y"): 6,
        ("a", "c", 1, "y", 0): 6,
        ("a", "c", 1, "y", 1): 6,
        ("d",): 7,
    }


def test_line_of_an_absent_key_is_that_of_the_nearest_enclosing_one(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "\na:\n  b: 1\n"))
    assert document.line_of(("a", "missing", "deeper")) == 2
    assert document.line_of(("missing",)) == 2
    assert YamlDocument(tmp_path, {}, {}).line_of(("a",)) is None


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e9", 1e9),
        ("12.8", 12.8),
        (".5e3", 500.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("yes", "yes"),
        ("1_000", "1_000"),
        ("64/5", "64/5"),
        ("2001-12-14", "2001-12-14"),
        ("1:30", "1:30"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("_", "_"),
        ("-_", "-_"),
        ("=", "="),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(scalar: str, value: Any) -> None:
    data, _ = parse_yaml(f"key: {scalar}")
    assert data == {"key": value}
    assert type(data["key"]) is type(value)


def test_not_a_number_is_read_as_such() -> None:
    data, _ = parse_yaml("key: .nan")
    assert math.isnan(data["key"])


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_scalars_are_the_same_in_every_version_of_yaml(version: str) -> None:
    text = f"%YAML {version}\n---\n[010, 1e9, yes, 1:30, 0b1, 1_0.0, <<, 2001-12-14]\n"
    data, _ = parse_yaml(text)
    assert data == [10, 1e9, "yes", "1:30", "0b1", "1_0.0", "<<", "2001-12-14"]


def test_aliases_are_expanded_and_the_copies_have_lines(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, "a: &x\n  b: 1\nc: *x\nd: [*x]\n"))
    assert document.data == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}]}
    assert document.data["a"] is not document.data["c"]
    assert document.lines["c",] == 3
    assert document.lines["c", "b"] == 2
    assert document.lines["d", 0] == 4


def test_an_anchor_can_be_used_again() -> None:
    with warnings.catch_warnings(action="error"):
        data, _ = parse_yaml("[&x 1, *x, &x [2], *x]")
    assert data == [1, 1, [2], [2]]


def test_nesting_is_allowed_to_the_limit() -> None:
    _, lines = parse_yaml("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH)
    assert len(lines) == MAX_DEPTH + 1
    with pytest.raises(InputError, match="levels deep"):
        parse_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    document = read_yaml(written(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"))
    assert document.data == {"a": 1, "b": 2}
    assert document.lines["b",] == 2


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", None, "is empty"),
        ("# nothing\n", None, "is empty"),
        ("---\n", None, "is empty"),
        ("null", None, "is empty"),
        ("\n- 1\n", 2, "must be a mapping of keys to values, not a list"),
        ("just text", 1, "must be a mapping of keys to values, not the text 'just text'"),
        ("a: 1\n---\nb: 2\n", 2, "expected a single document in the stream, but found another document"),
        ("a: 1\nb: [1,\n2\n", 4, "is not valid YAML: while parsing a flow sequence"),
        ("a: 1\n\tb: 2\n", 2, "is not valid YAML"),
        ("a: b: c\n", 1, "is not valid YAML: mapping values are not allowed here"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is already given in line 1"),
        ("x: {a: 1, a: 1}", 1, "the key 'a' is already given in line 1"),
        ("a: 1\n404: 2\n", 2, "a key must be text, in quotes if need be, not 404"),
        ("true: 2\n", 1, "a key must be text, in quotes if need be, not true"),
        ("? [a, b]\n: 2\n", 1, "a key must be text, in quotes if need be, not a list"),
        ("? {a: b}\n: 2\n", 1, "a key must be text, in quotes if need be, not a mapping"),
        ('a: 1\n"b\\0": 2\n', 2, "the character U+0000 is not allowed"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tags such as 'tag:yaml.org,2002:python/"),
        ("a: 1\nb: !foo 2\n", 2, "tags such as '!foo' are not allowed"),
        ("a: !!str 2\n", 1, "tags such as 'tag:yaml.org,2002:str' are not allowed"),
        ("a: 1\nb: *nowhere\n", 2, "is not valid YAML: found undefined alias 'nowhere'"),
        ("a: *" + "x" * 5000, 1, "found undefined alias 'xxx"),
        ("a: &x\n  b: *x\n", 2, "alias '*x' refers to a value that it is part of"),
        ("a: &x 1\nb: &x [*x]\n", 2, "alias '*x' refers to a value that it is part of"),
        ("a: 1\nb: " + "9" * 5000, 2, "a number of 5000 characters is not allowed"),
        ("a: 0x" + "f" * 5000, 1, "a number of 5002 characters is not allowed"),
        ("a: 1\nb: \0\n", 2, "the character U+0000 is not allowed"),
        ("a: \x1b[31m\n", 1, "the character U+001B is not allowed"),
        ('a: 1\nb: "x\\0"\n', 2, "the character U+0000 is not allowed"),
        ('\na: "\\n\\n\\0"\n', 2, "the character U+0000 is not allowed"),
        ('a: "\\ud800"\n', 1, "the character U+D800 is not allowed"),
        ('a: "\\UFFFFFFFF"\n', None, "is not valid YAML"),
        ("%YAML 1.20\n---\na: 1\n", None, "is not valid YAML"),
        ("%YAML 9.9\n---\na: 1\n", 1, "is not valid YAML"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8 text"),
        ("a: 1".encode("utf-16"), 1, "is not UTF-8 text"),
        ("a: " + "[" * 100_000, 1, f"is nested more than {MAX_DEPTH} levels deep"),
        ("? " * 100_000, 1, f"is nested more than {MAX_DEPTH} levels deep"),
        ("- " * 100_000, 1, f"is nested more than {MAX_DEPTH} levels deep"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_reason(
    tmp_path: Path, content: str | bytes, line: int | None, words: str
) -> None:
    error = refusal(tmp_path, content)
    assert error.line == line
    assert words in error.message
    assert len(str(error)) < 300 + len(str(tmp_path))


def test_values_are_counted_without_aliases_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelsim.documents.yaml_document.MAX_VALUES", 5)
    assert read_yaml(written(tmp_path, "a: [1, 2, 3]")).data == {"a": [1, 2, 3]}
    assert refusal(tmp_path, "a:\n [1, 2, 3, 4]").message == "holds more than 5 values, aliases expanded"


def test_an_alias_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    levels = ["l0: &l0 [1, 2, 3, 4, 5, 6, 7, 8, 9]"]
    levels += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "aliases expanded" in refusal(tmp_path, "\n".join(levels)).message


def test_aliases_cannot_nest_deeper_than_brackets_can(tmp_path: Path) -> None:
    levels = ["l0: &l0 1"] + [f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 2000)]
    assert "levels deep, aliases expanded" in refusal(tmp_path, "\n".join(levels)).message


def test_a_missing_file_is_named_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "resnet18.yaml").touch()
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / "resnt18.yaml")
    assert str(caught.value) == f"{tmp_path}/resnt18.yaml: no such file; did you mean 'resnet18.yaml'?"


@pytest.mark.parametrize("name", ["absent/some.yaml", "some.yaml/below"])
def test_a_path_through_nothing_or_through_a_file_is_a_missing_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "some.yaml").touch()
    assert fault_of_file(tmp_path / name) == "no such file"


def test_a_folder_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, not a file"):
        read_yaml(tmp_path)


@pytest.mark.parametrize("name", ["x" * 5000, "\0"])
def test_impossible_file_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_yaml(tmp_path / name)


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a: 1")

    def denied(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read_yaml(path)


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 12345")
    assert read_yaml(path, max_bytes=8).data == {"a": 12345}
    with pytest.raises(InputError, match="is larger than 7 bytes"):
        read_yaml(path, max_bytes=7)


def outcome(read: Callable[[Any], Any], source: Any) -> Any:
    """What reading gives: its result, or the InputError; anything else fails the test."""
    try:
        return read(source)
    except InputError as error:
        return error


VALID = """\
name: &n net
layers:
  - {name: conv1, kernel: [1, 7], stride: 2.5}
  - name: "a\\tb"
    text: >-
      folded
      text
again: *n
"""
FRAGMENTS = [
    "\0",
    "\t",
    "\n",
    "---\n",
    "...",
    "%YAML 1.3\n",
    "!!x ",
    "!<",
    "&a ",
    "*n",
    "<<: ",
    "? ",
    ": ",
    "- ",
    "[",
    "]",
]
FRAGMENTS += ["{", "}", ",", "'", '"', "|", ">2\n", "#", "\\U99999999", "\\x", "\ufeff", "\x85", "9" * 99]


@st.composite
def mutations(draw: st.DrawFn) -> str:
    text = VALID
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 4)))
        text = text[:start] + draw(st.sampled_from(FRAGMENTS)) + text[end:]
    return text


def is_plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(type(key) is str and is_plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(map(is_plain, data))
    return data is None or type(data) in (str, int, float, bool)


@settings(max_examples=400, deadline=None)
@given(st.one_of(mutations(), st.text(), st.text(alphabet="[]{}:,-?!&*|>%@'\"#\n\t \\a0")))
@example('"\\U99999999"')
@example("%YAML 1.20\n---\n")
def test_no_text_gives_anything_but_plain_data_or_an_input_error(text: str) -> None:
    result = outcome(parse_yaml, text)
    possible = range(1, len(text.splitlines()) + 2)
    if isinstance(result, InputError):
        assert result.message
        assert result.line is None or result.line in possible
    else:
        data, lines = result
        assert is_plain(data)
        assert set(lines.values()) <= set(possible)


@settings(max_examples=100, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_bytes_give_anything_but_a_mapping_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("bytes"), content)
    result = outcome(read_yaml, path)
    assert result.path == path
    assert isinstance(result, InputError) or isinstance(result.data, dict)


def test_paths_are_written_with_dots_and_brackets() -> None:
    assert dotted(("layers", 3, "kernel", 0)) == "layers[3].kernel[0]"
    assert dotted(()) == ""


def test_what_a_caller_does_to_its_data_changes_no_other_s() -> None:
    data, lines = parse_yaml("a: [1]")
    data["a"].append(2)
    lines["a", 1] = 1
    assert parse_yaml("a: [1]") == ({"a": [1]}, {(): 1, ("a",): 1, ("a", 0): 1})
