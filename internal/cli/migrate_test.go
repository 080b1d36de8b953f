package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

// TestMigrate moves a running hub into a database, as an operator would, and
// goes on there.
func TestMigrate(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	file := write(t, "ordermux.yml", fmt.Sprintf(configuration, receiver.URL, receiver.URL))
	data := filepath.Join(filepath.Dir(file), "data")
	database := pgtest.Database(t)
	var hub []string
	do := func(want string, args ...string) result {
		t.Helper()
		r := run(t, "", append(args, hub...)...)
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Errorf("%v: %+v", args, r)
		}
		return r
	}
	serve := func() *program {
		p := start(t, "serve", "--config", file)
		hub = []string{"--hub", "http://" + p.err.wait(t, `msg=listening address=(\S+)`), "--token", "the-admin-token"}
		return p
	}
	orders := func(id string) string {
		return write(t, "orders.ndjson", `{"order":{"id":"`+id+`","channel":"offline","customer":{"email":"ada@customer.example"}}}`)
	}

	p := serve()
	do("1 new", "import", orders("1001"))
	token := strings.TrimSpace(do("", "token", "create", "erp", "--scope", "operate").out)
	m := start(t, "migrate", "--from", "sqlite:"+data, "--to", database)
	m.out.wait(t, `Stop the hub`)
	do("1 new", "import", orders("1002"))
	if code := p.stop(); code != 0 {
		t.Fatal(p.err.buf.String())
	}
	m.out.wait(t, `moved in .*: 3 events, 2 deliveries`)
	if code := <-m.code; code != 0 {
		t.Fatalf("code %d: %s%s", code, m.out.buf.String(), m.err.buf.String())
	}
	m.code <- 0
	key := m.out.wait(t, `seal_key: \{file: (\S+)\}`)
	if strings.Contains(m.out.buf.String(), "password=") {
		t.Error(m.out.buf.String())
	}

	// The old configuration says where the hub has gone.
	if r := run(t, "", "serve", "--config", file); r.code != 1 || !strings.Contains(r.err, "moved to postgres://") {
		t.Errorf("%+v", r)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.Replace(string(text), "data: ./data", "database: \""+database+"\"\nseal_key: {file: "+key+"}", 1)
	if err := os.WriteFile(file, []byte(moved), 0o600); err != nil {
		t.Fatal(err)
	}
	hub = nil
	do("up to date", "migrate", "--config", file)
	p = serve()
	do("1 new", "import", orders("1003"))
	do("1 known", "import", orders("1001"))
	for _, id := range []string{"1001", "1002", "1003"} {
		do("placed by import", "order", id)
	}
	do("4 events, the chain is whole", "verify", "--shop", "nordlys")
	hub[3] = token
	do("hook", "routes", "--shop", "nordlys")
	if code := p.stop(); code != 0 {
		t.Fatal(p.err.buf.String())
	}
	hub = nil
	if r := run(t, "", "migrate", "--from", "sqlite:"+data, "--to", database); r.code != 1 || !strings.Contains(r.err, "was moved into this database") {
		t.Errorf("moved twice: %+v", r)
	}
}

func TestMigrateUsage(t *testing.T) {
	t.Parallel()
	f := func(code int, want string, args ...string) {
		t.Helper()
		if r := run(t, "", append([]string{"migrate"}, args...)...); r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	f(2, "ORDERMUX_DATABASE")
	f(2, "ORDERMUX_DATABASE", "--to", "./data")
	f(2, "sqlite:./data", "--to", "postgres://db.example/orders", "--from", "./data")
	f(2, "first --from", "--to", "postgres://db.example/orders", "--from", "sqlite:./data", "--distribute")
	f(1, "no such file", "--to", "postgres://db.example/orders", "--from", "sqlite:"+t.TempDir())
	f(1, "without Citus", "--to", pgtest.Database(t), "--distribute")
}
