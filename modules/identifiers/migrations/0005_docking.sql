-- What was measured of a prefix on a day in Beijing time; doc is JSON.
CREATE TABLE identifiers_measured (
  day    TEXT NOT NULL,
  prefix TEXT NOT NULL,
  doc    TEXT NOT NULL,
  PRIMARY KEY (day, prefix)
);

-- The watch of this node over itself, in one row: what it remembers, as JSON, and when it
-- was last seen to run.
CREATE TABLE identifiers_watch (
  prefix TEXT PRIMARY KEY,
  doc    TEXT NOT NULL,
  alive  BIGINT NOT NULL
);

-- When this node became abnormal, and recovered; never changed. doc is a row of annex 2.
CREATE TABLE identifiers_event (
  seq BIGINT PRIMARY KEY,
  id  TEXT NOT NULL UNIQUE,
  at  BIGINT NOT NULL,
  doc TEXT NOT NULL
);

-- What people have told of this node: who operates it (kind operator, key ''), and the
-- applications of a prefix (kind application, key its name). doc is a row of the table.
CREATE TABLE identifiers_told (
  kind   TEXT NOT NULL,
  prefix TEXT NOT NULL,
  key    TEXT NOT NULL,
  doc    TEXT NOT NULL,
  by_    TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (kind, prefix, key)
);

-- Batches of docking: those of this node's own prefix, which go up, and those of nodes
-- below, which came. doc is the batch in gzip, as it was signed; content is the digest of
-- its rows alone; period is the day, month or event that it reaches to. verdict is '' until
-- the node above has said; short are rows that were left out because they break a rule.
-- proved: its counts were compared with the census of the node below.
CREATE TABLE identifiers_docked (
  node      TEXT NOT NULL,
  tbl       TEXT NOT NULL,
  digest    TEXT NOT NULL,
  content   TEXT NOT NULL,
  period    TEXT NOT NULL,
  rows      BIGINT NOT NULL,
  short     BIGINT NOT NULL,
  doc       BYTEA NOT NULL,
  signature BYTEA NOT NULL,
  made      BIGINT NOT NULL,
  settled   BIGINT NOT NULL,
  verdict   TEXT NOT NULL,
  findings  TEXT NOT NULL,
  proved    BIGINT NOT NULL,
  PRIMARY KEY (node, tbl, digest)
);
CREATE INDEX identifiers_docked_made ON identifiers_docked (node, tbl, made);
CREATE INDEX identifiers_docked_verdict ON identifiers_docked (verdict, node, made);
