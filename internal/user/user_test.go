package user_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
	"github.com/ordermux/ordermux/internal/user"
)

// memory is a KV in memory, with a clock of the test's.
type memory struct {
	mu     sync.Mutex
	now    time.Time
	values map[string]entry
	read   func(key string) // called after a Get
}

type entry struct {
	value []byte
	until time.Time
}

func newMemory() *memory {
	return &memory{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), values: map[string]entry{}}
}

func (m *memory) clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *memory) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

func (m *memory) Get(_ context.Context, key string) ([]byte, bool, error) {
	if m.read != nil {
		defer func() { m.read(key) }()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.values[key]
	if !ok || !e.until.IsZero() && !m.now.Before(e.until) {
		return nil, false, nil
	}
	return e.value, true, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := entry{value: value}
	if ttl > 0 {
		e.until = m.now.Add(ttl)
	}
	m.values[key] = e
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func (m *memory) Swap(_ context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.values[key]; ok != (old != nil) || !bytes.Equal(e.value, old) {
		return false, nil
	}
	e := entry{value: value}
	if ttl > 0 {
		e.until = m.now.Add(ttl)
	}
	m.values[key] = e
	return true, nil
}

const good = "correct horse battery"

// open returns a book whose first user is ada.
func open(t *testing.T) (*user.Book, *memory) {
	t.Helper()
	m := newMemory()
	b := user.New(m, secret.NewPasswords(), m.clock)
	link, first, err := b.First(t.Context())
	if err != nil || !first {
		t.Fatal(first, err)
	}
	if u, err := b.Claim(t.Context(), link.Reveal(), "ada", good); err != nil || u.Role != user.Admin || u.Name != "ada" {
		t.Fatal(u, err)
	}
	return b, m
}

func join(t *testing.T, b *user.Book, name string, role user.Role) {
	t.Helper()
	link, err := b.Invite(t.Context(), name, role)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Claim(t.Context(), link.Reveal(), "ignored", good); err != nil {
		t.Fatal(err)
	}
}

func signIn(t *testing.T, b *user.Book, name string) string {
	t.Helper()
	token, _, err := b.SignIn(t.Context(), name, good)
	if err != nil {
		t.Fatal(err)
	}
	return token.Reveal()
}

func signedOut(t *testing.T, b *user.Book, token string) {
	t.Helper()
	if s, err := b.Session(t.Context(), token); !errors.Is(err, user.ErrSignedOut) {
		t.Errorf("still signed in: %v, %v", s, err)
	}
}

func TestTheFirstUserIsMadeOnce(t *testing.T) {
	t.Parallel()
	m := newMemory()
	b := user.New(m, secret.NewPasswords(), m.clock)
	var links []string
	for range 8 { // each node prints one of its own
		link, first, err := b.First(t.Context())
		if err != nil || !first {
			t.Fatal(first, err)
		}
		links = append(links, link.Reveal())
	}
	var made, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, link := range links {
		all.Go(func() {
			_, err := b.Claim(t.Context(), link, fmt.Sprintf("user%d", i), good)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case errors.Is(err, user.ErrLink):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if list, err := b.List(t.Context()); made != 1 || refused != 7 || len(list) != 1 || err != nil {
		t.Errorf("%d made, %d refused: %v, %v", made, refused, list, err)
	}
	for _, link := range links { // nobody chooses a password for nothing
		if l, err := b.Linked(t.Context(), link); !errors.Is(err, user.ErrLink) {
			t.Errorf("%+v %v", l, err)
		}
	}
	if _, first, err := b.First(t.Context()); first || err != nil {
		t.Error("there is a first user still to be made", err)
	}
}

func TestLinksWorkOnceAndNotForEver(t *testing.T) {
	t.Parallel()
	b, m := open(t)
	link, err := b.Invite(t.Context(), "bo", user.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Invite(t.Context(), "bo", user.Viewer); !errors.Is(err, order.ErrConflict) {
		t.Error(err)
	}
	if _, _, err := b.SignIn(t.Context(), "bo", ""); !errors.Is(err, user.ErrWrong) {
		t.Error("signed in without a password", err)
	}
	for _, bad := range []string{"short", "my name is bo, truly", strings.Repeat("x", 201), "not \xff valid at all"} {
		if _, err := b.Claim(t.Context(), link.Reveal(), "", bad); !errors.As(err, new(*order.Invalid)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := b.Claim(t.Context(), link.Reveal(), "", good); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Claim(t.Context(), link.Reveal(), "", good+"2"); !errors.Is(err, user.ErrLink) {
		t.Error("a link worked twice", err)
	}
	late, err := b.Reset(t.Context(), "bo")
	if err != nil {
		t.Fatal(err)
	}
	m.pass(73 * time.Hour)
	if _, err := b.Claim(t.Context(), late.Reveal(), "", good+"3"); !errors.Is(err, user.ErrLink) {
		t.Error("a link worked after its time", err)
	}
	older, _ := b.Reset(t.Context(), "bo")
	newer, _ := b.Reset(t.Context(), "bo")
	if _, err := b.Claim(t.Context(), older.Reveal(), "", good+"4"); !errors.Is(err, user.ErrLink) {
		t.Error("an older link worked", err)
	}
	if _, err := b.Claim(t.Context(), newer.Reveal(), "", good+"5"); err != nil {
		t.Error(err)
	}
}

// TestANameIsGivenAnew: what was opened for whoever had a name opens nothing of
// the next one who has it.
func TestANameIsGivenAnew(t *testing.T) {
	t.Parallel()
	b, _ := open(t)
	remove := func() {
		t.Helper()
		if err := b.Remove(t.Context(), "bo"); err != nil {
			t.Fatal(err)
		}
	}
	unused, err := b.Invite(t.Context(), "bo", user.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	remove()
	join(t, b, "bo", user.Viewer)
	session := signIn(t, b, "bo")
	remove()
	link, err := b.Invite(t.Context(), "bo", user.Admin)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := b.Claim(t.Context(), unused.Reveal(), "", good); !errors.Is(err, user.ErrLink) {
		t.Errorf("an earlier user's link made %+v, %v", u, err)
	}
	if _, err := b.Claim(t.Context(), link.Reveal(), "", good); err != nil {
		t.Fatal(err)
	}
	signedOut(t, b, session)
}

func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	b, _ := open(t)
	join(t, b, "bo", user.Operator)
	if err := b.Disable(t.Context(), "bo", true); err != nil {
		t.Fatal(err)
	}
	for name, password := range map[string]string{"ada": good + "x", "nobody": good, "bo": good, "": "", "ADA": good} {
		if _, _, err := b.SignIn(t.Context(), name, password); !errors.Is(err, user.ErrWrong) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := b.Disable(t.Context(), "bo", false); err != nil {
		t.Fatal(err)
	}
	signIn(t, b, "bo")
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	b, m := open(t)
	join(t, b, "bo", user.Viewer)
	for what, end := range map[string]func() error{
		"sign out":     func() error { return nil },
		"another role": func() error { return b.SetRole(t.Context(), "bo", user.Operator) },
		"disabled": func() error {
			return errors.Join(b.Disable(t.Context(), "bo", true), b.Disable(t.Context(), "bo", false))
		},
		"a reset":        func() error { _, err := b.Reset(t.Context(), "bo"); return err },
		"a new password": func() error { return b.ChangePassword(t.Context(), "bo", good, good) },
		"twelve hours":   func() error { m.pass(user.IdleFor); return nil },
		"another program": func() error {
			return user.New(m, secret.NewPasswords(), m.clock).SetRole(t.Context(), "bo", user.Viewer)
		},
	} {
		token := signIn(t, b, "bo")
		s, err := b.Session(t.Context(), token)
		if err != nil || s.User.Name != "bo" || s.User.SeenAt.IsZero() {
			t.Fatalf("%s: %v, %v", what, s, err)
		}
		if what == "sign out" {
			err = b.SignOut(t.Context(), token)
		} else if what == "another program" {
			err = errors.Join(b.SetRole(t.Context(), "bo", user.Operator), end())
		} else {
			err = end()
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		signedOut(t, b, token)
	}
	signedOut(t, b, "forged")
	token := signIn(t, b, "bo")
	if err := b.Remove(t.Context(), "bo"); err != nil {
		t.Fatal(err)
	}
	signedOut(t, b, token)
}

// TestASessionLivesOn while it is used, but not for ever.
func TestASessionLivesOn(t *testing.T) {
	t.Parallel()
	b, m := open(t)
	token := signIn(t, b, "ada")
	for range 14 { // seven days less an hour, by eleven and a bit
		m.pass(11 * time.Hour)
		if _, err := b.Session(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	m.pass(11 * time.Hour)
	if _, err := b.Session(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	m.pass(3 * time.Hour)
	signedOut(t, b, token)
}

// TestASessionEndsWhileItIsUsed: a request that prolongs a session does not bring
// it back when its user signs out at the same time.
func TestASessionEndsWhileItIsUsed(t *testing.T) {
	t.Parallel()
	b, m := open(t)
	token := signIn(t, b, "ada")
	m.pass(time.Hour)
	m.read = func(key string) {
		if strings.HasPrefix(key, "session/") {
			m.read = nil
			if err := b.SignOut(t.Context(), token); err != nil {
				t.Error(err)
			}
		}
	}
	signedOut(t, b, token)
	signedOut(t, b, token)
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	b, _ := open(t)
	join(t, b, "bo", user.Admin)
	var all sync.WaitGroup
	for _, name := range []string{"ada", "bo"} { // at a time
		all.Go(func() { _ = b.SetRole(t.Context(), name, user.Viewer) })
		all.Go(func() { _ = b.Disable(t.Context(), name, true) })
		all.Go(func() { _ = b.Remove(t.Context(), name) })
	}
	all.Wait()
	list, err := b.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admins := 0
	for _, u := range list {
		if u.Role == user.Admin && !u.Disabled {
			admins++
		}
	}
	if admins != 1 {
		t.Errorf("%d admins are left: %+v", admins, list)
	}
	for _, u := range list {
		if u.Role == user.Admin && !u.Disabled {
			if err := b.Remove(t.Context(), u.Name); !errors.Is(err, user.ErrLastAdmin) {
				t.Error(err)
			}
		}
	}
}

func TestNamesAndRoles(t *testing.T) {
	t.Parallel()
	b, _ := open(t)
	for _, name := range []string{"", "Ada", "a b", "-a", "a/b", strings.Repeat("a", 65), "<b>"} {
		if _, err := b.Invite(t.Context(), name, user.Viewer); !errors.As(err, new(*order.Invalid)) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := b.Invite(t.Context(), "cy", "root"); !errors.As(err, new(*order.Invalid)) {
		t.Error(err)
	}
	if err := b.SetRole(t.Context(), "ada", "root"); !errors.As(err, new(*order.Invalid)) {
		t.Error(err)
	}
	for _, err := range []error{b.SetRole(t.Context(), "cy", user.Viewer), b.Remove(t.Context(), "cy"), b.Disable(t.Context(), "cy", true)} {
		if !errors.Is(err, order.ErrNotFound) {
			t.Error(err)
		}
	}
	if err := b.SetLanguage(t.Context(), "ada", "pl"); err != nil {
		t.Fatal(err)
	}
	if u, err := b.Find(t.Context(), "ada"); u.Language != "pl" || err != nil {
		t.Error(u, err)
	}
}

func TestAPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	t.Parallel()
	b, _ := open(t)
	if err := b.ChangePassword(t.Context(), "ada", good+"x", "another good one"); !errors.Is(err, user.ErrWrong) {
		t.Error(err)
	}
	if err := b.ChangePassword(t.Context(), "ada", good, "short"); !errors.As(err, new(*order.Invalid)) {
		t.Error(err)
	}
	if err := b.ChangePassword(t.Context(), "ada", good, "another good one"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.SignIn(t.Context(), "ada", good); !errors.Is(err, user.ErrWrong) {
		t.Error("the old password works", err)
	}
	if _, _, err := b.SignIn(t.Context(), "ada", "another good one"); err != nil {
		t.Error(err)
	}
}
