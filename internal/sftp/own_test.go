package sftp

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ordermux/ordermux/internal/partner"
)

// taker takes files of a partner's own folders.
type taker struct {
	mu   sync.Mutex
	got  []took
	fail error         // of the next takes
	hold chan struct{} // takes wait for it; nil: they do not
	left func()        // called when a file was read, before it is answered; nil: nothing
	gone []partner.Upload
}

type took struct {
	folder, name, key, text, user string
	known                         bool // the user still is one
	size                          int64
}

func (k *taker) take(ctx context.Context, u partner.Upload) (partner.Taken, error) {
	text, err := io.ReadAll(u.Body)
	if err != nil {
		return partner.Taken{}, err
	}
	k.mu.Lock()
	k.got = append(k.got, took{u.Folder, u.Name, u.Key, string(text), u.Grant.Name, u.Grant.Settings != nil, u.Size})
	hold, fail, left := k.hold, k.fail, k.left
	k.mu.Unlock()
	if left != nil {
		left()
	}
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return partner.Taken{}, ctx.Err()
		}
	}
	return partner.Taken{Taken: strings.Count(string(text), "\n")}, fail
}

func (k *taker) takenAway(_ context.Context, u partner.Upload) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = append(k.gone, u)
	return nil
}

func (k *taker) list() []took {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.got)
}

func (k *taker) set(fail error) {
	k.mu.Lock()
	k.fail = fail
	k.mu.Unlock()
}

// own makes the only door one with folders of its own.
func (k *taker) own(o *Options) {
	o.Doors[0].Uploads = &partner.Uploads{Folders: []string{"Catalog", "Promotion"}, Take: k.take, Gone: k.takenAway}
	o.Doors[0].Intake, o.Doors[0].Format = nil, partner.Format{}
}

// TestOwnFolders uploads by OpenSSH, whatever letters the folder is called in.
func TestOwnFolders(t *testing.T) {
	t.Parallel()
	k := &taker{}
	w := newWorld(t, k.own)
	file := w.local("x.csv", "1\n2\n")
	said, ok := w.openssh("nils", filepath.Join(w.dir, "key-nils"), "ls", "cd catalog", "put "+file, "put "+file+" /PROMOTION/x.csv", "-mkdir /orders", "-put "+file+" /x.csv")
	if !ok || !strings.Contains(said, "Catalog") || !strings.Contains(said, "Promotion") || strings.Contains(said, "orders/success") {
		t.Fatal(said)
	}
	w.imported(2)
	list := k.list()
	if len(list) != 2 || list[0].folder != "Catalog" || list[1].folder != "Promotion" || list[0].key == list[1].key {
		t.Errorf("%+v", list)
	}
	for _, g := range list {
		if g.name != "x.csv" || g.text != "1\n2\n" || g.size != 4 || g.user != "default" || !g.known || strings.Trim(g.key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("%+v", g)
		}
	}
	if i := w.heard.files()[0]; !i.Clean || i.Taken != 2 || i.Bytes != 4 || i.Shop != "nordlys" {
		t.Errorf("%+v", i)
	}
	c := w.client()
	for _, dir := range []string{"/catalog", "/Promotion"} {
		if left, err := c.ReadDir(dir); err != nil || len(left) != 0 {
			t.Error(dir, left, err)
		}
	}
}

// TestOwnSeen looks at a file while it is taken, and at one that is not whole.
func TestOwnSeen(t *testing.T) {
	t.Parallel()
	k := &taker{hold: make(chan struct{})}
	w := newWorld(t, k.own)
	c, other := w.client(), w.client()
	put(t, c, "/Catalog/a.csv", "1\n")
	put(t, c, "/Catalog/b.csv.part", "1\n")
	eventually(t, "it is taken", func() bool { return len(k.list()) == 1 })
	names := func() (out []string) {
		list, err := other.ReadDir("/CATALOG")
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			out = append(out, i.Name())
		}
		return out
	}
	if got := names(); !slices.Equal(got, []string{"a.csv", "b.csv.part"}) {
		t.Error(got)
	}
	if err := other.Remove("/Catalog/a.csv"); err == nil {
		t.Error("a file was removed while it was taken")
	}
	close(k.hold)
	w.imported(1)
	if got := names(); !slices.Equal(got, []string{"b.csv.part"}) {
		t.Error(got)
	}
	// It gets its name, and another folder.
	if err := c.PosixRename("/Catalog/b.csv.part", "/promotion/b.csv"); err != nil {
		t.Fatal(err)
	}
	w.imported(2)
	if got := k.list()[1]; got.folder != "Promotion" || got.name != "b.csv" {
		t.Errorf("%+v", got)
	}
	if got := names(); len(got) != 0 {
		t.Error(got)
	}
}

// TestOwnTrouble keeps a file that can not be taken, and takes it again under
// the same key, even after it was renamed and the server started anew.
func TestOwnTrouble(t *testing.T) {
	t.Parallel()
	k := &taker{fail: errors.New("the store is away")}
	w := newWorld(t, k.own)
	c := w.client()
	put(t, c, "/Catalog/a.csv", "1\n")
	eventually(t, "it is tried again", func() bool { return len(k.list()) > 2 && len(w.heard.waited()) > 2 })
	if info, err := w.client().Stat("/Catalog/a.csv"); err != nil || info.Size() != 2 {
		t.Error(info, err)
	}
	eventually(t, "it is renamed", func() bool { return c.Rename("/Catalog/a.csv", "/Catalog/b.csv") == nil })
	w.stop()
	k.set(nil)
	w.start(k.own)
	w.imported(1)
	list := k.list()
	last := list[len(list)-1]
	if last.name != "b.csv" {
		t.Errorf("%+v", last)
	}
	for _, g := range list {
		if g.key != list[0].key || g.text != "1\n" {
			t.Errorf("%+v", g)
		}
	}
}

