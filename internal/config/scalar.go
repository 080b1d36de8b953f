package config

import (
	"errors"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/secret"
)

// text reads a plain value into dst, if the key is there.
func (m *mapping) text(key string, dst *string) (value, bool) {
	v, ok := m.take(key)
	if !ok {
		return v, false
	}
	s, ok := v.scalar()
	if !ok {
		return v, false
	}
	if s == "" {
		v.complain("is empty; give a value or remove the key")
		return v, false
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == utf8.RuneError }); i >= 0 {
		v.complain("holds a control character or invalid UTF-8; remove it")
		return v, false
	}
	*dst = s
	return v, true
}

// choice reads one of a few words.
func (m *mapping) choice(key string, dst *string, words ...string) {
	var s string
	if v, ok := m.text(key, &s); ok {
		if !slices.Contains(words, s) {
			v.complain("must be %s", orList(words))
			return
		}
		*dst = s
	}
}

func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

func (m *mapping) flag(key string, dst *bool) {
	var s string
	if v, ok := m.text(key, &s); ok {
		b, err := parseBool(s)
		if err != nil {
			v.complain("must be true or false")
			return
		}
		*dst = b
	}
}

func parseBool(s string) (bool, error) {
	switch s {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, errors.New("not true or false")
}

// number reads a whole number within bounds.
func (m *mapping) number(key string, dst *int, least, most int) {
	var s string
	if v, ok := m.text(key, &s); ok {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			v.complain("must be a whole number from %d to %d", least, most)
			return
		}
		*dst = n
	}
}

func (m *mapping) rate(key string, dst *float64) {
	var s string
	if v, ok := m.text(key, &s); ok {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || !(f > 0 && f <= 100_000) {
			v.complain("must be calls per second, above 0 and at most 100000, such as 10 or 0.5")
			return
		}
		*dst = f
	}
}

// duration reads "15m", "1h30m", "3d".
func (m *mapping) duration(key string, dst *time.Duration, least time.Duration) {
	var s string
	if v, ok := m.text(key, &s); ok {
		d, err := parseDuration(s)
		if err != nil {
			v.complain("must be a duration such as 90s, 15m, 12h or 3d")
			return
		}
		if d < least {
			v.complain("must be at least %s", least)
			return
		}
		*dst = d
	}
}

var days = regexp.MustCompile(`^([0-9]{1,5})d(.*)$`)

// parseDuration reads Go's durations with days ("3d", "1d12h") before them;
// never negative.
func parseDuration(s string) (time.Duration, error) {
	var d time.Duration
	if parts := days.FindStringSubmatch(s); parts != nil {
		n, err := strconv.Atoi(parts[1])
		if err != nil {
			return 0, err
		}
		d, s = time.Duration(n)*24*time.Hour, parts[2]
		if s == "" {
			return d, nil
		}
	}
	rest, err := time.ParseDuration(s)
	if err != nil {
		return 0, err
	}
	if rest < 0 || d+rest < 0 {
		return 0, errors.New("negative duration")
	}
	return d + rest, nil
}

