"""How the pace of calls reacts to refusals and answers: the one set of constants.

A process alone (`app.engine.run.throttle`) and the queue server's script for all workers
together (`app/services/pace/shared_pace.lua`) follow the same law.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaceLaw:
    """The constants of the law.

    Attributes:
        episode_s: Refusals belong together for at least so long.
        default_pause_s: Nobody starts a call for so long where the provider names no wait.
        longest_pause_s: A longer wait than this is not kept at once.
        below_accepted: After a refusal calls start at this share of the rate that was accepted.
        most_cut: One episode never leaves less than this share of the rate before.
        few_calls: Fewer calls than this since the episode before say little.
        least_per_s: Calls never start slower.
        least_at_first_per_s: As above, after the first refusal.
        growth: An answer raises the rate by this much ...
        growth_share: ... or by this share of it, whichever is more.
        search_growth: The same after the first refusal, which says little.
        recovery_factor: So many times as fast below what was accepted before.
        calm_s: After so long without refusal growth is faster: by the square of the time over it,
        calm_most_factor: and at most so many times as fast.
        release_s: After so long the pace is dropped if it holds nobody back.
    """

    episode_s: float = 1.0
    default_pause_s: float = 0.5
    longest_pause_s: float = 120.0
    below_accepted: float = 0.9
    most_cut: float = 0.7
    few_calls: int = 5
    least_per_s: float = 0.05
    least_at_first_per_s: float = 0.5
    growth: float = 0.02
    growth_share: float = 0.001
    search_growth: float = 0.3
    recovery_factor: float = 2.5
    calm_s: float = 5.0
    calm_most_factor: float = 20.0
    release_s: float = 60.0

    def pause_s(self, retry_after_s: float | None) -> float:
        """Return how long nobody starts a call when the provider asked for ``retry_after_s``."""
        if retry_after_s is None:
            return self.default_pause_s
        return min(retry_after_s, self.longest_pause_s)

    def growth_per_answer(self, rate_per_s: float, accepted_per_s: float, calm_s: float) -> float:
        """Return by how much an answer raises the rate, in calls per second.

        Args:
            rate_per_s: The rate.
            accepted_per_s: What was accepted before the last refusal.
            calm_s: Since the last episode of refusals began.
        """
        growth = max(self.growth, self.growth_share * rate_per_s)
        recovery = self.recovery_factor if rate_per_s < accepted_per_s else 1.0
        return growth * max(recovery, min((calm_s / self.calm_s) ** 2, self.calm_most_factor))


LAW = PaceLaw()
