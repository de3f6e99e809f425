"""Puts the sample rows into the database and the sample pictures and videos beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import models, transaction

from course.models import (
    Course,
    CourseCategory,
    CourseChapter,
    CourseSection,
    HotWord,
    SectionAttachment,
    Teacher,
)
from home.models import Banner
from luffy import media_links
from luffy.file_kinds import TEXT
from luffy.whole_files import write_if_missing
from sample.content import (
    BANNERS,
    CATEGORIES,
    COUPONS,
    COURSES,
    HOT_WORDS,
    TEACHERS,
    VIDEO,
    SampleCourse,
    SampleSection,
)
from sample.films import FILMS
from sample.models import LoadedSample
from sample.pictures import BANNER_SIZE, COURSE_SIZE, TEACHER_SIZE, draw_if_missing
from shop.models import Coupon

# Below MEDIA_ROOT, where no upload ever goes.
FOLDER = "sample"
# The same below the folder that nginx serves by links alone.
PROTECTED = f"{media_links.FOLDER}/{FOLDER}"
DRAWN_FILMS = Path(__file__).parent / "films"
"""Where the image has them."""


@dataclass(frozen=True)
class Loaded:
    """How much a run added; files are videos, and what lies beside sections."""

    rows: int
    pictures: int
    files: int


def load_samples() -> Loaded:
    """Add the sample rows that were never added before, and the files that are missing.

    Rows are known by their names. One that exists, sample or real, is left as it is, and one that
    was added once and deleted since is not added again.

    Raises:
        OSError: a picture or a file cannot be written.
    """
    # Pictures and files first: a row never shows one that is not there.
    pictures = sum(draw_if_missing(*picture) for picture in _pictures())
    files = sum(write_if_missing(path, content) for path, content in _files())
    with transaction.atomic():
        rows = _add_banners() + _add_categories() + _add_teachers() + _add_courses()
        rows += _add_hot_words() + _add_coupons() + _add_files()
    return Loaded(rows, pictures, files)


def _picture_name(name: str) -> str:
    return f"{FOLDER}/{name}.webp"


def _pictures() -> Iterator[tuple[Path, tuple[int, int], str]]:
    root = Path(settings.MEDIA_ROOT)
    for banner in BANNERS:
        yield root / _picture_name(banner.picture), BANNER_SIZE, banner.words
    for course in COURSES:
        yield root / _picture_name(course.picture), COURSE_SIZE, course.words
    for teacher in TEACHERS:
        # the Latin half of the name
        words = teacher.name.split(" ", 1)[1].upper()
        yield root / _picture_name(teacher.picture), TEACHER_SIZE, words


def _files() -> Iterator[tuple[Path, bytes]]:
    root = Path(settings.MEDIA_ROOT)
    for name in FILMS:
        yield root / _film_name(name), (DRAWN_FILMS / f"{name}.mp4").read_bytes()
    for sample, number, place, section in _sections():
        if section.kind != VIDEO:
            yield root / _paper_name(sample, number, place), section.paper.encode()


def _film_name(name: str) -> str:
    return f"{PROTECTED}/{name}.mp4"


def _paper_name(sample: SampleCourse, number: int, place: int) -> str:
    return f"{PROTECTED}/{sample.picture}-{number}-{place}{TEXT.ending}"


def _link(sample: SampleCourse, number: int, place: int) -> str:
    return f"https://example.com/{sample.picture}/{number}-{place}"


def _sections() -> Iterator[tuple[SampleCourse, int, int, SampleSection]]:
    """Every sample section with its course, its chapter's number and its place in that."""
    for sample in COURSES:
        for number, chapter in enumerate(sample.chapters, start=1):
            for place, section in enumerate(chapter.sections, start=1):
                yield sample, number, place, section


def _is_new(model: type[models.Model], **natural_key: str) -> bool:
    """Whether this sample was never offered and no row has its name."""
    key = next(iter(natural_key.values()))
    _record, first_time = LoadedSample.objects.get_or_create(kind=model._meta.label, key=key)
    return first_time and not model._default_manager.filter(**natural_key).exists()


