package secret

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// What a password costs: the second of the settings that OWASP's Password
// Storage Cheat Sheet recommends (cheatsheetseries.owasp.org, seen 2026).
const (
	passwordMemory = 19 * 1024 // KiB
	passwordTime   = 2
	passwordLanes  = 1
	passwordSalt   = 16
	passwordSum    = 32
)

// What is still computed of a stored hash: more is none of ours.
const (
	mostMemory = 256 * 1024 // KiB
	mostTime   = 16
	mostLanes  = 16
)

// The bounds of Passwords: memory in use at a time, and callers that wait for
// it.
const (
	passwordsAtATime = 4
	passwordsWaiting = 64
)

// The errors of Passwords.
var (
	// ErrPasswordsBusy: so many passwords are being checked that this one must
	// wait for another time.
	ErrPasswordsBusy = errors.New("too many passwords are being checked")
	// ErrPasswordHash: the stored hash is none that Hash made.
	ErrPasswordHash = errors.New("not a password's hash")
)

// Passwords hashes and checks passwords by argon2id. However many are asked for
// at a time, only a few are worked on, and a few more wait. Safe for concurrent
// use; make one with NewPasswords.
type Passwords struct {
	slots   chan struct{}
	waiting atomic.Int64
	memory  uint32 // KiB of a new hash
}

// NewPasswords makes one.
func NewPasswords() *Passwords {
	return &Passwords{slots: make(chan struct{}, passwordsAtATime), memory: passwordMemory}
}

// NewCheapPasswords makes one whose hashes cost next to nothing and guard
// nobody's password: for tests of what asks for them.
func NewCheapPasswords() *Passwords {
	p := NewPasswords()
	p.memory = 8 // the least there is
	return p
}

// Hash returns what may be stored of a password, as a PHC string:
// $argon2id$v=19$m=19456,t=2,p=1$salt$sum. Errors: ErrPasswordsBusy, those of
// the context.
func (p *Passwords) Hash(ctx context.Context, password Text) (string, error) {
	h := passwordHash{memory: p.memory, time: passwordTime, lanes: passwordLanes, salt: make([]byte, passwordSalt)}
	rand.Read(h.salt)
	err := p.work(ctx, func() { h.sum = h.of(password.Reveal(), passwordSum) })
	if err != nil {
		return "", err
	}
	return h.String(), nil
}

// Check reports whether the presented value is the password of a hash, in a
// time that does not depend on where they differ. Errors: ErrPasswordHash,
// ErrPasswordsBusy, those of the context.
func (p *Passwords) Check(ctx context.Context, hash, presented string) (bool, error) {
	h, err := parsePasswordHash(hash)
	if err != nil {
		return false, err
	}
	var sum []byte
	if err := p.work(ctx, func() { sum = h.of(presented, uint32(len(h.sum))) }); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, h.sum) == 1, nil
}

// Spend takes as long as Check does and says nothing: for a name that nobody
// has, so that it can not be told from a wrong password.
func (p *Passwords) Spend(ctx context.Context, presented string) error {
	h := passwordHash{memory: p.memory, time: passwordTime, lanes: passwordLanes, salt: make([]byte, passwordSalt)}
	return p.work(ctx, func() { h.of(presented, passwordSum) })
}

// work runs f when there is room for it.
func (p *Passwords) work(ctx context.Context, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.waiting.Add(1) > passwordsWaiting+passwordsAtATime {
		p.waiting.Add(-1)
		return ErrPasswordsBusy
	}
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.slots }()
	f()
	return nil
}

// passwordHash is a hash in parts.
type passwordHash struct {
	memory, time uint32
	lanes        uint8
	salt, sum    []byte
}

func (h passwordHash) of(password string, size uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, size)
}

func (h passwordHash) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.lanes, b64(h.salt), b64(h.sum))
}

// parsePasswordHash reads a PHC string as Hash writes it, with other costs than
// today's too. The error is ErrPasswordHash.
func parsePasswordHash(text string) (h passwordHash, err error) {
	var version int
	var salt, sum string
	if len(text) > 512 {
		return h, ErrPasswordHash
	}
	n, err := fmt.Sscanf(text, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &h.memory, &h.time, &h.lanes, &salt)
	if err != nil || n != 5 || version != argon2.Version {
		return h, ErrPasswordHash
	}
	for i := range salt {
		if salt[i] == '$' {
			salt, sum = salt[:i], salt[i+1:]
			break
		}
	}
	var failed error
	h.salt, err = base64.RawStdEncoding.Strict().DecodeString(salt)
	h.sum, failed = base64.RawStdEncoding.Strict().DecodeString(sum)
	fits := h.memory >= 8*uint32(h.lanes) && h.memory <= mostMemory && h.time >= 1 && h.time <= mostTime && h.lanes >= 1 && h.lanes <= mostLanes
	if err != nil || failed != nil || !fits || len(h.salt) < 8 || len(h.sum) < 16 || len(h.sum) > 64 || h.String() != text {
		return passwordHash{}, ErrPasswordHash
	}
	return h, nil
}
