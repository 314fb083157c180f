-- Who owes what: from the pack or by the API. The newest of an id is in force.
CREATE TABLE collection_assignment (
    id      TEXT   NOT NULL PRIMARY KEY,
    stopped BIGINT NOT NULL, -- microseconds UTC since when nothing is asked by it; 0: in force
    doc     TEXT   NOT NULL  -- JSON of Assignment
);
-- Rules that numbers are checked by, from the pack or by the API.
CREATE TABLE collection_rule (
    id  TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL -- JSON of Rule
);
-- Names that people use for one indicator.
CREATE TABLE collection_synonym (
    name      TEXT NOT NULL PRIMARY KEY,
    indicator TEXT NOT NULL
);
-- One request for the numbers of a period from a unit: one case. Made before the case, so that there cannot be two.
CREATE TABLE collection_request (
    assignment TEXT   NOT NULL,
    unit       TEXT   NOT NULL,
    period     TEXT   NOT NULL,
    round      BIGINT NOT NULL CHECK (round > 0),
    key        TEXT   NOT NULL UNIQUE, -- idempotency key of the case's opening
    case_      TEXT   NOT NULL,        -- empty between the row and the opening, or when all was held already
    opened     BIGINT NOT NULL,
    ended      TEXT   NOT NULL,        -- '' while it runs, published, withdrawn, held: nothing was left to ask
    doc        TEXT   NOT NULL,        -- JSON of Plan: what is asked
    PRIMARY KEY (assignment, unit, period, round)
);
CREATE INDEX collection_request_case ON collection_request (case_);
-- Every number that is or was asked for: at most once in a round.
CREATE TABLE collection_cell (
    indicator TEXT   NOT NULL,
    place     TEXT   NOT NULL,
    day       TEXT   NOT NULL, -- last day of the period
    begins    TEXT   NOT NULL, -- first day of the period; '' of a stock, which is of its day
    round     BIGINT NOT NULL,
    key       TEXT   NOT NULL, -- of its request
    PRIMARY KEY (indicator, place, day, begins, round)
);
CREATE INDEX collection_cell_key ON collection_cell (key);
-- What has been typed and not handed in yet.
CREATE TABLE collection_draft (
    case_ TEXT   NOT NULL PRIMARY KEY,
    at    BIGINT NOT NULL,
    by_   TEXT   NOT NULL,
    doc   TEXT   NOT NULL -- JSON of the entries
);
-- For how long a form was open, append-only.
CREATE TABLE collection_sitting (
    id      TEXT   NOT NULL PRIMARY KEY,
    case_   TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    by_     TEXT   NOT NULL,
    seconds BIGINT NOT NULL CHECK (seconds >= 0)
);
CREATE INDEX collection_sitting_case ON collection_sitting (case_);
-- Numbers as they were handed in and published, append-only: what the tests for gaming look at.
CREATE TABLE collection_filing (
    case_     TEXT   NOT NULL,
    round     BIGINT NOT NULL,
    sent      BIGINT NOT NULL, -- number of the case's event by which it was handed in
    indicator TEXT   NOT NULL,
    place     TEXT   NOT NULL,
    period    TEXT   NOT NULL,
    value     TEXT   NOT NULL, -- as typed
    note      TEXT   NOT NULL,
    by_       TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    name      TEXT   NOT NULL, -- resolvable name once it is published
    PRIMARY KEY (case_, round, sent, indicator, place)
);
CREATE INDEX collection_filing_number ON collection_filing (indicator, place, at);
-- The ledger of burden, append-only: every asking for numbers, refused ones too.
CREATE TABLE collection_burden (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    asker   TEXT   NOT NULL,
    unit    TEXT   NOT NULL,
    key     TEXT   NOT NULL, -- of the request; of a form its id
    case_   TEXT   NOT NULL,
    basis   TEXT   NOT NULL,
    kind    TEXT   NOT NULL, -- calendar, ask, form, revision
    fields  BIGINT NOT NULL, -- numbers that were asked for
    held    BIGINT NOT NULL, -- of them those held or asked for already, which nobody had to fill in
    minutes DOUBLE PRECISION NOT NULL, -- estimated for what was left
    spared  DOUBLE PRECISION NOT NULL, -- estimated for what was not asked again
    doc     TEXT   NOT NULL  -- JSON: title, period, where the held ones are
);
CREATE INDEX collection_burden_unit ON collection_burden (unit, at);
