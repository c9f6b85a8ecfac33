"""Scripts and style sheets are served as one file each, compressed, under a name for good."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from app.web.script_bundle import BundleError, bundle

ADDRESS = re.compile(r'(?:href|src)="(/static/studio\.(?:css|js)\?v=\w+)"')


@pytest.fixture
def modules(tmp_path: Path):
    """Writes modules and returns the one that starts."""

    def write(**texts: str) -> Path:
        for name, text in texts.items():
            (tmp_path / f"{name}.js").write_text(text)
        return tmp_path / "main.js"

    return write


def test_a_page_loads_one_script_and_one_sheet_that_browsers_keep(client, owner):
    client.sign_in_as(owner)
    addresses = ADDRESS.findall(client.get("/").text)
    assert len(addresses) == 2
    for address in addresses:
        plain = client.get(address)
        packed = client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert "Content-Encoding" not in plain.headers
        for answer in (plain, packed):
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert "Set-Cookie" not in answer.headers
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        again = client.get(
            address,
            headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]},
        )
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("address", ["/static/studio.js", "/static/studio.js?v=0123456789ab"])
def test_an_address_without_the_current_digest_is_asked_for_again(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]
    assert "max-age=0" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["nothing.js", "../factory.py", "%2e%2e/factory.py", "css"])
def test_nothing_else_is_served(client, name):
    assert client.get(f"/static/{name}").status_code == 404


def test_where_flask_debugs_the_script_is_readable(app, client):
    app.debug = True
    assert "/* Starts what every page has" in client.get("/static/studio.js").text
    app.debug = False
    assert "/*" not in client.get("/static/studio.js").text


def test_the_sheet_is_in_the_order_in_which_rules_win(client):
    sheet = client.get("/static/studio.css").text
    places = [
        sheet.index(each) for each in (":root", ".side {", ".btn {", ".auth {", "@media print")
    ]
    assert places == sorted(places)
    assert "#swagger-ui" not in sheet


def test_fonts_are_compressed(client):
    answer = client.get("/fonts/geist", headers={"Accept-Encoding": "gzip"})
    assert answer.mimetype == "font/ttf"
    assert len(answer.data) < 100_000 < len(gzip.decompress(answer.data))
    assert client.get("/fonts/other").status_code == 404


def test_a_module_is_after_what_it_imports_and_keeps_its_names_to_itself(modules):
    start = modules(
        main='import { one as first } from "./a.js";\nfirst();\n',
        a='import { b } from "./b.js";\nconst own = 1;\nexport const one = () => own + b;\n',
        b="export const b = 2;\nexport async function c() {}\n",
    )
    text = bundle(start)
    assert (
        text.index("const b = once(") < text.index("const a = once(") < text.index("const main =")
    )
    assert "const { one: first } = a();" in text
    assert "return { b, c };" in text
    assert text.endswith("main();\n")


def test_a_module_for_later_is_in_the_bundle(modules):
    start = modules(main='import("./a.js").then((a) => a.go());\n', a="export function go() {}\n")
    assert "Promise.resolve().then(a).then(" in bundle(start)


@pytest.mark.parametrize(
    ("main", "says"),
    [
        ('import all from "./a.js";\n', "not known: import all"),
        ('import * as all from "./a.js";\n', "not known: import \\*"),
        ("export default 3;\n", "not known: export default"),
        ('import { a } from "./a.js";\nexport { a };\n', "not known: export {"),
        ("const words = `one\n  two`;\n", "several lines"),
    ],
)
def test_what_the_bundle_does_not_know_is_refused(modules, main, says):
    with pytest.raises(BundleError, match=f"main.js: .*{says}"):
        bundle(modules(main=main, a="export const a = 1;\n"))


def test_modules_that_import_each_other_are_refused(modules):
    start = modules(
        main='import { a } from "./a.js";\n',
        a='import { b } from "./b.js";\nexport const a = 1;\n',
        b='import { a } from "./a.js";\nexport const b = 1;\n',
    )
    with pytest.raises(BundleError, match=r"a\.js imports itself through b\.js"):
        bundle(start)


def test_clients_without_gzip_share_one_copy(app: Flask) -> None:
    """Five hundred that read the API reference's script slowly had a megabyte each."""
    address = "/docs/assets/js/swagger-ui-bundle.js"
    first, second = (
        app.test_client().get(address, headers={"Accept-Encoding": "identity"}) for _ in range(2)
    )
    (one,), (other,) = (list(each.iter_encoded()) for each in (first, second))
    assert len(one) > 1_000_000
    assert one is other
