from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.engine.scorers.ifeval_language import detect_language
from app.engine.scorers.ifeval_sentences import count_capital_words, count_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ("Mr. Smith and Dr. Jones met J. Doe at 3.5 p.m. on Monday.", 1),
        ("He lives in the U.S. He likes it.", 2),
        ('He said "Stop." Then he left.', 2),
        ("(See below.) Next.", 2),
        ("1. First. 2. Second.", 4),
        ("1. first", 1),
        ("What?! Never!!! Hm... fine.", 3),
        ("Visit example.com or Node.js. Now.", 2),
        ("**The end.**", 2),
        ("A title\n\nA sentence.", 1),
    ],
)
def test_sentences_are_counted_as_the_reference_counts_them(text, sentences):
    assert count_sentences(text) == sentences


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I AM A man", 3),
        ("DON'T", 2),
        ("JOHN'S CANNOT", 4),
        ("I'm ok", 1),
        ("A,B and 3D, U.S.A.", 4),
        ("WELL-KNOWN COVID-19", 2),
        ("<<TITLE>> **BOLD**", 2),
        ("", 0),
    ],
)
def test_words_in_capitals_are_counted_by_tokens(text, words):
    assert count_capital_words(text) == words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat sat on the mat.", "en"),
        ("THE CAT SAT ON THE MAT.", "en"),
        ("Der Hund ist nicht auf dem Sofa.", "de"),
        ("Le chien est dans la maison avec nous.", "fr"),
        ("O cachorro não está em casa com você.", "pt"),
        ("Il gatto non è sulla sedia ma nella cucina.", "it"),
        ("Koira ei ole talossa, mutta se on pihalla.", "fi"),
        ("Mbwa yuko katika nyumba ya mama na baba.", "sw"),
        ("Con chó không có ở trong nhà của tôi.", "vi"),
        ("Собака была в доме, но она не спала.", "ru"),
        ("Каждая коробка меньше. Каков общий внутренний объем?", "ru"),
        ("Кучето е в къщата и не спи.", "bg"),
        ("الكلب في البيت مع القطة", "ar"),
        ("سگ در خانه است و گربه را می‌بیند", "fa"),
        ("کتا گھر میں ہے اور بلی نہیں ہے", "ur"),
        ("कुत्ता घर में है और बिल्ली नहीं है", "hi"),
        ("कुत्रा घरात आहे आणि मांजर नाही", "mr"),
        ("कुकुर घरमा छ तर बिरालो छैन, तपाईंलाई थाहा छ", "ne"),
        ("ಹೌದು, ಹ್ಯಾಂಬರ್ಗರ್", "kn"),
        ("ਕੁੱਤਾ ਘਰ ਵਿੱਚ ਹੈ", "pa"),
        ("犬は家の中にいます", "ja"),
        ("狗在房子里", "zh-cn"),
        ("12345 !!!", None),
        ("https://example.com/the/cat", None),
    ],
)
def test_languages_of_the_benchmark_are_told_apart(text, language):
    assert detect_language(text) == language


def test_a_text_has_the_same_language_from_every_thread():
    text = "1. APEX SOFTWARE\n2. CYBERTECH SOLUTIONS"  # the reference draws its answer to this
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(detect_language, [text] * 40))) == 1
