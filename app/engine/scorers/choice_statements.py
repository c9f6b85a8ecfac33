r"""How replies introduce the option that they choose, in English and in other languages.

All but ``OPENING`` search a text in small letters: that is several times as quick as ignoring
case. ``choice_studio`` reads what follows. All patterns are linear.
"""

from __future__ import annotations

import re

DRESS = r"[\s*_`\"'“”‘’«»「『【$({\[<>#:,]*+"
FORMAT = r"(?:\\(?:boxed|fbox|text|textbf|mathbf|mathrm|mathsf|mbox)\{|\\[(\[])"
_FILLER = (
    r"(?:(?:i think|i believe|we think|probably|likely|most likely|definitely|clearly|thus|then|"
    r"therefore|hence|indeed|simply|actually|the|option|choice|letter|answer|statement|"
    r"alternative|la|le|el|die|der|das|det|het|opción|opção|opzione|optie|letra|lettre|lettera|"
    r"buchstabe|alternativa|huruf|вариант|буква|[ao] (?:letra|opção|alternativa))\b"
    r"[\s:]*+|选项|選項|選択肢)"
)
_NOT_BUT = r"not\b[^.\n]{1,60}?\bbut\b(?: rather\b)?+"
OPENING = re.compile(rf"(?:{DRESS}(?:{FORMAT}|{_FILLER}|{_NOT_BUT}))*+{DRESS}", re.IGNORECASE)
"""What may stand between a statement and the letter."""

_VERB = (
    r"(?:is|was|must be|should be|would be|will be|could be|may be|might be|has to be|"
    r"(?:seems|appears|is likely|is found) to be|ought to be)"
)
_COLON = r"(?:[:：=→⇒]|-{1,2}+>)"
_ENGLISH = (
    rf"(?<![a-z0-9])(?:answers?+|option|choice|solution)[*_`\"]*+[ \t]*+(?:{_VERB}\b|{_COLON})"
    rf"|\b(?:answer|option|choice) (?:here|letter|choice|option|to (?:this|the) question)"
    rf"[*_`\"]*+[ \t]*+(?:{_VERB}\b|{_COLON})"
    rf"|\b(?:ans|letter|correct|verdict|selection|pick)[*_`\"]*+[ \t]*+{_COLON}|\bans\. "
    r"|(?<![a-z0-9])answer[*_`\"]*+[ \t]*+[-–—][ \t]*+"
    r"(?=[*_`(\[]{0,4}[a-z][*_`)\].]{0,4}[ \t]*+$)"
    r"|\\(?:boxed|fbox|framebox)[ \t]*+\{"
    r"|<(?:final[_ ]?)?+answer>"
    r"|^#{3,}[ \t]*+(?=\S{1,4}[ \t]*+$)"
)
_NOUNS = (
    "antwort|lösung|respuesta|réponse|risposta|resposta|alternativa|antwoord|svar|svaret|cevap|"
    "yanıt|jawaban|odpowiedź|odpowiedzią|odpověď|odpoveď|vastaus|válasz|răspuns|răspunsul|"
    "απάντηση|ответ|ответом|відповідь|відповіддю|đáp án|الإجابة|الجواب|उत्तर|উত্তর"
)
_COPULAS = (
    "ist|lautet|es|sería|est|serait|è|é|seria|sarebbe|is|är|er|to|adalah|jest|je|este|είναι|"
    "является|là|هي|هو|है|—|–"
)
# An adjective or two may stand between: "antwort b", "respuesta correcta es".
_ELSEWHERE = (
    rf"(?<!\w)(?:{_NOUNS})(?!\w)[*_`]*+(?: [^\W\d_]{{2,15}}){{0,3}}?[*_`]*+[ \t]*+"
    rf"(?:(?:{_COPULAS})(?!\w)|[:：])"
    rf"|(?<!\w)(?:{_NOUNS}) (?=[*_`(]{{0,4}}[a-z](?!\w))"
    r"|(?:答案|答え|解答|回答|正解|答|정답|답|选择|選擇|选项|選項|选|選)[*_`]*+[ \t]*+"
    r"(?:应该|應該)?+(?:是|为|為|は|은|는)?+[ \t]*+[:：]?+"
)
STATEMENT = re.compile(_ENGLISH, re.MULTILINE)
STATEMENT_ANYWHERE = re.compile(f"{_ENGLISH}|{_ELSEWHERE}", re.MULTILINE)
"""The same for texts that are not all ASCII, where other languages are looked for, too."""

WEAK_STATEMENT = re.compile(
    r"\bi(?:['’](?:d|ll|m)| would| will| am)? (?:choose|choosing|pick|select|go(?:ing)? with|say|"
    r"think|believe)\b|\blet['’]s go with\b"
    r"|\bit(?: is|['’]s| must be| should be| seems to be| appears to be)\b"
    rf"|\b(?:correct|right|true) (?:one )?{_VERB}\b|\b(?:correct|final)? ?answer\b"
    r"|\bnot\b[^.\n]{1,60}?\bbut\b"
)
"""What may introduce something else as well; looked for where there is no other statement."""

CORRECTION = re.compile(
    r"\b(?:wait|actually|correction|scratch that|on second thoughts?|my mistake|i was wrong|"
    r"sorry|hold on|no, (?=it))\b"
)
"""What comes behind it replaces the statement before."""

CONCLUSION = re.compile(
    r"(?:\b(?:so|thus|hence|therefore|consequently)\b[,:]?+|=>|→|⇒|∴)[ \t]*+"
    r"(?=[*_`(\[$]{0,5}[a-z][*_`)\]$.]{0,6}[ \t]*+$)",
    re.MULTILINE,
)
"""Before a letter with which the line ends."""
