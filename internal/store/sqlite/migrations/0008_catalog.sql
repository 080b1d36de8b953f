-- What shops sell. Times are microseconds since 1970 (UTC).

-- The counter of a shop's catalogue: the version of its newest change.
CREATE TABLE catalogs (
	shop    TEXT    NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (shop)
) WITHOUT ROWID;

CREATE TABLE products (
	shop    TEXT    NOT NULL,
	code    TEXT    NOT NULL, -- the shop's own
	version INTEGER NOT NULL, -- of its last change
	at      INTEGER NOT NULL, -- of its last change
	deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)), -- kept for who follows the changes
	stock   BLOB    NOT NULL, -- JSON: by warehouse
	body    BLOB    NOT NULL, -- JSON: everything else
	PRIMARY KEY (shop, code)
);
CREATE UNIQUE INDEX products_version ON products (shop, version);

-- What products are found by.
CREATE TABLE product_codes (
	shop  TEXT NOT NULL,
	kind  TEXT NOT NULL, -- code, sku, gtin, producer, external
	value TEXT NOT NULL,
	code  TEXT NOT NULL,
	PRIMARY KEY (shop, kind, value, code)
) WITHOUT ROWID;

-- What is reserved of our stock, for the keys of baskets.
CREATE TABLE reservations (
	shop     TEXT    NOT NULL,
	code     TEXT    NOT NULL,
	key      TEXT    NOT NULL,
	quantity TEXT    NOT NULL, -- a decimal
	expires  INTEGER NOT NULL,
	PRIMARY KEY (shop, code, key)
) WITHOUT ROWID;
CREATE INDEX reservations_key ON reservations (shop, key);
