"""MGSM: GSM8K problems in eleven languages (Shi et al. 2022)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from app.engine.benchmarks.prompt_parts import user
from app.engine.benchmarks.spec import Benchmark, DatasetRef, Protocol, Record, Support
from app.engine.types import Generation, Sample

# Instruction and answer word of each language, from OpenAI's simple-evals, errors included.
LANGUAGES: dict[str, tuple[str, str]] = {
    "bn": (
        "এই গণিতের সমস্যাটি সমাধান করুন। চূড়ান্ত উত্তর দেওয়ার আগে যুক্তিসম্পন্ন "
        'পদক্ষেপ প্রদান করুন। চূড়ান্ত উত্তরটি একক সংখ্যা হিসাবে "উত্তর:" এর পরে শেষ '
        'লাইনে দিন। "উত্তর:" এর পরে অন্য কিছু যুক্ত করবেন না।.',
        "উত্তর",
    ),
    "de": (
        "Löse dieses Mathematikproblem. Gib die Schritte zur Begründung an, bevor du "
        'die endgültige Antwort in der letzten Zeile alleine im Format "Antwort:" '
        'gibst. Füge nichts anderes als die ganzzahlige Antwort nach "Antwort:" hinzu.',
        "Antwort",
    ),
    "en": (
        "Solve this math problem. Give the reasoning steps before giving the final "
        'answer on the last line by itself in the format of "Answer:". Do not add '
        'anything other than the integer answer after "Answer:".',
        "Answer",
    ),
    "es": (
        "Resuelve este problema matemático. Proporciona los pasos de razonamiento "
        "antes de dar la respuesta final en la última línea por sí misma en el formato "
        'de "Respuesta:". No añadas nada más que la respuesta entera después de '
        '"Respuesta:".',
        "Respuesta",
    ),
    "fr": (
        "Résolvez ce problème de mathématiques. Donnez les étapes de raisonnement "
        "avant de fournir la réponse finale sur la dernière ligne elle-même dans le "
        "format de \"Réponse:\". N'ajoutez rien d'autre que la réponse entière après "
        '"Réponse:".',
        "Réponse",
    ),
    "ja": (
        "の数学の問題を解いてください。最終的な答えを出す前に、解答の推論過程を"
        "記述してください。そして最後の行には "
        '"答え:" '
        "の形式で答えを記述し、その後には整数の答え以外何も追加しないでください。",
        "答え",
    ),
    "ru": (
        "Решите эту математическую задачу. Объясните шаги рассуждения перед тем, как "
        'дать окончательный ответ в последней строке сам по себе в формате "Ответ:". '
        'Не добавляйте ничего, кроме целочисленного ответа после "Ответ:".',
        "Ответ",
    ),
    "sw": (
        "Suluhisha tatizo hili la hesabu. Toa hatua za mantiki kabla ya kutoa jibu la "
        'mwisho kwenye mstari wa mwisho peke yake katika muundo wa "Jibu:". Usiongeze '
        'chochote kingine isipokuwa jibu la integer baada ya "Jibu:".',
        "Jibu",
    ),
    "te": (
        "ఈ గణిత సమస్యను పరిష్కరించండి. చివరి సమాధానాన్ని ఇవ్వదానికి ముందు తర్కాత్మక "
        "అదుగులను ఇవ్వండి. చివరి పంక్తిలో మాత్రమే 'సమాధానం:' అనే ఆకారంలో చివరి "
        "సమాధానాద్ని ఇవ్వండి సమాధానం: తర్వాత పూర్ణాంక సమాధానానికి తప్పించి ఎదేనా "
        "చేర్చవద్దు.",
        "సమాధానం",
    ),
    "th": (
        "แก้ปัญหาคณิตศาสตร์นี้ "
        "ให้ให้ขั้นตอนการใช้เหตุผลก่อนที่จะให้คำตอบสุดท้ายในบรรทัดสุดท้ายโดยอยู่ในรูปแบบ "
        '"คำตอบ:" ไม่ควรเพิ่มอะไรนอกจากคำตอบที่เป็นจำนวนเต็มหลังจาก "คำตอบ:"',
        "คำตอบ",
    ),
    "zh": (
        '解决这个数学问题。在最后一行给出答案前，请提供推理步骤。最后一行应该以 "答案: " 的形式独立'
        '给出答案。在 "答案：" '
        "后不要添加除整数答案之外的任何内容。",
        "答案",
    ),
}


def build_inspect(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask in the problem's own language; inspect_evals spells Bengali with one code point less."""
    return _build(records, {"\u09af\u09bc": "\u09df"})


