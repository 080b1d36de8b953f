-- Where the logs begin whose oldest events were removed: a row per such shop.
CREATE TABLE checkpoints (
	shop text   COLLATE "C" NOT NULL,
	seq  bigint NOT NULL, -- of the last event that was removed
	hash bytea  NOT NULL, -- of that event: what the chain goes on from
	at   bigint NOT NULL, -- its accepted_at
	PRIMARY KEY (shop)
);
