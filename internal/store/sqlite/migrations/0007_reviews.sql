-- Reviews as they stand now, apart from their words: those stand in the
-- ledger, with the event seq. Times are microseconds since 1970 (UTC).

CREATE TABLE reviews (
	shop     TEXT    NOT NULL,
	id       TEXT    NOT NULL,
	seq      INTEGER NOT NULL, -- the event of this version
	at       INTEGER NOT NULL, -- when it was written first
	version  INTEGER NOT NULL, -- when this version was
	order_id TEXT    NOT NULL,
	source   TEXT    NOT NULL,
	about    TEXT    NOT NULL CHECK (about IN ('shop', 'product')),
	product  TEXT    NOT NULL,
	stars    INTEGER NOT NULL CHECK (stars BETWEEN 0 AND 5), -- 0: none given
	locale   TEXT    NOT NULL,
	location TEXT    NOT NULL,
	tags     TEXT    NOT NULL, -- a line each
	link     TEXT    NOT NULL,
	platform TEXT    NOT NULL, -- '': our own form
	verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
	deleted  INTEGER NOT NULL CHECK (deleted IN (0, 1)),
	PRIMARY KEY (shop, id)
) WITHOUT ROWID;

-- What reviews are listed by: each value of each review, newest last.
CREATE TABLE review_keys (
	shop  TEXT    NOT NULL,
	kind  TEXT    NOT NULL, -- all, about, tag, location, product, order, locale, platform, stars
	value TEXT    NOT NULL,
	at    INTEGER NOT NULL,
	id    TEXT    NOT NULL,
	PRIMARY KEY (shop, kind, value, at, id)
) WITHOUT ROWID;

-- What they add up to; kept in the transactions that change them.
CREATE TABLE review_totals (
	shop      TEXT    NOT NULL,
	dimension TEXT    NOT NULL, -- all, about, tag, location, product
	value     TEXT    NOT NULL,
	month     TEXT    NOT NULL, -- 2026-11
	count     INTEGER NOT NULL, -- reviews with stars that were not taken back
	stars     INTEGER NOT NULL,
	PRIMARY KEY (shop, dimension, value, month)
) WITHOUT ROWID;
