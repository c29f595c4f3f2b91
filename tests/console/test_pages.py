"""Every page, in both languages: it renders, escapes what people wrote, and needs neither inline code nor anything from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

PAGES = (
    "/",
    "/protect",
    "/try",
    "/try?text=where+is+my+parcel",
    "/try/{answer}",
    "/evidence",
    "/evidence?run=run-toy",
    "/evidence/compress?run=run-toy",
    "/evidence/compress?run=run-small",
    "/evidence/compressed?run=run-small",
    "/review",
    "/review/{release}",
    "/sign-in",
    "/nowhere",
)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NAMES = {"TF", "IDF", "ECE", "AURC", "McNemar", "F1", "ONNX", "Runtime", "int8"}  # terms that Chinese writes in Latin letters
OPTIONS = {"quantize", "auto"}  # a step and a value, named in a sentence


class Read(HTMLParser):
    """What a page is made of: elements with their attributes, and the words that are the product's own."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, bool]] = []  # element, and whether its words are data
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        data = (
            any(is_data for _, is_data in self.open)
            or tag in ("code", "textarea")
            or given.get("translate") == "no"
            or "aria-hidden" in given
        )
        if tag not in VOID:
            self.open.append((tag, data))
        if not data:
            self.words += [text for name in ("alt", "aria-label", "placeholder", "data-head") if (text := given.get(name))]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not any(is_data for _, is_data in self.open):
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module", params=PAGES)
def path(request, full, answer):
    return request.param.format(release=full.release.id, answer=answer)


@pytest.fixture(scope="module")
def answer(full):
    """The id of an answer that the model gave to a text with markup in it."""
    asked = full.visit().post("/try", data={"text": "where is my <b>parcel</b>"}, follow_redirects=False)
    return asked.headers["location"].removeprefix("/try/").removesuffix("#answer")


@pytest.mark.parametrize("language, tag", [("en", "en"), ("zh", "zh-Hans")])
def test_every_page_renders_with_one_heading_and_its_landmarks(full, path, language, tag):
    answer = full.visit(language=language).get(path)
    page = Read(answer.text)
    assert answer.status_code == (404 if path == "/nowhere" else 200)
    assert page.of("html")[0]["lang"] == tag
    assert [len(page.of(name)) for name in ("h1", "main", "footer", "title")] == [1, 1, 1, 1]
    assert page.of("header")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_inline_and_nothing_comes_from_outside(full, path, language):
    answer = full.visit("admin", language).get(path)
    page = Read(answer.text)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not page.of("style")
    for script in page.of("script"):
        assert script["src"]
        assert script["type"] == "module"
    for _, attributes in page.elements:
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action"):
            where = urlsplit(attributes.get(name) or "")
            assert not where.scheme
            assert not where.netloc


@pytest.mark.parametrize("role", ["", "admin"])
def test_no_page_in_chinese_keeps_english_words(full, path, role):
    page = Read(full.visit(role, "zh").get(path).text)
    words = re.findall(r"\b[A-Za-z][A-Za-z0-9]+", " ".join(page.words))
    data = {"Beside", "olga", full.release.seal[:8]}  # the product in the title, a person and a seal inside a sentence
    assert set(words) <= NAMES | OPTIONS | data


def test_what_can_be_filled_in_has_a_label_and_pictures_have_words(full, path):
    page = Read(full.visit("admin").get(path).text)
    labelled = {label["for"] for label in page.of("label") if "for" in label}
    for tag in ("input", "textarea", "select"):
        for field in page.of(tag):
            inside_its_label = field.get("type") in ("radio", "checkbox", "hidden") or field.get("name") == "release"
            assert inside_its_label or field.get("aria-label") or field["id"] in labelled
    assert all(image["alt"] for image in page.of("img"))


def test_what_people_wrote_is_shown_and_never_run(full, evil):
    for path in ("/", "/evidence?run=run-toy", f"/try?text={evil}", f"/evidence?run={evil}"):
        page = full.visit().get(path).text
        assert evil not in page
        assert "alert(&#39;并肩&#39;)" in page


def test_the_words_of_an_answer_are_marked_and_its_markup_is_not(full, answer):
    page = full.visit().get(f"/try/{answer}").text
    assert "<b>parcel" not in page
    assert re.search(r'&lt;<mark class="(for|against) w\d" title="[+−]?[\d.]+">b</mark>&gt;<mark', page)


def test_static_files_may_be_kept_and_their_address_changes_with_them(full):
    visitor = full.visit()
    (style,) = [link["href"] for link in Read(visitor.get("/").text).of("link") if link["rel"] == "stylesheet"]
    assert re.fullmatch(r"/static/console\.css\?v=[0-9a-f]{12}", style)
    answer = visitor.get(style)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["etag"]


def test_an_empty_workspace_says_which_command_to_type(empty, visiting):
    visitor = visiting(empty)
    assert "beside demo" in visitor.get("/").text
    assert "beside train" in visitor.get("/evidence").text
    assert "beside release" in visitor.get("/review").text
    assert 'href="/review"' in visitor.get("/try").text
