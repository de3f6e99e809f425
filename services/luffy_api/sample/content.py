"""The sample rows themselves. All of it is invented: every person says so in the name, links lead
to example.com, and phone numbers and addresses do not occur.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from course.models import Course, CourseSection, Teacher
from sample.films import FILMS
from shop.models import Coupon

VIDEO, DOCUMENT, EXERCISE = (
    CourseSection.Type.VIDEO,
    CourseSection.Type.DOCUMENT,
    CourseSection.Type.EXERCISE,
)


@dataclass(frozen=True)
class SampleBanner:
    """A banner; `picture` names its file and `words` are drawn on it."""

    title: str
    picture: str
    words: str
    link: str


@dataclass(frozen=True)
class SampleCoupon:
    """A coupon that anybody may use once."""

    code: str
    name: str
    kind: Coupon.Kind
    value: Decimal
    minimum: Decimal = Decimal(0)
    most_uses: int | None = None


@dataclass(frozen=True)
class SampleTeacher:
    """A teacher."""

    name: str
    picture: str
    role: Teacher.Role
    title: str
    signature: str
    brief: str


@dataclass(frozen=True)
class SampleSection:
    """A section; its link follows from the course and its place."""

    name: str
    duration: str
    kind: CourseSection.Type = VIDEO
    free: bool = False

    @property
    def paper(self) -> str:
        """What stands in the file beside a section that is no video."""
        return (
            f"{self.name}\n\n示例文件，仅用于展示下载。\n"
            "A sample file: it is here to show that files can be downloaded.\n"
        )


@dataclass(frozen=True)
class SampleChapter:
    """A chapter with its sections."""

    name: str
    summary: str
    sections: tuple[SampleSection, ...]


@dataclass(frozen=True)
class SampleCourse:
    """A course with its chapters; category and teacher by their names."""

    name: str
    picture: str
    brief: str
    category: str
    teacher: str
    price: Decimal
    level: Course.Level
    students: int
    period: int
    published: date
    kind: Course.Type = Course.Type.PAID
    status: Course.Status = Course.Status.ONLINE
    # Sections that are announced and not there yet.
    announced: int = 0
    chapters: tuple[SampleChapter, ...] = field(default=())

    @property
    def words(self) -> str:
        """What is drawn on its picture, and on its videos."""
        return FILMS[self.picture]

    @property
    def details(self) -> str:
        """HTML for the course's own page."""
        points = "".join(
            f"<li><strong>{chapter.name}</strong> {chapter.summary}</li>"
            for chapter in self.chapters
        )
        return f"<p>{self.brief}</p><h3>你将学到 What you will learn</h3><ol>{points}</ol>"


BANNERS = (
    SampleBanner("扬帆起航：示例课程 Set Sail", "banner-sail", "SET SAIL", "/actual-course"),
    SampleBanner("从零开始学 Python · 示例", "banner-python", "PYTHON FROM ZERO", "/actual-course"),
    SampleBanner("容器与部署 · 示例 Ship It", "banner-ship", "SHIP IT", "/actual-course"),
    SampleBanner("数据之海 · 示例 Sea of Data", "banner-data", "SEA OF DATA", "/actual-course"),
)

CATEGORIES = ("Python 编程（示例）", "Linux 运维（示例）", "数据分析（示例）")
PYTHON, LINUX, DATA = CATEGORIES

COUPONS = (
    SampleCoupon("SAMPLE-10", "示例：九折 Sample: 10 % off", Coupon.Kind.PERCENT, Decimal(10)),
    SampleCoupon(
        "SAMPLE-50",
        "示例：满 200 减 50 Sample: 50 off orders from 200 on",
        Coupon.Kind.AMOUNT,
        Decimal(50),
        minimum=Decimal(200),
    ),
    SampleCoupon(
        "SAMPLE-FREE",
        "示例：一百份免费课程 Sample: free for a hundred",
        Coupon.Kind.PERCENT,
        Decimal(100),
        most_uses=100,
    ),
)

HOT_WORDS = ("Python", "数据分析", "Linux", "容器")

TEACHERS = (
    SampleTeacher(
        "示例老师·阿帆 Sample Sail",
        "teacher-sail",
        Teacher.Role.LECTURER,
        "虚构讲师 Invented lecturer",
        "先让它跑起来，再让它跑得好。First make it run, then make it run well.",
        "一位虚构的人物，只用来展示页面。An invented person, here to show the page.",
    ),
    SampleTeacher(
        "示例老师·小锚 Sample Anchor",
        "teacher-anchor",
        Teacher.Role.HEAD_TEACHER,
        "虚构运维工程师 Invented operations engineer",
        "备份不算数，恢复才算数。A backup is nothing, a restore is everything.",
        "一位虚构的人物，没有真实的履历。An invented person without a real career.",
    ),
    SampleTeacher(
        "示例老师·罗盘 Sample Compass",
        "teacher-compass",
        Teacher.Role.TUTOR,
        "虚构数据分析师 Invented analyst",
        "先看数据，再下结论。Look first, conclude later.",
        "一位虚构的人物，如有雷同纯属巧合。An invented person; any likeness is chance.",
    ),
)
SAIL, ANCHOR, COMPASS = (teacher.name for teacher in TEACHERS)

