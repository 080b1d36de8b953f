-- What orders have of our stock: taken, and neither shipped nor given back.
CREATE TABLE taken (
	shop     TEXT NOT NULL,
	order_id TEXT NOT NULL,
	body     BLOB NOT NULL, -- JSON: by product and warehouse
	PRIMARY KEY (shop, order_id)
) WITHOUT ROWID;
