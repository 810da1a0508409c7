"""Promises of the judge of the brand's replies."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from inboxd.classify import SHIPPED_FOR_REPLIES, Reply, load, load_reply_judge
from inboxd.classify.compact import Model
from inboxd.classify.jsonl import BadLine, Classified, judge_lines
from inboxd.classify.manners import has_capitals, has_punctuation
from inboxd.classify.replies import FLAGS, CompactReplyJudge
from inboxd.classify.reply_evaluation import evaluate_replies
from inboxd.classify.reply_reading import read_reply
from inboxd.classify.reply_rows import ReplyRow, read_reply_rows
from inboxd.classify.reply_training import STEPS, digest_of, train_replies
from inboxd.cli import main
from inboxd.errors import UserError

if TYPE_CHECKING:
    from inboxd.model import ReplyVerdict

SEEDS = sorted((Path(__file__).parents[2] / "data").glob("replies.*.jsonl"))
SENT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TEXTS = st.text(st.characters(codec=None), max_size=300)


def judge(text: str, question: str = "") -> ReplyVerdict:
    (verdict,) = load_reply_judge().judge([Reply(text, SENT, question)])
    return verdict


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Please email our customer care team at care@shop.example", "mail"),
        ("Обратитесь, пожалуйста, на горячую линию 8 800 555 35 35", "phone"),
        ("Заповніть, будь ласка, форму на сайті", "form"),
        ("Bitte wenden Sie sich an den Hersteller.", "party"),
        ("Hi, please send us a DM with your order number.", "private"),
        ("Напишите нам в ЛС, пожалуйста", "private"),
    ],
)
def test_sending_the_customer_elsewhere_is_a_deflection(text: str, where: str) -> None:
    """In four languages, and the evidence tells where to."""
    verdict = judge(text)
    assert verdict.deflection
    assert f"deflection:{where}" in {span.label for span in verdict.evidence}


@pytest.mark.parametrize(
    ("text", "words", "day"),
    [
        ("Sorry about that, we will refund you by Friday.", "by Friday", 27),
        ("Извините! Перезвоним вам завтра.", "завтра", 26),
        ("Перевіримо і напишемо вам до кінця дня.", "до кінця дня", 25),
        ("Wir prüfen das und melden uns bis Montag bei Ihnen.", "bis Montag", 30),
    ],
)
def test_promise_is_told_with_its_date(text: str, words: str, day: int) -> None:
    """What is promised, when, and which day that is."""
    verdict = judge(text)
    assert verdict.promise
    assert verdict.promised is not None
    assert verdict.promised.text == words
    assert verdict.promised.on is not None
    assert (verdict.promised.on.month, verdict.promised.on.day) == (11, day)


def test_time_that_is_promised_is_the_one_beside_the_promise() -> None:
    """What was done today is not what comes within three days."""
    verdict = judge("Повернення підтвердили сьогодні. Гроші надійдуть протягом 3 робочих днів.")
    assert verdict.promised is not None
    assert verdict.promised.text == "протягом 3 робочих днів"


@pytest.mark.parametrize(
    "text",
    [
        "Unser Monteur sieht sich die Heizung am Dienstag an.",
        "Die Gutschrift wird Ihnen bis Freitag überwiesen.",
        "Your invoice is being corrected and goes out on Monday.",
        "One of our colleagues will get in touch with you tomorrow.",
        "If you send us the receipt, we will refund you.",
        "Наш мастер подгонит дверь до пятницы.",
        "Если пришлёте чек, вернём деньги.",
        "З вами зв'яжеться наша колега.",
        "Кошти буде повернено протягом трьох днів.",
    ],
)
def test_promise_is_one_whoever_keeps_it_and_in_whatever_tense(text: str) -> None:
    """A colleague's, in the present or the passive, or on a condition."""
    assert judge(text).promise


