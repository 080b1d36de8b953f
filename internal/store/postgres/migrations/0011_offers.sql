-- What the outlets of shops sell products for.

-- Every outlet that a product or an offer ever named.
CREATE TABLE outlets (
	shop  text COLLATE "C" NOT NULL,
	store text COLLATE "C" NOT NULL,
	PRIMARY KEY (shop, store)
);
INSERT INTO outlets (shop, store)
	SELECT DISTINCT shop, convert_from(body, 'UTF8')::jsonb ->> 'store' FROM products
	WHERE NOT deleted AND convert_from(body, 'UTF8')::jsonb ->> 'store' <> '';

-- What an outlet says of its own; of everything else the product counts. Rows
-- are changed, and never removed.
CREATE TABLE offers (
	shop     text     COLLATE "C" NOT NULL,
	store    text     COLLATE "C" NOT NULL,
	code     text     COLLATE "C" NOT NULL, -- of the product, which may be gone
	version  bigint   NOT NULL, -- of the last change, by the catalogue's counter
	at       bigint   NOT NULL, -- of the last change
	price    text     NOT NULL, -- a decimal; '': that of the product
	currency text     NOT NULL, -- '': that of the product
	active   smallint NOT NULL CHECK (active BETWEEN 0 AND 2), -- as the product, yes, no
	most     bigint   NOT NULL, -- units of an order; 0: no limit
	PRIMARY KEY (shop, store, code)
);
CREATE UNIQUE INDEX offers_version ON offers (shop, version);
