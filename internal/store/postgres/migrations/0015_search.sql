-- What orders are found by, beside their ids. Written behind the log by whoever
-- delivers for a shop, and made anew from the log if it is emptied.

-- The newest event whose order can be found.
CREATE TABLE order_index (
	shop     text   COLLATE "C" NOT NULL,
	position bigint NOT NULL,
	PRIMARY KEY (shop)
) WITH (fillfactor = 50);

CREATE TABLE order_keys (
	digest bigint   NOT NULL, -- of the text, under the shop's key
	number bigint   NOT NULL, -- of the order
	kind   smallint NOT NULL, -- 1 e-mail, 2 reference, 3 product code, 4 parcel
	shop   text     COLLATE "C" NOT NULL,
	PRIMARY KEY (shop, kind, digest, number)
);

-- What erasing an order removes.
CREATE INDEX order_keys_person ON order_keys (shop, number) WHERE kind = 1;
