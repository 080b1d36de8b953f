-- The move of a data folder into this database, while it is under way and
-- after. A reference table of one row at most: until the move has ended, no
-- node opens the database.
CREATE TABLE transfers (
	one   boolean     NOT NULL PRIMARY KEY DEFAULT true CHECK (one),
	id    text        NOT NULL, -- of the folder's move
	began timestamptz NOT NULL DEFAULT now(),
	ended timestamptz
);
