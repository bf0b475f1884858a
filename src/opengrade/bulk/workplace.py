"""The folder of a run beside its results, in which all is kept that a later run can use."""

import contextlib
import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opengrade.bulk.kept import state_of, write_whole
from opengrade.errors import InputError, Place, UsageError


@contextlib.contextmanager
def workplace(out: Path, inputs: Sequence[Path], *, rules: str) -> Iterator[Path]:
    """Open the folder of parts beside the results, and remove it when all is done.

    It stays where a run is broken off, but not for errors of the input. What an earlier run left there is
    used if it read the same input by the same rules. Raises UsageError where another run is at work on it, or
    the folder is not ours.
    """
    folder = out.with_name(f"{out.name}.parts")
    if out.resolve() in [each.resolve() for each in inputs]:
        raise UsageError("the results would take the place of the input.", fix="Give another --out.")
    marker = folder / "opengrade-run.json"
    if folder.exists() and not marker.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "the folder for the parts of the run is there and holds something else.",
            fix="Remove it, or give another --out.",
            where=Place(str(folder)),
        )
    is_new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise UsageError(
            f"the results cannot be written there: {error.strerror}.",
            fix="Name a folder that is there and that you may write to.",
            where=Place(str(out)),
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError("another run is at work on these results.", where=Place(str(folder))) from None
        _begin(folder, marker, {"input": fingerprint(inputs), "rules": rules})
        try:
            yield folder
        except (InputError, UsageError) as error:
            # What is wrong with an input is wrong in each run.
            if is_new or isinstance(error, InputError):
                shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


def _begin(folder: Path, marker: Path, run: dict[str, str]) -> None:
    """Forget what was made of another input or by other rules."""
    with contextlib.suppress(OSError, ValueError):  # it is not there, or damaged
        if json.loads(marker.read_text(encoding="utf-8")) == run:
            return
    for path in folder.iterdir():
        if path.name != "lock" and path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
    write_whole(marker, json.dumps(run).encode())


def fingerprint(paths: Sequence[Path]) -> str:
    """Return what tells whether files, and those of folders, are the ones that were read."""
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(f"{file.resolve()} {state_of(file)}".encode())
    return digest.hexdigest()


def rules_key(files: Mapping[str, Path], versions: Mapping[str, str]) -> str:
    """Return what tells whether verdicts were made by the same rules: those in some files, by name.

    `versions` has to tell the rules and facts apart that the files refer to.
    """
    digest = hashlib.sha256(json.dumps(dict(versions), sort_keys=True).encode())
    for name, path in files.items():
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()
