-- The census of each day: what stood at its end. before: the day that its delta begins at,
-- '' for no delta. settled: the resolutions that it counts are no longer pending.
-- observed: the indicators have its figures.
CREATE TABLE identifiers_census (
  day        TEXT PRIMARY KEY,
  at         BIGINT NOT NULL,
  registered BIGINT NOT NULL,
  resolved   BIGINT NOT NULL,
  root       TEXT NOT NULL,
  seq        BIGINT NOT NULL,
  before     TEXT NOT NULL,
  settled    BIGINT NOT NULL,
  observed   BIGINT NOT NULL DEFAULT 0
);

-- What a node below has stated of a day, and what became of it when it was checked: how is
-- first (nothing to compare with), changes (every change was checked) or samples. added is of changes,
-- findings are JSON.
CREATE TABLE identifiers_lower (
  prefix     TEXT NOT NULL,
  day        TEXT NOT NULL,
  registered BIGINT NOT NULL,
  resolved   BIGINT NOT NULL,
  root       TEXT NOT NULL,
  doc        TEXT NOT NULL,
  how        TEXT NOT NULL,
  added      BIGINT NOT NULL,
  findings   TEXT NOT NULL,
  checked    BIGINT NOT NULL,
  PRIMARY KEY (prefix, day)
);

-- Whom a node below signs with, as it said when it was first asked; never changed by itself.
CREATE TABLE identifiers_lower_policy (
  prefix TEXT PRIMARY KEY,
  policy TEXT NOT NULL,
  since  BIGINT NOT NULL
);
