package idosell

import (
	"strings"
	"testing"
	"time"
)

func TestSystemKey(t *testing.T) {
	t.Parallel()
	f := func(day, password, inner, key string) {
		t.Helper()
		if got := sha1hex(password); got != inner {
			t.Errorf("sha1hex: got %s, want %s", got, inner)
		}
		if got := systemKey(day, inner); got != key {
			t.Errorf("systemKey(%s): got %s, want %s", day, got, key)
		}
		if kept(password) != inner || kept(inner) != inner || kept(strings.ToUpper(inner)) != inner {
			t.Errorf("what is kept of the password of %s is not its digest", day)
		}
	}
	const polnoc = "36d8b897768d932c8ac023efbdf7c7e1e064e64c"
	f("20260407", "Hurtownia#2026", polnoc, "0f20b530dcd3f7c97989bb44a7f54f785892224a")
	f("20260408", "Hurtownia#2026", polnoc, "b1798ba1666ecf9e340127a8a48d1526f3deffe2")
	f("20260407", "zażółć gęślą", "9fa7b572a842e6f403bfcb98c915b9c0809e251c", "5303ca9ffa94b91b4ac310a015342c9885fa3eb7")
	f("20240101", "secret", "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4", "f4024f4cb97cd005284e7dec4789082aed00c706")
}

// wrongKeys are the wrong results of the first vector, by their mistakes.
var wrongKeys = map[string]string{
	"387411234ffa36c4764e4cfd9c0ab14c52b3ba3f": "date without zero padding",
	"760d1a85ce957ae84e271d9495479a830fcd7cfc": "date with dashes",
	"84239a8d7145466eb8952eed6ad03add7735fea3": "YYYYMMDD run as a PHP format",
	"d171bdfd847552ad44d0e1cb35d2fafc91104485": "the letters YYYYMMDD in place of the date",
	"94445b24c966fa809e17289e1eea435ebcab19ea": "inner digest in upper-case hexadecimal",
	"ea2782334c83d9df7b231b4b0f8c21602caa0c1c": "inner digest as raw bytes",
	"71b7f204502c2ecec2a62c86920f1e552fc57595": "date behind the digest",
	"ae167a7466d444a743808c0a419eef4c21662b8c": "none that is known: another password, or one that was not hashed first",
	"b1798ba1666ecf9e340127a8a48d1526f3deffe2": "date of tomorrow",
	"36d8b897768d932c8ac023efbdf7c7e1e064e64c": "the password's digest itself",
	"": "no systemKey of 40 characters",
}

func TestMistakesAreRecognised(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 4, 7, 12, 0, 0, 0, time.UTC)
	for key, mistake := range wrongKeys {
		if got := mistakeOf(key, sha1hex("Hurtownia#2026"), now); got != mistake {
			t.Errorf("%s: got %q, want %q", key, got, mistake)
		}
	}
}

func TestPHPDate(t *testing.T) {
	t.Parallel()
	if got := phpDate(time.Date(2026, 4, 7, 0, 0, 0, 0, time.UTC)); got != "2026202620262026AprAprTueTue" {
		t.Errorf("got %s", got)
	}
}
