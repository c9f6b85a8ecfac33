"""inspect_evals' prompt for mathematics, shared by GSM8K, MATH and AIME."""

from __future__ import annotations

INSPECT_MATH = (
    "Solve the following math problem step by step. The last line of your response should be of "
    'the form "ANSWER: $ANSWER" (without quotes) where $ANSWER is the answer to the problem.'
    "\n\n{problem}\n\nRemember to put your answer on its own line at the end in the form "
    '"ANSWER: $ANSWER" (without quotes) where $ANSWER is the answer to the problem, and you do '
    "not need to use a \\boxed command."
)
