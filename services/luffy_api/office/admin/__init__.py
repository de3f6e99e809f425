"""The administration's own pages: people and their roles, and the audit trail."""

from office.admin import hidden
from office.admin.groups import RoleAdmin
from office.admin.people import PeopleAdmin
from office.admin.trail import TrailAdmin

__all__ = ["PeopleAdmin", "RoleAdmin", "TrailAdmin", "hidden"]
