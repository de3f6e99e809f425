"""What calls of `/api/` take and answer."""

from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shortlink.codes import NAME_EXPECTED, is_name
from shortlink.urls import LONGEST

LONGEST_LIFE_S = 10 * 365 * 86_400

_EXPIRES_IN = Field(
    default=None, ge=1, le=LONGEST_LIFE_S, description="Seconds from now; at most ten years."
)
_EXPIRES_AT = Field(default=None, description="ISO 8601, UTC where it names no zone.")


class _Ending(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expires_in: int | None = _EXPIRES_IN
    expires_at: datetime | None = _EXPIRES_AT

    @field_validator("expires_at")
    @classmethod
    def _in_utc(cls, moment: datetime | None) -> datetime | None:
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        now = datetime.now(UTC)
        try:
            # Seconds are what is kept: half of one would be over at once.
            kept = moment.astimezone(UTC).replace(microsecond=0)
        except OverflowError:
            raise ValueError("a time within ten years") from None
        if not now < kept <= now + timedelta(seconds=LONGEST_LIFE_S):
            raise ValueError("a time that is to come, within ten years")
        return kept

    @model_validator(mode="after")
    def _one_of_them(self) -> "_Ending":
        if self.expires_in is not None and self.expires_at is not None:
            raise ValueError("expires_in or expires_at, not both")
        return self

    def end(self) -> datetime | None:
        """When the link ends; None where nothing is said, or that it never does."""
        if self.expires_in is not None:
            return datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=self.expires_in)
        return self.expires_at


class NewLink(_Ending):
    """A long URL, and what its short one should be like."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"url": "https://example.com/courses/7?from=poster"},
                {"url": "https://example.com/", "name": "summer-school", "expires_in": 86400},
            ]
        },
    )

    url: str = Field(description=f"http or https, at most {LONGEST} characters.")
    name: str | None = Field(default=None, description=f"The code: {NAME_EXPECTED}.")

    @field_validator("name")
    @classmethod
    def _allowed(cls, name: str | None) -> str | None:
        if name is not None and not is_name(name):
            raise ValueError(NAME_EXPECTED)
        return name


class LinkChange(_Ending):
    """What is to be different; what is left out stays. `expires_at` of null: it never ends."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"expires_at": None}]}
    )

    url: str | None = Field(
        default=None, description="For links with a chosen name: a drawn code stands for its URL."
    )

    @property
    def says_end(self) -> bool:
        """Whether it says anything of the end."""
        return bool(self.model_fields_set & {"expires_in", "expires_at"})


class LinkAnswer(BaseModel):
    """A link."""

    code: str
    short_url: str
    url: str
    chosen: bool = Field(description="The owner chose the code.")
    created_at: datetime
    expires_at: datetime | None = Field(description="null: never.")
    expired: bool = Field(description="It answers 410 and counts no more.")
    clicks: int = Field(description="Without those of the last seconds.")
    last_click_at: datetime | None
    qr_url: str = Field(description="The short URL as a QR code, SVG.")


class LinkList(BaseModel):
    """Links, the newest first."""

    items: list[LinkAnswer]
    next: str | None = Field(description="`before` of the next page, null where there is none.")


class DayClicks(BaseModel):
    """Clicks of a day, UTC."""

    day: date
    clicks: int


class ReferrerClicks(BaseModel):
    """Clicks from pages of a host."""

    host: str = Field(description="Empty: no page. `(others)`: hosts beyond the first 100.")
    clicks: int


class LinkStatistics(BaseModel):
    """How often a link was used."""

    code: str
    clicks: int = Field(description="Since it was made, without those of the last seconds.")
    last_click_at: datetime | None
    days: list[DayClicks] = Field(description="The latest first; days without clicks are left out.")
    referrers: list[ReferrerClicks] = Field(description="The most clicks first.")
    at_most_behind_s: float = Field(
        description="Clicks are here after so many seconds, where both stores answer."
    )


class Refusal(BaseModel):
    """A call that was not answered as asked."""

    code: int
    src: str
    name: str
    expected: str
    found: str
    what_to_do: str
