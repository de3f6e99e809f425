"""Transactions that MariaDB ended because of a deadlock."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from course.models import Course
from shop import transactions
from shop.transactions import DEADLOCK, TRIES, in_transaction
from tests.buyers import Buyer, at_once
from tests.payment_gateway import PaymentGateway
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Course]


def fails(times: int, code: int = DEADLOCK) -> tuple[Callable[[], str], list[int]]:
    """Work that is ended so often before it is done, and how often it was begun."""
    begun: list[int] = []

    def work() -> str:
        begun.append(1)
        if len(begun) <= times:
            raise OperationalError(code, "as the server says it")
        return "done"

    return work, begun


def test_it_is_tried_again_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "PAUSE_S", 0)
    work, begun = fails(TRIES - 1)
    assert in_transaction(work) == "done"
    assert len(begun) == TRIES
    work, begun = fails(TRIES)
    with pytest.raises(OperationalError):
        in_transaction(work)
    assert len(begun) == TRIES


def test_other_faults_are_not_tried_again() -> None:
    work, begun = fails(1, code=2013)
    with pytest.raises(OperationalError):
        in_transaction(work)
    assert len(begun) == 1


def test_within_a_transaction_it_is_for_whoever_began_that() -> None:
    work, begun = fails(1)
    with pytest.raises(OperationalError), transaction.atomic():
        in_transaction(work)
    assert len(begun) == 1


def test_a_real_deadlock_ends_well(make_course: Make) -> None:
    one, two = make_course("One"), make_course("Two")
    both_began = threading.Barrier(2)

    def work(first: Course, second: Course) -> Callable[[], None]:
        begun: list[int] = []

        def update() -> None:
            begun.append(1)
            Course.objects.filter(pk=first.pk).update(period=1)
            if len(begun) == 1:
                both_began.wait(10)
            Course.objects.filter(pk=second.pk).update(period=1)

        return update

    outcomes = at_once(
        lambda: in_transaction(work(one, two)), lambda: in_transaction(work(two, one))
    )
    assert outcomes == [None, None]
    assert set(Course.objects.values_list("period", flat=True)) == {1}


def test_a_deadlock_that_does_not_end_is_a_clean_503(
    make_course: Make, gateway: PaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_arguments: Any, **_options: Any) -> Any:
        raise OperationalError(DEADLOCK, "Deadlock found when trying to get lock")

    monkeypatch.setattr(transactions, "PAUSE_S", 0)
    monkeypatch.setattr("shop.placing.locked", ended)
    answer = Buyer.of(Person.make("13800000001")).order(make_course())
    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
    assert answer.headers["Retry-After"]
    assert not connection.in_atomic_block
