-- What is to be stated, written in the transaction of the thing itself. A row goes when its statement is stored.
CREATE TABLE proof_claim (
    id      TEXT   NOT NULL PRIMARY KEY, -- sorts by time
    name    TEXT   NOT NULL,
    vintage BIGINT NOT NULL CHECK (vintage > 0),
    turn    BIGINT NOT NULL, -- 0: of a key, which signs the rest; 1: any other
    doc     TEXT   NOT NULL, -- JSON of Claim
    UNIQUE (name, vintage)
);
CREATE INDEX proof_claim_turn ON proof_claim (turn, id);
-- Statements as signed, the very bytes that the log has. Append-only but for place.
CREATE TABLE proof_statement (
    name    TEXT   NOT NULL,
    vintage BIGINT NOT NULL CHECK (vintage > 0),
    kind    TEXT   NOT NULL,
    digest  TEXT   NOT NULL UNIQUE,
    doc     TEXT   NOT NULL, -- canonical JSON with its proofs
    issued  BIGINT NOT NULL, -- microseconds UTC
    place   BIGINT NOT NULL, -- index in the log; -1: not known to be there
    PRIMARY KEY (name, vintage)
);
CREATE INDEX proof_statement_place ON proof_statement (place);
-- Which statements rest on which.
CREATE TABLE proof_input (
    input         TEXT   NOT NULL, -- name of the input
    input_vintage BIGINT NOT NULL,
    name          TEXT   NOT NULL, -- of what rests on it
    vintage       BIGINT NOT NULL,
    PRIMARY KEY (input, input_vintage, name, vintage)
);
-- Texts that statements name by digest and bundles carry: formulas.
CREATE TABLE proof_text (
    digest TEXT NOT NULL PRIMARY KEY,
    body   TEXT NOT NULL
);
-- Private keys, sealed by a key that is not in the database.
CREATE TABLE proof_secret (
    unit     TEXT   NOT NULL, -- identifier of the issuing body; log, tsa, witness: the program's own
    key      TEXT   NOT NULL,
    suite    TEXT   NOT NULL,
    envelope TEXT   NOT NULL, -- as engine/proof/seal has it
    public   TEXT   NOT NULL, -- what others know the key by
    made     BIGINT NOT NULL,
    ended    BIGINT NOT NULL, -- microseconds UTC; 0: in force
    PRIMARY KEY (unit, key)
);
-- Checkpoints with time stamps.
CREATE TABLE proof_stamp (
    size  BIGINT NOT NULL, -- of the log
    at    BIGINT NOT NULL,
    note  TEXT   NOT NULL, -- the checkpoint
    token BYTEA  NOT NULL, -- RFC 3161, DER
    PRIMARY KEY (size, at)
);
-- Serial numbers of our own time stamps.
CREATE TABLE proof_serial (
    id   TEXT   NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL, -- number given out
    at   BIGINT NOT NULL  -- latest time stamped, microseconds UTC
);
-- The newest tree of each log that this node has cosigned.
CREATE TABLE proof_witnessed (
    origin TEXT   NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL,
    root   TEXT   NOT NULL, -- hex
    at     BIGINT NOT NULL  -- of the last cosignature, microseconds UTC
);
-- Trees over records: their kept levels, and where the records are.
CREATE TABLE proof_batch (
    stream TEXT   NOT NULL, -- whose records: flow.event
    first  BIGINT NOT NULL, -- number of the first record, from 1
    count  BIGINT NOT NULL,
    name   TEXT   NOT NULL, -- of the statement
    tree   BYTEA  NOT NULL, -- as engine/proof/batch has it
    PRIMARY KEY (stream, first)
);
