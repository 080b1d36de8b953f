package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/partner"
)

// What a partner finds wrong with its values is said with their lines, all of
// it.
func TestValuesThatTheirFieldsRefuse(t *testing.T) {
	t.Parallel()
	long := func(s string) (out []string) {
		for word := range strings.FieldsSeq(s) {
			if len(word) > 3 {
				out = append(out, "a word of "+word[:1]+" is too long")
			}
		}
		return out
	}
	p := []partner.Partner{{Name: "words", Door: func(partner.Deps) (partner.Side, error) { return partner.Side{}, nil }, Settings: []partner.Field{
		{Name: "table", Door: true, Hub: true, Kind: partner.Document, Check: long},
		{Name: "list", Door: true, Kind: partner.List, Check: long},
		{Name: "word", Door: true, Kind: partner.Text, Check: long},
	}}}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "table.txt"), []byte("one fourth two sixth"), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(table, list, word string) error {
		_, err := config.Parse([]byte("data: ./data\nadmin_token: test-admin-token\ndoors: {words: {table: "+table+"}}\nshops:\n  a:\n    currency: EUR\n"+
			"    doors:\n      words:\n        list: ["+list+"]\n        word: "+word+"\n"), config.Options{Partners: p, Dir: dir})
		return err
	}
	err := read("table.txt", "abc, abcd", "abcde")
	for _, want := range []string{":3: doors.words.table: a word of f is too long", ":3: doors.words.table: a word of s is too long", ":9: ", ":10: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "table.txt"), []byte("one two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := read("table.txt", "abc", "abc"); err != nil {
		t.Error(err)
	}
	if _, sentence := config.ReadField(p[0].Settings[2], []string{"abcd"}); sentence != "a word of a is too long" {
		t.Errorf("given by a command: %q", sentence)
	}
}
