-- What the outlets of shops sell products for.

-- Every outlet that a product or an offer ever named.
CREATE TABLE outlets (
	shop  TEXT NOT NULL,
	store TEXT NOT NULL,
	PRIMARY KEY (shop, store)
) WITHOUT ROWID;
INSERT INTO outlets (shop, store)
	SELECT DISTINCT shop, json_extract(CAST(body AS TEXT), '$.store') FROM products
	WHERE deleted = 0 AND json_extract(CAST(body AS TEXT), '$.store') <> '';

-- What an outlet says of its own; of everything else the product counts. Rows
-- are changed, and never removed.
CREATE TABLE offers (
	shop     TEXT    NOT NULL,
	store    TEXT    NOT NULL,
	code     TEXT    NOT NULL, -- of the product, which may be gone
	version  INTEGER NOT NULL, -- of the last change, by the catalogue's counter
	at       INTEGER NOT NULL, -- of the last change
	price    TEXT    NOT NULL, -- a decimal; '': that of the product
	currency TEXT    NOT NULL, -- '': that of the product
	active   INTEGER NOT NULL CHECK (active BETWEEN 0 AND 2), -- as the product, yes, no
	most     INTEGER NOT NULL, -- units of an order; 0: no limit
	PRIMARY KEY (shop, store, code)
) WITHOUT ROWID;
CREATE UNIQUE INDEX offers_version ON offers (shop, version);
