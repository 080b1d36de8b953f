-- What orders have of our stock: taken, and neither shipped nor given back.
CREATE TABLE taken (
	shop     text  COLLATE "C" NOT NULL,
	order_id text  COLLATE "C" NOT NULL,
	body     bytea NOT NULL, -- JSON: by product and warehouse
	PRIMARY KEY (shop, order_id)
);
