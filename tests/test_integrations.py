"""What other tools run us by keeps to their schemas, and hands on what it is given as it is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema import Draft7Validator
from pre_commit.clientlib import load_manifest

from opengrade.documents import SUFFIXES
from support import ROOT


def test_the_action_keeps_to_the_schema_and_lets_no_input_into_a_script() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    schema = get_builtin_schema("vendor.github-actions")
    assert [error.message for error in Draft7Validator(schema).iter_errors(action)] == []
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert scripts and not any("${{" in script for script in scripts)


FAKE = """#!{python}
import pathlib, sys
if "-I" in sys.argv: print("token")
else: pathlib.Path(__file__).with_name("calls").open("a").write(repr(sys.argv[1:]) + "\\n"); sys.exit({code})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
@pytest.mark.parametrize(("format_", "code"), [("github", 0), ("table", 1), ("json", 3)])
def test_the_action_hands_inputs_on_as_they_are(tmp_path: Path, format_: str, code: int) -> None:
    folder = tmp_path / "opengrade" / "bin"
    folder.mkdir(parents=True)
    for name in ("opengrade", "python"):
        (folder / name).write_text(FAKE.format(python=sys.executable, code=code), encoding="utf-8")
        (folder / name).chmod(0o700)
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {
        "PATH": "a b.ttl\r\n$(touch x)\n\n`y`; z\n-q",
        "FAIL_ON": "never; x",
        "FORMAT": format_,
        "SARIF": "o u.t",
    }
    environment = {**os.environ, "RUNNER_TEMP": str(tmp_path)}
    environment |= {f"OPENGRADE_{name}": value for name, value in inputs.items()}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", action["runs"]["steps"][-1]["run"]]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert done.stdout == ("" if format_ == "github" else "::stop-commands::token\n::token::\n")
    paths = ["--", "a b.ttl", "$(touch x)", "`y`; z", "-q"]
    assert (folder / "calls").read_text(encoding="utf-8").splitlines() == [
        repr(["validate", "--format", "sarif", "--fail-on", "never", *paths]),
        repr(["validate", "--format", format_, "--fail-on", "never; x", *paths]),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"opengrade", "o u.t"}


def test_the_hook_is_well_formed_and_takes_every_suffix_that_we_read() -> None:
    (hook,) = load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))
    assert (hook["id"], hook["entry"], hook["language"]) == (
        "opengrade-validate",
        "opengrade validate",
        "python",
    )
    for suffix in SUFFIXES:
        assert re.search(hook["files"], f"models/of us/one{suffix}")
    assert re.search(hook["files"], "model.yml")
    assert not any(re.search(hook["files"], name) for name in ("mkdocs.yml", "package.json", "a.ttl.md"))
