-- Versions of a plan, whole: a version is never changed once it is accepted.
CREATE TABLE plan_version (
    plan     TEXT   NOT NULL,
    version  BIGINT NOT NULL CHECK (version > 0),
    digest   TEXT   NOT NULL, -- SHA-256 of doc, hex
    accepted BIGINT NOT NULL, -- microseconds UTC; 0 while it is a draft
    recorder TEXT   NOT NULL,
    doc      TEXT   NOT NULL, -- JSON of Plan
    PRIMARY KEY (plan, version)
);
-- Paths that were declared for targets, append-only: the newest known then is in force.
CREATE TABLE plan_path (
    target   TEXT   NOT NULL,
    declared BIGINT NOT NULL, -- microseconds UTC
    recorder TEXT   NOT NULL,
    doc      TEXT   NOT NULL, -- JSON of Path
    PRIMARY KEY (target, declared)
);