@pytest.mark.parametrize(
    "text",
    [
        "According to the courier the parcel arrives tomorrow.",
        "We are open until six on Fridays.",
        "Wir haben freitags bis 18 Uhr geöffnet.",
        "По пятницам работаем до шести.",
    ],
)
def test_time_alone_makes_no_promise(text: str) -> None:
    """What others say, and when a shop is open, is nothing that we shall do."""
    assert not judge(text).promise


@pytest.mark.parametrize(
    ("text", "sends"),
    [
        ("Das weiß nur Ihr Vermieter.", True),
        ("Это вопрос к вашему банку.", True),
        ("Please use this form: https://shop.example/complaints", True),
        ("Заполните форму: https://shop.example/form", True),
        ("Here is the size chart: https://shop.example/sizes", False),
        ("Вот таблица размеров: https://shop.example/sizes", False),
    ],
)
def test_deflection_needs_no_address_and_a_link_may_be_an_answer(text: str, *, sends: bool) -> None:
    """Whose business it is sends away, too; what is linked may be what was asked for."""
    assert judge(text).deflection is sends


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for your feedback!",
        "Спасибо за обращение!",
        "Дякуємо за звернення",
        "Vielen Dank für Ihr Feedback!",
    ],
)
def test_stock_phrase_is_no_answer(text: str) -> None:
    """Thanks alone answer nothing that was asked."""
    assert judge(text).non_answer


def test_who_asked_for_nothing_misses_no_answer() -> None:
    """Thanks for praise are no stock phrase, however like one they read, and nor is a word of them."""
    text = "Thanks for being with us!"
    (held,) = load_reply_judge().judge([Reply(text, SENT, "Where is my parcel? This is awful.")])
    (fine,) = load_reply_judge().judge([Reply(text, SENT, "Love it!", needs_answer=False)])
    assert held.non_answer
    assert not fine.non_answer
    assert not [span for span in fine.evidence if span.label.startswith("non_answer")]


@pytest.mark.parametrize(
    "text",
    [
        "Yes, we deliver to Jersey, £6.95 and about four days.",
        "Добрый день, 44-й есть в бежевом, в чёрном остались 40 и 46.",
        "Привіт! Ні, діє більша з двох знижок.",
        "Hallo, 30 Tage ab Erhalt, Karton und Etikett bitte dranlassen.",
    ],
)
def test_plain_answer_is_none_of_these(text: str) -> None:
    """Whoever answers neither deflects nor promises nor dodges."""
    verdict = judge(text)
    assert not verdict.deflection
    assert not verdict.promise
    assert not verdict.non_answer


def test_full_stop_is_no_evidence() -> None:
    """Where only the model's own words can be shown, they are words (or emoji)."""
    for text in ("Wir melden uns innerhalb von 24 Stunden.", "👍", "Ja. Nein. Doch!"):
        assert all(span.text.strip(".,!?") for span in judge(text).evidence)


def test_manners_are_told_part_by_part() -> None:
    """Each part is shown by itself, with the words that show it."""
    good = judge("Здравствуйте! Извините за задержку, спасибо за терпение.").manners
    assert (good.greeting, good.thanks, good.apology) == (True, True, True)
    assert (good.punctuation, good.capitals) == (True, True)
    bad = judge("это не к нам").manners
    assert not any((bad.greeting, bad.thanks, bad.apology, bad.punctuation, bad.capitals))


@pytest.mark.parametrize(
    ("question", "due"),
    [
        ("third week without my parcel and nobody answers", "apology"),
        ("thank you so much, the cake was wonderful!", "thanks"),
        ("do you have this in blue?", ""),
        ("", ""),
    ],
)
def test_what_is_due_depends_on_the_question(question: str, due: str) -> None:
    """A complaint calls for an apology, praise for thanks; the unknown for nothing."""
    assert judge("Hello, it is on its way.", question).manners.due == due


