"""
The database's shape, as named migrations that are applied in order, each in a transaction.

The tables and views are a public interface, described in ``docs/database.md``: a released
migration is never edited, only followed by another.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from inboxd.store.scorecard import marks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlite_utils import Database

APPLICATION_ID = 0x696E6278
"""``inbx``: how a file says that it is an inboxd database (PRAGMA application_id)."""

_SET = "inboxd"
"""Under which name sqlite-utils keeps what has been applied."""

_TABLES = """
CREATE TABLE memory (               -- what inboxd remembers of itself
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sources (
    account        TEXT NOT NULL,
    source         TEXT NOT NULL,
    cursor         TEXT,              -- JSON that only the connector understands
    polled_at      TEXT,              -- the last attempt
    succeeded_at   TEXT,              -- the last complete read
    failing_since  TEXT,
    error_class    TEXT,
    error          TEXT,
    needs_person   INTEGER NOT NULL DEFAULT 0,  -- waiting does not help
    failures       INTEGER NOT NULL DEFAULT 0,
    retry_at       TEXT,
    told_as        TEXT,              -- what people know of it: blind, or refused
    told_at        TEXT,
    blind_since    TEXT,
    PRIMARY KEY (account, source)
) WITHOUT ROWID;

CREATE TABLE authors (
    id         INTEGER PRIMARY KEY,
    account    TEXT NOT NULL,
    remote_id  TEXT NOT NULL,
    name       TEXT NOT NULL,
    handle     TEXT NOT NULL,
    followers  INTEGER,
    url        TEXT NOT NULL,
    UNIQUE (account, remote_id)
);

CREATE TABLE conversations (
    id               INTEGER PRIMARY KEY,
    account          TEXT NOT NULL,
    network          TEXT NOT NULL,
    remote_id        TEXT NOT NULL,
    stream           TEXT NOT NULL,
    public           INTEGER NOT NULL,
    reply_open       INTEGER NOT NULL DEFAULT 1,
    reply_closes_at  TEXT,
    reply_note       TEXT NOT NULL DEFAULT '',
    reply_max_length INTEGER,
    settled_until    TEXT NOT NULL DEFAULT '',  -- what was said before is over
    untracked        INTEGER NOT NULL DEFAULT 0, -- something happened that is not yet folded in
    UNIQUE (account, remote_id)
);
CREATE INDEX conversations_untracked ON conversations (id) WHERE untracked;

CREATE TABLE messages (
    id               INTEGER PRIMARY KEY,
    account          TEXT NOT NULL,
    remote_id        TEXT NOT NULL,
    conversation_id  INTEGER NOT NULL REFERENCES conversations (id),
    stream           TEXT NOT NULL,
    direction        TEXT NOT NULL,
    public           INTEGER NOT NULL,
    author_id        INTEGER REFERENCES authors (id),
    text             TEXT NOT NULL,
    sent_at          TEXT NOT NULL,   -- the network's clock
    seen_at          TEXT NOT NULL,   -- ours
    edited_at        TEXT,
    deleted_at       TEXT,            -- when we saw that it was gone
    parent_remote_id TEXT,
    url              TEXT NOT NULL,
    attachments      TEXT NOT NULL,   -- JSON list of {type, url, title}
    auto_reply       INTEGER NOT NULL,
    staff            TEXT NOT NULL,
    classified_at    TEXT,
    kind             TEXT,
    topics           TEXT,            -- JSON list
    urgency          TEXT,
    language         TEXT,
    verdict          TEXT,            -- JSON: scores and evidence
    raw              TEXT,            -- JSON as the network sent it
    UNIQUE (account, remote_id)
);
CREATE INDEX messages_of_conversation ON messages (conversation_id, sent_at);
CREATE INDEX messages_unclassified ON messages (id)
    WHERE classified_at IS NULL AND direction = 'inbound';

CREATE TABLE message_versions (
    message_id  INTEGER NOT NULL REFERENCES messages (id),
    text        TEXT NOT NULL,
    replaced_at TEXT NOT NULL
);
CREATE INDEX message_versions_of_message ON message_versions (message_id);

CREATE TABLE unknown_items (
    account    TEXT NOT NULL,
    remote_id  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    raw        TEXT NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at  TEXT NOT NULL,
    seen       INTEGER NOT NULL,
    PRIMARY KEY (account, remote_id)
) WITHOUT ROWID;

CREATE TABLE cases (
    id                INTEGER PRIMARY KEY,
    conversation_id   INTEGER NOT NULL REFERENCES conversations (id),
    account           TEXT NOT NULL,
    status            TEXT NOT NULL,
    first_message_id  INTEGER NOT NULL REFERENCES messages (id),
    opened_at         TEXT NOT NULL,
    waiting_since     TEXT,
    unanswered        INTEGER NOT NULL,
    wrote_at          TEXT,           -- the customer's latest message
    answered_at       TEXT,
    quiet_at          TEXT,           -- an answered case is resolved if nobody writes until then
    ended_at          TEXT,
    close_reason      TEXT NOT NULL,
    kind              TEXT,
    topics            TEXT NOT NULL,  -- JSON list
    urgency           TEXT,
    language          TEXT NOT NULL,
    policy            TEXT,
    response_due_at   TEXT,
    resolution_due_at TEXT,
    due_at            TEXT,           -- the earlier of the two
    next_step_at      TEXT,           -- when the escalation must look again
    acknowledged_at   TEXT,
    acknowledged_by   TEXT NOT NULL DEFAULT '',
    snoozed_at        TEXT,
    snoozed_until     TEXT
);
CREATE INDEX cases_of_conversation ON cases (conversation_id, opened_at);
CREATE INDEX cases_waiting ON cases (due_at) WHERE status = 'waiting';
CREATE INDEX cases_next_step ON cases (next_step_at) WHERE next_step_at IS NOT NULL;
CREATE INDEX cases_quiet ON cases (quiet_at) WHERE status = 'answered';

CREATE TABLE waits (
    id           INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES cases (id),
    kind         TEXT NOT NULL,
    since        TEXT NOT NULL,
    message_id   INTEGER NOT NULL REFERENCES messages (id),
    due_at       TEXT,
    ended_at     TEXT,
    outcome      TEXT,               -- answered, closed, deleted
    ended_by     INTEGER,            -- the answering message, or the action
    open_seconds INTEGER,            -- how long it lasted in business time
    told_until   TEXT,               -- what was planned until then has been told
    told         TEXT NOT NULL       -- JSON: step -> its highest turn that was told
);
CREATE INDEX waits_of_case ON waits (case_id);

CREATE TABLE actions (
    id       INTEGER PRIMARY KEY,
    case_id  INTEGER NOT NULL REFERENCES cases (id),
    at       TEXT NOT NULL,
    actor    TEXT NOT NULL,
    action   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    covers   TEXT NOT NULL        -- the newest message that had been seen by then
);
CREATE INDEX actions_of_case ON actions (case_id);

CREATE TABLE alerts (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    thread     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    tone       TEXT NOT NULL,
    headline   TEXT NOT NULL,
    detail     TEXT NOT NULL,
    case_id    INTEGER REFERENCES cases (id),
    wait_id    INTEGER REFERENCES waits (id),
    card       TEXT,                 -- JSON: the facts of the case at that moment
    created_at TEXT NOT NULL
);
CREATE INDEX alerts_of_wait ON alerts (wait_id);
CREATE INDEX alerts_of_case ON alerts (case_id);
CREATE INDEX alerts_of_inboxd ON alerts (thread) WHERE case_id IS NULL;

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    receiver    TEXT NOT NULL,       -- a sink for an alert, an account for a reply
    alert_id    INTEGER REFERENCES alerts (id),
    case_id     INTEGER REFERENCES cases (id),
    thread      TEXT NOT NULL,
    reply       TEXT,                -- JSON, for a reply
    state       TEXT NOT NULL,       -- pending, sending, sent, unsure, refused, cancelled
    attempts    INTEGER NOT NULL DEFAULT 0,
    uncertain   INTEGER NOT NULL DEFAULT 0,
    created_at  TEXT NOT NULL,
    not_before  TEXT NOT NULL,
    claimed_at  TEXT,
    done_at     TEXT,
    receipt     TEXT,                -- JSON from the receiver
    error       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_pending ON outbox (receiver, not_before) WHERE state = 'pending';
CREATE INDEX outbox_open ON outbox (state) WHERE state IN ('sending', 'unsure');
CREATE INDEX outbox_of_alert ON outbox (alert_id);
CREATE INDEX outbox_of_thread ON outbox (thread, receiver);

CREATE VIEW waiting AS
SELECT cases.id AS case_id, cases.account, conversations.network, conversations.stream,
       conversations.public, authors.name AS author, authors.handle, authors.followers,
       cases.kind, cases.topics, cases.urgency, cases.language, cases.policy,
       cases.waiting_since, cases.due_at, cases.unanswered,
       CASE WHEN cases.acknowledged_at >= cases.waiting_since THEN cases.acknowledged_by
            ELSE '' END AS acknowledged_by,
       cases.snoozed_until, messages.text, messages.url
  FROM cases
  JOIN conversations ON conversations.id = cases.conversation_id
  JOIN messages ON messages.id = (
           SELECT message_id FROM waits WHERE case_id = cases.id AND ended_at IS NULL)
  LEFT JOIN authors ON authors.id = messages.author_id
 WHERE cases.status = 'waiting';

CREATE VIEW response_times AS
SELECT waits.id AS wait_id, waits.case_id, cases.account, conversations.network,
       conversations.stream, cases.kind, cases.topics, cases.language, waits.kind AS wait,
       waits.since, waits.due_at, waits.ended_at, waits.outcome, waits.open_seconds,
       CAST(round((julianday(waits.ended_at) - julianday(waits.since)) * 86400) AS INTEGER)
           AS wall_seconds,
       waits.ended_at > waits.due_at AS late
  FROM waits
  JOIN cases ON cases.id = waits.case_id
  JOIN conversations ON conversations.id = cases.conversation_id
 WHERE waits.ended_at IS NOT NULL;
"""

_INDEX_AN_EDIT = """
-- As sqlite-utils writes it, but a verdict, which changes no word, does not touch the index.
CREATE TRIGGER messages_au AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, text) VALUES ('delete', old.rowid, old.text);
    INSERT INTO messages_fts (rowid, text) VALUES (new.rowid, new.text);
