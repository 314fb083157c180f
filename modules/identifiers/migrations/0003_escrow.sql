-- Keys of other nodes, as they were first told and are never changed by themselves: of the
-- node above by the name "upper", of one below by its prefix. doc is JSON.
CREATE TABLE identifiers_peer (
  name  TEXT PRIMARY KEY,
  doc   TEXT NOT NULL,
  since BIGINT NOT NULL
);

-- Deposits that this node has made of its own records. sent is 0 until the node above has it.
CREATE TABLE identifiers_deposit (
  day      TEXT PRIMARY KEY,
  kind     TEXT NOT NULL,
  manifest TEXT NOT NULL,
  digest   TEXT NOT NULL,
  seq      BIGINT NOT NULL,
  records  BIGINT NOT NULL,
  sent     BIGINT NOT NULL
);

-- Times in which this node answers for a node below from its deposits. until is 0 while it does.
CREATE TABLE identifiers_takeover (
  prefix    TEXT NOT NULL,
  since     BIGINT NOT NULL,
  until     BIGINT NOT NULL,
  reason    TEXT NOT NULL,
  watermark BIGINT NOT NULL,
  PRIMARY KEY (prefix, since)
);
