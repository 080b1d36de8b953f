package postgres

import (
	"os"
	"testing"

	"github.com/ordermux/ordermux/internal/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
