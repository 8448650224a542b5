"""What commands neither read nor write although it lies in their reach: secrets, the user's gitdirs, the engine."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import Open, Repository, Run

from livecoder.sandbox import Room


def test_dotenv_files_read_as_empty(room: Room, open_room: Open, run: Run) -> None:
    secret, nested = room.workspace / ".env", room.workspace / "app/config"
    nested.mkdir(parents=True)
    for path in (secret, nested / ".env.production", room.workspace / ".env.example"):
        path.write_text("KEY=hidden\n")
    sandbox = open_room(room)
    assert (
        run(sandbox, "cat .env app/config/.env.production; mv app app2; cat app2/config/.env.production").output == ""
    )
    assert run(sandbox, "echo x >.env").exit_code != 0
    assert run(sandbox, "cat .env.example; echo own >.env.mine; cat .env.mine").output == "KEY=hidden\nown\n"
    on_base = open_room(replace(room, base=room.workspace))
    assert run(on_base, "cat /run/lc/base/.env").output == ""
    secret.unlink()
    assert run(sandbox, "ls .env").exit_code == 2
    assert not secret.exists()
    shown = open_room(replace(room, show_dotenv=True))
    assert run(shown, "cat app2/config/.env.production").output == "KEY=hidden\n"


def test_what_the_room_names_reads_as_empty_in_the_base_and_in_copies_too(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    copy, base = tmp_path / "copy", tmp_path / "base"
    for root in (room.workspace, copy, base):
        (root / "ci").mkdir(parents=True)
        (root / "ci/git.config").write_text("token\n")
    sandbox = open_room(replace(room, base=base, masked=(Path("ci/git.config"), Path("missing"))))
    look = "cat ci/git.config /run/lc/base/ci/git.config; mv ci elsewhere; cat elsewhere/git.config"
    assert run(sandbox, look).output == ""
    again = replace(sandbox.room, content=copy, scratch=tmp_path / "scratch2")
    with sandbox.sibling(again) as sibling:
        assert run(sibling, "cat ci/git.config /run/lc/base/ci/git.config; ls").output == "ci\n"
    assert (room.workspace / "elsewhere/git.config").read_text() == "token\n"


@pytest.mark.parametrize("place", ["cfg2", "node_modules/deep", "1/2/3/4/5/6"])
def test_a_dotenv_file_reads_as_empty_wherever_its_directory_is_moved(
    room: Room, open_room: Open, run: Run, tmp_path: Path, place: str
) -> None:
    (room.workspace / "config").mkdir()
    (room.workspace / "config/.env").write_text("KEY=hidden\n")
    sandbox = open_room(room)
    moved = run(sandbox, f"mkdir -p {place}; rmdir {place}; mv config {place}")
    assert (moved.exit_code, moved.output) == (0, "")
    again = replace(room, content=tmp_path / "copy", base=room.workspace, scratch=tmp_path / "scratch2")
    again.content.mkdir()
    with sandbox.sibling(again) as sibling:
        assert run(sibling, f"cat /run/lc/base/{place}/.env").output == ""
    assert run(sandbox, f"cat {place}/.env; wc -c <{place}/.env").output == "0\n"
    assert run(sandbox, f"mv {place} back; cat back/.env").output == ""
    assert run(sandbox, "cat back/.env; mv back config").output == ""
    assert run(sandbox, "cat config/.env").output == ""
    assert (room.workspace / "config/.env").read_text() == "KEY=hidden\n"


def test_a_link_in_the_place_of_a_moved_directory_shows_nothing(room: Room, open_room: Open, run: Run) -> None:
    (room.workspace / "config").mkdir()
    (room.workspace / "config/.env").write_text("KEY=hidden\n")
    sandbox = open_room(room)
    assert run(sandbox, "mv config other; ln -s $PWD/other config").exit_code == 0
    done = run(sandbox, "cat config/.env other/.env")
    assert (done.exit_code, done.output) == (0, "")


@pytest.mark.parametrize("name", [".env.other", "x", "/tmp/x"])
def test_a_dotenv_file_itself_cannot_be_moved(room: Room, open_room: Open, run: Run, name: str) -> None:
    (room.workspace / ".env").write_text("KEY=hidden\n")
    sandbox = open_room(room)
    assert "busy" in run(sandbox, f"mv .env {name}; rm -f .env").output
    assert run(sandbox, f"cat .env {name} 2>/dev/null").output == ""
    assert (room.workspace / ".env").read_text() == "KEY=hidden\n"


def test_a_dotenv_file_that_the_user_writes_anew_stays_hidden(room: Room, open_room: Open, run: Run) -> None:
    secret = room.workspace / ".env"
    secret.write_text("KEY=old\n")
    sandbox = open_room(room)
    run(sandbox, "true")
    for value in ("new", "newer"):
        (room.workspace / "editing").write_text(f"KEY={value}\n")
        (room.workspace / "editing").replace(secret)
        assert run(sandbox, "cat .env").output == ""
    secret.unlink()
    assert run(sandbox, "ls -A").output == ""


def test_the_base_is_seen_without_the_users_gitdir(
    room: Room, open_room: Open, run: Run, make_repository: Repository, tmp_path: Path
) -> None:
    repository = make_repository({"a.py": "x = 1\n"}, name="project")
    with (repository / ".git/config").open("a") as file:
        file.write('[remote "origin"]\nurl = https://me:token-4711@example.org\n')
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".git").write_text("gitdir: /home/someone/token-4711\n")
    for base in (repository, linked):
        sandbox = open_room(replace(room, base=base, scratch=tmp_path / f"scratch-{base.name}"))
        done = run(sandbox, "ls -A /run/lc/base; grep -r token-4711 /run/lc/base; touch /run/lc/base/.git/x")
        assert done.output.startswith(".git\n")
        assert "token-4711" not in done.output
        assert done.exit_code != 0
    assert "token-4711" in (repository / ".git/config").read_text()


def test_a_further_directory_is_written_except_its_gitdir(
    room: Room, open_room: Open, run: Run, make_repository: Repository
) -> None:
    extra = make_repository({"a.py": "x = 1\n"}, name="extra")
    sandbox = open_room(replace(room, extra=(extra,)))
    assert run(sandbox, f"cd {extra}; echo y >b.py; git log --format=%s").output == "start\n"
    assert (extra / "b.py").exists()
    before = (extra / ".git/config").read_text()
    done = run(sandbox, f"echo evil >>{extra}/.git/config; touch {extra}/.git/hooks/x; mv {extra}/.git {extra}/g")
    assert done.output.count("Read-only file system") == 2
    assert "busy" in done.output
    assert (extra / ".git/config").read_text() == before


def test_a_further_directory_whose_gitdir_is_a_link_is_only_read(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "extra/real").mkdir(parents=True)
    (tmp_path / "extra/.git").symlink_to("real")
    sandbox = open_room(replace(room, extra=(tmp_path / "extra",)))
    assert "Read-only" in run(sandbox, f"touch {tmp_path}/extra/real/config").output


def test_the_engine_is_not_written_where_the_workspace_or_a_further_directory_holds_it(
    room: Room, open_room: Open, run: Run, tmp_path: Path
) -> None:
    extra = tmp_path / "extra"
    sealed = (room.workspace / "engine", extra / "sub/engine", tmp_path / "elsewhere")
    for path in sealed:
        path.mkdir(parents=True)
        (path / "a.py").write_text("good")
    room = replace(room, extra=(extra,), sealed=sealed)
    sandbox = open_room(room)
    for change in ("echo evil >engine/a.py", f"echo evil >{extra}/sub/engine/a.py", f"mv {extra}/sub/engine /tmp/x"):
        assert "Read-only" in run(sandbox, change).output
    assert "busy" in run(sandbox, f"mv engine other; mv {extra}/sub {extra}/other").output
    assert run(sandbox, f"echo fine >own; echo fine >{extra}/own").exit_code == 0
    assert {(path / "a.py").read_text() for path in sealed} == {"good"}
    assert not os.path.lexists(room.workspace / "other")
    copy = tmp_path / "copy"
    (copy / "engine").mkdir(parents=True)
    with sandbox.sibling(replace(room, content=copy, scratch=tmp_path / "scratch2")) as sibling:
        assert run(sibling, "echo tried >engine/a.py; cat engine/a.py").output == "tried\n"