def build_openbench(records: Iterable[Record], _support: Support) -> Iterator[Sample]:
    """Ask in the problem's own language."""
    return _build(records, {})


def _build(records: Iterable[Record], spelling: Mapping[str, str]) -> Iterator[Sample]:
    seen: Counter[str] = Counter()
    for record in records:
        language = record["_config"]
        instruction, answer_prefix = LANGUAGES[language]
        for ours, theirs in spelling.items():
            instruction = instruction.replace(ours, theirs)
        seen[language] += 1
        yield Sample(
            id=f"{language}_{seen[language]}",
            messages=user(f"{instruction}\n\n{record['question']}"),
            target=str(record["answer_number"]).replace(",", ""),
            category=language,
            metadata={"language": language, "answer_prefix": answer_prefix},
        )


SHA256 = {
    "bn": "6b00bc7cc635547e866989284afa924d789b5affa2eb8de623c385dd943ad977",
    "de": "4dfea30fede44b813e2e496f5f0534049e83c7cc8aed6e00600b30ec62053626",
    "en": "50021d0f28cc957edcb44e7806425b1c7fbd648ddcb9e0a8ec689d10e57d40fa",
    "es": "5bd27ebdf00140cec845c5298dc17715f5cd57d8edda6df1976db40bf3f0750a",
    "fr": "36207c1c03fd7cd3ea491441eb755408199f94e4a647851df531bbaedc99d606",
    "ja": "59a2b50debe77981fd784cb3b2bef1505e3abf2a37116dc9d7a366ab029b4637",
    "ru": "6bd30fd2e80c5bac23f566fb4ae0e6a55a19578401fbf9a01fb21beb3645fef8",
    "sw": "2bac828d77229e65d7c7197b1ad4a2cb5b1fe99b163f2cbdd66501de6a2115c4",
    "te": "dd6b1452c244bb2e4ba254c01ea84137f80c1cefc57d69c23b0ed88b9c0f36b7",
    "th": "f3932dc5ad8e9d0ea82b017adc1e1461dd647af861e7166d6741986602a0cfd6",
    "zh": "b2fa63151022370a0de1f4211c8c284eae74b0f5a3b003b1d5982c0d4a73f661",
}
"""Digest of each language's file, as inspect_evals 0.26 checks it."""


def _ref(language: str) -> DatasetRef:
    return DatasetRef(
        "juletxara/mgsm",
        language,
        "test",
        fields={"question": str, "answer_number": (int, str)},
        url=f"https://openaipublic.blob.core.windows.net/simple-evals/mgsm_{language}.tsv",
        sha256=SHA256[language],
    )


DATASETS = tuple(_ref(language) for language in LANGUAGES)

BENCHMARKS = (
    Benchmark(
        name="mgsm",
        title="MGSM",
        category="language",
        version=1,
        description=(
            "250 grade-school word problems, translated by people into ten languages; question, "
            "instruction and answer in the same language."
        ),
        protocols={
            "inspect": Protocol(
                name="inspect",
                datasets=DATASETS,
                build=build_inspect,
                scorer="numeric/inspect",
                prompt_template="{instruction in the language}\n\n{question}",
            ),
            "openbench": Protocol(
                name="openbench",
                datasets=DATASETS,
                build=build_openbench,
                scorer="mgsm/openbench",
                prompt_template="{instruction in the language}\n\n{question}",
                generation=Generation(temperature=0.5, max_tokens=8192),
            ),
        },
        default_protocol="inspect",
        size=2750,
        license="CC-BY-SA-4.0",
        citation=(
            "Shi et al. (2022), Language Models are Multilingual Chain-of-Thought Reasoners, "
            "arXiv:2210.03057"
        ),
        url="https://huggingface.co/datasets/juletxara/mgsm",
        input_tokens=104,
        output_tokens=(120, 500),
        breakdown="language",
    ),
)