var sizes = []struct {
	unit  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// size reads "256MiB" or a number of bytes.
func (m *mapping) size(key string, dst *int64) {
	var s string
	if v, ok := m.text(key, &s); ok {
		n, err := parseSize(s)
		if err != nil {
			v.complain("must be a size such as 256MiB or 1GiB")
			return
		}
		*dst = n
	}
}

func parseSize(s string) (int64, error) {
	factor := int64(1)
	for _, u := range sizes {
		if rest, ok := strings.CutSuffix(s, u.unit); ok {
			s, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/factor {
		return 0, errors.New("not a size")
	}
	return n * factor, nil
}

var names = regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$`)

// checkName complains unless name can stand in URLs, log lines and source names.
func (v value) checkName(what, name string) bool {
	if wrong := WrongName(name); wrong != "" {
		v.complain("%s %s", what, wrong)
		return false
	}
	return true
}

// WrongName says why a shop or a route can not have this name; "": it can.
func WrongName(name string) string {
	if names.MatchString(name) {
		return ""
	}
	return "must be 1 to 64 characters of a-z, 0-9, - and _, starting and ending with a letter or digit"
}

// WrongAddress says why nothing can listen at this address; "": it is one.
func WrongAddress(s string) string {
	if _, port, err := net.SplitHostPort(s); err != nil || !isPort(port) {
		return "must be an address such as 127.0.0.1:8080 or :8080"
	}
	return ""
}

// address reads host:port.
func (m *mapping) address(key string, dst *string) {
	var s string
	if v, ok := m.text(key, &s); ok {
		if wrong := WrongAddress(s); wrong != "" {
			v.complain("%s", wrong)
			return
		}
		*dst = s
	}
}

func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= 65535
}

// url reads an absolute http or https address.
func (m *mapping) url(key string, dst *string) (value, bool) {
	var s string
	v, ok := m.text(key, &s)
	if !ok {
		return v, false
	}
	if sentence := urlFault(s); sentence != "" {
		v.complain("%s", sentence)
		return v, false
	}
	*dst = s
	return v, true
}

// urlFault says what is wrong with an address; empty: nothing.
func urlFault(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "must be a whole address such as https://host.example/path"
	case u.User != nil:
		return "must not carry a user name or password; use the settings meant for them"
	case u.Fragment != "":
		return "must not carry a fragment (#...); remove it"
	}
	return ""
}

func (m *mapping) mail(key string, dst *string) {
	var s string
	if v, ok := m.text(key, &s); ok {
		if _, err := mail.ParseAddress(s); err != nil {
			v.complain(`must be a mail address such as ops@shop.example or "Name <ops@shop.example>"`)
			return
		}
		*dst = s
	}
}

// texts reads a list of plain values; check may complain about each.
func (m *mapping) texts(key string, dst *[]string, check func(v value, s string) bool) {
	v, ok := m.take(key)
	if !ok {
		return
	}
	for _, e := range v.list() {
		s, ok := e.scalar()
		if ok && check(e, s) {
			*dst = append(*dst, s)
		}
	}
}

// prefixes reads a list of IP ranges; a single address is a range of one.
func (m *mapping) prefixes(key string, dst *[]string) {
	var list []string
	m.texts(key, &list, func(v value, s string) bool {
		if _, err := netip.ParsePrefix(s); err == nil {
			return true
		}
		if _, err := netip.ParseAddr(s); err == nil {
			return true
		}
		v.complain("must be an IP address or range such as 10.0.0.0/8")
		return false
	})
	for _, s := range list {
		if a, err := netip.ParseAddr(s); err == nil {
			s = netip.PrefixFrom(a, a.BitLen()).String()
		}
		*dst = append(*dst, s)
	}
}

// secret reads a secret: plain, {env: NAME} or {file: PATH}.
func (m *mapping) secret(key string, dst *secret.Text) (value, bool) {
	v, ok := m.take(key)
	if !ok {
		return v, false
	}
	s, ok := v.secretText()
	if ok {
		*dst = secret.New(s)
	}
	return v, ok
}

// secretText never puts the value into a complaint.
func (v value) secretText() (string, bool) {
	s, ok := "", false
	if v.isMapping() {
		s, ok = v.secretFrom()
	} else {
		s, ok = v.scalar()
	}
	switch {
	case !ok:
		return "", false
	case s == "":
		v.complain("the secret is empty; give a value")
		return "", false
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == utf8.RuneError }):
		v.complain("the secret holds a control character or invalid UTF-8; remove it")
		return "", false
	}
	return s, true
}

func (v value) secretFrom() (string, bool) {
	m, ok := v.mapping()
	if !ok {
		return "", false
	}
	if len(m.pairs) != 1 || (m.pairs[0].key != "env" && m.pairs[0].key != "file") {
		v.complain("a secret is a plain value, {env: NAME} or {file: PATH}; use one of the three")
		return "", false
	}
	from := m.pairs[0]
	name, ok := from.scalar()
	if !ok {
		return "", false
	}
	if from.key == "env" {
		s, set := v.c.opts.Getenv(name)
		if !set {
			v.complain("the environment variable %s is not set; set it before starting", name)
		}
		return s, set
	}
	b, err := os.ReadFile(v.c.path(name))
	if err != nil {
		v.complain("the file %s can not be read; create it or correct the path", name)
		return "", false
	}
	return strings.TrimRight(string(b), "\r\n"), true
}
