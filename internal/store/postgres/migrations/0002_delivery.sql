-- Routes and their deliveries. Times are microseconds since 1970 (UTC), 0:
-- none. The states are drawn in internal/delivery/states.md. Columns of eight
-- bytes stand first, then those of four and two: so the rows have no gaps.
--
-- Locks are taken in this sequence: rows of routes (by name), claims (by order
-- and kind), then the rest, which belongs to a route whose row is locked; the
-- calls of a day, which routes share, come last.

-- One row per route that ever was: how far it is in its shop's log. Every
-- commit of the route updates it, and with that holds off whoever wants to own,
-- erase or plant there. The room left in the pages lets the new version of a
-- row stand beside the old one, so that no index has to be written.
CREATE TABLE routes (
	shop       text    COLLATE "C" NOT NULL,
	route      text    COLLATE "C" NOT NULL,
	position   bigint  NOT NULL,            -- the newest event that it considered
	start      bigint  NOT NULL,            -- the head when it was added
	ahead      bigint  NOT NULL DEFAULT 0,
	last_call  bigint  NOT NULL DEFAULT 0,
	epoch      bigint  NOT NULL,            -- the owner's; one with another epoch can not write
	personal   boolean NOT NULL DEFAULT false,
	partner    text    NOT NULL,
	status     text    NOT NULL DEFAULT '' CHECK (status IN ('', 'paused', 'blocked', 'gone')),
	reason     text    NOT NULL DEFAULT '',
	revision   text    NOT NULL DEFAULT '',
	backfilled bigint[] NOT NULL DEFAULT '{}', -- ranges of order numbers: from, to, from, to …
	PRIMARY KEY (shop, route)
) WITH (fillfactor = 50);

-- How many deliveries there are per state; kept in the transactions that
-- change them, so that nobody has to count a million rows. Two or three of a
-- route's rows change with every commit: fillfactor as above.
CREATE TABLE route_counts (
	shop  text     COLLATE "C" NOT NULL,
	route text     COLLATE "C" NOT NULL,
	n     bigint   NOT NULL,
	state smallint NOT NULL,
	PRIMARY KEY (shop, route, state)
) WITH (fillfactor = 50);

-- The fate of an event (or of an order) on one route. Skipped events have no
-- row. The states: 1 ready, 2 held, 3 sending, 4 pending, 5 retrying, 6 asking;
-- settled: 7 failed, 8 parked, 9 delivered, 10 refused, 11 cancelled,
-- 12 superseded, 13 dropped.
CREATE TABLE deliveries (
	ord     bigint   NOT NULL,           -- the order's number
	seq     bigint   NOT NULL,           -- the event
	due     bigint   NOT NULL DEFAULT 0, -- when the engine looks at it by itself
	base    bigint   NOT NULL DEFAULT 0, -- the event's own time
	planned bigint   NOT NULL DEFAULT 0,
	settled bigint   NOT NULL DEFAULT 0,
	call    bigint   NOT NULL DEFAULT 0, -- the last one, and its place there
	place   integer  NOT NULL DEFAULT 0,
	run     integer  NOT NULL,
	attempt integer  NOT NULL DEFAULT 0,
	looks   integer  NOT NULL DEFAULT 0,
	absent  integer  NOT NULL DEFAULT 0,
	state   smallint NOT NULL CHECK (state BETWEEN 1 AND 13),
	lane    smallint NOT NULL CHECK (lane BETWEEN 0 AND 2), -- live, backfilled or replayed, sending
	act     smallint NOT NULL DEFAULT 0, -- what planned it
	shop    text     COLLATE "C" NOT NULL,
	route   text     COLLATE "C" NOT NULL,
	ref     text     NOT NULL DEFAULT '',
	code    text     COLLATE "C" NOT NULL DEFAULT '',
	reason  text     NOT NULL DEFAULT '',
	note    bytea,
	digest  bytea,
	PRIMARY KEY (shop, route, ord, seq, run),
	-- What rests has no time; what was settled has one, and nothing else has.
	CHECK (due = 0 OR settled = 0),
	CHECK ((settled > 0) = (state >= 7)),
	CHECK ((lane = 2) = (state = 3)),
	CHECK (state < 3 OR state > 6 OR due > 0),
	CHECK (state != 3 OR attempt > 0)
) WITH (
	-- Room for the settled version of a row beside the one that is sending: a
	-- seventh less in the server's log of writes than on another page.
	fillfactor = 70,
	-- Each row is written twice at least, sending and settled, and every change
	-- of its state touches an index: so there is a dead row per delivery. They
	-- are cleared after a fiftieth of the table instead of a fifth; what is
	-- only ever inserted needs no more.
	autovacuum_vacuum_scale_factor = 0.02,
	autovacuum_analyze_scale_factor = 0.02
);

-- What the engine picks up. Small: open deliveries only.
CREATE INDEX deliveries_due ON deliveries (shop, route, lane, due) WHERE due > 0;

-- What people list. A delivery that just goes through never enters it.
CREATE INDEX deliveries_listed ON deliveries (shop, state, route, seq, ord, run)
	WHERE state != 3 AND state != 9;

-- What waits for another delivery of its order.
CREATE INDEX deliveries_blocked ON deliveries (shop, route, ord) WHERE state = 1 AND due = 0;

-- The evidence: one row per exchange. Erasing an order empties the texts of
-- all calls that carried it.
CREATE TABLE calls (
	id            bigint   NOT NULL,
	at            bigint   NOT NULL,
	duration      bigint   NOT NULL, -- nanoseconds
	n             integer  NOT NULL,
	tasks         integer  NOT NULL,
	request_size  bigint   NOT NULL,
	response_size bigint   NOT NULL,
	status        integer  NOT NULL,
	erased        boolean  NOT NULL DEFAULT false,
	shop          text     COLLATE "C" NOT NULL,
	route         text     COLLATE "C" NOT NULL,
	method        text     NOT NULL,
	url           text     NOT NULL,
	request_head  text     NOT NULL,
	request_body  bytea,
	response_head text     NOT NULL,
	response_body bytea,
	error         text     NOT NULL,
	PRIMARY KEY (shop, route, id, n)
);

-- Calls of a delivery before its last one.
CREATE TABLE earlier_calls (
	shop  text    COLLATE "C" NOT NULL,
	route text    COLLATE "C" NOT NULL,
	ord   bigint  NOT NULL,
	seq   bigint  NOT NULL,
	call  bigint  NOT NULL,
	run   integer NOT NULL,
	place integer NOT NULL,
	PRIMARY KEY (shop, route, ord, seq, run, call)
);

-- At most one invitation per order and kind.
CREATE TABLE claims (
	shop  text   COLLATE "C" NOT NULL,
	ord   bigint NOT NULL,
	kind  text   COLLATE "C" NOT NULL,
	route text   COLLATE "C" NOT NULL,
	PRIMARY KEY (shop, ord, kind)
);

-- Calls per day, of connections with a daily cap.
CREATE TABLE call_days (
	shop       text   COLLATE "C" NOT NULL,
	connection text   COLLATE "C" NOT NULL,
	day        text   COLLATE "C" NOT NULL, -- 2026-05-31, UTC
	calls      bigint NOT NULL,
	PRIMARY KEY (shop, connection, day)
) WITH (fillfactor = 50);
