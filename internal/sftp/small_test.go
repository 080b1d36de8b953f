package sftp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
	"github.com/ordermux/ordermux/internal/secret"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	l := layoutOf(&Door{})
	f := func(p, dir, name string, want bool) {
		t.Helper()
		if got, ok := l.placeOf(p); ok != want || ok && got != (place{dir, name}) {
			t.Errorf("%s: %+v %v", p, got, ok)
		}
	}
	f("/", "", "", true)
	f("", "", "", true)
	f("/orders", "orders", "", true)
	f("/orders/", "orders", "", true)
	f("/orders/x.csv", "orders", "x.csv", true)
	f("/orders/success", "orders/success", "", true)
	f("/orders/success/x", "orders/success", "x", true)
	f("/orders/error/x", "orders/error", "x", true)
	f("/../orders/x", "orders", "x", true)
	for _, p := range []string{
		"/x", "/orders/y/x", "/orders/success/y/x", "/.queue", "/.queue/x", "/.upload/x", "/orders/a\\b", "/orders/a\x00", "/orders/\xff",
		"/orders/" + strings.Repeat("x", maxName+1), "/ORDERS/x", "/order",
	} {
		f(p, "", "", false)
	}

	l = layoutOf(&Door{Uploads: &partner.Uploads{Folders: []string{"Catalog", "Promotion"}}})
	f("/", "", "", true)
	f("/catalog", "Catalog", "", true)
	f("/CATALOG/x.csv", "Catalog", "x.csv", true)
	f("/Promotion/X.csv", "Promotion", "X.csv", true)
	for _, p := range []string{"/orders", "/orders/x", "/Catalog/Promotion/x", "/Catalogue/x", "/x.csv", "/.queue/x"} {
		f(p, "", "", false)
	}
	at := place{"Catalog", "a:b.csv"}
	if got, ok := l.queuedPlace(l.queuedName(at)); !ok || got != at {
		t.Errorf("%+v", got)
	}
	if got, ok := l.queuedPlace("x.csv"); ok {
		t.Errorf("a file of no folder: %+v", got)
	}
}

// FuzzPlace never gives a place outside of the user's folder.
func FuzzPlace(f *testing.F) {
	for _, p := range []string{"/", "/orders/x.csv", "../../etc/passwd", "/orders/success/..//.queue/x", "\\\\host\\x", "/orders/./success/\x00"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		own := layoutOf(&Door{Uploads: &partner.Uploads{Folders: []string{"Catalog"}}})
		if at, ok := own.placeOf(p); ok && (at.dir != "" && at.dir != "Catalog" || at.dir == "" && at.name != "" || strings.ContainsAny(at.name, "/\\\x00") || at.name == "..") {
			t.Errorf("%q is %+v", p, at)
		}
		at, ok := layoutOf(&Door{}).placeOf(p)
		if !ok {
			return
		}
		if !filepath.IsLocal(filepath.Join(at.dir, "x"+at.name)) || strings.ContainsAny(at.name, "/\\\x00") || at.name == ".." {
			t.Errorf("%q is %+v", p, at)
		}
		if at.dir != "" && at.dir != ordersDir && at.dir != successDir && at.dir != errorDir || at.dir == "" && at.name != "" {
			t.Errorf("%q is %+v", p, at)
		}
	})
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "a.csv", 2: "a.2.csv", 9: "a.9.csv"} {
		if got := numbered("a.csv", n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	if a, b := numbered("a.csv", 10), numbered("noext", 2); !strings.HasPrefix(a, "a.2") || !strings.HasSuffix(a, ".csv") || b != "noext.2" {
		t.Error(a, b)
	}
}

func TestHostKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "host")
	first, err := LoadOrCreateHostKey(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadOrCreateHostKey(file)
	if err != nil || !first.Equal(again) {
		t.Error(err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	print, err := Fingerprint(first)
	if err != nil || !strings.HasPrefix(print, "SHA256:") {
		t.Error(print, err)
	}
	if _, err := New(Options{Folder: t.TempDir(), HostKey: secret.New("hush")}); err == nil || strings.Contains(err.Error(), "hush") {
		t.Error(err)
	}
}

func TestCheckKey(t *testing.T) {
	t.Parallel()
	good := publicLine(t, key(t, t.TempDir(), "x"))
	for _, line := range []string{good, strings.Join(strings.Fields(good)[:2], " ")} {
		if said := CheckKey(line); said != "" {
			t.Error(said)
		}
	}
	for _, line := range []string{"", "hush", "ssh-ed25519 AAAA", `command="x" ` + good, good + "\n" + good} {
		if said := CheckKey(line); said == "" || strings.Contains(said, "hush") {
			t.Errorf("%q: %s", line, said)
		}
	}
}

func TestDoorOf(t *testing.T) {
	t.Parallel()
	fields := []partner.Field{
		{Name: "client_id", Door: true, Credential: true},
		{Name: "sftp_user", Door: true, Of: Kind, Credential: true},
		{Name: "sftp_password", Door: true, Of: Kind, Secret: true, Password: true},
		{Name: "sftp_keys", Door: true, Of: Kind, Kind: partner.List},
	}
	d, ok := DoorOf(partner.Partner{Name: "lists", Settings: fields, Formats: []partner.Format{listFormat}})
	if !ok || d.Partner != "lists" || d.user != "sftp_user" || d.password != "sftp_password" || d.keys != "sftp_keys" || d.Format.Name != "list" {
		t.Errorf("%+v", d)
	}
	own := partner.Partner{Name: "own", Settings: fields, Uploads: func(partner.Deps) (partner.Uploads, error) { return partner.Uploads{}, nil }}
	if d, ok := DoorOf(own); !ok || d.Format.Read != nil {
		t.Errorf("%+v", d)
	}
	if _, ok := DoorOf(partner.Partner{Settings: fields}); ok {
		t.Error("a door without a format")
	}
	if _, ok := DoorOf(partner.Partner{Settings: fields[:1], Formats: []partner.Format{listFormat}}); ok {
		t.Error("a door without users")
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	for _, a := range []account{{"..", "p", "n"}, {"s", "p", "../x"}, {"s", "p", ""}, {"s", "p", "a/b"}, {"S", "p", "n"}, {"s", ".p", "n"}} {
		if root, err := openAccount(t.TempDir(), a, layoutOf(&Door{})); err == nil {
			root.Close()
			t.Errorf("%+v has a folder", a)
		}
	}
}
