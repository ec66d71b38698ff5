"""A way to run the command line in this process."""

import json
from dataclasses import dataclass

import pytest

from taxgap.cli.main import main


@dataclass(frozen=True)
class Run:
    """What a run of the command line came to."""

    status: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)

    @property
    def error(self):
        return json.loads(self.err.strip().splitlines()[-1])["error"]


@pytest.fixture
def taxgap(capsys):
    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Run(status, captured.out, captured.err)

    return run
