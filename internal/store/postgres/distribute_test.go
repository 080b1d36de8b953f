package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestDistributeWithoutCitus(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	done, err := s.Distribute(t.Context())
	var none *NoCitus
	if !errors.As(err, &none) || none.Version == "" || len(done) != 0 || !strings.Contains(err.Error(), "without Citus") {
		t.Errorf("%v, %v", done, err)
	}
}

// fakeCitus has the parts of Citus that Distribute asks for. They keep account
// of what was asked; the real ones refuse a table whose key lacks its column,
// as these do.
const fakeCitus = `
	SET allow_system_table_mods = on;
	INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
		VALUES (99999, 'citus', 10, 11, false, '12.1-1');
	CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char" NOT NULL, beside text);
	CREATE TABLE emptied (t regclass);
	CREATE FUNCTION create_reference_table(t regclass) RETURNS void LANGUAGE sql AS
		$$ INSERT INTO pg_dist_partition VALUES (t, 'n') $$;
	CREATE FUNCTION create_distributed_table(t regclass, col text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN
			IF t::text = 'files' AND NOT EXISTS (SELECT 1 FROM emptied WHERE emptied.t::text = 'shops') THEN
				RAISE EXCEPTION 'not yet';
			END IF;
			IF EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = t AND i.indisunique AND NOT EXISTS (
				SELECT 1 FROM pg_attribute a WHERE a.attrelid = t AND a.attname = col AND a.attnum = ANY (i.indkey))) THEN
				RAISE EXCEPTION 'a unique index of % lacks %', t, col;
			END IF;
			INSERT INTO pg_dist_partition VALUES (t, 'h', colocate_with);
		END $$;
	CREATE FUNCTION truncate_local_data_after_distributing_table(t regclass) RETURNS void LANGUAGE plpgsql AS $$
		BEGIN
			IF t::text = 'events' AND NOT EXISTS (SELECT 1 FROM emptied WHERE emptied.t::text = 'go') THEN
				RAISE EXCEPTION 'interrupted';
			END IF;
			INSERT INTO emptied VALUES (t);
		END $$;
	CREATE TABLE go ();`

// TestDistribute is interrupted, goes on, and is repeated.
func TestDistribute(t *testing.T) {
	t.Parallel()
	s := openNew(t, Options{})
	conn := other(t, s)
	mustExec(t, conn, fakeCitus)
	done, err := s.Distribute(t.Context())
	if err == nil || !strings.Contains(err.Error(), "events: ") || !slices.Contains(done, "heads: distributed by shop") {
		t.Fatalf("interrupted: %v, %v", done, err)
	}
	mustExec(t, conn, "INSERT INTO emptied VALUES ('go')")
	for range 2 {
		if done, err = s.Distribute(t.Context()); err != nil || len(done) != 1+len(tablesByShop)+len(referenceTables) {
			t.Fatalf("%v, %v", done, err)
		}
	}
	for _, want := range []string{"Citus 12.1-1", "tokens: on every machine already", "events: distributed by shop already"} {
		if !slices.Contains(done, want) {
			t.Errorf("%q is not told: %v", want, done)
		}
	}
	var hash, beside, reference int
	const count = `SELECT count(*) FILTER (WHERE partmethod = 'h'), count(*) FILTER (WHERE beside = 'shops'),
		count(*) FILTER (WHERE partmethod = 'n') FROM pg_dist_partition`
	if err := conn.QueryRow(t.Context(), count).Scan(&hash, &beside, &reference); err != nil {
		t.Fatal(err)
	}
	if hash != len(tablesByShop) || beside != hash-1 || reference != len(referenceTables) {
		t.Errorf("%d by shop, %d of them beside the first, %d on every machine", hash, beside, reference)
	}
	mustAppend(t, openLedger(s), testEntry("A-1", "p"))
}
