-- The nodes of the hub: one row for each run of one. A reference table: it
-- belongs to no shop. Times are the database's.
CREATE TABLE nodes (
	id      text    COLLATE "C" NOT NULL PRIMARY KEY,
	name    text    NOT NULL,             -- for people
	version text    NOT NULL,             -- of the program
	lease   bigint  NOT NULL,             -- microseconds that it may be silent
	started timestamptz NOT NULL DEFAULT clock_timestamp(),
	beat    timestamptz NOT NULL DEFAULT clock_timestamp(), -- the last heartbeat
	beats   bigint  NOT NULL DEFAULT 0,
	told    bigint  NOT NULL DEFAULT 0,   -- raised by others: there is something to look at
	leaving boolean NOT NULL DEFAULT false,
	ended   timestamptz,                  -- declared dead: it never beats again
	shops   integer NOT NULL DEFAULT 0,   -- that it delivers for
	known   text    NOT NULL DEFAULT '',  -- digest of the names of its configured shops
	config  text    NOT NULL DEFAULT '',  -- digest of its configuration
	totals  bytea   NOT NULL DEFAULT ''   -- JSON, for summed metrics
) WITH (fillfactor = 30);

-- What one node asks of another: of a shop's owner, or of a certain one. Rows
-- live for seconds; args may name orders.
CREATE TABLE commands (
	shop    text COLLATE "C" NOT NULL,
	id      text COLLATE "C" NOT NULL,
	node    text COLLATE "C" NOT NULL,            -- who shall do it; '': the shop's owner
	asker   text COLLATE "C" NOT NULL,            -- the node that waits
	kind    text NOT NULL,
	args    bytea NOT NULL,
	expires timestamptz NOT NULL,                 -- it is not taken later
	ends    timestamptz NOT NULL,                 -- nobody waits longer
	taken   text COLLATE "C" NOT NULL DEFAULT '', -- who does it; '': nobody yet
	answer  bytea,                                -- NULL: not done
	PRIMARY KEY (shop, id)
);
