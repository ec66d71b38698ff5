"""The command line: one module a verb, loaded when it is called; errors become messages and exit statuses."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import click
import pytest

import taxgap
from taxgap.cli import main as command_line
from taxgap.errors import InvalidDataError, UsageError


def _stop() -> None:
    raise InvalidDataError("Total is wrong.", where="vat/part-0000.parquet", remedy="Run `taxgap validate`.")


def _misuse() -> None:
    raise UsageError("No such regime.")


def _break() -> None:
    raise ValueError("could not convert '1234567895'")


def _run_full() -> None:
    raise OSError("No space left")


def _interrupt() -> None:
    raise KeyboardInterrupt


def _decline() -> None:
    raise click.Abort


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command line with one verb, `try-out`, that does what it is told to."""

    def run(action: Callable[[], object], *arguments: str) -> int:
        @click.command(short_help="Try out.")
        @click.option("--json", is_flag=True)
        @click.option("-v", "verbosity", count=True)
        @click.pass_obj
        def verb(settings: command_line.Settings, json: bool, verbosity: int) -> None:
            settings.as_json, settings.verbosity = json, verbosity
            action()

        module = ModuleType("taxgap.cli.try_out")
        module.command = verb  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(command_line.cli, "verbs", {"try-out": "Try out."})
        return command_line.main(["try-out", *arguments])

    return run


def test_the_verbs_are_the_modules(modules: dict[str, Path]) -> None:
    on_disk = {name.rsplit(".", 1)[1] for name, path in modules.items() if _has_command(name, path)}
    assert sorted(verb.replace("-", "_") for verb in command_line.VERBS) == sorted(on_disk)


def test_summaries_are_the_verbs_own() -> None:
    context = click.Context(command_line.cli)
    commands = {verb: command_line.cli.get_command(context, verb) for verb in command_line.VERBS}
    own = {verb: command and command.get_short_help_str(limit=1000) for verb, command in commands.items()}
    assert own == command_line.VERBS


def test_help_is_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in [[], *([verb] for verb in command_line.VERBS)]:
        assert command_line.main([*arguments, "-h"]) == 0
        assert "-h, --help" in capsys.readouterr().out


def test_python_m_is_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "taxgap", "--version"]
    answer = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert answer.stdout == f"taxgap, version {taxgap.__version__}\n"


def test_help_lists_the_summaries(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    run(dict)
    assert command_line.main(["--help"]) == 0
    assert "try-out  Try out." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("action", "status", "message"),
    [
        (dict, 0, ""),
        (_stop, 3, "error: Total is wrong. [vat/part-0000.parquet] Run `taxgap validate`. (invalid_data)\n"),
        (_misuse, 2, "error: No such regime. (usage)\n"),
        (
            _run_full,
            1,
            "error: OSError: No space left. Run it again with -vv for the traceback. (unexpected)\n",
        ),
        (_interrupt, 130, "\nInterrupted.\n"),
        (_decline, 1, "Stopped.\n"),
        (
            _break,
            1,
            "error: ValueError. Run it again with -vv for the traceback. (unexpected)\n",
        ),
    ],
)
def test_an_outcome_has_a_status_and_a_message(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    action: Callable[[], object],
    status: int,
    message: str,
) -> None:
    assert run(action) == status
    assert capsys.readouterr() == ("", message)


def test_errors_are_json_when_asked_for(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_stop, "--json") == 3
    written = capsys.readouterr()
    assert written.out == ""
    assert json.loads(written.err) == {
        "error": {
            "code": "invalid_data",
            "message": "Total is wrong.",
            "where": "vat/part-0000.parquet",
            "available": [],
            "remedy": "Run `taxgap validate`.",
        }
    }
    assert run(_break, "--json") == 1
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "unexpected"


def test_vv_shows_the_traceback(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(_break, "-vv") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_misuse_is_status_2(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dict, "--colour") == 2
    assert "No such option" in capsys.readouterr().err
    assert command_line.main(["tryout"]) == 2
    assert "No such command 'tryout'. Did you mean 'try-out'?" in capsys.readouterr().err
    assert command_line.main(["--colour"]) == 2
    assert command_line.main([]) == 2


def _has_command(name: str, path: Path) -> bool:
    """Tell whether a module of the command line defines `command`, without importing it."""
    if not name.startswith("taxgap.cli."):
        return False
    for node in ast.parse(path.read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = [getattr(target, "id", None) for target in targets] + [getattr(node, "name", None)]
        if "command" in names:
            return True
    return False
