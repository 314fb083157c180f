-- Every pack that was loaded, append-only: the newest is what the database holds.
CREATE TABLE pack_load (
    digest   TEXT   NOT NULL,
    loaded   BIGINT NOT NULL PRIMARY KEY, -- microseconds UTC
    manifest TEXT   NOT NULL -- JSON of pack.Manifest
);
