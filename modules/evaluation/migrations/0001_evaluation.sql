-- Published scoring rules, append-only: a changed rule is a new version.
CREATE TABLE evaluation_scheme (
    id      TEXT   NOT NULL,
    version BIGINT NOT NULL,
    digest  TEXT   NOT NULL, -- SHA-256 of doc
    since   BIGINT NOT NULL, -- microseconds UTC
    doc     TEXT   NOT NULL, -- JSON of Scheme
    PRIMARY KEY (id, version)
);
