"""`manage.py check_migrations`: whether the code that runs can live with the schema to come."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django_migration_linter.migration_linter import MigrationLinter
from django_migration_linter.operations import IgnoreMigration
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements

from luffy.command_outage import clear_outage

NEEDS_WINDOW = 3
"""The exit code for: not while the code of before is running."""


class Command(BaseCommand):
    """Look at the migrations that are not applied yet; changes nothing."""

    help = "Say whether the running code can live with the migrations that are not applied yet."
    # The database may not answer yet: that is told in one line, below.
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own attribute

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Name each change that takes something away from the code that runs."""
        with clear_outage():
            waiting = not_applied()
            problems = [line for migration in waiting for line in problems_of(migration)]
        for line in problems:
            self.stderr.write(line)
        if problems:
            raise CommandError(
                f"expected {len(waiting)} migrations that the running code can live with, found "
                f"{len(problems)} changes that it cannot; they need a maintenance window",
                returncode=NEEDS_WINDOW,
            )
        self.stdout.write(f"{len(waiting)} migrations, which the running code can live with")


def not_applied() -> list[Migration]:
    """Return the migrations that `migrate` would apply, in its order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [migration for migration, backwards in plan if not backwards]


def problems_of(migration: Migration) -> list[str]:
    """Return what a migration changes under the hands of the code before it, a line each.

    One that says of itself that it suits the code before it (`IgnoreMigration`) is believed.
    """
    if any(isinstance(each, IgnoreMigration) for each in migration.operations):
        return []
    linter = MigrationLinter(no_cache=True, no_output=True)
    statements = linter.get_sql(migration.app_label, migration.name)
    errors, _ignored, _warnings = analyse_sql_statements(linter.sql_analyser_class, statements)
    name = f"{migration.app_label}.{migration.name}"
    return [f"{name}: {place(each.table, each.column)}{each.message}" for each in errors]


def place(table: str | None, column: str | None) -> str:
    """Return where a change happens, as far as it is known."""
    found = ".".join(each for each in (table, column) if each)
    return f"{found}: " if found else ""
