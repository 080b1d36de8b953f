package idosell

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"time"
)

// dateOf is the day of a systemKey: "20260407".
func dateOf(t time.Time) string { return t.Format("20060102") }

// systemKey is the key with which an account logs in on a day ("20260407");
// inner is the SHA-1 of the password in lower-case hexadecimal digits.
func systemKey(day, inner string) string { return sha1hex(day + inner) }

// sameKey compares a key that was presented, in whatever letters, in constant
// time.
func sameKey(presented, key string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(presented)), []byte(key)) == 1
}

func sha1hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// kept is what is kept of a password: its SHA-1. What looks like one already
// is one.
func kept(password string) string {
	if lower := strings.ToLower(password); isSHA1(lower) {
		return lower
	}
	return sha1hex(password)
}

func isSHA1(s string) bool { return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == "" }

// mistakeOf names the mistake by which a wrong systemKey came about, for the
// log. That the password was not hashed first can not be told: it is not kept.
func mistakeOf(key, inner string, now time.Time) string {
	if len(key) != 40 {
		return "no systemKey of 40 characters"
	}
	raw, _ := hex.DecodeString(inner) // inner is our own
	day := dateOf(now)
	for _, m := range []struct{ name, hashed string }{
		{"date of yesterday", dateOf(now.AddDate(0, 0, -1)) + inner},
		{"date of tomorrow", dateOf(now.AddDate(0, 0, 1)) + inner},
		{"date without zero padding", now.Format("200612") + inner},
		{"date with dashes", now.Format("2006-01-02") + inner},
		{"YYYYMMDD run as a PHP format", phpDate(now) + inner},
		{"the letters YYYYMMDD in place of the date", "YYYYMMDD" + inner},
		{"inner digest in upper-case hexadecimal", day + strings.ToUpper(inner)},
		{"inner digest as raw bytes", day + string(raw)},
		{"date behind the digest", inner + day},
		{"no date", inner},
	} {
		if sameKey(key, sha1hex(m.hashed)) {
			return m.name
		}
	}
	if sameKey(key, inner) {
		return "the password's digest itself"
	}
	return "none that is known: another password, or one that was not hashed first"
}

// phpDate is what PHP makes of date('YYYYMMDD').
func phpDate(t time.Time) string {
	year, month, day := t.Format("2006"), t.Format("Jan"), t.Format("Mon")
	return strings.Repeat(year, 4) + strings.Repeat(month, 2) + strings.Repeat(day, 2)
}
