-- The small state beside ledger and deliveries: what partners remember, when
-- their files were fetched, who may use our API.

CREATE TABLE state (
	shop    TEXT    NOT NULL,
	scope   TEXT    NOT NULL, -- a connection, a door, a part of the hub
	key     TEXT    NOT NULL,
	value   BLOB    NOT NULL,
	expires INTEGER NOT NULL DEFAULT 0, -- microseconds since 1970; 0: never
	PRIMARY KEY (shop, scope, key)
) WITHOUT ROWID;

CREATE INDEX state_expires ON state (shop, expires) WHERE expires > 0;

CREATE TABLE fetches (
	shop   TEXT    NOT NULL,
	route  TEXT    NOT NULL,
	name   TEXT    NOT NULL,
	at     INTEGER NOT NULL, -- microseconds since 1970
	bytes  INTEGER NOT NULL, -- sent
	whole  INTEGER NOT NULL CHECK (whole IN (0, 1)), -- the client read to the end
	PRIMARY KEY (shop, route, name, at)
) WITHOUT ROWID;

-- A reference table: a token's digest finds its shop.
CREATE TABLE tokens (
	digest  BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
	shop    TEXT    NOT NULL, -- _hub: every shop
	name    TEXT    NOT NULL,
	scope   TEXT    NOT NULL CHECK (scope IN ('submit', 'read', 'operate', 'admin')),
	created INTEGER NOT NULL, -- the first one of this name; microseconds since 1970
	issued  INTEGER NOT NULL, -- this one
	expires INTEGER NOT NULL DEFAULT 0 -- 0: never
) WITHOUT ROWID;

CREATE INDEX tokens_name ON tokens (shop, name);
