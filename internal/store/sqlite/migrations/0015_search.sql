-- What orders are found by, beside their ids. Written behind the log by whoever
-- delivers for a shop, and made anew from the log if it is emptied.

-- The newest event whose order can be found.
CREATE TABLE order_index (
	shop     TEXT    NOT NULL,
	position INTEGER NOT NULL,
	PRIMARY KEY (shop)
) WITHOUT ROWID;

CREATE TABLE order_keys (
	shop   TEXT    NOT NULL,
	kind   INTEGER NOT NULL, -- 1 e-mail, 2 reference, 3 product code, 4 parcel
	digest INTEGER NOT NULL, -- of the text, under the shop's key
	number INTEGER NOT NULL, -- of the order
	PRIMARY KEY (shop, kind, digest, number)
) WITHOUT ROWID;

-- What erasing an order removes.
CREATE INDEX order_keys_person ON order_keys (shop, number) WHERE kind = 1;
