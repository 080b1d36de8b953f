-- Orders are found by their channel (kind 5) and by the customer's account (6),
-- too: the index is made anew from the log.
DELETE FROM order_keys;
DELETE FROM order_index;
