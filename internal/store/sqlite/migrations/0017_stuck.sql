-- What does not go on, by why: the kinds are read by jumps, and counted. A
-- delivery that just goes through never enters it.
CREATE INDEX deliveries_stuck ON deliveries (shop, state, route, code, seq)
	WHERE code != '' AND state != 3 AND state != 4 AND state != 9 AND state < 11;
