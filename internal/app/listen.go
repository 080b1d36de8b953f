package app

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/ordermux/ordermux/internal/config"
)

// listener is an open address.
type listener struct {
	door   string // a partner whose door stands at its root; "": the main address
	net    net.Listener
	server *http.Server
}

// AddressError is an address that can not be listened on.
type AddressError struct {
	Key     string // of the configuration: "listen", "doors.citrusad.listen"
	Address string
	Err     error
}

func (e *AddressError) Error() string {
	switch {
	case errors.Is(e.Err, syscall.EADDRINUSE):
		return fmt.Sprintf("%s: the address %s is taken by another program; stop it or choose another port", e.Key, e.Address)
	case errors.Is(e.Err, syscall.EACCES):
		return fmt.Sprintf("%s: this user may not listen on %s; choose a port above 1023", e.Key, e.Address)
	case errors.Is(e.Err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%s: this machine has no address %s", e.Key, e.Address)
	}
	return fmt.Sprintf("%s: %v", e.Key, e.Err)
}

func (e *AddressError) Unwrap() error { return e.Err }

// listen opens the main address and those of the doors.
func (a *App) listen(cfg *config.Config) error {
	if err := a.listenOn("listen", cfg.Listen, "", a); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Doors)) {
		if cfg.Doors[name].Listen == "" {
			continue
		}
		if err := a.listenOn("doors."+name+".listen", cfg.Doors[name].Listen, name, a.atRoot(name)); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) listenOn(key, address, door string, h http.Handler) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return &AddressError{Key: key, Address: address, Err: err}
	}
	a.onClose("listener", func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	server := &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxRequestHeader,
		ReadHeaderTimeout: readHeaderTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		// What clients do to connections is no trouble of ours.
		ErrorLog: log.New(serverLog{a.log}, "", 0),
	}
	a.addrs = append(a.addrs, listener{door: door, net: l, server: server})
	return nil
}

// serverLog takes net/http's own messages, such as failed handshakes.
type serverLog struct{ log *slog.Logger }

func (s serverLog) Write(b []byte) (int, error) {
	s.log.Debug("http server", "message", maskText(string(b)))
	return len(b), nil
}

var _ io.Writer = serverLog{}

// start begins to answer on every address. Errors come on failed.
func (a *App) start(failed chan<- error) {
	for _, l := range a.addrs {
		go func() {
			err := l.serve(a.certificate)
			if !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.net.Addr(), err)
			}
		}()
	}
}

func (l *listener) serve(c *certificate) error {
	if c == nil {
		return l.server.Serve(l.net)
	}
	l.server.TLSConfig = &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12}
	return l.server.ServeTLS(l.net, "", "") // HTTP/2 by itself
}

// certificate is a certificate that is read again when its files change.
type certificate struct {
	log *slog.Logger

	mu      sync.Mutex
	files   config.TLS
	current *tls.Certificate
	changed [2]time.Time // of the files that current was read from
	looked  time.Time
}

// certificateRest is how long a certificate is used before its files are
// looked at again.
const certificateRest = 2 * time.Second

// newCertificate reads the files for the first time.
func newCertificate(files config.TLS, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, log: log}
	if err := c.read(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return c, nil
}

// get implements tls.Config.GetCertificate. A pair of files that does not fit
// (half of it replaced) is passed over; the old one is used on.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > certificateRest {
		c.looked = now
		if times, err := c.times(); err == nil && times != c.changed {
			if err := c.read(); err != nil {
				c.log.Warn("the changed certificate can not be used yet; the old one is used on", "error", err)
			} else {
				c.log.Info("certificate read again")
			}
		}
	}
	return c.current, nil
}

func (c *certificate) read() error {
	times, err := c.times()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.files.Cert, c.files.Key)
	if err != nil {
		return err
	}
	c.current, c.changed = &pair, times
	return nil
}

// use takes other files from now on.
func (c *certificate) use(files config.TLS) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.files, c.looked = files, time.Time{}
	c.changed = [2]time.Time{}
}

func (c *certificate) times() (out [2]time.Time, err error) {
	for i, name := range []string{c.files.Cert, c.files.Key} {
		info, err := os.Stat(name)
		if err != nil {
			return out, err
		}
		out[i] = info.ModTime()
	}
	return out, nil
}
