// Package secret holds what must not be seen: strings that can not be printed,
// keys that seal what we must keep readable for us alone, and tokens of which
// only a digest or a signature is kept.
package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Hidden is what a secret shows: nothing, not even its length.
const Hidden = "[secret]"

// Text is a secret. Every way of printing, logging or encoding it shows
// nothing of it; only Reveal gives the value. Texts compare by value.
//
// The value is kept behind a handle because fmt can not call methods of
// unexported fields: of a struct with a Text in it, it then prints an address.
type Text struct{ v unique.Handle[string] }

// New makes a secret of v.
func New(v string) Text {
	if v == "" {
		return Text{}
	}
	return Text{unique.Make(v)}
}

// Reveal returns the secret itself, for the one place that sends it.
func (t Text) Reveal() string {
	if !t.Set() {
		return ""
	}
	return t.v.Value()
}

// Set reports whether there is a secret at all.
func (t Text) Set() bool { return t != Text{} }

// IsZero reports whether there is no secret, for encoders that leave out what
// is not set.
func (t Text) IsZero() bool { return !t.Set() }

// Equal reports whether both are the same, in a time that does not depend on
// where they differ.
func (t Text) Equal(o Text) bool { return t.Is(o.Reveal()) }

// Is reports whether the presented value is the secret, in constant time. No
// value is the secret that is not set.
func (t Text) Is(presented string) bool {
	a, b := t.Digest(), Digest(presented)
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && t.Set() == (presented != "")
}

// Digest returns the SHA-256 of the secret: what may be stored of a value with
// the randomness of a token.
func (t Text) Digest() [32]byte { return Digest(t.Reveal()) }

// Digest returns the SHA-256 of a presented value.
func Digest(presented string) [32]byte { return sha256.Sum256([]byte(presented)) }

func (t Text) String() string               { return Hidden }
func (t Text) GoString() string             { return Hidden }
func (t Text) Format(f fmt.State, _ rune)   { io.WriteString(f, Hidden) }
func (t Text) LogValue() slog.Value         { return slog.StringValue(Hidden) }
func (t Text) MarshalText() ([]byte, error) { return []byte(Hidden), nil }
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Hidden + `"`), nil }
func (t Text) MarshalYAML() (any, error)    { return Hidden, nil }
