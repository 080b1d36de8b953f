-- Reviews as they stand now, apart from their words: those stand in the
-- ledger, with the event seq. Times are microseconds since 1970 (UTC).

CREATE TABLE reviews (
	shop     text     COLLATE "C" NOT NULL,
	id       text     COLLATE "C" NOT NULL,
	seq      bigint   NOT NULL, -- the event of this version
	at       bigint   NOT NULL, -- when it was written first
	version  bigint   NOT NULL, -- when this version was
	order_id text     NOT NULL,
	source   text     NOT NULL,
	about    text     NOT NULL CHECK (about IN ('shop', 'product')),
	product  text     NOT NULL,
	stars    smallint NOT NULL CHECK (stars BETWEEN 0 AND 5), -- 0: none given
	locale   text     NOT NULL,
	location text     NOT NULL,
	tags     text     NOT NULL, -- a line each
	link     text     NOT NULL,
	platform text     NOT NULL, -- '': our own form
	verified boolean  NOT NULL,
	deleted  boolean  NOT NULL,
	PRIMARY KEY (shop, id)
);

-- What reviews are listed by: each value of each review, newest last.
CREATE TABLE review_keys (
	shop  text   COLLATE "C" NOT NULL,
	kind  text   COLLATE "C" NOT NULL, -- all, about, tag, location, product, order, locale, platform, stars
	value text   COLLATE "C" NOT NULL,
	at    bigint NOT NULL,
	id    text   COLLATE "C" NOT NULL,
	PRIMARY KEY (shop, kind, value, at, id)
);

-- What they add up to; kept in the transactions that change them.
CREATE TABLE review_totals (
	shop      text   COLLATE "C" NOT NULL,
	dimension text   COLLATE "C" NOT NULL, -- all, about, tag, location, product
	value     text   COLLATE "C" NOT NULL,
	month     text   COLLATE "C" NOT NULL, -- 2026-11
	count     bigint NOT NULL, -- reviews with stars that were not taken back
	stars     bigint NOT NULL,
	PRIMARY KEY (shop, dimension, value, month)
) WITH (fillfactor = 50);
