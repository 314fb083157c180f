CREATE TABLE indicators_definition (
    id      TEXT   NOT NULL,
    version BIGINT NOT NULL CHECK (version > 0),
    known   BIGINT NOT NULL, -- since when this definition is in force, microseconds UTC
    doc     TEXT   NOT NULL, -- JSON of observation.Indicator
    PRIMARY KEY (id, version)
);
-- Append-only: a row is never updated or deleted.
CREATE TABLE indicators_observation (
    indicator TEXT   NOT NULL,
    unit      TEXT   NOT NULL, -- where
    period    TEXT   NOT NULL,
    vintage   BIGINT NOT NULL CHECK (vintage > 0),
    value     TEXT   NOT NULL, -- the decimal as printed
    cmp       TEXT   NOT NULL,
    measure   TEXT   NOT NULL, -- the unit as printed, scale word and all
    printed   TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    known     BIGINT NOT NULL, -- since when it is known, microseconds UTC
    recorded  BIGINT NOT NULL, -- since when it is in this database
    recorder  TEXT   NOT NULL,
    document  TEXT   NOT NULL,
    figure    TEXT   NOT NULL, -- id in its document, or ''
    detail    TEXT   NOT NULL, -- JSON of the rest
    PRIMARY KEY (indicator, unit, period, vintage)
);
CREATE INDEX indicators_observation_figure ON indicators_observation (figure) WHERE figure <> '';
CREATE TABLE indicators_document (
    id  TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL -- JSON: names, kind, date, articles, lines
);
CREATE TABLE indicators_relation (
    id  TEXT NOT NULL PRIMARY KEY,
    doc TEXT NOT NULL -- JSON: how indicators stand to one another
);