COURSES = (
    SampleCourse(
        name="Python 入门：第一次出海（示例）",
        picture="course-python",
        brief="从变量到函数，写出第一个完整的小程序。From variables to a first whole program.",
        category=PYTHON,
        teacher=SAIL,
        price=Decimal("39.00"),
        level=Course.Level.BEGINNER,
        students=1280,
        period=30,
        published=date(2026, 9, 1),
        chapters=(
            SampleChapter(
                "启航之前 Before we sail",
                "安装解释器与编辑器，认识命令行。",
                (
                    SampleSection("课程介绍 Welcome", "03:20", free=True),
                    SampleSection("安装 Python", "08:45", free=True),
                    SampleSection("第一行代码 Hello, sea", "11:02"),
                ),
            ),
            SampleChapter(
                "变量与类型 Variables and types",
                "数字、文本、列表与字典。",
                (
                    SampleSection("数字与文本 Numbers and text", "14:30"),
                    SampleSection("列表与字典 Lists and dictionaries", "18:12"),
                    SampleSection("练习：清点货物 Count the cargo", "20 min", EXERCISE),
                ),
            ),
            SampleChapter(
                "函数 Functions",
                "把步骤装进一个名字。",
                (
                    SampleSection("定义与调用 Define and call", "16:40"),
                    SampleSection("小结 Summary", "4 pages", DOCUMENT),
                ),
            ),
        ),
    ),
    SampleCourse(
        name="Django 建站实战（示例）",
        picture="course-django",
        brief="从模型到接口，搭一个能上线的网站。From models to an API that can go live.",
        category=PYTHON,
        teacher=SAIL,
        price=Decimal("199.00"),
        level=Course.Level.INTERMEDIATE,
        students=642,
        period=60,
        published=date(2026, 9, 15),
        announced=2,
        chapters=(
            SampleChapter(
                "模型 Models",
                "表、关系与迁移。",
                (
                    SampleSection("从需求到表 From wishes to tables", "12:15", free=True),
                    SampleSection("关系 Relations", "17:48"),
                ),
            ),
            SampleChapter(
                "接口 The API",
                "序列化、分页与错误。",
                (
                    SampleSection("序列化 Serializers", "19:05"),
                    SampleSection("分页 Pages", "10:31"),
                    SampleSection("练习：课程列表 A list of courses", "40 min", EXERCISE),
                ),
            ),
        ),
    ),
    SampleCourse(
        name="Linux 命令行航海图（示例）",
        picture="course-linux",
        brief="文件、权限、进程与管道。Files, permissions, processes and pipes.",
        category=LINUX,
        teacher=ANCHOR,
        price=Decimal("59.00"),
        level=Course.Level.BEGINNER,
        students=2035,
        period=30,
        published=date(2026, 10, 1),
        chapters=(
            SampleChapter(
                "认识甲板 Around the deck",
                "目录树与文件。",
                (
                    SampleSection("目录树 The tree", "07:50", free=True),
                    SampleSection("查找文件 Finding files", "13:22"),
                ),
            ),
            SampleChapter(
                "权限与进程 Permissions and processes",
                "谁可以做什么，谁正在做什么。",
                (
                    SampleSection("权限 Permissions", "15:10"),
                    SampleSection("进程与信号 Processes and signals", "18:36"),
                ),
            ),
        ),
    ),
    SampleCourse(
        name="容器编排：一条命令到上线（示例）",
        picture="course-containers",
        brief="镜像、网络、卷与无停机发布。Images, networks, volumes, and releases without a gap.",
        category=LINUX,
        teacher=ANCHOR,
        price=Decimal("299.00"),
        level=Course.Level.ADVANCED,
        students=415,
        period=90,
        published=date(2026, 10, 15),
        kind=Course.Type.DEGREE,
        chapters=(
            SampleChapter(
                "镜像 Images",
                "小而可重复的镜像。",
                (
                    SampleSection("分阶段构建 Stages", "16:08", free=True),
                    SampleSection("锁定依赖 Locked packages", "12:57"),
                ),
            ),
            SampleChapter(
                "发布 Releases",
                "新旧并存，再切换。",
                (
                    SampleSection("健康检查 Health checks", "14:44"),
                    SampleSection("切换与回滚 Switch and roll back", "21:19"),
                    SampleSection("清单 Checklist", "2 pages", DOCUMENT),
                ),
            ),
        ),
    ),
    SampleCourse(
        name="数据分析：从表格到结论（示例）",
        picture="course-data",
        brief="清洗、统计与作图。Cleaning, statistics and charts.",
        category=DATA,
        teacher=COMPASS,
        price=Decimal("129.00"),
        level=Course.Level.ELEMENTARY,
        students=878,
        period=45,
        published=date(2026, 11, 1),
        kind=Course.Type.VIP,
        chapters=(
            SampleChapter(
                "清洗 Cleaning",
                "缺失、重复与异常。",
                (
                    SampleSection("缺失值 Missing values", "11:40", free=True),
                    SampleSection("重复与异常 Duplicates and outliers", "13:05"),
                ),
            ),
            SampleChapter(
                "作图 Charts",
                "让图自己说话。",
                (
                    SampleSection("选对图形 The right chart", "15:55"),
                    SampleSection("练习：航速报告 A speed report", "30 min", EXERCISE),
                ),
            ),
        ),
    ),
    SampleCourse(
        name="机器学习试航（示例）",
        picture="course-learning",
        brief="用小数据理解大概念。Large ideas on small data.",
        category=DATA,
        teacher=COMPASS,
        price=Decimal("0.00"),
        level=Course.Level.EXPERT,
        students=96,
        period=30,
        published=date(2026, 11, 15),
        status=Course.Status.PRE,
        announced=6,
        chapters=(
            SampleChapter(
                "试航 A trial run",
                "即将上线，先看目录。",
                (
                    SampleSection("什么是学习 What learning is", "09:30", free=True),
                    SampleSection("直线与误差 A line and its error", "12:00", free=True),
                ),
            ),
        ),
    ),
)
