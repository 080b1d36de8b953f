package config

import (
	"net"
	"net/url"
	"strings"

	"github.com/ordermux/ordermux/internal/secret"
)

// readStore reads where the hub keeps everything: in a folder of this machine,
// or in a database that several nodes share.
func (c *checker) readStore(m *mapping, cfg *Config) {
	m.text("data", &cfg.Data)
	cfg.Data = c.path(cfg.Data)
	data, hasData := m.take("data")
	_, sealed := m.secret("seal_key", &cfg.SealKey)
	_, hasKey := m.take("seal_key")
	database, ok := m.take("database")
	if !ok {
		return
	}
	cfg.Data = ""
	if hasData {
		data.complain("stands beside database:, which takes its place; remove one of the two")
	}
	if !sealed && !hasKey {
		database.complain("seal_key is missing; nodes that share a database need the same one (64 hexadecimal digits, as `openssl rand -hex 32` makes them)")
	}
	text, ok := database.secretText()
	if !ok {
		return
	}
	if sentence := databaseFault(text); sentence != "" {
		database.complain("%s", sentence)
		return
	}
	cfg.Database = secret.New(text)
}

// databaseFault says what is wrong with the address of a database, without
// showing anything of it; empty: nothing.
func databaseFault(address string) string {
	const example = "must be an address such as postgres://user:password@host/name"
	_, rest, ok := strings.Cut(address, "://")
	if !ok || !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return example
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	login, hosts := "", rest[:end]
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		login, hosts = hosts[:at+1], hosts[at+1:]
	}
	// Several servers may be named, of which the one that takes writes is found.
	for host := range strings.SplitSeq(hosts, ",") {
		if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") || strings.Contains(host, "]:") {
			_, port, err := net.SplitHostPort(host)
			if err != nil || !isPort(port) {
				return "the host or its port can not be read (in the password, @ is written %40 and / is %2F); it " + example
			}
		}
	}
	u, err := url.Parse("postgres://" + login + "host" + rest[end:])
	var options url.Values
	if err == nil {
		options, err = url.ParseQuery(u.RawQuery)
	}
	switch {
	case err != nil:
		return "can not be read (in the password, @ is written %40, / is %2F and % is %25); it " + example
	case strings.Trim(u.Path, "/") == "" && !options.Has("dbname"):
		return "names no database; it " + example
	}
	return ""
}
