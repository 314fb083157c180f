-- Units in versions: one row for each stretch of time in which nothing about a unit changed.
CREATE TABLE org_unit (
    id          TEXT   NOT NULL, -- code of the country's list, or a word for a body
    valid_from  TEXT   NOT NULL, -- first day, as 2023-07-10; empty: the sources do not say
    valid_until TEXT   NOT NULL, -- first day after; empty: still in force
    kind        TEXT   NOT NULL, -- nation, city, group, district, county, town, body, body_outside
    parent      TEXT   NOT NULL, -- id of the unit above; empty at the top
    region      TEXT   NOT NULL, -- id of the group it is compared within; empty for none
    zh          TEXT   NOT NULL,
    en          TEXT   NOT NULL,
    source      TEXT   NOT NULL, -- id of a source of the pack
    lines       TEXT   NOT NULL, -- of that source, as 7,91
    PRIMARY KEY (id, valid_from),
    CHECK (valid_until = '' OR valid_from < valid_until)
);
-- Every change to units, posts and their holders: the newest tells whether a copy in memory still holds.
CREATE TABLE org_tree (
    stamp BIGINT NOT NULL PRIMARY KEY -- rises by one
);
CREATE TABLE org_post (
    id     TEXT NOT NULL PRIMARY KEY,
    unit   TEXT NOT NULL,
    zh     TEXT NOT NULL,
    en     TEXT NOT NULL,
    source TEXT NOT NULL,
    lines  TEXT NOT NULL
);
CREATE TABLE org_person (
    id     TEXT NOT NULL PRIMARY KEY,
    zh     TEXT NOT NULL,
    en     TEXT NOT NULL,
    note   TEXT NOT NULL,
    origin TEXT NOT NULL -- pack, or here: made by an owner
);
-- Who holds a post, in stretches of days.
CREATE TABLE org_holding (
    person      TEXT NOT NULL REFERENCES org_person (id),
    post        TEXT NOT NULL REFERENCES org_post (id),
    valid_from  TEXT NOT NULL,
    valid_until TEXT NOT NULL, -- empty: still
    origin      TEXT NOT NULL, -- pack or here
    PRIMARY KEY (person, post, valid_from)
);
-- A person who can sign in.
CREATE TABLE org_account (
    person    TEXT   NOT NULL PRIMARY KEY REFERENCES org_person (id),
    login     TEXT   NOT NULL UNIQUE, -- lower case
    password  TEXT   NOT NULL, -- argon2id in PHC form
    temporary BIGINT NOT NULL, -- 1: somebody else has chosen the password
    locked    BIGINT NOT NULL, -- 1: an owner has locked it
    created   BIGINT NOT NULL
);
-- Roles over units with all below them, never deleted: a revoked one has an end.
CREATE TABLE org_grant (
    id      TEXT   NOT NULL PRIMARY KEY,
    person  TEXT   NOT NULL REFERENCES org_person (id),
    role    TEXT   NOT NULL CHECK (role IN ('clerk', 'steward', 'leader', 'owner')),
    unit    TEXT   NOT NULL,
    since   BIGINT NOT NULL, -- microseconds UTC
    ended   BIGINT NOT NULL, -- microseconds UTC; 0: in force
    granter TEXT   NOT NULL
);
CREATE INDEX org_grant_person ON org_grant (person, ended);
-- Who is signed in. The token itself is nowhere.
CREATE TABLE org_session (
    id      TEXT   NOT NULL PRIMARY KEY, -- to name it in lists; opens nothing
    digest  TEXT   NOT NULL UNIQUE, -- SHA-256 of the token, hex
    person  TEXT   NOT NULL REFERENCES org_person (id),
    created BIGINT NOT NULL,
    seen    BIGINT NOT NULL, -- last use, to the minute
    agent   TEXT   NOT NULL, -- what the program called itself
    address TEXT   NOT NULL
);
CREATE INDEX org_session_person ON org_session (person, created);
-- Attempts to sign in since the last success, for names that exist and names that do not.
CREATE TABLE org_attempt (
    digest   TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the name: people type passwords there by mistake
    failures BIGINT NOT NULL,
    until    BIGINT NOT NULL, -- nobody may try before
    seen     BIGINT NOT NULL
);
-- Who changed what, append-only.
CREATE TABLE org_audit (
    id      TEXT   NOT NULL PRIMARY KEY, -- sorts by time
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL, -- person's id; system: the program itself
    name    TEXT   NOT NULL, -- the person's, then
    request TEXT   NOT NULL,
    action  TEXT   NOT NULL, -- as org.grant.add
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL -- before and after
);
