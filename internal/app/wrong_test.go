package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestWrongCredentialsAreSlowed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var w wrongCredentials
	wait := func(address string) time.Duration {
		d := w.refused(address, now)
		if d > 0 {
			w.answered()
		}
		return d
	}
	for i := range wrongFree {
		if d := wait("192.0.2.1:1000"); d != 0 {
			t.Fatalf("try %d waits %s", i+1, d)
		}
	}
	if a, b := wait("192.0.2.1:1001"), wait("192.0.2.1:1002"); a != wrongStep || b != 2*wrongStep {
		t.Errorf("the next two wait %s and %s", a, b)
	}
	if d := wait("192.0.2.2:1000"); d != 0 {
		t.Errorf("a neighbour waits %s", d)
	}
	for range 100 {
		wait("192.0.2.1:1000")
	}
	if d := wait("192.0.2.1:1000"); d != wrongMost {
		t.Errorf("at most %s, not %s", wrongMost, d)
	}
	now = now.Add(time.Hour)
	if d := wait("192.0.2.1:1000"); d != 0 {
		t.Errorf("after an hour %s", d)
	}
	// One IPv6 network is one client.
	for i := range wrongFree {
		wait(fmt.Sprintf("[2001:db8::%x]:1", i+1))
	}
	if d := wait("[2001:db8::ffff]:1"); d != wrongStep {
		t.Errorf("the same network waits %s", d)
	}
}

func TestWrongCredentialsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var w wrongCredentials
	for i := range 2 * wrongClients {
		w.refused(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255), now)
	}
	if len(w.clients) > wrongClients {
		t.Errorf("%d clients remembered", len(w.clients))
	}
	for range wrongFree + wrongWaiting + 1 {
		w.refused("192.0.2.1:1", now)
	}
	if w.waiting != wrongWaiting || w.refused("192.0.2.1:1", now) != 0 {
		t.Errorf("%d answers wait", w.waiting)
	}
}

// TestWrongCredentialsCountOnce: whether a door says that they are wrong, answers
// 401, or both.
func TestWrongCredentialsCountOnce(t *testing.T) {
	t.Parallel()
	f := func(says bool, status int) {
		t.Helper()
		n := 0
		c := &call{answer: statusWriter{ResponseWriter: httptest.NewRecorder(), refused: func() { n++ }}}
		if says {
			refusedDoor(context.WithValue(t.Context(), callKey{}, c))
		}
		c.answer.WriteHeader(status)
		if n != 1 {
			t.Errorf("said: %v, answered %d: counted %d times", says, status, n)
		}
	}
	f(true, http.StatusUnauthorized)
	f(true, http.StatusOK) // as SOAP does
	f(false, http.StatusUnauthorized)
}

// TestSigningInIsBounded: who presents many passwords at a time is no faster, and
// keeps nobody else from it.
func TestSigningInIsBounded(t *testing.T) {
	t.Parallel()
	var w wrongCredentials
	var leave []func()
	for i := range signingIn {
		l, ok := w.enter(fmt.Sprintf("192.0.2.1:%d", i+1))
		if !ok {
			t.Fatalf("the %d. is refused", i+1)
		}
		leave = append(leave, l)
	}
	if _, ok := w.enter("192.0.2.1:99"); ok {
		t.Error("one too many is let in")
	}
	if l, ok := w.enter("192.0.2.2:1"); !ok {
		t.Error("a neighbour is refused")
	} else {
		leave = append(leave, l)
	}
	leave[0]()
	if l, ok := w.enter("192.0.2.1:99"); !ok {
		t.Error("somebody left, and nobody is let in")
	} else {
		leave = append(leave, l)
	}
	for _, l := range leave[1:] {
		l()
	}
	if len(w.signing) > 0 {
		t.Errorf("%d networks are remembered", len(w.signing))
	}
}
