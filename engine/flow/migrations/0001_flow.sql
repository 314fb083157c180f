-- Versions of procedures, never changed. A running case keeps the digest it began with.
CREATE TABLE flow_procedure (
    digest      TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of source, hex
    id          TEXT   NOT NULL,
    guest       TEXT   NOT NULL, -- module whose procedure it is; empty: accepted by hand
    valid_from  TEXT   NOT NULL, -- first day in force; empty: from ever
    valid_until TEXT   NOT NULL, -- first day after; empty: still
    source      TEXT   NOT NULL, -- the YAML as accepted
    accepted    BIGINT NOT NULL, -- microseconds UTC; of two in force on a day the later accepted counts
    accepter    TEXT   NOT NULL  -- person's id; system
);
CREATE INDEX flow_procedure_id ON flow_procedure (id, accepted);
-- Calendars of working days; the newest is in force.
CREATE TABLE flow_calendar (
    digest TEXT   NOT NULL PRIMARY KEY,
    source TEXT   NOT NULL,
    loaded BIGINT NOT NULL
);
-- Cases: a hot, narrow row each. state is what the events make of the case, as JSON; the columns beside it are taken from it.
CREATE TABLE flow_case (
    id        TEXT   NOT NULL PRIMARY KEY, -- sorts by time
    number    TEXT   NOT NULL,
    procedure TEXT   NOT NULL,
    digest    TEXT   NOT NULL,
    zh        TEXT   NOT NULL, -- title
    en        TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    unit      TEXT   NOT NULL,
    parent    TEXT   NOT NULL,
    opened    BIGINT NOT NULL,
    closed    BIGINT NOT NULL, -- 0: open
    events    BIGINT NOT NULL, -- how many there are of it
    state     TEXT   NOT NULL
);
CREATE INDEX flow_case_subject ON flow_case (subject, procedure) WHERE subject <> '';
CREATE INDEX flow_case_parent ON flow_case (parent) WHERE parent <> '';
CREATE INDEX flow_case_procedure ON flow_case (procedure, closed, id);
-- When a clock of a case next has something to say, under the calendar in force.
CREATE TABLE flow_timer (
    at    BIGINT NOT NULL,
    case_ TEXT   NOT NULL,
    PRIMARY KEY (at, case_)
);
-- The one log: every event of every case, each with the hash of the one before in its own.
CREATE TABLE flow_event (
    seq    BIGINT NOT NULL PRIMARY KEY, -- without gaps, from 1
    case_  TEXT   NOT NULL, -- empty: of the whole engine, such as a new calendar
    n      BIGINT NOT NULL, -- running number within the case, from 1
    name   TEXT   NOT NULL,
    by_    TEXT   NOT NULL, -- person's id; system: the program
    at     BIGINT NOT NULL,
    key    TEXT   NOT NULL, -- of the command; empty: none
    data   TEXT   NOT NULL, -- JSON
    result TEXT   NOT NULL, -- SHA-256 of the state it led to, hex
    hash   TEXT   NOT NULL  -- SHA-256, hex, of the hash before and of this row
);
CREATE UNIQUE INDEX flow_event_case ON flow_event (case_, n) WHERE case_ <> '';
CREATE UNIQUE INDEX flow_event_key ON flow_event (by_, key) WHERE key <> '';
-- Running numbers for people, by procedure and year.
CREATE TABLE flow_number (
    series TEXT   NOT NULL PRIMARY KEY, -- directive-2026
    last   BIGINT NOT NULL
);
-- Tasks, taken from the states: the inbox.
CREATE TABLE flow_task (
    id     TEXT   NOT NULL PRIMARY KEY, -- case id, a dot and a running number: the tasks of a case lie together
    case_  TEXT   NOT NULL,
    holder TEXT   NOT NULL, -- person:ID, post:ID or unit:ID:ROLE
    unit   TEXT   NOT NULL, -- of the holder, for views of a subtree; empty: none
    opened BIGINT NOT NULL,
    due    BIGINT NOT NULL, -- of its clock, or else of the case; far future: none
    light  BIGINT NOT NULL  -- 0 green, 1 yellow, 2 red, 3 black
);
CREATE INDEX flow_task_holder ON flow_task (holder, due, id);
CREATE INDEX flow_task_unit ON flow_task (unit, due, id);
-- What is to be done after a commit: told to modules and people, in order within a case.
CREATE TABLE flow_outbox (
    id    TEXT   NOT NULL PRIMARY KEY, -- event's seq, 20 digits, a dot and a running number: sorts by time
    case_ TEXT   NOT NULL,
    kind  TEXT   NOT NULL, -- open, emit, evaluate, publish
    body  TEXT   NOT NULL, -- JSON
    tries BIGINT NOT NULL,
    again BIGINT NOT NULL -- not before
);
-- Notices to whoever holds a post.
CREATE TABLE flow_notice (
    id     TEXT   NOT NULL PRIMARY KEY,
    case_  TEXT   NOT NULL,
    holder TEXT   NOT NULL,
    zh     TEXT   NOT NULL,
    en     TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX flow_notice_holder ON flow_notice (holder, id);
-- Documents of cases; the bytes are in the blob store under their hash.
CREATE TABLE flow_document (
    case_  TEXT   NOT NULL,
    n      BIGINT NOT NULL, -- of the event that brought it
    sha256 TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    media  TEXT   NOT NULL,
    size   BIGINT NOT NULL, -- bytes
    PRIMARY KEY (case_, n)
);
CREATE INDEX flow_document_sha256 ON flow_document (sha256);
-- What a new calendar did to the dues of a range of cases, told by the event seq.
CREATE TABLE flow_redue (
    seq   BIGINT NOT NULL PRIMARY KEY,
    first TEXT   NOT NULL, -- id of the first case of the range
    last  TEXT   NOT NULL, -- id of the last
    moves TEXT   NOT NULL -- JSON: case, clock, due before and after in microseconds; 0: cannot be known
);
