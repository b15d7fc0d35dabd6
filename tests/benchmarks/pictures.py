"""What it takes to make a photo and a scanned page fit to send, beside plain Pillow: open, resize, save.

Run as ``python -m tests.benchmarks.pictures``. Each case runs in a process of its own, so that its memory can be told.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from orchat.media.image import MAX_SIDE, prepare
from tests.benchmarks.measure import ROOT, verdict

ROUNDS = 5
REPEATS = 3
GOAL = 1.3
A4_300_DPI = (2480, 3508)


def photo() -> Image.Image:
    """Twelve megapixels with many colours."""
    small = Image.merge("RGB", [Image.effect_noise((400, 300), 60 + 20 * band) for band in range(3)])
    return small.resize((4000, 3000), Image.Resampling.BICUBIC)


def scan(mode: str) -> Image.Image:
    """A page of print; in colour, with the noise of paper."""
    page = Image.new("L", A4_300_DPI, 250)
    draw, chance = ImageDraw.Draw(page), random.Random(1)
    for line in range(60):
        words = " ".join("".join(chance.choices("abcdefghilmnoprstuv", k=chance.randint(2, 9))) for _ in range(12))
        draw.text((200, 200 + line * 52), words, fill=20, font_size=40)
    if mode == "L":
        return page
    grain = Image.effect_noise(A4_300_DPI, 12)
    return Image.merge("RGB", [Image.blend(page, grain, 0.1)] * 3).convert(mode)


CASES = {
    "photo, 12 Mpx, JPEG": (photo, "JPEG"),
    "A4 at 300 dpi, grey, PNG": (lambda: scan("L"), "PNG"),
    "A4 at 300 dpi, colour, JPEG": (lambda: scan("RGB"), "JPEG"),
}


def plain(data: bytes, pillow: str) -> bytes:
    """What a program of five lines would do."""
    picture = Image.open(BytesIO(data))
    share = MAX_SIDE / max(picture.size)
    small = picture.resize((round(picture.width * share), round(picture.height * share)), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, pillow, **({"quality": 90} if pillow == "JPEG" else {}))
    return out.getvalue()


def worker(how: str, path: Path, pillow: str) -> None:
    """Do it some times; print the median in seconds, the growth of the peak in MB, and the bytes."""
    data = path.read_bytes()
    Image.init()
    # What a process had before its exec counts as its own until it is told otherwise.
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    times, size = [], 0
    for _ in range(REPEATS):
        began = time.perf_counter()
        size = len(plain(data, pillow) if how == "plain" else prepare(data, "page").data)
        times.append(time.perf_counter() - began)
    print(statistics.median(times), (memory("VmHWM") - before) / 1024, size)


def memory(what: str) -> int:
    """Kilobytes that this process has now (``VmRSS``) or had at most (``VmHWM``)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def measured(how: str, path: Path, pillow: str) -> tuple[float, float, int]:
    """Seconds, megabytes, bytes of the result."""
    command = [sys.executable, "-m", "tests.benchmarks.pictures", "worker", how, str(path), pillow]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, megabytes, size = done.stdout.split()
    return float(seconds), float(megabytes), int(size)


def main() -> None:
    """Print two lines for each picture."""
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, (make, pillow) in CASES.items():
            path = Path(folder) / "picture"
            make().save(path, pillow, **({"quality": 92} if pillow == "JPEG" else {}))
            # The format that plain Pillow writes is the one that orchat chooses, or the two could not be compared.
            wanted = prepare(path.read_bytes(), "page").mime.removeprefix("image/").upper()
            # In turn, so that whatever else the machine does is shared fairly.
            runs = [(measured("plain", path, wanted), measured("ours", path, wanted)) for _ in range(ROUNDS)]
            base, ours = (sorted(each)[ROUNDS // 2] for each in zip(*runs, strict=True))
            print(f"\n{name}, {path.stat().st_size / 1e6:.1f} MB, sent as {wanted}")
            for label, (seconds, megabytes, size) in (("plain Pillow", base), ("orchat", ours)):
                print(f"  {label:<14}{seconds * 1000:>8.0f} ms{megabytes:>8.0f} MB at most{size / 1000:>9.0f} kB sent")
            slower, larger = ours[0] / base[0], ours[1] / base[1]
            goal = verdict(max(slower, larger) <= GOAL, f"goal ≤ {GOAL:g} ×")
            print(f"  orchat takes {slower:.2f} × the time and {larger:.2f} × the memory   {goal}")


if __name__ == "__main__":
    main()
