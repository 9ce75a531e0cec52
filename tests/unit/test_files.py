"""Names that cannot escape, part files that vanish, and one safe step to the final name."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anymedia.files import PartFile, names_for
from anymedia.refs import TaskRef
from anymedia.results import ImageResult, Output

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2000)


def result(outputs: int = 1, id: str = "17", operation: str = "text_to_image") -> ImageResult:
    ref = TaskRef(provider="x", id=id, operation=operation, model="m")
    return ImageResult(outputs=(Output(kind="image", data=PNG),) * outputs, ref=ref, provider="x", model="m")


def save(name: Path, data: bytes = PNG, media_type: str | None = None, *, overwrite: bool = False) -> Path:
    part = PartFile(name)
    try:
        part.open()
        part.write(data)
        return part.place(media_type, overwrite=overwrite)
    finally:
        part.discard()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def no_links(source: Path, target: Path) -> None:
    raise PermissionError(errno.EPERM, "this file system has no hard links")


def test_a_path_is_a_file_or_a_folder_as_written(tmp_path: Path) -> None:
    """A suffix makes a file; none, a slash at the end or a folder that exists makes a folder."""
    (tmp_path / "there.d").mkdir()
    inside = "text_to_image-17"
    cases: dict[str | Path, Path] = {
        tmp_path / "cat.png": tmp_path / "cat.png",
        tmp_path / "cats": tmp_path / "cats" / inside,
        f"{tmp_path}/cats.d/": tmp_path / "cats.d" / inside,
        tmp_path / "there.d": tmp_path / "there.d" / inside,
    }
    assert {path: names_for(path, result()) for path in cases} == {path: [name] for path, name in cases.items()}


def test_several_outputs_are_numbered() -> None:
    """Several outputs become name-1, name-2; no output, no name."""
    assert names_for("cat.png", result(2)) == [Path("cat-1.png"), Path("cat-2.png")]
    assert [name.name for name in names_for("cats", result(2))] == ["text_to_image-17-1", "text_to_image-17-2"]
    assert names_for("cat.png", result(0)) == []


@given(
    id=st.text() | st.sampled_from(["../../etc/passwd", "..", "/etc/passwd", "a\0b", "C:\\x", "é" * 300]),
    operation=st.text() | st.sampled_from(["../../x", "/tmp/x", "text_to_image"]),
)
def test_no_task_can_choose_where_its_outputs_go(id: str, operation: str) -> None:
    """Whatever a reference holds, the name is one plain step below the folder, and no file system finds it too long."""
    (name,) = names_for("folder", result(id=id, operation=operation))
    assert name.parent == Path("folder")
    assert not set(name.name) & set("/\\\0.:")
    assert len(name.name.encode()) < 100


def test_a_part_file_knows_what_it_holds(tmp_path: Path) -> None:
    """Size, digest and first bytes are those of what was written since the last restart."""
    part = PartFile(tmp_path / "a" / "b" / "cat.png")
    part.open()
    part.write(b"wrong")
    part.restart()
    for start in range(0, len(PNG), 100):
        part.write(PNG[start : start + 100])
    assert (part.size, part.sha256, part.head) == (len(PNG), hashlib.sha256(PNG).hexdigest(), PNG[:512])
    placed = part.place(None)
    part.discard()
    assert placed.read_bytes() == PNG
    assert names(tmp_path / "a" / "b") == ["cat.png"]


def test_what_is_not_placed_is_removed(tmp_path: Path) -> None:
    """A part file is hidden, and gone once discarded; one that was never opened is no fault."""
    part = PartFile(tmp_path / "cat.png")
    part.open()
    part.write(PNG)
    assert [name.startswith(".") and name.endswith(".part") for name in names(tmp_path)] == [True]
    part.discard()
    PartFile(tmp_path / "cat.png").discard()
    assert names(tmp_path) == []


def abandoned(name: Path) -> None:
    """A part file as a process leaves it that is killed while it writes."""
    child = os.fork()
    if child == 0:
        part = PartFile(name)
        part.open()
        part.write(PNG)
        os._exit(9)
    os.waitpid(child, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_what_a_dead_writer_has_left_is_swept(tmp_path: Path) -> None:
    """Saving the same file again removes what was left of it, and nothing of another file or of a living writer."""
    abandoned(tmp_path / "cat.png")
    abandoned(tmp_path / "dog.png")
    living = PartFile(tmp_path / "cat.png")
    living.open()
    living.write(PNG)
    assert len(names(tmp_path)) == 2
    assert save(tmp_path / "cat.png", b"another").read_bytes() == b"another"
    assert living.place(None).read_bytes() == PNG
    living.discard()
    assert save(tmp_path / "dog.png").read_bytes() == PNG
    assert names(tmp_path) == ["cat (2).png", "cat.png", "dog.png"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_sweeping_never_touches_a_file_that_was_placed(tmp_path: Path) -> None:
    """A process that is killed between naming a file and removing its part file has saved it for good."""
    child = os.fork()
    if child == 0:
        part = PartFile(tmp_path / "cat.png")
        part.open()
        part.write(PNG)
        part.place(None)
        os._exit(9)
    os.waitpid(child, 0)
    assert len(names(tmp_path)) == 2
    assert save(tmp_path / "cat.png", b"another").name == "cat (2).png"
    assert (tmp_path / "cat.png").read_bytes() == PNG
    assert names(tmp_path) == ["cat (2).png", "cat.png"]


def test_without_locks_files_are_saved_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that knows no locks nothing is swept, and nothing is in the way."""

    def no_locks(file: object, how: int) -> None:
        raise OSError(errno.ENOTSUP, "no locks")

    abandoned(tmp_path / "cat.png")
    monkeypatch.setattr("anymedia.files.fcntl.flock", no_locks)
    assert save(tmp_path / "cat.png").read_bytes() == PNG
    assert len(names(tmp_path)) == 2


