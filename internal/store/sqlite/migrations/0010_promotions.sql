-- What shops sell for less, and the jobs that say so. Times are microseconds
-- since 1970 (UTC).

-- The counters of a shop's promotions.
CREATE TABLE promotion_heads (
	shop    TEXT    NOT NULL,
	number  INTEGER NOT NULL, -- of the newest job
	version INTEGER NOT NULL, -- of the newest change
	PRIMARY KEY (shop)
) WITHOUT ROWID;

CREATE TABLE promotion_jobs (
	shop    TEXT    NOT NULL,
	number  INTEGER NOT NULL,
	id      TEXT    NOT NULL, -- holds the number
	state   INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5), -- receiving, queued, in progress, completed, failed, duplicate
	digest  BLOB    NOT NULL, -- of the request
	same    TEXT    NOT NULL, -- id of the job that a duplicate repeats
	attempt INTEGER NOT NULL, -- of how many runners
	crashes INTEGER NOT NULL, -- of them in sequence that came no further
	until   INTEGER NOT NULL, -- that the newest one has it
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	pieces  INTEGER NOT NULL, -- of the request; 0 once they are removed
	done    INTEGER NOT NULL, -- of them
	body    BLOB    NOT NULL, -- JSON: the request beside stores and SKUs
	result  BLOB    NOT NULL, -- JSON; empty: none yet
	PRIMARY KEY (shop, number)
);
CREATE INDEX promotion_jobs_open ON promotion_jobs (shop, number) WHERE state BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_same ON promotion_jobs (shop, digest, number) WHERE state BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_left ON promotion_jobs (shop, number) WHERE pieces > 0 AND state NOT BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_old ON promotion_jobs (shop, updated) WHERE state > 2;

-- Requests, until their jobs are over.
CREATE TABLE promotion_pieces (
	shop   TEXT    NOT NULL,
	job    INTEGER NOT NULL,
	piece  INTEGER NOT NULL,
	body   BLOB    NOT NULL,
	result BLOB, -- JSON; NULL: none yet
	PRIMARY KEY (shop, job, piece)
);

CREATE TABLE promotions (
	shop    TEXT    NOT NULL,
	id      INTEGER NOT NULL, -- number of the job that made it
	print   BLOB    NOT NULL, -- of what it is known by
	state   INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3), -- planned, running, ended, deactivated
	starts  INTEGER NOT NULL,
	ends    INTEGER NOT NULL,
	due     INTEGER NOT NULL, -- when something is to be done with it
	created INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	body    BLOB    NOT NULL, -- JSON: what it says beside stores and SKUs
	PRIMARY KEY (shop, id)
);
CREATE UNIQUE INDEX promotions_print ON promotions (shop, print);
CREATE INDEX promotions_due ON promotions (shop, due, id);

-- What jobs say of promotions, by the numbers of the jobs.
CREATE TABLE promotion_layers (
	shop      TEXT    NOT NULL,
	layer     INTEGER NOT NULL,
	promotion INTEGER NOT NULL,
	levels    INTEGER NOT NULL, -- rows that its stores are spread over: a power of two
	PRIMARY KEY (shop, layer)
) WITHOUT ROWID;
CREATE INDEX promotion_layers_of ON promotion_layers (shop, promotion, layer);

CREATE TABLE promotion_stores (
	shop   TEXT    NOT NULL,
	layer  INTEGER NOT NULL,
	bucket INTEGER NOT NULL, -- hash of the stores
	body   BLOB    NOT NULL, -- stores and their numbers
	PRIMARY KEY (shop, layer, bucket)
) WITHOUT ROWID;

-- SKUs of layers by hash, as they are asked for.
CREATE TABLE promotion_skus (
	shop   TEXT    NOT NULL,
	key    INTEGER NOT NULL, -- hash of the SKUs
	starts INTEGER NOT NULL, -- of the promotion
	layer  INTEGER NOT NULL,
	ends   INTEGER NOT NULL,
	stores INTEGER NOT NULL, -- a bit for each store, of 63; -1: everywhere
	skus   INTEGER NOT NULL, -- a bit for each SKU, of 63; below 0: some store refused one
	body   BLOB    NOT NULL, -- SKUs, terms, the numbers of stores that refused
	PRIMARY KEY (shop, key, starts, layer)
) WITHOUT ROWID;
CREATE INDEX promotion_skus_layer ON promotion_skus (shop, layer, key);

CREATE TABLE promotion_changes (
	shop      TEXT    NOT NULL,
	version   INTEGER NOT NULL,
	at        INTEGER NOT NULL,
	kind      TEXT    NOT NULL, -- created, changed, deactivated, started, ended, job
	promotion INTEGER NOT NULL, -- 0: none
	job       INTEGER NOT NULL, -- 0: none
	PRIMARY KEY (shop, version)
) WITHOUT ROWID;
