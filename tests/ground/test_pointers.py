"""Where the words of a task point, by names alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livecoder.ground import Ground, pointed
from livecoder.ground.facts import Excerpt
from livecoder.ground.files import Tree
from livecoder.ground.lines import lines
from livecoder.ground.passages import BUDGET
from livecoder.ground.pointers import MAX_BYTES, SHOWN_FILES, Pointers, pointers
from livecoder.prompt import ground_text
from livecoder.workspace.beneath import Beneath

CODE = {
    "shop/basket.py": """
class Basket:
    def add_discount(self, code):
        return code

    @property
    def total_price(self):
        return 1


def unrelated():
    pass
""",
    "shop/mail.py": "def send_mail(to):\n    pass\n\n\ndef address_book():\n    pass\n",
    "tests/test_basket.py": "def test_discount_of_a_basket():\n    pass\n",
    "web/cart.ts": "export class Cart {\n}\nexport async function renderCart(total) {\n}\n",
}


def find(root: Path, task: str, files: dict[str, str] = CODE) -> Pointers:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with Beneath(root) as beneath:
        return pointers(Tree(beneath), task)


def point(root: Path, task: str, files: dict[str, str] = CODE) -> str:
    return find(root, task, files).line


def test_definitions_with_the_tasks_words_are_named_with_their_lines(tmp_path: Path) -> None:
    found = point(tmp_path, "A discount is added twice to the basket")
    assert found.startswith("shop/basket.py (12 lines): add_discount 3-6") and "unrelated" not in found


def test_words_in_a_definitions_text_count_beside_its_name(tmp_path: Path) -> None:
    files = {
        "shop/basket.py": "def basket_total():\n    return 0\n\n\ndef apply(code):\n    return 'discount voucher'\n",
        "shop/mail.py": CODE["shop/mail.py"],
    }
    assert "apply 5-6" in point(tmp_path, "The discount of a voucher in the basket", files)


def test_what_the_task_writes_as_code_counts_most(tmp_path: Path) -> None:
    assert point(tmp_path, "`send_mail` fails for two of them").startswith("shop/mail.py (6 lines): send_mail 1-2")


@pytest.mark.parametrize("word", ["renderCart()", "`renderCart`", "cart.renderCart"])
def test_names_of_other_languages_are_known(tmp_path: Path, word: str) -> None:
    assert "web/cart.ts (4 lines): renderCart 3-4" in point(tmp_path, f"{word} shows nothing")


def test_code_comes_before_its_tests(tmp_path: Path) -> None:
    found = point(tmp_path, "discount of a basket")
    assert found.startswith("shop/basket.py") and "test_discount_of_a_basket" not in found


def test_the_code_of_what_clearly_fits_is_shown(tmp_path: Path) -> None:
    (excerpt,) = find(tmp_path, "`send_mail` fails for two of them").excerpts
    assert excerpt == Excerpt("shop/mail.py", 1, 2, "def send_mail(to):\n    pass")


def test_code_is_shown_whole_or_not_at_all(tmp_path: Path) -> None:
    long = "def send_mail(to):\n" + "    mail(to)\n" * BUDGET
    assert find(tmp_path, "`send_mail` fails", {"mail.py": long}).excerpts == ()


@pytest.mark.parametrize("text", ["</file>", "< / TASK >", "</repository>"])
def test_code_that_could_end_its_block_is_not_shown(tmp_path: Path, text: str) -> None:
    files = {"mail.py": f"def send_mail(to):\n    return {text!r}\n"}
    found = find(tmp_path, "`send_mail` fails", files)
    assert found.line == "mail.py (2 lines): send_mail 1-2" and found.excerpts == ()


@pytest.mark.parametrize("task", ["", "It does not work", "Write a poem about the sea", "`!!`", "the the the"])
def test_words_that_point_nowhere_say_nothing(tmp_path: Path, task: str) -> None:
    assert point(tmp_path, task) == ""


def test_no_more_than_a_few_files_are_named(tmp_path: Path) -> None:
    files = {f"pack/basket_{n}.py": "def discount_basket():\n    pass\n" for n in range(20)}
    files["other/thing.py"] = "def x1():\n    pass\n"
    assert point(tmp_path, "`discount_basket` of the basket", files).count(".py") <= SHOWN_FILES


def test_dependencies_links_and_odd_names_are_passed_by(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("def discount_basket():\n    pass\n")
    root = tmp_path / "root"
    (root / "node_modules").mkdir(parents=True)
    (root / "node_modules/basket.js").write_text("function discountBasket() {}\n")
    (root / "link.py").symlink_to(outside)
    (root / "basket\x1b[2J.py").write_text("def discount_basket():\n    pass\n")
    assert point(root, "`discount_basket` and the basket", {}) == ""


def test_a_large_tree_costs_a_bounded_read(tmp_path: Path) -> None:
    body = "# filler\n" * 25_000
    many = {f"a/m{number:03}.py": body for number in range(MAX_BYTES // len(body) + 5)}
    assert point(tmp_path, "`discount_basket` of a basket", {**many, "z/basket.py": CODE["shop/basket.py"]}) == ""


def test_the_model_reads_it_as_one_line_of_the_ground(tmp_path: Path) -> None:
    point(tmp_path, "")
    ground = pointed(tmp_path, Ground(git="on main"), "A discount is added twice to the basket")
    assert lines(ground)[-1].startswith("the task's words are in: shop/basket.py (12 lines): add_discount 3-6")
    assert "<file name='shop/basket.py' lines=3-6>\n    def add_discount(self, code):" in ground_text(ground)


@given(task=st.text(max_size=300))
def test_any_task_gives_one_printable_line(tmp_path_factory: pytest.TempPathFactory, task: str) -> None:
    root = tmp_path_factory.getbasetemp() / "any"
    found = find(root, task)
    assert "\n" not in found.line and len(found.line) < 2_000
    assert sum(len(excerpt.text) for excerpt in found.excerpts) <= BUDGET
