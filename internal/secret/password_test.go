package secret_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/secret"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	p := secret.NewPasswords()
	one, err := p.Hash(t.Context(), secret.New("correct horse"))
	if err != nil || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(one, "horse") {
		t.Fatalf("%q %v", one, err)
	}
	if two, err := p.Hash(t.Context(), secret.New("correct horse")); err != nil || two == one {
		t.Errorf("no salt: %v", err)
	}
	for presented, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false, "Correct horse": false} {
		if ok, err := p.Check(t.Context(), one, presented); err != nil || ok != want {
			t.Errorf("%q: %v %v", presented, ok, err)
		}
	}
	if err := p.Spend(t.Context(), "correct horse"); err != nil {
		t.Error(err)
	}
	// A hash with other costs: a test vector of the reference implementation.
	const cheap = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfcXCnMyv0m4Rpvh/bnCi7"
	if ok, err := p.Check(t.Context(), cheap, "password"); err != nil || !ok {
		t.Errorf("other costs: %v %v", ok, err)
	}
}

// What was not stored by us is refused before anything is computed.
func TestPasswordHashes(t *testing.T) {
	t.Parallel()
	p := secret.NewPasswords()
	f := func(hash string) {
		t.Helper()
		if ok, err := p.Check(t.Context(), hash, "x"); ok || !errors.Is(err, secret.ErrPasswordHash) {
			t.Errorf("%q: %v %v", hash, ok, err)
		}
	}
	const salt, sum = "c29tZXNhbHQ", "ZVrRXqxlLcWfem7nauTYKG6I0cQxUg20aWWMwVe9UPo"
	f("")
	f("plain")
	f("$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + sum)
	f("$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + sum)
	// Costs that would exhaust the machine, or nothing.
	f("$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sum)
	f("$argon2id$v=19$m=64,t=100000,p=1$" + salt + "$" + sum)
	f("$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + sum)
	f("$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + sum)
	f("$argon2id$v=19$m=64,t=1,p=255$" + salt + "$" + sum)
	// Parts that are missing, too short, or more than there should be.
	f("$argon2id$v=19$m=64,t=1,p=1$" + salt)
	f("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$")
	f("$argon2id$v=19$m=64,t=1,p=1$$" + sum)
	f("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + "=")
	f("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + sum + " more")
	f("$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + sum)
	f(strings.Repeat("$", 1000))
}

func FuzzPasswordHash(f *testing.F) {
	p := secret.NewPasswords()
	f.Add("")
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$ZVrRXqxlLcWfem7nauTYKG6I0cQxUg20aWWMwVe9UPo")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, hash string) {
		if ok, err := p.Check(t.Context(), hash, "x"); ok && err != nil {
			t.Error(err)
		}
	})
}

// TestCheapPasswordsAreOfTests: no part of the program makes cheap hashes.
func TestCheapPasswordsAreOfTests(t *testing.T) {
	t.Parallel()
	p, strong := secret.NewCheapPasswords(), secret.NewPasswords()
	hash, err := p.Hash(t.Context(), secret.New("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	for _, checks := range []*secret.Passwords{p, strong} {
		if ok, err := checks.Check(t.Context(), hash, "correct horse"); err != nil || !ok {
			t.Errorf("%q: %v %v", hash, ok, err)
		}
	}
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "secret/password.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "NewCheapPasswords") {
				t.Errorf("%s makes hashes that guard nobody", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
