"""What the page on the shelf shows runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from taxgap.cli.main import Settings
from taxgap.cli.model import command
from taxgap.monitoring.models import ModelShelf
from taxgap.risk import RiskModel

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "models.md").read_text("utf-8")
COMMANDS = re.findall(r"^taxgap model (.*)$", PAGE, re.MULTILINE)


def test_the_python_of_the_page_runs(  # noqa: PLR0917
    workshop, good: RiskModel, shuffled: RiskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "population").symlink_to(workshop.population)
    shuffled.save("model")
    good.save("model-2")
    (block,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "models.md", "exec"), names)  # noqa: S102  the page is ours
    assert "it is better" in capsys.readouterr().out
    assert isinstance(names["model"], RiskModel)
    assert names["model"].model_id == good.model_id
    assert "it is better" in str(ModelShelf(tmp_path / "models").history()[-1].reason)


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_page_are_understood(line: str) -> None:
    assert isinstance(command, click.Group)
    verb, *arguments = shlex.split(line)
    known = command.commands[verb]
    # Shared options of the command line keep what they are told in the object of the context.
    known.make_context(verb, arguments, obj=Settings())
