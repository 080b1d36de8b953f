package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/secret"
)

const plain = "hush-hush-value"

type open struct {
	Token secret.Text            `json:"token"`
	Map   map[string]secret.Text `json:"map"`
	Ptr   *secret.Text           `json:"ptr"`
}

type closed struct{ token secret.Text }

func TestNothingShows(t *testing.T) {
	t.Parallel()
	s := secret.New(plain)
	key, err := secret.ParseKey(secret.New(strings.Repeat("ab", 32)))
	if err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	for _, v := range []any{s, &s, open{s, map[string]secret.Text{"a": s}, &s}, closed{s}, &closed{s}, []secret.Text{s}, []any{s}, key} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		fmt.Fprintln(&shown, v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(b)
		slog.New(slog.NewJSONHandler(&shown, nil)).Info("m", "secret", v)
		slog.New(slog.NewTextHandler(&shown, nil)).Info("m", "secret", v)
	}
	if text, _ := s.MarshalText(); true {
		shown.Write(text)
	}
	if v, _ := s.MarshalYAML(); true {
		fmt.Fprint(&shown, v)
	}
	raw := strings.Repeat("\xab", 4)
	for _, part := range []string{plain, "hush", hex.EncodeToString([]byte("hush")), strings.ToUpper(hex.EncodeToString([]byte("hush"))), raw, "abababab"} {
		if strings.Contains(shown.String(), part) {
			t.Errorf("%q shows in %s", part, shown.String())
		}
	}
	if s.Reveal() != plain || !strings.Contains(shown.String(), secret.Hidden) {
		t.Error("reveal")
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	a, none := secret.New(plain), secret.Text{}
	if !a.Equal(secret.New(plain)) || a != secret.New(plain) || a.Equal(none) || none.Equal(a) || !none.Equal(secret.New("")) || !a.Is(plain) || a.Is("") || a.Is(plain+"x") {
		t.Error("equal")
	}
	if none.Set() || none.Reveal() != "" || !none.IsZero() || none.String() != secret.Hidden {
		t.Error("none")
	}
	if a.Digest() != secret.Digest(plain) || a.Digest() == none.Digest() {
		t.Error("digest")
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	b := bytes.Repeat([]byte{0xfb, 0xff}, 16)
	want, err := secret.ParseKey(secret.New(hex.EncodeToString(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{strings.ToUpper(hex.EncodeToString(b)) + "\n", base64.StdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b), " " + base64.URLEncoding.EncodeToString(b) + "\r\n"} {
		if k, err := secret.ParseKey(secret.New(text)); err != nil || k != want {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", "  ", "short", strings.Repeat("ab", 31), strings.Repeat("ab", 33), strings.Repeat("!", 64)} {
		if _, err := secret.ParseKey(secret.New(text)); err == nil || len(text) > 2 && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	one, other := secret.NewKey(), secret.NewKey()
	first, again := want.Derive("a"), want.Derive("a")
	if one == other || first == want.Derive("b") || first != again {
		t.Error("keys")
	}
}

func TestLoadOrCreateKey(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "seal.key")
	var keys [8]secret.Key
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			k, err := secret.LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = k
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || !k.Set() {
			t.Fatal("several keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	if _, err := secret.LoadOrCreateKey(filepath.Join(dir, "none", "seal.key")); err == nil {
		t.Error("a key without its folder")
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.LoadOrCreateKey(path); err == nil || strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a broken key file must be an error and never be replaced: %v", err)
	}
}

func TestSealer(t *testing.T) {
	t.Parallel()
	old, now := secret.NewKey(), secret.NewKey()
	before, err := secret.NewSealer(old)
	if err != nil {
		t.Fatal(err)
	}
	after, err := secret.NewSealer(now, old)
	if err != nil {
		t.Fatal(err)
	}
	sealed := before.Seal([]byte(plain), "shop/a")
	if bytes.Contains(sealed, []byte("hush")) || bytes.Equal(sealed, before.Seal([]byte(plain), "shop/a")) {
		t.Error("not sealed")
	}
	for _, s := range []*secret.Sealer{before, after} {
		if got, err := s.Open(sealed, "shop/a"); err != nil || string(got) != plain {
			t.Errorf("open: %q, %v", got, err)
		}
	}
	if before.Stale(sealed) || !after.Stale(sealed) || after.Stale(after.Seal(nil, "")) || !after.Stale(nil) {
		t.Error("stale")
	}
	if _, err := before.Open(after.Seal([]byte(plain), "shop/a"), "shop/a"); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("a newer key: %v", err)
	}
	if _, err := before.Open(sealed, "shop/b"); !errors.Is(err, secret.ErrSealed) {
		t.Errorf("another context: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := before.Open(changed, "shop/a"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		if _, err := before.Open(sealed[:i], "shop/a"); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	if got, err := after.Open(after.Seal(nil, "x"), "x"); err != nil || len(got) != 0 {
		t.Errorf("nothing sealed: %q, %v", got, err)
	}
	if _, err := secret.NewSealer(secret.Key{}); err == nil {
		t.Error("no key")
	}
}

func TestNewToken(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		v := secret.NewToken("omx").Reveal()
		if len(v) != 4+43 || !strings.HasPrefix(v, "omx_") || seen[v] || strings.Trim(v[4:], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Fatalf("%q", v)
		}
		seen[v] = true
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old, key := secret.NewKey(), secret.NewKey()
	claim := secret.Claim{Audience: "deliveryhero", Shop: "nordlys", Credential: "default", Generation: 3, Expires: now.Add(time.Hour)}
	tokens, before := secret.NewTokens(key, old), secret.NewTokens(old)
	for _, issuer := range []*secret.Tokens{tokens, before} {
		token := issuer.Issue(claim).Reveal()
		if got, err := tokens.Check(token, "deliveryhero", now); err != nil || got != claim {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := tokens.Check(token, "trustpilot", now); !errors.Is(err, secret.ErrToken) {
			t.Errorf("another door: %v", err)
		}
		if got, err := tokens.Check(token, "deliveryhero", now.Add(time.Hour)); !errors.Is(err, secret.ErrExpired) || got != claim {
			t.Errorf("expired: %v", err)
		}
		for i := range token {
			changed := []byte(token)
			changed[i] ^= 1
			if _, err := tokens.Check(string(changed), "deliveryhero", now); !errors.Is(err, secret.ErrToken) {
				t.Errorf("character %d changed: %v", i, err)
			}
		}
	}
	if _, err := before.Check(tokens.Issue(claim).Reveal(), "deliveryhero", now); !errors.Is(err, secret.ErrToken) {
		t.Errorf("another key: %v", err)
	}
}

func FuzzTokens(f *testing.F) {
	tokens := secret.NewTokens(secret.NewKey())
	f.Add(tokens.Issue(secret.Claim{Audience: "a"}).Reveal())
	f.Add("")
	f.Add(strings.Repeat("A", 2000))
	f.Fuzz(func(t *testing.T, token string) { tokens.Check(token, "a", time.Unix(0, 0)) })
}

// The fields of a claim can not be shifted into each other.
func TestTokenFieldsAreApart(t *testing.T) {
	t.Parallel()
	tokens := secret.NewTokens(secret.NewKey())
	a := tokens.Issue(secret.Claim{Audience: "a", Shop: "bc", Credential: "d"})
	b := tokens.Issue(secret.Claim{Audience: "a", Shop: "b", Credential: "cd"})
	if a == b {
		t.Error("same token for two claims")
	}
}
