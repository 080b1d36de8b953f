// Package user holds the people who use the hub in a browser: their names and
// roles, their passwords, and the sessions in which they are signed in.
//
// All users stand in one value of a small key-value store, which is written by
// compare-and-write: names are unique, the first user is made once, and the last
// admin can not be lost, whoever else changes users at the same time, on
// whichever node. Sessions and invitations are keys of their own, named by a
// digest of what is presented, which is kept nowhere.
package user

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/secret"
)

// Role says what a user may do. Each holds all before it.
type Role string

// The roles.
const (
	Viewer   Role = "viewer"   // look
	Operator Role = "operator" // act on orders, routes, invitations …
	Admin    Role = "admin"    // users, credentials, erasing
)

// Roles lists the roles, the least first.
func Roles() []Role { return []Role{Viewer, Operator, Admin} }

func (r Role) known() bool { return r == Viewer || r == Operator || r == Admin }

// User is somebody who may sign in.
type User struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Language string    `json:"language,omitzero"` // ISO 639-1; "": the browser's
	Made     time.Time `json:"made"`
	Changed  time.Time `json:"changed,omitzero"` // the password
	SeenAt   time.Time `json:"seen_at,omitzero"` // signed in last
	Disabled bool      `json:"disabled,omitzero"`
	Invited  bool      `json:"invited,omitzero"` // has no password yet
}

// record is a user as he is kept.
type record struct {
	User
	Hash       string `json:"hash,omitzero"` // argon2id, as a PHC string
	Generation int64  `json:"generation"`    // raised by what ends all sessions
}

// firstGeneration is a new user's: another one than that of whoever had the name
// before him, whose links and sessions must not be his.
func firstGeneration() int64 { return rand.Int64N(1 << 62) }

// KV is a small key-value store with expiry, shared by all nodes.
type KV interface {
	Get(ctx context.Context, key string) ([]byte, bool, error)
	Put(ctx context.Context, key string, value []byte, ttl time.Duration) error // ttl 0: for ever
	Delete(ctx context.Context, key string) error
	// Swap is Put if what stands there is still old; nil: nothing does.
	Swap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error)
}

// Book is the users of a hub. Safe for concurrent use, on several nodes at a
// time.
type Book struct {
	kv        KV
	passwords *secret.Passwords
	now       func() time.Time
}

// New returns a Book.
func New(kv KV, p *secret.Passwords, now func() time.Time) *Book {
	return &Book{kv: kv, passwords: p, now: now}
}

// The errors that are answers.
var (
	// ErrWrong: the name, or the password, or both. Nobody is told which.
	ErrWrong = errors.New("the name or the password is wrong")
	// ErrSignedOut: the session is over, or never was.
	ErrSignedOut = errors.New("signed out")
	// ErrLink: a link was used already, is over, or never was.
	ErrLink = errors.New("the link was used already, or is over; ask for a new one")
	// ErrLastAdmin: somebody must be able to let others in.
	ErrLastAdmin = errors.New("this is the last admin; make another one first")
)

// The bounds of users.
const (
	MostUsers   = 1000
	MinPassword = 12 // characters
	MaxPassword = 200
)

var names = regexp.MustCompile(`^[a-z0-9]([a-z0-9._@-]{0,62}[a-z0-9])?$`)

func checkName(name string) error {
	if !names.MatchString(name) {
		return order.Refuse("name", order.Malformed, "must be 1 to 64 characters of a-z, 0-9, dot, @, - and _")
	}
	return nil
}

func checkPassword(name, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return order.Refuse("password", order.Malformed, "is no valid text")
	case n < MinPassword:
		return order.Refuse("password", order.Malformed, fmt.Sprintf("must have at least %d characters", MinPassword))
	case n > MaxPassword:
		return order.Refuse("password", order.TooLarge, fmt.Sprintf("must have at most %d characters", MaxPassword))
	case name != "" && strings.Contains(strings.ToLower(password), name):
		return order.Refuse("password", order.Malformed, "must not hold your name")
	}
	return nil
}
