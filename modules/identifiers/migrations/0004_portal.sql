-- What a job of registration needs to go on after a stop. attempt: raised when a file is
-- registered once more; staff: who asked runs the node; counts: rows by outcome, as JSON.
ALTER TABLE identifiers_job ADD COLUMN size BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identifiers_job ADD COLUMN replaces BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identifiers_job ADD COLUMN staff BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identifiers_job ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;
ALTER TABLE identifiers_job ADD COLUMN counts TEXT NOT NULL DEFAULT '{}';
CREATE INDEX identifiers_job_by ON identifiers_job (by_, asked);
CREATE INDEX identifiers_job_prefix ON identifiers_job (prefix, asked);

-- What became of the rows of a job, some rows at a time. doc: CSV in gzip, without the
-- names of the columns.
CREATE TABLE identifiers_outcome (
  job   TEXT NOT NULL,
  chunk BIGINT NOT NULL,
  doc   BYTEA NOT NULL,
  PRIMARY KEY (job, chunk)
);

-- Who made a template: '' for the node itself.
ALTER TABLE identifiers_template ADD COLUMN registrant TEXT NOT NULL DEFAULT '';

-- Who may read values that not everybody may: of all identifiers below a prefix that a
-- template made (template, item), or of one identifier (identifier folded; item or index).
-- ended: 0 while it stands.
CREATE TABLE identifiers_grant (
  id         TEXT PRIMARY KEY,
  prefix     TEXT NOT NULL,
  template   TEXT NOT NULL,
  item       TEXT NOT NULL,
  identifier TEXT NOT NULL,
  kind       TEXT NOT NULL,
  grantee    TEXT NOT NULL,
  until      BIGINT NOT NULL,
  since      BIGINT NOT NULL,
  by_        TEXT NOT NULL,
  ended      BIGINT NOT NULL
);
CREATE INDEX identifiers_grant_prefix ON identifiers_grant (prefix, ended);