// TestOwnTakenAway removes a file that waits, and gives another one the name of
// what is not whole: who takes them hears of both, and of no other file.
func TestOwnTakenAway(t *testing.T) {
	t.Parallel()
	k := &taker{fail: errors.New("the store is away")}
	w := newWorld(t, k.own)
	c := w.client()
	put(t, c, "/Catalog/a.csv", "1\n")
	put(t, c, "/Promotion/b.csv", "1\n")
	put(t, c, "/Promotion/c.csv.part", "1\n")
	eventually(t, "a is tried", func() bool { return len(k.list()) > 0 })
	eventually(t, "a is removed", func() bool { return c.Remove("/Catalog/a.csv") == nil })
	eventually(t, "b is taken back", func() bool { return c.Rename("/Promotion/b.csv", "/Promotion/b.csv.part") == nil })
	if err := c.Remove("/Promotion/c.csv.part"); err != nil {
		t.Error(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var got []string
	for _, u := range k.gone {
		got = append(got, u.Folder+"/"+u.Name+" of "+u.Grant.Name)
	}
	if !slices.Equal(got, []string{"Catalog/a.csv of default", "Promotion/b.csv of default"}) || k.gone[0].Key != k.got[0].key {
		t.Error(got, k.gone)
	}
}

// TestOwnCrash ends between the taking and the removing: the file is taken again
// under its key.
func TestOwnCrash(t *testing.T) {
	t.Parallel()
	k := &taker{}
	w := newWorld(t, k.own)
	dir := filepath.Join(w.folder, "nordlys", "lists", "default", queueDir)
	var once sync.Once
	k.left = func() {
		once.Do(func() {
			// What a crash leaves is the file: put back as soon as it is gone.
			names, err := os.ReadDir(dir)
			if err != nil || len(names) != 1 {
				t.Error(names, err)
				return
			}
			if err := os.Link(filepath.Join(dir, names[0].Name()), filepath.Join(w.dir, names[0].Name())); err != nil {
				t.Error(err)
			}
		})
	}
	put(t, w.client(), "/Catalog/a.csv", "1\n")
	w.imported(1)
	w.stop()
	left, err := filepath.Glob(filepath.Join(w.dir, "*:a.csv"))
	if err != nil || len(left) != 1 {
		t.Fatal(left, err)
	}
	if err := os.Rename(left[0], filepath.Join(dir, filepath.Base(left[0]))); err != nil {
		t.Fatal(err)
	}
	w.start(k.own)
	w.imported(1)
	if list := k.list(); len(list) != 2 || list[0] != list[1] {
		t.Errorf("%+v", list)
	}
}

// TestOwnTwoNodes takes every file once, whichever node it came to.
func TestOwnTwoNodes(t *testing.T) {
	t.Parallel()
	k := &taker{hold: make(chan struct{})}
	one := newWorld(t, k.own)
	two := &world{t: t, dir: one.dir, folder: one.folder, users: one.users, ledger: one.ledger}
	two.start(k.own)
	a, b := one.client(), two.client()
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		put(t, a, "/Catalog/a"+name, name)
		put(t, b, "/Promotion/b"+name, name)
	}
	close(k.hold)
	eventually(t, "all are taken", func() bool { return len(one.heard.files())+len(two.heard.files()) >= 10 })
	keys := map[string]bool{}
	for _, g := range k.list() {
		keys[g.key] = true
	}
	if len(keys) != 10 || len(k.list()) != 10 {
		t.Errorf("%d takes of %d files", len(k.list()), len(keys))
	}
}

// TestOwnRevoked takes a file of somebody who is no user any more, and says so.
func TestOwnRevoked(t *testing.T) {
	t.Parallel()
	k := &taker{fail: errors.New("not yet")}
	w := newWorld(t, k.own)
	put(t, w.client(), "/Catalog/a.csv", "1\n")
	eventually(t, "it waits", func() bool { return len(k.list()) > 0 })
	w.users.mu.Lock()
	delete(w.users.list, "nils")
	w.users.mu.Unlock()
	k.set(nil)
	w.imported(1)
	list := k.list()
	if last := list[len(list)-1]; last.known || last.user != "default" {
		t.Errorf("%+v", last)
	}
}

// TestOneNameTwice: two doors may have a user of one name; the password tells
// them apart.
func TestOneNameTwice(t *testing.T) {
	t.Parallel()
	k := &taker{}
	others := &users{list: map[string]partner.Grant{}}
	others.add("nils", "fjord", "files", "other horse")
	w := newWorld(t, func(o *Options) {
		o.Doors = append(o.Doors, Door{
			Partner: "own", Credentials: others, user: "sftp_user", password: "sftp_password",
			Uploads: &partner.Uploads{Folders: []string{"Catalog"}, Take: k.take},
		})
	})
	file := w.local("x.csv", "1\n")
	for _, f := range [][2]string{{"password:correct horse", "orders"}, {"password:other horse", "catalog"}, {filepath.Join(w.dir, "key-nils"), "orders"}} {
		if said, ok := w.openssh("nils", f[0], "put "+file+" "+f[1]+"/"); !ok {
			t.Error(said)
		}
	}
	if said, ok := w.openssh("nils", "password:no horse", "ls"); ok {
		t.Error(said)
	}
	w.imported(3)
	if list := k.list(); len(list) != 1 || list[0].user != "files" {
		t.Errorf("%+v", list)
	}
}
