-- What shops sell for less, and the jobs that say so. Times are microseconds
-- since 1970 (UTC).

-- The counters of a shop's promotions. Who changes promotions locks the row
-- first; who only goes on with a job locks the job.
CREATE TABLE promotion_heads (
	shop    text   COLLATE "C" NOT NULL,
	number  bigint NOT NULL, -- of the newest job
	version bigint NOT NULL, -- of the newest change
	PRIMARY KEY (shop)
) WITH (fillfactor = 50);

CREATE TABLE promotion_jobs (
	shop    text   COLLATE "C" NOT NULL,
	number  bigint NOT NULL,
	id      text   COLLATE "C" NOT NULL, -- holds the number
	state   smallint NOT NULL CHECK (state BETWEEN 0 AND 5), -- receiving, queued, in progress, completed, failed, duplicate
	digest  bytea  NOT NULL, -- of the request
	same    text   COLLATE "C" NOT NULL, -- id of the job that a duplicate repeats
	attempt bigint NOT NULL, -- of how many runners
	crashes bigint NOT NULL, -- of them in sequence that came no further
	until   bigint NOT NULL, -- that the newest one has it
	created bigint NOT NULL,
	updated bigint NOT NULL,
	pieces  bigint NOT NULL, -- of the request; 0 once they are removed
	done    bigint NOT NULL, -- of them
	body    bytea  NOT NULL, -- JSON: the request beside stores and SKUs
	result  bytea  NOT NULL, -- JSON; empty: none yet
	PRIMARY KEY (shop, number)
);
CREATE INDEX promotion_jobs_open ON promotion_jobs (shop, number) WHERE state BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_same ON promotion_jobs (shop, digest, number) WHERE state BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_left ON promotion_jobs (shop, number) WHERE pieces > 0 AND state NOT BETWEEN 1 AND 2;
CREATE INDEX promotion_jobs_old ON promotion_jobs (shop, updated) WHERE state > 2;

-- Requests, until their jobs are over.
CREATE TABLE promotion_pieces (
	shop   text   COLLATE "C" NOT NULL,
	job    bigint NOT NULL,
	piece  bigint NOT NULL,
	body   bytea  NOT NULL,
	result bytea, -- JSON; NULL: none yet
	PRIMARY KEY (shop, job, piece)
);

CREATE TABLE promotions (
	shop    text   COLLATE "C" NOT NULL,
	id      bigint NOT NULL, -- number of the job that made it
	print   bytea  NOT NULL, -- of what it is known by
	state   smallint NOT NULL CHECK (state BETWEEN 0 AND 3), -- planned, running, ended, deactivated
	starts  bigint NOT NULL,
	ends    bigint NOT NULL,
	due     bigint NOT NULL, -- when something is to be done with it
	created bigint NOT NULL,
	changed bigint NOT NULL,
	body    bytea  NOT NULL, -- JSON: what it says beside stores and SKUs
	PRIMARY KEY (shop, id)
);
CREATE UNIQUE INDEX promotions_print ON promotions (shop, print);
CREATE INDEX promotions_due ON promotions (shop, due, id);

-- What jobs say of promotions, by the numbers of the jobs.
CREATE TABLE promotion_layers (
	shop      text   COLLATE "C" NOT NULL,
	layer     bigint NOT NULL,
	promotion bigint NOT NULL,
	levels    bigint NOT NULL, -- rows that its stores are spread over: a power of two
	PRIMARY KEY (shop, layer)
);
CREATE INDEX promotion_layers_of ON promotion_layers (shop, promotion, layer);

CREATE TABLE promotion_stores (
	shop   text   COLLATE "C" NOT NULL,
	layer  bigint NOT NULL,
	bucket bigint NOT NULL, -- hash of the stores
	body   bytea  NOT NULL, -- stores and their numbers
	PRIMARY KEY (shop, layer, bucket)
);

-- SKUs of layers by hash, as they are asked for.
CREATE TABLE promotion_skus (
	shop   text   COLLATE "C" NOT NULL,
	key    bigint NOT NULL, -- hash of the SKUs
	starts bigint NOT NULL, -- of the promotion
	layer  bigint NOT NULL,
	ends   bigint NOT NULL,
	stores bigint NOT NULL, -- a bit for each store, of 63; -1: everywhere
	skus   bigint NOT NULL, -- a bit for each SKU, of 63; below 0: some store refused one
	body   bytea  NOT NULL, -- SKUs, terms, the numbers of stores that refused
	PRIMARY KEY (shop, key, starts, layer)
);
CREATE INDEX promotion_skus_layer ON promotion_skus (shop, layer, key);

CREATE TABLE promotion_changes (
	shop      text   COLLATE "C" NOT NULL,
	version   bigint NOT NULL,
	at        bigint NOT NULL,
	kind      text   COLLATE "C" NOT NULL, -- created, changed, deactivated, started, ended, job
	promotion bigint NOT NULL, -- 0: none
	job       bigint NOT NULL, -- 0: none
	PRIMARY KEY (shop, version)
);
