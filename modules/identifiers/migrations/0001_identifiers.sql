-- What was handed in, by the SHA-256 of its JSON; what a case decides is one of these.
CREATE TABLE identifiers_text (
  digest TEXT PRIMARY KEY,
  doc    TEXT NOT NULL,
  at     BIGINT NOT NULL
);

-- Who holds prefixes. doc is the registrant as it was last verified.
CREATE TABLE identifiers_registrant (
  id          TEXT PRIMARY KEY,
  credit_code TEXT NOT NULL UNIQUE,
  doc         TEXT NOT NULL,
  demo        BIGINT NOT NULL,
  at          BIGINT NOT NULL
);

-- Who may register for a registrant.
CREATE TABLE identifiers_member (
  registrant TEXT NOT NULL REFERENCES identifiers_registrant (id),
  person     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (registrant, person)
);
CREATE INDEX identifiers_member_person ON identifiers_member (person);

-- A prefix, and the case that changes it now ('' for none). version 0: asked for, not
-- allocated yet.
CREATE TABLE identifiers_prefix (
  prefix     TEXT PRIMARY KEY,
  parent     TEXT NOT NULL,
  registrant TEXT NOT NULL,
  state      TEXT NOT NULL,
  doc        TEXT NOT NULL,
  version    BIGINT NOT NULL,
  demo       BIGINT NOT NULL,
  claim      TEXT NOT NULL,
  case_      TEXT NOT NULL,
  asked      BIGINT NOT NULL
);
CREATE INDEX identifiers_prefix_parent ON identifiers_prefix (parent);
CREATE INDEX identifiers_prefix_registrant ON identifiers_prefix (registrant);

-- Every version of a prefix; never changed. recorded: its record (0.NA/PREFIX) says so too.
CREATE TABLE identifiers_version (
  prefix   TEXT NOT NULL,
  version  BIGINT NOT NULL,
  change   TEXT NOT NULL,
  doc      TEXT NOT NULL,
  digest   TEXT NOT NULL,
  case_    TEXT NOT NULL,
  key      TEXT NOT NULL UNIQUE,
  since    BIGINT NOT NULL,
  by_      TEXT NOT NULL,
  recorded BIGINT NOT NULL,
  PRIMARY KEY (prefix, version)
);
CREATE INDEX identifiers_version_recorded ON identifiers_version (recorded);

-- Metadata templates, version by version; never changed.
CREATE TABLE identifiers_template (
  id      TEXT NOT NULL,
  version BIGINT NOT NULL,
  doc     TEXT NOT NULL,
  since   BIGINT NOT NULL,
  by_     TEXT NOT NULL,
  PRIMARY KEY (id, version)
);

-- Registrations of files. key: the same file sent again is the same job. state: waiting,
-- running, done or failed; done counts rows that have a verdict.
CREATE TABLE identifiers_job (
  id       TEXT PRIMARY KEY,
  key      TEXT NOT NULL UNIQUE,
  prefix   TEXT NOT NULL,
  template TEXT NOT NULL,
  file     TEXT NOT NULL,
  name     TEXT NOT NULL,
  state    TEXT NOT NULL,
  rows     BIGINT NOT NULL,
  done     BIGINT NOT NULL,
  refused  BIGINT NOT NULL,
  results  TEXT NOT NULL,
  problem  TEXT NOT NULL,
  by_      TEXT NOT NULL,
  asked    BIGINT NOT NULL,
  ended    BIGINT NOT NULL
);
CREATE INDEX identifiers_job_state ON identifiers_job (state, asked);
