"""The administration's first page: figures, for those who may see them."""

from typing import Any

from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from office import figures
from office.charts import Number, bars, day_chart

FIGURES = "office.view_figures"


def overview(request: HttpRequest) -> dict[str, Any]:
    """What the page shows beside the list of its parts."""
    if not request.user.has_perm(FIGURES):
        return {}
    days = figures.last_days()
    sales = figures.sales(days)
    states = figures.orders_by_state()
    return {
        "numbers": [
            (_("Sales of 30 days"), _money(sum(amount for _day, amount in sales))),
            (_("Sales today"), _money(sales[-1][1])),
            (_("People"), _count(figures.people())),
        ],
        "day_charts": [
            day_chart(_("Sales by day"), sales, _money),
            day_chart(_("New people"), figures.new_people(days), _count),
        ],
        "bar_charts": [
            (_("Orders by state"), bars(states, _count)),
            (_("Best courses of 30 days"), bars(figures.best_courses(days), _money)),
            (_("Courses with most students"), bars(figures.most_taken_courses(), _count)),
        ],
    }


def _count(value: Number) -> str:
    return number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


def _money(value: Number) -> str:
    return f"¥{number_format(value, decimal_pos=2, use_l10n=True, force_grouping=True)}"
