-- The rules by which a gap becomes work, from the pack; the newest of an id is in force.
CREATE TABLE directives_rule (
    id  TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL -- JSON of Rule
);
-- What the evaluations saw last of each target: what decides whether there is anything new.
CREATE TABLE directives_watch (
    target    TEXT   NOT NULL PRIMARY KEY,
    light     TEXT   NOT NULL,
    since     TEXT   NOT NULL, -- first date on which it was so without a break
    evaluated TEXT   NOT NULL, -- newest date
    days      BIGINT NOT NULL, -- on how many dates in a row it was evaluated so
    doc       TEXT   NOT NULL  -- JSON of Gap
);
-- The one directive that stands for a target's gap. ended is 0 while it stands, so that there cannot be two.
CREATE TABLE directives_gap (
    target TEXT   NOT NULL,
    ended  BIGINT NOT NULL, -- microseconds UTC when it was withdrawn or filed away; 0: it stands
    key    TEXT   NOT NULL, -- idempotency key of its opening
    case_  TEXT   NOT NULL, -- id of its case; empty between the row and the opening
    opened BIGINT NOT NULL,
    PRIMARY KEY (target, ended)
);
-- Evaluations, append-only: what each one did.
CREATE TABLE directives_evaluation (
    id       TEXT   NOT NULL PRIMARY KEY,
    date     TEXT   NOT NULL, -- that it was about
    at       BIGINT NOT NULL, -- when it ran
    by_      TEXT   NOT NULL,
    targets  BIGINT NOT NULL,
    opened   BIGINT NOT NULL,
    joined   BIGINT NOT NULL,
    reopened BIGINT NOT NULL,
    reached  BIGINT NOT NULL
);
CREATE INDEX directives_evaluation_date ON directives_evaluation (date, at);
-- Meetings whose decisions became directives.
CREATE TABLE directives_meeting (
    id   TEXT   NOT NULL PRIMARY KEY,
    held TEXT   NOT NULL, -- date
    zh   TEXT   NOT NULL, -- title
    en   TEXT   NOT NULL,
    by_  TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
