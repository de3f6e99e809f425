"""`luffy check_migrations`: whether the code that runs can live with the schema to come."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

pytestmark = pytest.mark.django_db


def not_applied(app: str, name: str) -> None:
    """Have Django think that a migration is still to come."""
    MigrationRecorder(connection).record_unapplied(app, name)


def check() -> tuple[str, str]:
    """What it prints, on stdout and on stderr."""
    out, err = io.StringIO(), io.StringIO()
    call_command("check_migrations", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_nothing_to_come_disturbs_nobody() -> None:
    assert check() == ("0 migrations, which the running code can live with\n", "")


def test_an_index_and_columns_that_fill_themselves_disturb_nobody() -> None:
    not_applied("course", "0006_by_date")
    not_applied("course", "0007_short_url")
    not_applied("course", "0008_short_url_at")
    assert check() == ("3 migrations, which the running code can live with\n", "")


def test_a_column_that_old_code_cannot_fill_needs_a_window() -> None:
    not_applied("accounts", "0002_people")
    problems = io.StringIO()
    with pytest.raises(CommandError, match="need a maintenance window") as refused:
        call_command("check_migrations", stderr=problems)
    assert refused.value.returncode == 3
    assert "accounts.0002_people: " in problems.getvalue()
    assert "NOT NULL constraint on columns" in problems.getvalue()


def test_the_check_changes_nothing() -> None:
    not_applied("course", "0007_short_url")
    before = MigrationRecorder(connection).applied_migrations().keys()
    check()
    assert MigrationRecorder(connection).applied_migrations().keys() == before
