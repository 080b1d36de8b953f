-- The shops' ledgers. Times are microseconds since 1970 (UTC).
-- Rows are written by the ledger alone; what the blobs hold is described in
-- internal/ledger (format.go, row.go).

-- One row per shop: its owner, its key, the end of its log.
CREATE TABLE shops (
	shop  TEXT    NOT NULL PRIMARY KEY,
	key   BLOB    NOT NULL,             -- 32 random bytes: fingerprints, keyed digests
	head  INTEGER NOT NULL DEFAULT 0,   -- seq of the newest event
	hash  BLOB    NOT NULL DEFAULT x'', -- its hash
	at    INTEGER NOT NULL DEFAULT 0,   -- its accepted_at
	indexed INTEGER NOT NULL DEFAULT 0, -- the table ids is complete up to this order number
	node  TEXT    NOT NULL DEFAULT '',
	epoch INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- The log. A rowid table: wide rows cost a quarter more without.
CREATE TABLE events (
	shop     TEXT    NOT NULL,
	seq      INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	personal INTEGER,                   -- seq of its personal part
	hash     BLOB    NOT NULL,
	header   BLOB    NOT NULL,
	body     BLOB    NOT NULL,
	PRIMARY KEY (shop, seq)
);

-- What names or may name a person. Erasing overwrites salt and body with
-- zeros in place and keeps the row: a deleted row could leave copies of its
-- neighbours behind when pages are balanced.
CREATE TABLE personal (
	shop TEXT    NOT NULL,
	seq  INTEGER NOT NULL,
	salt BLOB    NOT NULL,
	body BLOB    NOT NULL,
	PRIMARY KEY (shop, seq)
);

-- One row per subject, by its number: the seq of its first event.
CREATE TABLE orders (
	shop   TEXT    NOT NULL,
	number INTEGER NOT NULL,
	hash   INTEGER NOT NULL,            -- keyed 64-bit digest of kind and id
	kind   TEXT    NOT NULL,
	id     TEXT    NOT NULL,
	newest INTEGER NOT NULL,
	kinds  INTEGER NOT NULL,
	flags  INTEGER NOT NULL,
	layers BLOB    NOT NULL,
	PRIMARY KEY (shop, number)
) WITHOUT ROWID;

-- Finds a subject by its digest: the index on random ids is what grows, so it
-- is narrow, and filled in bulk (see recent.go). Equal digests are told apart
-- by the order row.
CREATE TABLE ids (
	shop   TEXT    NOT NULL,
	hash   INTEGER NOT NULL,
	number INTEGER NOT NULL,
	PRIMARY KEY (shop, hash, number)
) WITHOUT ROWID;

-- The events of a subject after its first one.
CREATE TABLE later (
	shop   TEXT    NOT NULL,
	number INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	PRIMARY KEY (shop, number, seq)
) WITHOUT ROWID;

-- What identifies the happenings of a subject.
CREATE TABLE happenings (
	shop   TEXT    NOT NULL,
	number INTEGER NOT NULL,
	print  BLOB    NOT NULL,
	seq    INTEGER NOT NULL,
	PRIMARY KEY (shop, number, print)
) WITHOUT ROWID;

-- Other parties' numbers of orders.
CREATE TABLE refs (
	shop   TEXT    NOT NULL,
	source TEXT    NOT NULL,
	value  TEXT    NOT NULL,
	number INTEGER NOT NULL,
	PRIMARY KEY (shop, source, value)
) WITHOUT ROWID;

-- Which blocks of 256 order numbers hold orders that a source stated: a
-- narrow way from a source to its newest orders.
CREATE TABLE stated (
	shop   TEXT    NOT NULL,
	source TEXT    NOT NULL,
	block  INTEGER NOT NULL,
	PRIMARY KEY (shop, source, block)
) WITHOUT ROWID;
