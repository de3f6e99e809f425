"""Links to protected files, as nginx beside the front end checks them."""

import time
from typing import Any

import pytest

from luffy.media_links import ANYONE, make_link, sign

SECRET = "0123456789abcdef-ABCDEF_0123456789"
HOLDER = "ab" * 32
NAME = "0f" * 16
FOREVER = 4102444800


@pytest.mark.parametrize(
    ("path", "holder", "name", "signature"),
    # The same stand in services/luffycity/tests/links.py, where the real nginx is asked for them.
    [
        (
            f"/protected/section/{NAME}.mp4",
            HOLDER,
            "",
            "ooQw2lwx_9NuOl-V-erp1apcXlHyoAiooLYMefjpXTo",
        ),
        (f"/protected/section/{NAME}.mp4", "", "", "V5MnWkveUHBzD2vgDv-UbKz6vADjVDra4ajpQ4QBasM"),
        (
            f"/protected/attachment/{NAME}.txt",
            HOLDER,
            "%E5%B8%86%20%26%20sail.txt",
            "NLn82_l_ixe0QTkF6Rhq95FWv_Yig6vxWi6_xy-5mZY",
        ),
    ],
)
def test_the_known_links_of_both_services(
    path: str, holder: str, name: str, signature: str
) -> None:
    assert sign(SECRET, path, FOREVER, holder, name) == signature


def test_a_link_says_what_is_signed_and_lasts_as_long_as_it_is_set(settings: Any) -> None:
    settings.MEDIA_LINK_LIFETIME_S = 600
    link = make_link(f"protected/attachment/{NAME}.txt", HOLDER, "帆 & sail.txt")
    assert 600 < link.expires - time.time() <= 661
    signature = sign(
        settings.MEDIA_SECRET,
        f"/protected/attachment/{NAME}.txt",
        link.expires,
        HOLDER,
        "%E5%B8%86%20%26%20sail.txt",
    )
    assert link.address == (
        f"/protected/attachment/{NAME}.txt?expires={link.expires}"
        f"&name=%E5%B8%86%20%26%20sail.txt&signature={signature}"
    )


def test_a_file_that_is_shown_has_no_name_in_its_link() -> None:
    assert "&name=" not in make_link(f"protected/section/{NAME}.mp4", ANYONE).address


@pytest.mark.parametrize("name", ["", "course/a.webp", "/protected/a/b.mp4", "icon/protected/x"])
def test_what_is_public_needs_no_link(name: str) -> None:
    with pytest.raises(ValueError, match="expected a name below protected/"):
        make_link(name, HOLDER)
