package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
)

func TestDatabase(t *testing.T) {
	t.Parallel()
	f := func(address string) {
		t.Helper()
		text := "database: \"" + address + "\"\nseal_key: hush-2\nshops: {a: {currency: SEK}}\n"
		cfg, err := config.Parse([]byte(text), options())
		if err != nil {
			t.Errorf("%s: %v", address, err)
			return
		}
		if cfg.Database.Reveal() != address || cfg.Data != "" {
			t.Errorf("%q and %q", cfg.Database.Reveal(), cfg.Data)
		}
		if shown := fmt.Sprintf("%v %+v %#v", cfg.Database, cfg, cfg); strings.Contains(shown, "hush") {
			t.Errorf("shows it: %s", shown)
		}
	}
	f("postgres://ordermux:hush@localhost/ordermux")
	f("postgresql://ordermux:hush@db.example:5433/ordermux?sslmode=verify-full&pool_max_conns=20")
	// two servers
	f("postgres://ordermux:hush@one.example:5432,two.example/ordermux?target_session_attrs=read-write")
	f("postgres://ordermux@[::1]:5432,[::2]/ordermux")
	// a socket
	f("postgres://ordermux@/ordermux?host=/run/postgresql")
	f("postgres:///?dbname=ordermux&host=/run/postgresql")
	f("postgres://ordermux:a%40hush%2F@localhost/ordermux")
}

func TestDatabaseComplaintsShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"postgres://ordermux:hush@localhost", "postgres://ordermux:hush%zz@localhost/o", "postgres://o:hush@h:x/o", "mysql://o:hush@h/o",
		"postgres://ordermux:hu/sh@localhost/o", "postgres://ordermux:hush@h/o?sslmode=%zz", "hush",
	} {
		_, err := config.Parse([]byte("database: \""+address+"\"\nseal_key: 00\nshops: {a: {currency: SEK}}\n"), options())
		if err == nil || strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "sh@") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSFTPFolder is in the data folder where nothing else is said.
func TestSFTPFolder(t *testing.T) {
	t.Parallel()
	cfg, err := config.Parse([]byte("data: here\nsftp: {listen: \":2022\"}\nshops: {a: {currency: SEK}}\n"), options())
	if err != nil || cfg.SFTP.Folder != filepath.Join("here", "sftp") || cfg.SFTP.HostKey != "" {
		t.Error(cfg, err)
	}
}