@pytest.mark.parametrize(
    ("text", "proper"),
    [
        ("We have sent it.", (True, True)),
        ("We have sent it. Olga", (True, True)),
        ("We have sent it 😊", (True, True)),
        ("we have sent it", (False, False)),
        ("Why???", (False, True)),
        ("READ THE MANUAL FIRST", (False, False)),
        ("Sent. we shall see. it comes. soon.", (True, False)),
        ("See https://shop.example/a", (False, True)),
        ("@anna Sent today! ^AG", (True, True)),
        ("😊", (True, True)),
        ("", (True, True)),
    ],
)
def test_punctuation_and_capitals(text: str, proper: tuple[bool, bool]) -> None:
    """Signatures, names and emoji are no faults; shouting and rows of marks are."""
    manners = judge(text).manners
    assert (manners.punctuation, manners.capitals) == proper


@given(TEXTS, TEXTS)
@example("", "")
@example("\ud800", "a\x00b")
@example("ы" * 100_000, "ы" * 100_000)
@example("a@" * 20_000, "0 800 " * 20_000)
@example("İ завтра, by Friday, bis Montag", "?")
def test_any_text_gets_a_sound_verdict(text: str, question: str) -> None:
    """Whatever is written: shares between 0 and 1, and evidence that stands in the text."""
    verdict = judge(text, question)
    assert verdict.scores.keys() == set(FLAGS)
    assert all(0 <= share <= 1 for share in verdict.scores.values())
    assert verdict.promised is None or verdict.promise
    for span in verdict.evidence:
        assert text[span.start : span.end] == span.text


@given(st.lists(TEXTS, max_size=6))
def test_company_changes_nothing(texts: list[str]) -> None:
    """A reply gets the same verdict alone as in a batch, in the order of the batch."""
    together = load_reply_judge().judge([Reply(text, SENT) for text in texts])
    for one, text in zip(together, texts, strict=True):
        other = judge(text)
        assert (one.manners, one.promised, one.language) == (
            other.manners,
            other.promised,
            other.language,
        )
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


@pytest.mark.parametrize("mark", ["a", "@a", " ", "!", "8 800 ", "x.", "<", "http://"])
def test_reading_stays_linear(mark: str) -> None:
    """No text makes a pattern run away; the test's own patience is the limit."""
    long = mark * 40_000
    read_reply(long)
    has_punctuation(long)
    has_capitals(long)


def test_the_shipped_model_is_that_of_the_seeds() -> None:
    """Whoever changes the seeds trains anew: `make model`."""
    card = Model.load(SHIPPED_FOR_REPLIES, FLAGS).card
    assert card["data"] == digest_of(read_reply_rows(SEEDS, FLAGS))


def test_training_is_repeatable_bit_for_bit(tmp_path: Path) -> None:
    """The same rows give the same file, which judges as the model did; each step is told once."""
    rows = read_reply_rows(SEEDS, FLAGS)[::20]
    told: list[str] = []
    for name in ("one", "two"):
        train_replies(rows, told.append).save(tmp_path / name)
    assert len(told) == 2 * STEPS
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    replies = [Reply(row.text, question=row.question) for row in rows]
    again = CompactReplyJudge(Model.load(tmp_path / "one", FLAGS), load()).judge(replies)
    assert again == CompactReplyJudge(train_replies(rows), load()).judge(replies)


def test_a_model_of_messages_is_none_of_replies() -> None:
    """The two files are not mixed up silently."""
    with pytest.raises(UserError, match="another version"):
        Model.load(SHIPPED_FOR_REPLIES)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": "a"}',
        '{"text": 1, "deflection": true, "promise": true, "non_answer": true}',
        '{"text": "a", "deflection": "yes", "promise": true, "non_answer": true}',
        '{"text": "a", "deflection": true}',
    ],
)
def test_rows_that_are_not_labelled_are_named(tmp_path: Path, line: str) -> None:
    """The error says which line of which file."""
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"rows\.jsonl, line 2"):
        read_reply_rows([path], FLAGS)


