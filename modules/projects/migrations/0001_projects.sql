-- What works on the plan: measures, policies and projects. key and case_ are of the change under way, so that there cannot be two.
CREATE TABLE projects_work (
    id     TEXT   NOT NULL PRIMARY KEY,
    kind   TEXT   NOT NULL,
    demo   BIGINT NOT NULL, -- 1: generated for demonstration
    opened BIGINT NOT NULL, -- microseconds UTC
    key    TEXT   NOT NULL, -- idempotency key of the change under way; empty for none
    case_  TEXT   NOT NULL, -- id of its case; empty for none, or between the row and the opening
    asked  BIGINT NOT NULL  -- when it was asked for
);
-- What was proposed or reported, by the SHA-256 of its text: what was checked is what is approved.
CREATE TABLE projects_text (
    digest TEXT   NOT NULL PRIMARY KEY,
    doc    TEXT   NOT NULL, -- JSON of Work or Report
    at     BIGINT NOT NULL
);
-- Versions that were approved, append-only.
CREATE TABLE projects_version (
    work    TEXT   NOT NULL,
    version BIGINT NOT NULL,
    change  TEXT   NOT NULL, -- enter, change, close or reopen
    digest  TEXT   NOT NULL,
    case_   TEXT   NOT NULL, -- that approved it; empty for demonstration data
    key     TEXT   NOT NULL UNIQUE, -- of the approval, so that it counts once
    since   BIGINT NOT NULL, -- when it was approved
    by_     TEXT   NOT NULL,
    PRIMARY KEY (work, version)
);
-- Monthly reports that were accepted, append-only; the newest revision of a month counts.
CREATE TABLE projects_month (
    work     TEXT   NOT NULL,
    month    TEXT   NOT NULL,
    revision BIGINT NOT NULL,
    digest   TEXT   NOT NULL,
    case_    TEXT   NOT NULL,
    key      TEXT   NOT NULL UNIQUE,
    since    BIGINT NOT NULL,
    by_      TEXT   NOT NULL,
    PRIMARY KEY (work, month, revision)
);
-- Documents and photos that were handed in; the bytes are in the blob store.
CREATE TABLE projects_file (
    sha256 TEXT   NOT NULL PRIMARY KEY,
    name   TEXT   NOT NULL,
    media  TEXT   NOT NULL,
    size   BIGINT NOT NULL,
    by_    TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
-- Milestones that are late and for which a directive was asked, once for each planned month.
CREATE TABLE projects_late (
    work      TEXT   NOT NULL,
    milestone TEXT   NOT NULL,
    planned   TEXT   NOT NULL,
    directive TEXT   NOT NULL, -- id of its case
    at        BIGINT NOT NULL,
    PRIMARY KEY (work, milestone, planned)
);
