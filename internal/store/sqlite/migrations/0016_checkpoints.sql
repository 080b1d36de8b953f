-- Where the logs begin whose oldest events were removed: a row per such shop.
CREATE TABLE checkpoints (
	shop TEXT    NOT NULL,
	seq  INTEGER NOT NULL, -- of the last event that was removed
	hash BLOB    NOT NULL, -- of that event: what the chain goes on from
	at   INTEGER NOT NULL, -- its accepted_at
	PRIMARY KEY (shop)
) WITHOUT ROWID;