def test_evaluation_counts_as_one_would_by_hand() -> None:
    """One of two deflections found, nothing else called one; what is not labelled is not judged."""
    found = judge("Please email us at care@shop.example")
    missed = judge("Yes, until nine.")
    rows = [ReplyRow("", "en", {"deflection": label}, "i") for label in (True, True, False)]
    result = evaluate_replies(rows, [found, missed, missed])
    (score,) = result.scores["reply"]
    assert (score.label, score.precision, score.recall, score.rows) == ("deflection", 1, 0.5, 2)
    assert "time of a promise found" not in result.headline


def run(*lines: str) -> list[Classified | BadLine]:
    return list(judge_lines(lines, load_reply_judge()))


def test_lines_go_through_in_order_with_what_they_had() -> None:
    """Unknown keys pass, the verdict's keys come beside them."""
    (result,) = run(
        '{"id": 7, "text": "Перезвоним завтра до 12:00.", "sent_at": "2026-11-25T18:00:00+03:00",'
        ' "question": "где мой заказ?"}'
    )
    assert isinstance(result, Classified)
    record = json.loads(result.json)
    assert (record["id"], record["question"], record["promise"]) == (7, "где мой заказ?", True)
    assert record["promise_when"] == "завтра до 12:00"
    assert record["promise_date"] == "2026-11-26"
    assert record["promise_at"] == "2026-11-26T12:00:00+03:00"
    assert set(record["scores"]) == set(FLAGS)
    assert set(record["manners"]) == {
        "greeting",
        "thanks",
        "apology",
        "punctuation",
        "capitals",
        "due",
    }


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ('{"text": null}', '"text" is null'),
        ('{"text": "a", "sent_at": 5}', '"sent_at" is a number'),
        ('{"text": "a", "sent_at": "yesterday"}', "no ISO 8601 time"),
        ('{"text": "a", "question": []}', '"question" is an array'),
    ],
)
def test_bad_line_is_named_and_the_rest_is_done(line: str, why: str) -> None:
    """A line that is no reply is reported by number, in its place."""
    before, bad, after = run('{"text": "one", "question": null}', line, '{"text": "two"}')
    assert isinstance(before, Classified)
    assert isinstance(bad, BadLine)
    assert (bad.number, why in bad.why) == (2, True)
    assert isinstance(after, Classified)


def test_command_judges_replies_and_says_what_it_could_not(tmp_path: Path) -> None:
    """`inboxd classify --replies` does what it can and ends with 1 where a line was bad."""
    path = tmp_path / "replies.jsonl"
    path.write_text('{"text": "Пишите на почту"}\nno json\n', encoding="utf-8")
    result = CliRunner().invoke(main, ["classify", "--replies", str(path)])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["deflection"] is True
    assert result.stderr.startswith("line 2: not JSON")


def test_command_trains_and_evaluates_replies(tmp_path: Path) -> None:
    """A model of one's own is made from labelled replies, and judged by them."""
    data, model = tmp_path / "rows.jsonl", tmp_path / "model.npz"
    lines = [line for path in SEEDS for line in path.read_text("utf-8").splitlines()[::20]]
    data.write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--replies", "--data", str(data)]
    trained = CliRunner().invoke(main, ["classifier", "train", *arguments, "--out", str(model)])
    assert trained.exit_code == 0, trained.output
    judged = CliRunner().invoke(main, ["classifier", "evaluate", *arguments, "--model", str(model)])
    assert judged.exit_code == 0, judged.output
    for flag in FLAGS:
        assert re.search(
            rf"^  {flag} +\d\.\d{{3}} +\d\.\d{{3}} +\d\.\d{{3}} +\d\.\d{{3}} +\d+$",
            judged.output,
            re.MULTILINE,
        )
        assert f"{flag}, calibration error" in judged.output
