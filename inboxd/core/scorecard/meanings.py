"""What each figure means, in a sentence; docs/figures.md has it at length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SPANS = {
    "first_response": "from a customer's first message to our first answer",
    "next_response": "from a customer's further message to our next answer",
    "resolution": "from the opening of a case to the answer that was its last",
}
_STATISTICS = {
    "median": "Half of them took no longer than this",
    "mean": "The average",
    "p90": "Nine of ten took no longer than this",
}
_CLOCKS = {
    "business": "in the open hours of the policy's calendar",
    "wall": "by the clock on the wall",
}


def _of_times() -> Iterator[tuple[str, str]]:
    for of, span in _SPANS.items():
        for statistic, words in _STATISTICS.items():
            for clock, hours in _CLOCKS.items():
                yield f"{of}_{statistic}_{clock}", f"{words}: {span}, {hours}."
    yield "first_response_open", "First contacts that wait for an answer now."
    yield "next_response_open", "Further contacts that wait for an answer now."
    yield "resolution_open", "Cases that are not over: waiting, or answered a short while ago."


MEANS: Final[Mapping[str, str]] = {
    "customers": "Different people who wrote, by account.",
    "messages": "Everything that customers wrote, comments and direct messages alike.",
    "contacts": "Times that a customer turned to us, with one message or several in a row.",
    "cases": "Matters that customers came with; one case may have several contacts.",
    "needing_answer": "Contacts that were answered, and those that still wait.",
    "answered": "Contacts that an answer of ours ended, whoever gave it; a machine's is none.",
    "unanswered": "Contacts that wait for an answer now.",
    "unanswered_in_time": "Unanswered contacts whose target has not passed yet.",
    "late": "Contacts with a target that were answered after it, or wait although it has passed.",
    "answered_late": "Contacts that were answered, but after their target.",
    "response_rate": "The answered part of the contacts that need an answer.",
    "within_target": "The part in time of the contacts with a target that were answered or are late.",
    "within_30m": "The part of first contacts with an answer within 30 minutes on the wall clock.",
    "within_1h": "The part of first contacts with an answer within an hour on the wall clock.",
    "within_next_day": "The part of first contacts answered by the end of the following day.",
    "only_next_day": "The part of first answers that came on the day after the question.",
    "service_level": "The part of first contacts with an answer within the span, on the wall clock.",
    "service_level_business": "The part of first contacts with an answer within the open hours.",
    "no_reply_needed": "Contacts that said no more than thanks for our answer.",
    "closed": "Contacts of which a person said that no answer is needed.",
    "deleted": "Contacts that the customer took back before we answered.",
    **dict(_of_times()),
    "resolved": "Cases that ended with our answer: the customer did not write again.",
    "first_contact_resolution": "The part of the cases ended by an answer that took a single one.",
    "reopened": "The part of the answered cases in which the customer wrote again.",
    "replies": "What people wrote to customers in our name; machines' answers do not count.",
    "replies_judged": "Answers of which the judge of replies has said something.",
    "deflection_rate": "The part of the judged answers that sent the customer elsewhere.",
    "non_answer_rate": "The part of the judged answers that miss what was asked.",
    "mark": "A point each for answering, serving here, greeting, feeling and writing well.",
    "mark_answers": "The part of the marked answers that say something to what was asked.",
    "mark_serves": "The part of the marked answers that send nobody elsewhere.",
    "mark_greets": "The part of the marked answers that greet.",
    "mark_feels": "The part of the marked answers with the thanks or the apology that is due.",
    "mark_writes": "The part of the marked answers with proper punctuation and capitals.",
    "good_within_1h": "The part of first contacts with an answer above mark 3 within the hour.",
    "promises_made": "Times that an answer of ours promised something.",
    "promises_kept": "Promises that another answer of ours kept, by when it was promised.",
    "promises_broken": "Promises that were not kept when they fell due, even if they were later.",
    "promises_open": "Promises that have not fallen due.",
    "promises_released": "Promises that another one replaced, or whose case was over before.",
    "promise_kept_rate": "The kept part of the promises that were kept or broken.",
    "complaints": "Cases in which a message complains.",
    "complaint_rate": "The part of the judged cases that complain.",
    "hold_complaints": "Messages that tell of waiting on the phone.",
    "spikes": "Times that far more customers than usual complained of one thing.",
    "lag_median": "Half of the messages were seen no later than this after they were sent.",
    "lag_p95": "95 of 100 messages were seen no later than this after they were sent.",
    "late_by_connector": "Late contacts that had been in time if we had seen them at once.",
    "late_by_team": "Late contacts that we had seen soon enough.",
}
