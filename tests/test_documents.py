"""Documents hold: links lead somewhere, commands and files they name exist, the README's example runs."""

import ast
import dataclasses
import re
from pathlib import Path

import pytest

import ganrs_jax as gj
from ganrs_jax.data.sources import ReadOptions

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{p.name}" for p in (REPOSITORY / "docs").glob("*.md")),
]


def text_of(document: str) -> str:
    return (REPOSITORY / document).read_text()


def anchors(document: Path) -> set[str]:
    """Of the headings, as GitHub and myst make them, and of myst's own labels."""
    text = document.read_text()
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r"^\((\w+)\)=$", text, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        place = (REPOSITORY / document).parent / path if path else REPOSITORY / document
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    """A name with a slash from the root, from the package or from one of its folders; a name alone anywhere in it."""
    package = REPOSITORY / "ganrs_jax"
    known = {path.name for path in package.rglob("*.py")}
    for name in re.findall(r"`([\w/.]+\.py|[\w/]+/)`", text_of(document)):
        if "/" in name.rstrip("/"):
            assert any((root / name).exists() for root in (REPOSITORY, package, REPOSITORY / "docs")), name
        elif name.endswith(".py"):
            assert name in known, name


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_their_flags_exist(document):
    """Each flag is defined in its program or in what programs share; or it is a field of settings or reading."""
    shared = "".join(path.read_text() for path in (REPOSITORY / "ganrs_jax/cli").glob("*.py"))
    fields = {
        field.name for kind in (gj.ProfileConfig, gj.CganrsConfig, ReadOptions) for field in dataclasses.fields(kind)
    }
    text = text_of(document).replace("\\\n", " ")
    for line in re.findall(r"\./launch\.sh ([^\n`]+)", text):
        name, *words = line.split("#")[0].split()
        if name in ("NAME", "test", "docs"):
            continue
        program = REPOSITORY / f"experiments/{name}.py"
        assert program.exists(), line
        for flag in (re.match(r"--(?:config\.)?(\w+)", word) for word in words):
            if flag and flag[1] not in ("help", "preset"):
                assert f'"{flag[1]}"' in program.read_text() + shared or flag[1] in fields, line


@pytest.mark.parametrize("name", gj.__all__)
def test_every_public_name_has_its_place_in_the_reference(name):
    """Its module's public names all, or this one, are on the page."""
    entries = re.findall(r"automodule:: ([\w.]+)\n\s+:members:(.*)", text_of("docs/api/index.rst"))
    members = {module: chosen.replace(" ", "").split(",") for module, chosen in entries}
    place = gj._PLACES[name]
    assert place in members
    assert members[place] == [""] or name in members[place]


def test_the_example_of_the_readme_runs(monkeypatch, tmp_path, capsys, tiny, trained):
    """As it stands, but in small: on a planted world, with a model of quick settings."""
    (example,) = re.findall(r"```python\n(.*?)```", text_of("README.md"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gj, "load_ratings", lambda source: tiny)
    monkeypatch.setattr(gj, "train", lambda ratings, seed: trained("profile"))
    held: dict[str, object] = {}
    exec(compile(example.replace("200_000", "1500").replace("2000", "60"), "README.md", "exec"), held)
    assert len(held["dataset"].to_pandas()) == 1500
    assert "singular values" in capsys.readouterr().out
    assert (tmp_path / "ml100k_model" / "manifest.json").exists()


def test_the_readme_fits():
    assert len(text_of("README.md").splitlines()) <= 150


def test_the_library_names_parameters_and_no_flags():
    """Only the command line has flags, and pip's are no concern of a user's."""
    for path in (REPOSITORY / "ganrs_jax").rglob("*.py"):
        if path.parent.name == "cli" or path.name == "fetch.py":
            continue
        raised = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Raise)]
        texts = [node.value for line in raised for node in ast.walk(line) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if isinstance(text, str) and re.search(r"(^|\W)--[a-z]", text)], path
