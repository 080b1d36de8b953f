-- What shops sell. Times are microseconds since 1970 (UTC).

-- The counter of a shop's catalogue: the version of its newest change. Who
-- writes to the catalogue locks the row first.
CREATE TABLE catalogs (
	shop    text   COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	PRIMARY KEY (shop)
) WITH (fillfactor = 50);

CREATE TABLE products (
	shop    text    COLLATE "C" NOT NULL,
	code    text    COLLATE "C" NOT NULL, -- the shop's own
	version bigint  NOT NULL, -- of its last change
	at      bigint  NOT NULL, -- of its last change
	deleted boolean NOT NULL, -- kept for who follows the changes
	stock   bytea   NOT NULL, -- JSON: by warehouse
	body    bytea   NOT NULL, -- JSON: everything else
	PRIMARY KEY (shop, code)
);
CREATE UNIQUE INDEX products_version ON products (shop, version);

-- What products are found by.
CREATE TABLE product_codes (
	shop  text COLLATE "C" NOT NULL,
	kind  text COLLATE "C" NOT NULL, -- code, sku, gtin, producer, external
	value text COLLATE "C" NOT NULL,
	code  text COLLATE "C" NOT NULL,
	PRIMARY KEY (shop, kind, value, code)
);

-- What is reserved of our stock, for the keys of baskets.
CREATE TABLE reservations (
	shop     text   COLLATE "C" NOT NULL,
	code     text   COLLATE "C" NOT NULL,
	key      text   COLLATE "C" NOT NULL,
	quantity text   NOT NULL, -- a decimal
	expires  bigint NOT NULL,
	PRIMARY KEY (shop, code, key)
);
CREATE INDEX reservations_key ON reservations (shop, key);