def _add_banners() -> int:
    added = 0
    for place, banner in enumerate(BANNERS, start=1):
        if _is_new(Banner, title=banner.title):
            Banner.objects.create(
                title=banner.title,
                image=_picture_name(banner.picture),
                link=banner.link,
                info="示例数据 Sample data",
                orders=place,
            )
            added += 1
    return added


def _add_categories() -> int:
    added = 0
    for place, name in enumerate(CATEGORIES, start=1):
        if _is_new(CourseCategory, name=name):
            CourseCategory.objects.create(name=name, orders=place)
            added += 1
    return added


def _add_teachers() -> int:
    added = 0
    for place, teacher in enumerate(TEACHERS, start=1):
        if _is_new(Teacher, name=teacher.name):
            Teacher.objects.create(
                name=teacher.name,
                role=teacher.role,
                title=teacher.title,
                signature=teacher.signature,
                image=_picture_name(teacher.picture),
                brief=teacher.brief,
                orders=place,
            )
            added += 1
    return added


def _add_hot_words() -> int:
    added = 0
    for place, word in enumerate(HOT_WORDS, start=1):
        if _is_new(HotWord, word=word):
            HotWord.objects.create(word=word, orders=place)
            added += 1
    return added


def _add_coupons() -> int:
    added = 0
    for coupon in COUPONS:
        if _is_new(Coupon, code=coupon.code):
            Coupon.objects.create(
                code=coupon.code,
                name=coupon.name,
                kind=coupon.kind,
                value=coupon.value,
                minimum=coupon.minimum,
                most_uses=coupon.most_uses,
            )
            added += 1
    return added


def _add_courses() -> int:
    return sum(_add_course(place, sample) for place, sample in enumerate(COURSES, start=1))


def _add_course(place: int, sample: SampleCourse) -> int:
    category = CourseCategory.objects.filter(name=sample.category).first()
    teacher = Teacher.objects.filter(name=sample.teacher).first()
    if not _is_new(Course, name=sample.name) or category is None or teacher is None:
        # An editor took its category or its teacher away: then it is not wanted either.
        return 0
    published = sum(len(chapter.sections) for chapter in sample.chapters)
    course = Course.objects.create(
        name=sample.name,
        course_img=_picture_name(sample.picture),
        course_type=sample.kind,
        brief=sample.brief,
        details=sample.details,
        level=sample.level,
        period=sample.period,
        pub_date=sample.published,
        status=sample.status,
        students=sample.students,
        sections=published + sample.announced,
        pub_sections=published,
        price=sample.price,
        teacher=teacher,
        course_category=category,
        orders=place,
    )
    return 1 + _add_chapters(course, sample)


def _add_chapters(course: Course, sample: SampleCourse) -> int:
    added = 0
    for number, chapter in enumerate(sample.chapters, start=1):
        row = CourseChapter.objects.create(
            course=course,
            chapter=number,
            name=chapter.name,
            summary=chapter.summary,
            orders=number,
        )
        for place, section in enumerate(chapter.sections, start=1):
            CourseSection.objects.create(
                chapter=row,
                name=section.name,
                section_type=section.kind,
                section_link=_link(sample, number, place),
                duration=section.duration,
                free_trail=section.free,
                orders=place,
            )
        added += 1 + len(chapter.sections)
    return added


def _add_files() -> int:
    """Videos and papers for the sample sections, also for those that an earlier version loaded.

    A section is known by its link: one that an editor gave another is no sample any more.
    """
    added = 0
    for sample, number, place, section in _sections():
        link = _link(sample, number, place)
        _record, first_time = LoadedSample.objects.get_or_create(kind="files", key=link)
        row = CourseSection.objects.filter(section_link=link, video="").first()
        if not first_time or row is None:
            continue
        if section.kind == VIDEO:
            row.video.name = _film_name(sample.picture)
            row.save()
        else:
            SectionAttachment.objects.create(
                section=row,
                name=f"{section.name}{TEXT.ending}",
                file=_paper_name(sample, number, place),
                kind=TEXT.name,
                size=len(section.paper.encode()),
            )
            added += 1
    return added