def test_the_suffix_is_the_true_one(tmp_path: Path) -> None:
    """First bytes count before what was said; what nobody knows keeps the name it was given."""
    assert save(tmp_path / "a.jpg", PNG, "image/jpeg").name == "a.png"
    assert save(tmp_path / "b.jpeg", b"\xff\xd8\xff").name == "b.jpeg"
    assert save(tmp_path / "c", b"hello", "text/plain").name == "c.txt"
    assert save(tmp_path / "d.xyz", b"hello").name == "d.xyz"
    assert save(tmp_path / "E.PNG", PNG).name == "E.PNG"


@pytest.mark.parametrize("link", [os.link, no_links])
def test_a_taken_name_stays_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[[Path, Path], None]
) -> None:
    """A file, a folder and a link to nowhere all keep their names, with hard links and without."""
    monkeypatch.setattr(os, "link", link)
    (tmp_path / "cat.png").write_bytes(b"precious")
    (tmp_path / "cat (2).png").mkdir()
    (tmp_path / "cat (3).png").symlink_to(tmp_path / "outside.png")
    assert save(tmp_path / "cat.png").name == "cat (4).png"
    assert (tmp_path / "cat.png").read_bytes() == b"precious"
    assert not (tmp_path / "outside.png").exists()
    assert len(names(tmp_path)) == 4


@pytest.mark.parametrize("link", [os.link, no_links])
def test_threads_never_share_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[[Path, Path], None]
) -> None:
    """Twenty threads that want one name get twenty, each file whole."""
    monkeypatch.setattr(os, "link", link)
    bodies = [PNG + bytes([number]) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        placed = list(pool.map(lambda body: save(tmp_path / "cat.png", body), bodies))
    assert [path.read_bytes() for path in placed] == bodies
    assert len(names(tmp_path)) == 20


def test_overwriting_replaces_the_name_and_not_what_it_points_to(tmp_path: Path) -> None:
    """Told to overwrite, a file is replaced at once; a link is replaced, its target is left alone."""
    other = tmp_path / "other.png"
    other.write_bytes(b"precious")
    (tmp_path / "cat.png").symlink_to(other)
    assert save(tmp_path / "cat.png", overwrite=True) == tmp_path / "cat.png"
    assert not (tmp_path / "cat.png").is_symlink()
    assert other.read_bytes() == b"precious"
    assert save(tmp_path / "other.png", overwrite=True).read_bytes() == PNG
    assert names(tmp_path) == ["cat.png", "other.png"]


def test_a_file_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New folders, the bytes, then the name are brought to disk, in this order, before a file counts as saved."""
    steps: list[str] = []
    sync, link = os.fsync, os.link

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else f"{os.fstat(handle).st_size} bytes")
        sync(handle)

    def linked(source: str | PathLike[str], target: str | PathLike[str]) -> None:
        steps.append("name")
        link(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "link", linked)
    save(tmp_path / "a" / "b" / "cat.png")
    assert steps == ["folder", "folder", f"{len(PNG)} bytes", "name", "folder"]


def test_a_folder_that_cannot_be_opened_is_left_to_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be opened, as on Windows, files are saved all the same."""
    opened = os.open

    def files_only(path: Path, flags: int) -> int:
        if path.is_dir():
            raise PermissionError(errno.EACCES, "folders cannot be opened here")
        return opened(path, flags)

    monkeypatch.setattr(os, "open", files_only)
    assert save(tmp_path / "cat.png").read_bytes() == PNG


def test_a_full_disk_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own error comes out, and the part file does not stay."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "cat.png")
    assert names(tmp_path) == []


def test_files_follow_the_users_mask(tmp_path: Path) -> None:
    """Who may read a saved file is the user's own setting."""
    before = os.umask(0o027)
    try:
        assert stat.S_IMODE(save(tmp_path / "cat.png").stat().st_mode) == 0o640
    finally:
        os.umask(before)
