"""Previews of prompts."""

from __future__ import annotations

from app.engine.previews import PREVIEW_CHARACTERS, preview, question_paragraph


def test_the_question_is_found_behind_the_instructions():
    template = "Solve it.\n\n{question}\n\nThink first."
    skip = question_paragraph(template)
    prompt = [{"role": "user", "content": "Solve it.\n\nHow many\nducks?\n\nThink first."}]
    assert skip == 1
    assert preview(prompt, skip) == "How many ducks? Think first."


def test_a_prompt_with_examples_is_shown_from_its_start():
    assert question_paragraph("Read.\n\n{examples}\n\n{question}") == 0


def test_a_prompt_shorter_than_its_template_is_shown_from_its_start():
    assert preview([{"role": "user", "content": "Hi"}], 3) == "Hi"
    assert preview([], 1) == ""


def test_a_long_question_is_cut_between_words():
    text = preview([{"role": "user", "content": "word " * 100}])
    assert len(text) <= PREVIEW_CHARACTERS
    assert text.endswith("word …")