END
"""


def m001_first(db: Database) -> None:
    """Create everything that the first release needs."""
    for statement in _statements(_TABLES):
        db.execute(statement)
    db.table("messages").enable_fts(["text"], create_triggers=True)
    db.execute("DROP TRIGGER messages_au")
    db.execute(_INDEX_AN_EDIT)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")


_DEPTH = """
ALTER TABLE messages ADD COLUMN addressees TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN versions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message_versions ADD COLUMN kind TEXT;
ALTER TABLE message_versions ADD COLUMN edited_at TEXT;
UPDATE message_versions SET kind = '';
UPDATE messages SET versions =
    (SELECT count(*) FROM message_versions WHERE message_id = messages.id);
CREATE INDEX message_versions_unjudged ON message_versions (message_id) WHERE kind IS NULL;
ALTER TABLE waits ADD COLUMN telling_id INTEGER REFERENCES messages (id);
UPDATE waits SET telling_id = message_id;
ALTER TABLE unknown_items ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE unknown_items ADD COLUMN error TEXT NOT NULL DEFAULT '';
ALTER TABLE unknown_items ADD COLUMN understood_at TEXT;
ALTER TABLE sources ADD COLUMN reading_since TEXT;
ALTER TABLE sources ADD COLUMN missed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_of_ours_by_text ON messages (account, text, sent_at)
    WHERE direction = 'outbound';
