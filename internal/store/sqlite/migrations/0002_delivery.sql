-- Routes and their deliveries. Times are microseconds since 1970 (UTC), 0: none.
-- The states are drawn in internal/delivery/states.md.

-- One row per route that ever was: how far it is in its shop's log.
CREATE TABLE routes (
	shop       TEXT    NOT NULL,
	route      TEXT    NOT NULL,
	partner    TEXT    NOT NULL,
	position   INTEGER NOT NULL, -- the newest event that it considered
	start      INTEGER NOT NULL, -- the head when it was added
	ahead      INTEGER NOT NULL DEFAULT 0,
	last_call  INTEGER NOT NULL DEFAULT 0,
	epoch      INTEGER NOT NULL, -- raised by every owner; one with a lower epoch can not write
	status     TEXT    NOT NULL DEFAULT '' CHECK (status IN ('', 'paused', 'blocked', 'gone')),
	reason     TEXT    NOT NULL DEFAULT '',
	revision   TEXT    NOT NULL DEFAULT '',
	personal   INTEGER NOT NULL DEFAULT 0 CHECK (personal IN (0, 1)),
	backfilled TEXT    NOT NULL DEFAULT '', -- ranges of order numbers: "1-500 812-812"
	PRIMARY KEY (shop, route)
) WITHOUT ROWID;

-- How many deliveries there are per state; kept in the transactions that
-- change them, so that nobody has to count a million rows.
CREATE TABLE route_counts (
	shop  TEXT    NOT NULL,
	route TEXT    NOT NULL,
	state INTEGER NOT NULL,
	n     INTEGER NOT NULL,
	PRIMARY KEY (shop, route, state)
) WITHOUT ROWID;

-- The fate of an event (or of an order) on one route. Skipped events have no
-- row. The states: 1 ready, 2 held, 3 sending, 4 pending, 5 retrying, 6 asking;
-- settled: 7 failed, 8 parked, 9 delivered, 10 refused, 11 cancelled,
-- 12 superseded, 13 dropped. Numbers, because checking a text against a list
-- doubled the time of every write.
CREATE TABLE deliveries (
	shop    TEXT    NOT NULL,
	route   TEXT    NOT NULL,
	ord     INTEGER NOT NULL,           -- the order's number
	seq     INTEGER NOT NULL,           -- the event
	run     INTEGER NOT NULL,
	state   INTEGER NOT NULL CHECK (state BETWEEN 1 AND 13),
	lane    INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2), -- live, backfilled or replayed, sending
	act     INTEGER NOT NULL DEFAULT 0, -- what planned it
	attempt INTEGER NOT NULL DEFAULT 0,
	due     INTEGER NOT NULL DEFAULT 0, -- when the engine looks at it by itself
	base    INTEGER NOT NULL DEFAULT 0, -- the event's own time
	planned INTEGER NOT NULL DEFAULT 0,
	settled INTEGER NOT NULL DEFAULT 0,
	ref     TEXT    NOT NULL DEFAULT '',
	code    TEXT    NOT NULL DEFAULT '',
	reason  TEXT    NOT NULL DEFAULT '',
	call    INTEGER NOT NULL DEFAULT 0, -- the last one, and its place there
	place   INTEGER NOT NULL DEFAULT 0,
	note    BLOB,
	digest  BLOB,
	looks   INTEGER NOT NULL DEFAULT 0,
	absent  INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (shop, route, ord, seq, run),
	-- What rests has no time; what was settled has one, and nothing else has.
	CHECK (due = 0 OR settled = 0),
	CHECK ((settled > 0) = (state >= 7)),
	CHECK ((lane = 2) = (state = 3)),
	CHECK (state < 3 OR state > 6 OR due > 0),
	CHECK (state != 3 OR attempt > 0)
) WITHOUT ROWID;

-- What the engine picks up. Small: open deliveries only.
CREATE INDEX deliveries_due ON deliveries (shop, route, lane, due) WHERE due > 0;

-- What people list. A delivery that just goes through never enters it.
CREATE INDEX deliveries_listed ON deliveries (shop, state, route, seq)
	WHERE state != 3 AND state != 9;

-- What waits for another delivery of its order.
CREATE INDEX deliveries_blocked ON deliveries (shop, route, ord) WHERE state = 1 AND due = 0;

-- The evidence: one row per exchange. A rowid table: the rows are wide.
-- Erasing an order overwrites the texts of all calls that carried it.
CREATE TABLE calls (
	shop          TEXT    NOT NULL,
	route         TEXT    NOT NULL,
	id            INTEGER NOT NULL,
	n             INTEGER NOT NULL,
	tasks         INTEGER NOT NULL,
	at            INTEGER NOT NULL,
	duration      INTEGER NOT NULL, -- nanoseconds
	method        TEXT    NOT NULL,
	url           TEXT    NOT NULL,
	request_head  TEXT    NOT NULL,
	request_body  BLOB,
	request_size  INTEGER NOT NULL,
	status        INTEGER NOT NULL,
	response_head TEXT    NOT NULL,
	response_body BLOB,
	response_size INTEGER NOT NULL,
	error         TEXT    NOT NULL,
	erased        INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (shop, route, id, n)
);

-- Calls of a delivery before its last one.
CREATE TABLE earlier_calls (
	shop  TEXT    NOT NULL,
	route TEXT    NOT NULL,
	ord   INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	run   INTEGER NOT NULL,
	call  INTEGER NOT NULL,
	place INTEGER NOT NULL,
	PRIMARY KEY (shop, route, ord, seq, run, call)
) WITHOUT ROWID;

-- At most one invitation per order and kind.
CREATE TABLE claims (
	shop  TEXT    NOT NULL,
	ord   INTEGER NOT NULL,
	kind  TEXT    NOT NULL,
	route TEXT    NOT NULL,
	PRIMARY KEY (shop, ord, kind)
) WITHOUT ROWID;

-- Calls per day, of connections with a daily cap.
CREATE TABLE call_days (
	shop       TEXT    NOT NULL,
	connection TEXT    NOT NULL,
	day        TEXT    NOT NULL, -- 2026-05-31, UTC
	calls      INTEGER NOT NULL,
	PRIMARY KEY (shop, connection, day)
) WITHOUT ROWID;
