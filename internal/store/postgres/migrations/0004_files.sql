-- The files that partners fetch, in pieces. A file is replaced by another
-- version of it: whoever reads the old one reads it to its end. Times are
-- microseconds since 1970 (UTC).

-- Versions of files. The states: 1 being written, 2 what is fetched, 3 replaced
-- (and removed an hour after nobody read it any more), 4 the mark that the file
-- was withdrawn, whose version is ''.
CREATE TABLE files (
	shop    text     COLLATE "C" NOT NULL,
	route   text     COLLATE "C" NOT NULL,
	name    text     COLLATE "C" NOT NULL,
	version text     COLLATE "C" NOT NULL, -- random
	state   smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
	bytes   bigint   NOT NULL DEFAULT 0,
	at      bigint   NOT NULL, -- begun, written, replaced or last read, withdrawn
	PRIMARY KEY (shop, route, name, version),
	CHECK ((state = 4) = (version = ''))
);

-- A file has one version that is fetched, or the mark.
CREATE UNIQUE INDEX files_current ON files (shop, route, name) WHERE state IN (2, 4);

CREATE TABLE file_pieces (
	shop    text    COLLATE "C" NOT NULL,
	route   text    COLLATE "C" NOT NULL,
	name    text    COLLATE "C" NOT NULL,
	version text    COLLATE "C" NOT NULL,
	n       integer NOT NULL, -- from 0
	body    bytea   NOT NULL, -- 512 KiB, the last one less
	PRIMARY KEY (shop, route, name, version, n)
);
