-- The shops' ledgers. Times are microseconds since 1970 (UTC) where the
-- program keeps them, timestamptz where the database's own clock does. Texts
-- that are keys compare by bytes (COLLATE "C"). shop is the first column of
-- every key and index, so that the tables can be distributed by it; reference
-- tables are named in distribute.go.

-- A shop's key: 32 random bytes for fingerprints and keyed digests.
CREATE TABLE shops (
	shop text  COLLATE "C" NOT NULL PRIMARY KEY,
	key  bytea NOT NULL
);

-- The end of a shop's log. Every append locks its row first, so it is alone in
-- its table: who settles deliveries never waits for it.
CREATE TABLE heads (
	shop  text   COLLATE "C" NOT NULL PRIMARY KEY,
	head  bigint NOT NULL DEFAULT 0,   -- seq of the newest event
	hash  bytea  NOT NULL DEFAULT '',  -- its hash
	at    bigint NOT NULL DEFAULT 0,   -- its accepted_at
	moved timestamptz NOT NULL DEFAULT now() -- for the nodes' poll
) WITH (fillfactor = 50);

-- Which node delivers for a shop. The epoch is raised with every change of
-- node; who has an older one can write no delivery.
CREATE TABLE owners (
	shop  text   COLLATE "C" NOT NULL PRIMARY KEY,
	node  text   COLLATE "C" NOT NULL DEFAULT '', -- '': nobody
	epoch bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

-- The log.
CREATE TABLE events (
	shop     text   COLLATE "C" NOT NULL,
	seq      bigint NOT NULL,
	at       bigint NOT NULL,
	personal bigint,                   -- seq of its personal part
	hash     bytea  NOT NULL,
	header   bytea  NOT NULL,
	body     bytea  NOT NULL,
	PRIMARY KEY (shop, seq)
);

-- What names or may name a person; erasing empties salt and body.
CREATE TABLE personal (
	shop text   COLLATE "C" NOT NULL,
	seq  bigint NOT NULL,
	salt bytea  NOT NULL,
	body bytea  NOT NULL,
	PRIMARY KEY (shop, seq)
);

-- One row per subject, by its number: the seq of its first event.
CREATE TABLE orders (
	shop   text     COLLATE "C" NOT NULL,
	number bigint   NOT NULL,
	hash   bigint   NOT NULL,            -- keyed 64-bit digest of kind and id
	twin   smallint NOT NULL DEFAULT 0,  -- tells subjects of one digest apart
	kind   text     COLLATE "C" NOT NULL,
	id     text     COLLATE "C" NOT NULL,
	newest bigint   NOT NULL,
	kinds  bigint   NOT NULL,
	flags  bigint   NOT NULL,
	layers bytea    NOT NULL,
	PRIMARY KEY (shop, number)
) WITH (fillfactor = 90);

-- Finds a subject by its digest, and refuses a second one: the index on random
-- ids is what grows, so it is narrow.
CREATE UNIQUE INDEX orders_hash ON orders (shop, hash, twin);

-- The events of a subject after its first one.
CREATE TABLE later (
	shop   text   COLLATE "C" NOT NULL,
	number bigint NOT NULL,
	seq    bigint NOT NULL,
	PRIMARY KEY (shop, number, seq)
);

-- What identifies the happenings of a subject.
CREATE TABLE happenings (
	shop   text   COLLATE "C" NOT NULL,
	number bigint NOT NULL,
	print  bytea  NOT NULL,
	seq    bigint NOT NULL,
	PRIMARY KEY (shop, number, print)
);

-- Other parties' numbers of orders.
CREATE TABLE refs (
	shop   text   COLLATE "C" NOT NULL,
	source text   COLLATE "C" NOT NULL,
	value  text   COLLATE "C" NOT NULL,
	number bigint NOT NULL,
	PRIMARY KEY (shop, source, value)
);

-- Which blocks of 256 order numbers hold orders that a source stated: a
-- narrow way from a source to its newest orders.
CREATE TABLE stated (
	shop   text   COLLATE "C" NOT NULL,
	source text   COLLATE "C" NOT NULL,
	block  bigint NOT NULL,
	PRIMARY KEY (shop, source, block)
);
