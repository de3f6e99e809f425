"""Draws the sample videos: each sample picture with a boat that sails past, the same on each run.

Run when the image is built, by a stage that has ffmpeg; the service itself draws none.

    python -m sample.films FOLDER
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sample.pictures import draw

FILMS = {
    "course-python": "PYTHON 101",
    "course-django": "DJANGO",
    "course-linux": "LINUX SHELL",
    "course-containers": "CONTAINERS",
    "course-data": "DATA TO DECISION",
    "course-learning": "MACHINE LEARNING",
}
"""The words on the picture and in the video of each sample course."""
SIZE = (640, 360)
FRAMES_A_SECOND = 12
SECONDS = 8


def frames(words: str) -> Iterator[Image.Image]:
    """The film's pictures, one after another."""
    still = draw(SIZE, words)
    font = ImageFont.load_default(size=18)
    count = FRAMES_A_SECOND * SECONDS
    for number in range(count):
        frame = still.copy()
        pen = ImageDraw.Draw(frame)
        width, height = SIZE
        x, y = -40 + number * (width + 80) // count, height * 3 // 4
        pen.polygon([(x - 26, y), (x + 26, y), (x + 16, y + 12), (x - 16, y + 12)], fill="white")
        pen.polygon([(x, y - 40), (x, y - 4), (x + 22, y - 4)], fill="white")
        pen.rectangle((0, height - 6, width * (number + 1) // count, height), fill="white")
        clock = f"00:{number // FRAMES_A_SECOND:02d} / 00:{SECONDS:02d}"
        pen.text((width - 12, 12), clock, fill="white", font=font, anchor="ra")
        yield frame


def film(path: Path, words: str) -> None:
    """Write an MP4 (H.264) that plays while it loads: its index comes first.

    Raises:
        CalledProcessError: ffmpeg refused.
    """
    command = [
        "ffmpeg", "-v", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE[0]}x{SIZE[1]}",
        "-r", str(FRAMES_A_SECOND), "-i", "-",
        "-c:v", "libx264", "-preset", "slow", "-crf", "27", "-pix_fmt", "yuv420p",
        # One thread and no dates or versions: the same bytes on each machine.
        "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
        "-movflags", "+faststart", str(path),
    ]  # fmt: skip
    drawn = b"".join(frame.tobytes() for frame in frames(words))
    subprocess.run(command, input=drawn, check=True)


def main(folder: Path) -> None:
    """Draw them all into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in FILMS.items():
        film(folder / f"{name}.mp4", words)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
