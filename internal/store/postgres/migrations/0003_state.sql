-- The small state beside ledger and deliveries: what partners remember, when
-- their files were fetched, who may use our API. Times are microseconds since
-- 1970 (UTC), 0: never.

CREATE TABLE state (
	shop    text   COLLATE "C" NOT NULL,
	scope   text   COLLATE "C" NOT NULL, -- a connection, a door, a part of the hub
	key     text   COLLATE "C" NOT NULL,
	value   bytea  NOT NULL,
	expires bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (shop, scope, key)
);

CREATE INDEX state_expires ON state (shop, expires) WHERE expires > 0;

CREATE TABLE fetches (
	shop  text    COLLATE "C" NOT NULL,
	route text    COLLATE "C" NOT NULL,
	name  text    COLLATE "C" NOT NULL,
	at    bigint  NOT NULL,
	bytes bigint  NOT NULL, -- sent
	whole boolean NOT NULL, -- the client read to the end
	PRIMARY KEY (shop, route, name, at)
);

-- A reference table: a token's digest finds its shop.
CREATE TABLE tokens (
	digest  bytea  NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
	shop    text   COLLATE "C" NOT NULL, -- _hub: every shop
	name    text   COLLATE "C" NOT NULL,
	scope   text   NOT NULL CHECK (scope IN ('submit', 'read', 'operate', 'admin')),
	created bigint NOT NULL, -- the first one of this name
	issued  bigint NOT NULL, -- this one
	expires bigint NOT NULL DEFAULT 0
);

CREATE INDEX tokens_name ON tokens (shop, name);

-- Two nodes can not make a token of one name at the same time.
CREATE UNIQUE INDEX tokens_current ON tokens (shop, name) WHERE expires = 0;
