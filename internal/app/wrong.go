package app

import (
	"net/netip"
	"sync"
	"time"
)

// Wrong credentials are answered more and more slowly, per client network.
// Right ones are never slowed, whoever else guesses from the same address.
const (
	wrongFree    = 10                     // a minute that cost nothing: a client with an old key
	wrongStep    = 250 * time.Millisecond // what each further one adds
	wrongMost    = 5 * time.Second
	wrongClients = 10_000 // remembered at most
	wrongWaiting = 256    // answers that wait at a time; beyond, they do not
	// signingIn is how many of one network present a password to the console at a
	// time, those that wait for their answer among them: who guesses is no faster
	// by asking many times at once.
	signingIn = 16
)

// wrongCredentials counts refused credentials.
type wrongCredentials struct {
	mu      sync.Mutex
	clients map[netip.Prefix]tries
	waiting int
	signing map[netip.Prefix]int
}

// tries is one network's count; it falls by wrongFree a minute.
type tries struct {
	count float64
	at    time.Time
}

func (t tries) left(now time.Time) float64 {
	return max(0, t.count-wrongFree*now.Sub(t.at).Minutes())
}

// refused counts one and returns how long its answer has to wait; whoever gets
// a wait calls answered after it.
func (w *wrongCredentials) refused(address string, now time.Time) time.Duration {
	client := network(address)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.clients == nil {
		w.clients = map[netip.Prefix]tries{}
	}
	count := w.clients[client].left(now) + 1
	if len(w.clients) >= wrongClients {
		w.forget(now)
	}
	w.clients[client] = tries{count, now}
	over := count - wrongFree
	if over <= 0 || w.waiting >= wrongWaiting {
		return 0
	}
	w.waiting++
	return min(time.Duration(over*float64(wrongStep)), wrongMost)
}

func (w *wrongCredentials) answered() {
	w.mu.Lock()
	w.waiting--
	w.mu.Unlock()
}

// enter is console.Options.Enter.
func (w *wrongCredentials) enter(address string) (leave func(), ok bool) {
	client := network(address)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.signing[client] >= signingIn {
		return nil, false
	}
	if w.signing == nil {
		w.signing = map[netip.Prefix]int{}
	}
	w.signing[client]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.signing[client]--; w.signing[client] == 0 {
			delete(w.signing, client)
		}
	}, true
}

// forget drops who has not tried for long; if that is nobody, everybody.
func (w *wrongCredentials) forget(now time.Time) {
	for c, t := range w.clients {
		if t.left(now) == 0 {
			delete(w.clients, c)
		}
	}
	if len(w.clients) >= wrongClients {
		clear(w.clients)
	}
}

// network is what one guesser has for the asking: an IPv4 address, or an IPv6
// network of 64 bits.
func network(address string) netip.Prefix {
	p, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Prefix{}
	}
	a := p.Addr().Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	n, _ := a.Prefix(bits)
	return n
}
