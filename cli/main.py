"""The command ``taxgap``: finds the verb, runs it, and turns an error into a message and an exit status."""

from __future__ import annotations

import difflib
import json
import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

import click

from taxgap import __version__
from taxgap.errors import TaxGapError, UsageError

# Each verb is a module taxgap.cli.<verb> with a click command named `command`. The summaries stand here, in
# the order of the work, so that `taxgap --help` imports no verb; a test compares them with the verbs' own.
VERBS: dict[str, str] = {
    "generate": "Make a synthetic population in which the truth is known.",
    "calibrate": "Compare a synthetic population with published figures, and say why it misses.",
    "suggest-mapping": "Draft the mapping of an administration's own tables, from headers and values.",
    "ingest": "Bring an administration's own tables into the library's form.",
    "validate": "Check whether records can be trusted; put rows that cannot be into quarantine.",
    "schema": "Describe the columns and rules of a table, or list the tables.",
    "features": "Make the features of every return, one parquet file a partition.",
    "train": "Train a risk model on closed enquiries, and evaluate it on later random ones.",
    "score": "Score every return, flag cases within capacity, and give the reasons.",
    "deliver": "Deliver scores: a CSV file, standard output, or a table of a database.",
    "select": "Choose the cases to work, and record everyone's probability.",
    "status": "Say what state a run of `score` is in, and how far it came.",
    "diff": "Compare two nights of scores: flags, ranks, reasons and drift.",
    "explain": "Say why one taxpayer's return scores as it does, and write its case file.",
    "audit": "Say whether a model's reasons can be relied on, and where they cannot.",
    "estimate": "Estimate the tax gap from random enquiries, with its interval.",
    "record-outcomes": "Record closed enquiries and officers' answers in new records.",
    "model": "Keep models on a shelf: add, compare, promote and roll back the champion.",
    "monitor": "Say whether a model still fits what comes in, and when to train again.",
    "demo": "Do the main job end to end, and write a page to look at.",
    "doctor": "Say in seconds whether the installation works.",
}

INTERRUPTED = 130
TRACEBACK_AT = 2


@dataclass
class Settings:
    """What a run was asked to be like; a verb's options set it, and errors are shown accordingly.

    Attributes
    ----------
    as_json : bool
        Errors are written as JSON, for machines.
    verbosity : int
        0 is normal, 2 shows the traceback of an unexpected error, -1 is quiet.
    """

    as_json: bool = False
    verbosity: int = 0


class UnexpectedError(TaxGapError):
    """A fault of the program, which no other error foresaw."""

    code = "unexpected"


class LazyGroup(click.Group):
    """A group that imports a verb when it is called or asked for help, and not before.

    Parameters
    ----------
    *args, **kwargs
        As for `click.Group`.
    verbs : mapping of str to str
        The summary of every verb, in the order in which they are listed.
    package : str
        The package with one module a verb.
    """

    def __init__(
        self, *args: object, verbs: Mapping[str, str], package: str = "taxgap.cli", **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.verbs = verbs
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the verbs in the order of the work."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one verb."""
        if cmd_name not in self.verbs:
            return None
        module = import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one may have been meant."""
        name = args[0]
        if name not in self.verbs and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.verbs, n=1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the summaries without importing the verbs."""
        if self.verbs:
            with formatter.section("Commands"):
                formatter.write_dl(list(self.verbs.items()))


@click.group(cls=LazyGroup, verbs=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="taxgap")
def cli() -> None:
    """Tax gap and compliance analytics: generate records, check them, train, score and explain."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The arguments; by default those of the process.

    Returns
    -------
    int
        The exit status: 0 fine, 1 unexpected, 2 usage, 3 to 7 as `taxgap.errors` says, 130 interrupted,
        143 terminated.
    """
    # Threads of LightGBM that wait shall sleep: spinning, they slow a busy machine tenfold.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    settings = Settings()
    try:
        status = cli.main(arguments, prog_name="taxgap", standalone_mode=False, obj=settings)
    except (KeyboardInterrupt, click.Abort) as error:
        interrupted = isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)
        click.echo("Interrupted." if interrupted else "Stopped.", err=True)
        return INTERRUPTED if interrupted else 1
    except Exception as error:  # noqa: BLE001 - the last door: a user is owed a message, not a traceback
        return _report(error, settings)
    return status if isinstance(status, int) else 0


def _report(error: Exception, settings: Settings) -> int:
    """Write the error for people or for machines, and return the exit status."""
    known = _as_taxgap_error(error)
    status = error.exit_code if isinstance(error, click.ClickException) else known.exit_code
    if known.code == "unexpected" and settings.verbosity >= TRACEBACK_AT:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if settings.as_json:
        click.echo(json.dumps({"error": known.to_dict()}), err=True)
    elif isinstance(error, click.ClickException):
        error.show()  # click knows the verb and shows its usage
    else:
        click.echo(f"error: {known} ({known.code})", err=True)
    return status


def _as_taxgap_error(error: Exception) -> TaxGapError:
    if isinstance(error, TaxGapError):
        return error
    if isinstance(error, click.UsageError):
        return UsageError(error.format_message())
    if isinstance(error, click.ClickException):
        return TaxGapError(error.format_message())
    # Only the system's own messages are shown: any other may quote a taxpayer's value.
    cause = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else type(error).__name__
    return UnexpectedError(f"{cause}.", remedy="Run it again with -vv for the traceback.")
