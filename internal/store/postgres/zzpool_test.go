package postgres

import (
	"os"
	"testing"

	"github.com/ordermux/ordermux/internal/store/storetest"
	"time"
)

func TestZZPool(t *testing.T) {
	url := os.Getenv("ZZPOOL")
	if url == "" {
		return
	}
	s := openTest(t, url, Options{})
	l := openLedger(s)
	mustAppend(t, l, testEntry("A-1", "p"))
	mustAppend(t, l, testEntry("A-2", "p"))
	mustAppend(t, l, testEntry("A-1", "q"), happened("A-2", "x"))
	if err := l.Erase(t.Context(), testShop, "A-2"); err != nil {
		t.Error(err)
	}
	mustVerify(t, s, 5)
	_ = storetest.Load{}
	_ = time.Second
}

func BenchmarkZZPool(b *testing.B) {
	s := openTest(b, os.Getenv("ZZPOOL"), Options{})
	storetest.Load{Clients: 64, PerCall: 1, Shops: 50, Random: true}.Append(b, openLedger(s), 5000)
}