CREATE INDEX messages_of_ours ON messages (conversation_id, sent_at) WHERE direction = 'outbound';
CREATE INDEX outbox_replies ON outbox (json_extract(receipt, '$.remote_id'))
    WHERE reply IS NOT NULL AND state = 'sent';
CREATE INDEX messages_of_author ON messages (author_id, sent_at) WHERE direction = 'inbound';
CREATE TABLE answers_elsewhere (     -- an answer to several customers whom the network keeps apart
    account          TEXT NOT NULL,
    thread_remote_id TEXT NOT NULL,  -- its conversation may not be known yet
    message_id       INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (account, thread_remote_id, message_id)
) WITHOUT ROWID;
CREATE TABLE traffic (               -- customers' messages by the hour in which they were sent
    account  TEXT NOT NULL,
    stream   TEXT NOT NULL,
    hour     TEXT NOT NULL,          -- the hour's beginning
    messages INTEGER NOT NULL,
    PRIMARY KEY (account, stream, hour)
) WITHOUT ROWID;
CREATE TABLE coverage (              -- gaps: spans of which nobody knows what was written in them
    id       INTEGER PRIMARY KEY,
    account  TEXT NOT NULL,
    source   TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,                   -- NULL: it lasts
    reason   TEXT NOT NULL,
    found    INTEGER                 -- messages that were read when it ended; NULL: lost for good
);
CREATE INDEX coverage_open ON coverage (account, source) WHERE ended_at IS NULL;
CREATE TABLE spendings (             -- what an account used of what its network counts
    account TEXT NOT NULL,
    day     TEXT NOT NULL,           -- of UTC
    name    TEXT NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (account, day, name)
) WITHOUT ROWID;
CREATE TABLE corrections (           -- what people said of the classifier's verdicts
    id               INTEGER PRIMARY KEY,
    message_id       INTEGER NOT NULL REFERENCES messages (id),
    text             TEXT NOT NULL,  -- what the message said then: it holds of nothing else
    at               TEXT NOT NULL,
    actor            TEXT NOT NULL,
    model            TEXT NOT NULL,  -- which model had judged
    machine_kind     TEXT,
    machine_topics   TEXT,           -- JSON list
    machine_urgency  TEXT,
    machine_language TEXT,
    kind             TEXT,           -- what the person said; NULL: nothing about it
    topics           TEXT,           -- JSON list
    urgency          TEXT,
    language         TEXT
);
CREATE INDEX corrections_of_message ON corrections (message_id);
CREATE TABLE gatherings (            -- alerts that are told as one; their thread is gathering:<id>
    id       INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,          -- what their cases have in common
    began_at TEXT NOT NULL
);
CREATE INDEX gatherings_of_key ON gatherings (key);
CREATE INDEX alerts_of_gathering ON alerts (thread, case_id) WHERE case_id IS NOT NULL;
ALTER TABLE outbox ADD COLUMN bundle TEXT;
ALTER TABLE outbox ADD COLUMN held TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN instead_of TEXT NOT NULL DEFAULT '';
CREATE INDEX outbox_sent ON outbox (receiver, done_at) WHERE state = 'sent';
ALTER TABLE alerts ADD COLUMN mentions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE cases ADD COLUMN assigned_to TEXT NOT NULL DEFAULT '';
CREATE TABLE silences (              -- cases of which nobody wants to hear for a while
    id       INTEGER PRIMARY KEY,
    match    TEXT NOT NULL,          -- JSON, as a policy's match
    began_at TEXT NOT NULL,
    until    TEXT NOT NULL,          -- moved up when a person ends it
    actor    TEXT NOT NULL,
    reason   TEXT NOT NULL
);
CREATE TABLE refreshes (             -- messages that do not show any more how it stands
    outbox_id  INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    receiver   TEXT NOT NULL,
    marks      INTEGER NOT NULL,     -- how often that was noticed
    attempts   INTEGER NOT NULL DEFAULT 0,
    not_before TEXT NOT NULL
);
CREATE INDEX outbox_of_bundle ON outbox (bundle) WHERE bundle IS NOT NULL;
CREATE TABLE presses (               -- of buttons: one that comes a second time changes nothing
    key TEXT PRIMARY KEY,
    at  TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE reply_verdicts (        -- what is said of our answers to customers
    message_id  INTEGER PRIMARY KEY REFERENCES messages (id),
    judged_at   TEXT,                -- NULL: it is to be judged
    text        TEXT,                -- what the answer said then: an edit is judged anew
    model       TEXT NOT NULL DEFAULT '',
    language    TEXT NOT NULL DEFAULT '',
    deflection  REAL,                -- the three shares
    promise     REAL,
    non_answer  REAL,
    flags       TEXT,                -- JSON list: which of the three the judge says it is
    promised    TEXT,                -- the words for the time
    promised_on TEXT,
    promised_at TEXT,
    manners     TEXT,                -- JSON
    evidence    TEXT                 -- JSON list
);
CREATE INDEX reply_verdicts_due ON reply_verdicts (message_id) WHERE judged_at IS NULL;
ALTER TABLE waits ADD COLUMN promised_on TEXT;
ALTER TABLE waits ADD COLUMN promised_at TEXT;
ALTER TABLE cases ADD COLUMN pauses TEXT NOT NULL DEFAULT '[]';
ALTER TABLE messages ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
CREATE TABLE rests (                 -- what a network takes no calls of for a while
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    until   TEXT NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
DROP VIEW waiting;
CREATE VIEW waiting AS
SELECT cases.id AS case_id, cases.account, conversations.network, conversations.stream,
       conversations.public, authors.name AS author, authors.handle, authors.followers,
       cases.kind, cases.topics, cases.urgency, cases.language, cases.policy,
       waits.kind AS wait, cases.waiting_since, cases.due_at, cases.unanswered,
       CASE WHEN cases.acknowledged_at >= cases.waiting_since THEN cases.acknowledged_by
            ELSE '' END AS acknowledged_by,
       CASE WHEN cases.snoozed_at >= waits.since AND cases.wrote_at <= cases.snoozed_at
            THEN cases.snoozed_until END AS snoozed_until, messages.text, messages.url
  FROM cases
  JOIN conversations ON conversations.id = cases.conversation_id
  JOIN waits ON waits.id = (
           SELECT id FROM waits WHERE case_id = cases.id AND ended_at IS NULL
            ORDER BY kind IN ('promise', 'resolution'), coalesce(due_at, '~') LIMIT 1)
  JOIN messages ON messages.id = iif(
           waits.kind IN ('promise', 'resolution'), waits.telling_id, waits.message_id)
  LEFT JOIN authors ON authors.id = messages.author_id
 WHERE cases.status = 'waiting';
DROP VIEW response_times;
CREATE VIEW response_times AS
SELECT waits.id AS wait_id, waits.case_id, cases.account, conversations.network,
       conversations.stream, cases.kind, cases.topics, cases.language, waits.kind AS wait,
       waits.since, waits.due_at, waits.ended_at, waits.outcome, waits.open_seconds,
       CAST(round((julianday(waits.ended_at) - julianday(waits.since)) * 86400) AS INTEGER)
           AS wall_seconds,
       waits.ended_at > waits.due_at AS late
  FROM waits
  JOIN cases ON cases.id = waits.case_id
  JOIN conversations ON conversations.id = cases.conversation_id
 WHERE waits.ended_at IS NOT NULL AND waits.kind NOT IN ('promise', 'resolution');
CREATE VIEW promises AS
SELECT waits.id AS wait_id, waits.case_id, cases.account, conversations.network,
       conversations.stream, waits.message_id, messages.text, reply_verdicts.promised,
       waits.since, waits.due_at, waits.ended_at, waits.outcome,
       waits.ended_at > waits.due_at AS late
  FROM waits
  JOIN cases ON cases.id = waits.case_id
  JOIN conversations ON conversations.id = cases.conversation_id
  JOIN messages ON messages.id = waits.message_id
  LEFT JOIN reply_verdicts ON reply_verdicts.message_id = messages.id
 WHERE waits.kind = 'promise';
"""


def m002_depth(db: Database) -> None:
    """Keep whom answers are for, what edits changed, gaps, allowances, and what people corrected."""
    for statement in _statements(_DEPTH):
        db.execute(statement)


_SPIKES = """
ALTER TABLE alerts ADD COLUMN facts TEXT NOT NULL DEFAULT '[]';
ALTER TABLE alerts ADD COLUMN examples TEXT NOT NULL DEFAULT '[]';
CREATE TABLE spikes (                -- far more complaints on a topic than usual
    id             INTEGER PRIMARY KEY,
    topic          TEXT NOT NULL,
    gathering_id   INTEGER NOT NULL REFERENCES gatherings (id), -- what is told of its cases
    since          TEXT NOT NULL,    -- what was sent later is part of it
    began_at       TEXT NOT NULL,    -- when it was noticed
    window_seconds INTEGER NOT NULL,
    usual          REAL,             -- customers in the window, NULL where that is not known
    told           INTEGER NOT NULL, -- of how many customers people know
    calm_since     TEXT,             -- when the rate went back to normal
    ended_at       TEXT
);
CREATE INDEX spikes_open ON spikes (topic) WHERE ended_at IS NULL;
CREATE INDEX spikes_of_gathering ON spikes (gathering_id);
-- Counts by the minute would have to be put right at each correction, edit and deletion, and
-- know no customers: an index is always right.
-- Its conditions are columns, too: without them SQLite would look each message up.
CREATE INDEX messages_complaints ON messages
    (sent_at, topics, author_id, conversation_id, kind, deleted_at)
    WHERE kind = 'complaint' AND deleted_at IS NULL;
"""


def m003_spikes(db: Database) -> None:
    """Keep spikes, what alerts tell of many cases, and where the complaints are."""
    for statement in _statements(_SPIKES):
        db.execute(statement)


_TRIAGE = """
ALTER TABLE actions ADD COLUMN undone_at TEXT;
ALTER TABLE actions ADD COLUMN undone_by TEXT NOT NULL DEFAULT '';
ALTER TABLE corrections ADD COLUMN undone_at TEXT;
ALTER TABLE corrections ADD COLUMN undone_by TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN actor TEXT NOT NULL DEFAULT '';
CREATE TABLE presences (             -- who has which case before their eyes
    session TEXT PRIMARY KEY,        -- one open terminal
    actor   TEXT NOT NULL,
    case_id INTEGER NOT NULL REFERENCES cases (id),
    doing   TEXT NOT NULL,           -- reading, or replying
    seen_at TEXT NOT NULL            -- renewed while it lasts
) WITHOUT ROWID;
CREATE INDEX presences_of_case ON presences (case_id);
-- Where a case is stands in its conversation and never changes; here, an index can hold it too.
ALTER TABLE cases ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN stream TEXT NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN public INTEGER NOT NULL DEFAULT 0;
UPDATE cases SET (network, stream, public) =
    (SELECT network, stream, public FROM conversations WHERE id = cases.conversation_id);
-- These hold all that a list is filtered by: without it SQLite would look each case up.
DROP INDEX cases_waiting;
CREATE INDEX cases_waiting ON cases
    (due_at, waiting_since, id, status, snoozed_until, public, assigned_to, acknowledged_by,
     acknowledged_at, kind, topics, urgency, language, account, network, stream, conversation_id)
    WHERE status = 'waiting';
CREATE INDEX cases_snoozed ON cases
    (snoozed_until, id, snoozed_at, waiting_since, wrote_at, status)
    WHERE status = 'waiting' AND snoozed_until IS NOT NULL;
CREATE INDEX cases_answered ON cases (answered_at, id, status) WHERE status = 'answered';
CREATE INDEX cases_ended ON cases
    (ended_at, id, public, kind, topics, urgency, language, account, network, stream, assigned_to,
     conversation_id, status)
    WHERE status IN ('resolved', 'closed');
CREATE INDEX cases_opened ON cases
    (opened_at, id, public, kind, topics, urgency, language, account, network, stream, assigned_to,
     conversation_id);
CREATE INDEX cases_assigned ON cases (assigned_to) WHERE assigned_to <> '';
CREATE INDEX waits_for_promises ON waits (case_id) WHERE kind = 'promise' AND ended_at IS NULL;
DROP INDEX messages_of_author;
CREATE INDEX messages_of_author ON messages (author_id, sent_at, conversation_id, direction)
    WHERE direction = 'inbound';
CREATE TABLE drafts (                -- replies that are being written
    case_id  INTEGER NOT NULL REFERENCES cases (id),
    actor    TEXT NOT NULL,
    text     TEXT NOT NULL,
    saved_at TEXT NOT NULL,
    PRIMARY KEY (case_id, actor)
) WITHOUT ROWID;
"""


def m004_triage(db: Database) -> None:
    """Keep what was taken back, who looks at what, and what people are about to answer."""
    for statement in _statements(_TRIAGE):
        db.execute(statement)


_KEEPING = """
-- Old messages can be removed; what counts, and names nobody, goes here first.
CREATE TABLE past_cases (            -- of cases that were removed: no text, no author
    case_id         INTEGER PRIMARY KEY,
    account         TEXT NOT NULL,
    network         TEXT NOT NULL,
    stream          TEXT NOT NULL,
    public          INTEGER NOT NULL,
    status          TEXT NOT NULL,
    opened_at       TEXT NOT NULL,
    ended_at        TEXT,
    ended_by        TEXT NOT NULL,   -- answer, person, deletion, merger
    kind            TEXT,
    topics          TEXT NOT NULL,   -- JSON list
    urgency         TEXT,
    language        TEXT NOT NULL,
    policy          TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT NOT NULL,
    assigned_to     TEXT NOT NULL
);
CREATE TABLE past_waits (            -- of the same cases
    wait_id      INTEGER PRIMARY KEY,
    case_id      INTEGER NOT NULL REFERENCES past_cases (case_id),
    kind         TEXT NOT NULL,
    since        TEXT NOT NULL,
    message_id   INTEGER NOT NULL,   -- a message that is gone
    due_at       TEXT,
    promised_on  TEXT,
    promised_at  TEXT,
    ended_at     TEXT,
    outcome      TEXT,
    ended_by     INTEGER,            -- the answer or the action, gone as well
    open_seconds INTEGER,
    staff        TEXT NOT NULL       -- who of the brand answered or closed it
);
CREATE INDEX past_waits_of_case ON past_waits (case_id);
CREATE TABLE past_replies (          -- what was said of answers that were removed
    message_id INTEGER PRIMARY KEY,
    account    TEXT NOT NULL,
    network    TEXT NOT NULL,
    stream     TEXT NOT NULL,
    public     INTEGER NOT NULL,
    staff      TEXT NOT NULL,
    sent_at    TEXT NOT NULL,
    language   TEXT NOT NULL,
    deflection REAL,
    promise    REAL,
    non_answer REAL,
    flags      TEXT,                 -- JSON list
    manners    TEXT                  -- JSON
);
CREATE TABLE past_messages (         -- how many messages were removed, by the hour of sending
    account    TEXT NOT NULL,
    network    TEXT NOT NULL,
    stream     TEXT NOT NULL,
    public     INTEGER NOT NULL,
    hour       TEXT NOT NULL,
    direction  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    topics     TEXT NOT NULL,        -- JSON list
    urgency    TEXT NOT NULL,
    language   TEXT NOT NULL,
    staff      TEXT NOT NULL,
    auto_reply INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    messages   INTEGER NOT NULL,
    PRIMARY KEY (account, network, stream, public, hour, direction, kind, topics, urgency,
                 language, staff, auto_reply, deleted)
) WITHOUT ROWID;
CREATE TABLE passed_over (           -- what came from a time of which all was removed
    account  TEXT NOT NULL,
    stream   TEXT NOT NULL,
    day      TEXT NOT NULL,          -- of UTC, when it came
    messages INTEGER NOT NULL,
    PRIMARY KEY (account, stream, day)
) WITHOUT ROWID;
ALTER TABLE messages ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0;
-- Who wrote for the brand, so that no author is removed of whom something is left.
CREATE INDEX messages_of_colleague ON messages (author_id) WHERE direction = 'outbound';
DROP VIEW response_times;
CREATE VIEW response_times AS
SELECT waits.id AS wait_id, waits.case_id, cases.account, conversations.network,
       conversations.stream, cases.kind, cases.topics, cases.language, waits.kind AS wait,
       waits.since, waits.due_at, waits.ended_at, waits.outcome, waits.open_seconds,
       CAST(round((julianday(waits.ended_at) - julianday(waits.since)) * 86400) AS INTEGER)
           AS wall_seconds,
       waits.ended_at > waits.due_at AS late
  FROM waits
  JOIN cases ON cases.id = waits.case_id
  JOIN conversations ON conversations.id = cases.conversation_id
 WHERE waits.ended_at IS NOT NULL AND waits.kind NOT IN ('promise', 'resolution')
 UNION ALL
SELECT w.wait_id, w.case_id, c.account, c.network, c.stream, c.kind, c.topics, c.language,
       w.kind, w.since, w.due_at, w.ended_at, w.outcome, w.open_seconds,
       CAST(round((julianday(w.ended_at) - julianday(w.since)) * 86400) AS INTEGER),
       w.ended_at > w.due_at
  FROM past_waits AS w
  JOIN past_cases AS c ON c.case_id = w.case_id
 WHERE w.ended_at IS NOT NULL AND w.kind NOT IN ('promise', 'resolution');
DROP VIEW promises;
CREATE VIEW promises AS
SELECT waits.id AS wait_id, waits.case_id, cases.account, conversations.network,
       conversations.stream, waits.message_id, messages.text, reply_verdicts.promised,
       waits.since, waits.due_at, waits.ended_at, waits.outcome,
       waits.ended_at > waits.due_at AS late
  FROM waits
  JOIN cases ON cases.id = waits.case_id
  JOIN conversations ON conversations.id = cases.conversation_id
  JOIN messages ON messages.id = waits.message_id
  LEFT JOIN reply_verdicts ON reply_verdicts.message_id = messages.id
 WHERE waits.kind = 'promise'
 UNION ALL
SELECT w.wait_id, w.case_id, c.account, c.network, c.stream, w.message_id, NULL, NULL,
       w.since, w.due_at, w.ended_at, w.outcome, w.ended_at > w.due_at
  FROM past_waits AS w
  JOIN past_cases AS c ON c.case_id = w.case_id
 WHERE w.kind = 'promise';
"""


def m005_keeping(db: Database) -> None:
    """Keep the figures of what is removed, and what came too late to be anything else."""
    for statement in _statements(_KEEPING):
        db.execute(statement)


_FORGETTING = """
ALTER TABLE messages ADD COLUMN erased_at TEXT;
CREATE TABLE erasures (              -- what was erased, and must not come back
    digest    TEXT PRIMARY KEY,      -- a hash of its name, with the key
    key       TEXT NOT NULL,
    kind      TEXT NOT NULL,         -- author, thread, message, item
    account   TEXT NOT NULL,
    erased_at TEXT NOT NULL,
    actor     TEXT NOT NULL
) WITHOUT ROWID;
"""


def m006_forgetting(db: Database) -> None:
    """Keep what was erased, so that no read brings it back."""
    for statement in _statements(_FORGETTING):
        db.execute(statement)


_SCORECARD = """
-- Local days as columns of numbers, worked out from the other tables: what figures are made of.
CREATE TABLE sheets (
    day       TEXT NOT NULL,         -- of [inboxd] timezone
    subject   TEXT NOT NULL,         -- waits, cases, messages, replies
    begins_at TEXT NOT NULL,
    ends_at   TEXT NOT NULL,
    made_by   TEXT NOT NULL,         -- a fingerprint of what a row of it is
    rows      INTEGER NOT NULL,
    columns   BLOB NOT NULL,
    PRIMARY KEY (day, subject)
);
CREATE TABLE sheet_accounts (        -- what accounts are called in sheets
    number  INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    network TEXT NOT NULL,
    UNIQUE (account, network)
);
CREATE TABLE sheet_staff (           -- what the brand's people are called in sheets
    number INTEGER PRIMARY KEY,
    staff  TEXT NOT NULL UNIQUE
);
CREATE TABLE sheets_stale (          -- hours of which something has changed since
    hour TEXT PRIMARY KEY            -- of UTC: 2026-11-26T09
) WITHOUT ROWID;
-- By the hour: half as large as by the instant, and every new message is written into it.
CREATE INDEX messages_by_hour ON messages (substr(sent_at, 1, 13));
CREATE INDEX waits_by_hour ON waits (substr(since, 1, 13));
CREATE INDEX answers_elsewhere_of_message ON answers_elsewhere (message_id);
-- What is removed has to leave the figures as they were.
ALTER TABLE past_cases ADD COLUMN reopened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE past_waits ADD COLUMN seen_at TEXT;
ALTER TABLE past_waits ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
ALTER TABLE past_replies ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0;
ALTER TABLE past_replies ADD COLUMN kind TEXT;
ALTER TABLE past_replies ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';
ALTER TABLE past_replies ADD COLUMN urgency TEXT;
ALTER TABLE past_messages RENAME TO past_messages_before;
CREATE TABLE past_messages (         -- how many messages were removed, by the hour of sending
    hour       TEXT NOT NULL,
    account    TEXT NOT NULL,
    network    TEXT NOT NULL,
    stream     TEXT NOT NULL,
    public     INTEGER NOT NULL,
    direction  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    topics     TEXT NOT NULL,        -- JSON list
    urgency    TEXT NOT NULL,
    language   TEXT NOT NULL,
    staff      TEXT NOT NULL,
    auto_reply INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    history    INTEGER NOT NULL,
    hold       INTEGER NOT NULL,     -- they tell of waiting on the phone
    messages   INTEGER NOT NULL,
    PRIMARY KEY (hour, account, network, stream, public, direction, kind, topics, urgency,
                 language, staff, auto_reply, deleted, history, hold)
) WITHOUT ROWID;
INSERT INTO past_messages
SELECT hour, account, network, stream, public, direction, kind, topics, urgency, language, staff,
       auto_reply, deleted, 0, 0, messages FROM past_messages_before;
DROP TABLE past_messages_before;
CREATE INDEX past_cases_opened ON past_cases (opened_at);
CREATE INDEX past_waits_since ON past_waits (since);
CREATE INDEX past_replies_sent ON past_replies (sent_at);
INSERT INTO sheets_stale (hour)
SELECT substr(sent_at, 1, 13) FROM messages UNION SELECT substr(since, 1, 13) FROM waits
 UNION SELECT substr(opened_at, 1, 13) FROM cases
 UNION SELECT substr(opened_at, 1, 13) FROM past_cases
 UNION SELECT substr(since, 1, 13) FROM past_waits
 UNION SELECT substr(sent_at, 1, 13) FROM past_replies
 UNION SELECT substr(hour, 1, 13) FROM past_messages;
"""


def m007_scorecard(db: Database) -> None:
    """Keep what figures are made of, by the day, and what of it is not true any more."""
    for statement in (*_statements(_SCORECARD), *marks.triggers()):
        db.execute(statement)


_RIVALS = """
CREATE TABLE rivals (               -- somebody else's accounts, of which what is public is read
    name          TEXT PRIMARY KEY,
    network       TEXT NOT NULL,
    key           TEXT NOT NULL,    -- by which the names in rival_messages are hashed
    cursor        TEXT,
    began_at      TEXT NOT NULL,    -- from when on it is read
    polled_at     TEXT,
    succeeded_at  TEXT,             -- the last time that it was read to the end
    failing_since TEXT,
    error_class   TEXT NOT NULL DEFAULT '',
    error         TEXT NOT NULL DEFAULT '',
    failures      INTEGER NOT NULL DEFAULT 0,
    retry_at      TEXT
);
CREATE TABLE rival_messages (
    id         INTEGER PRIMARY KEY,
    rival      TEXT NOT NULL REFERENCES rivals (name) ON DELETE CASCADE,
    message    TEXT NOT NULL,       -- keyed hashes of what the network calls it,
    thread     TEXT NOT NULL,       -- its thread,
    author     TEXT NOT NULL DEFAULT '',       -- and who wrote it, other ones in each thread
    addressees TEXT NOT NULL DEFAULT '[]',
    stream     TEXT NOT NULL,
    direction  TEXT NOT NULL,       -- outbound: by the watched account itself
    sent_at    TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    deleted_at TEXT,
    automatic  INTEGER NOT NULL DEFAULT 0,
    text       TEXT,                -- for as long as something is to be judged by it
    words      TEXT NOT NULL DEFAULT '',       -- an answer's text as a keyed hash
    asks       INTEGER NOT NULL DEFAULT 0,     -- whether there is a question mark in it
    kind       TEXT,
    topics     TEXT,
    urgency    TEXT,
    language   TEXT,
    judged_at  TEXT,                -- of answers; the next two as in reply_verdicts
    flags      TEXT,
    manners    TEXT,
    UNIQUE (rival, message)
);
CREATE INDEX rival_messages_in_thread ON rival_messages (rival, thread, sent_at);
CREATE INDEX rival_messages_by_time ON rival_messages (rival, sent_at);
CREATE INDEX rival_messages_with_text ON rival_messages (rival, sent_at) WHERE text IS NOT NULL;
"""


def m008_rivals(db: Database) -> None:
    """Keep what others are asked in public, apart from everything that is ours."""
    for statement in _statements(_RIVALS):
        db.execute(statement)


_AUDIT = """
CREATE TABLE reply_corrections (     -- what people said of the judge's verdicts on our answers
    id            INTEGER PRIMARY KEY,
    message_id    INTEGER NOT NULL REFERENCES messages (id),
    text          TEXT NOT NULL,     -- what the answer said then: it holds of nothing else
    at            TEXT NOT NULL,
    actor         TEXT NOT NULL,
    model         TEXT NOT NULL,     -- which model had judged
    machine_flags TEXT NOT NULL,     -- JSON list: what that had found
    deflection    INTEGER,           -- whether it is so; NULL: the person said nothing of it
    promise       INTEGER,
    non_answer    INTEGER,
    rude          INTEGER,
    note          TEXT NOT NULL DEFAULT '',
    undone_at     TEXT,
    undone_by     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX reply_corrections_of_message ON reply_corrections (message_id);
ALTER TABLE reply_verdicts ADD COLUMN machine TEXT;
"""


def m009_audit(db: Database) -> None:
    """Keep what people said of what the judge had found in our answers."""
    for statement in _statements(_AUDIT):
        db.execute(statement)


_REPORTS = """
CREATE TABLE reports (               -- pages of reports, as they are attached to what tells of them
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE, -- that of its alert
    name       TEXT NOT NULL,
    due_at     TEXT NOT NULL,
    period     TEXT NOT NULL,        -- as inboxd report --period takes it
    written_at TEXT NOT NULL,
    filename   TEXT NOT NULL,
    html       TEXT NOT NULL
);
"""


def m010_reports(db: Database) -> None:
    """Keep the pages of reports that go out by themselves."""
    for statement in _statements(_REPORTS):
        db.execute(statement)


# A day without a sheet is one on which nothing happened; sheets name accounts and people by number.
_DELETED_SHEETS = (
    """CREATE TRIGGER stale_sheets_delete AFTER DELETE ON sheets BEGIN
           INSERT INTO sheets_stale (hour) VALUES (substr(old.begins_at, 1, 13))
               ON CONFLICT (hour) DO NOTHING;
       END""",
    *(
        f"CREATE TRIGGER stale_{names}_delete AFTER DELETE ON {names} BEGIN DELETE FROM sheets; END"  # noqa: S608 - constants
        for names in ("sheet_accounts", "sheet_staff")
    ),
)


def m011_deleted_sheets(db: Database) -> None:
    """Count days anew whose sheets, or the names in them, somebody deleted."""
    for statement in _DELETED_SHEETS:
        db.execute(statement)


_STEPS: Mapping[str, Callable[[Database], None]] = {
    step.__name__: step
    for step in (
        m001_first,
        m002_depth,
        m003_spikes,
        m004_triage,
        m005_keeping,
        m006_forgetting,
        m007_scorecard,
        m008_rivals,
        m009_audit,
        m010_reports,
        m011_deleted_sheets,
    )
}


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that a database has been through."""
    kept = "SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'"
    if connection.execute(kept).fetchone() is None:
        return []
    rows = connection.execute(
        "SELECT name FROM _sqlite_migrations WHERE migration_set = ?", (_SET,)
    )
    return [name for (name,) in rows]


def pending(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations that a database lacks, in order."""
    done = {*applied(connection)}
    return [name for name in _STEPS if name not in done]


def unknown(connection: sqlite3.Connection) -> list[str]:
    """Return the names of migrations by a newer version."""
    return [name for name in applied(connection) if name not in _STEPS]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is pending."""
    # Costs more than all else that opening takes: it imports numpy where that is installed.
    from sqlite_utils import Database  # noqa: PLC0415
    from sqlite_utils.migrations import Migrations  # noqa: PLC0415

    migrations = Migrations(_SET)
    for name, step in _STEPS.items():
        migrations(name=name)(step)
    migrations.apply(Database(connection, execute_plugins=False))


@cache
def tables() -> frozenset[str]:
    """Return the tables and views that the migrations make: a person may have added others."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        return frozenset(name for (name,) in db.execute("SELECT name FROM sqlite_master"))


def _statements(script: str) -> list[str]:
    """Split *script*; executescript would commit, and a migration is one transaction."""
    return [part for part in script.split(";\n") if part.strip()]
