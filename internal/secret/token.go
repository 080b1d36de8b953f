package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// NewToken makes a token of 256 random bits in base62 behind a prefix that
// tells people what it is: "omx_Zk3…". It is shown once; only its Digest is
// stored.
func NewToken(prefix string) Text { return New(prefix + "_" + random62()) }

// NewValue makes a secret of 256 random bits in base62, for systems that have
// forms of their own for what they hand out.
func NewValue() Text { return New(random62()) }

func random62() string {
	b := make([]byte, 32)
	rand.Read(b)
	text := new(big.Int).SetBytes(b).Text(62)
	return strings.Repeat("0", max(0, 43-len(text))) + text
}

// The errors of Tokens.Check.
var (
	ErrToken   = errors.New("token is not one of ours")
	ErrExpired = errors.New("token has expired")
)

// Claim is what a short-lived access token says. It is signed, not secret:
// it must hold nothing personal.
type Claim struct {
	Audience   string // the door it is for: "deliveryhero"
	Shop       string
	Credential string // by name
	Generation int64  // of the credential; raising it revokes all its tokens
	Data       string // the issuer's own
	Expires    time.Time
}

// Tokens issues and checks access tokens without writing anything: they are
// MACs over their claim, good on every node that has the key. Safe for
// concurrent use.
type Tokens struct{ keys [][]byte } // the first one signs, all check

// NewTokens makes tokens signed with key, and also takes those that older keys
// signed.
func NewTokens(key Key, older ...Key) *Tokens {
	t := &Tokens{}
	for _, k := range append([]Key{key}, older...) {
		t.keys = append(t.keys, k.Derive("access token").bytes())
	}
	return t
}

const (
	tokenFormat = 2
	maxToken    = 1024 // characters
)

// Issue returns a token for the claim; times are kept to the second.
func (t *Tokens) Issue(c Claim) Text {
	b := []byte{tokenFormat}
	for _, s := range []string{c.Audience, c.Shop, c.Credential, c.Data} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = binary.AppendVarint(b, c.Generation)
	b = binary.AppendVarint(b, c.Expires.Unix())
	return New(base64.RawURLEncoding.EncodeToString(append(b, mac(t.keys[0], b)...)))
}

// Check returns the claim of a token that we issued and that has not expired.
// The caller compares Generation with the credential's. Errors: ErrToken,
// ErrExpired (with the claim).
func (t *Tokens) Check(token string, audience string, now time.Time) (Claim, error) {
	if len(token) > maxToken {
		return Claim{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < sha256.Size {
		return Claim{}, ErrToken
	}
	b, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	c, ok := t.claim(b, sum)
	if !ok || c.Audience != audience {
		return Claim{}, ErrToken
	}
	if !now.Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

func (t *Tokens) claim(b, sum []byte) (Claim, bool) {
	for _, k := range t.keys {
		if hmac.Equal(mac(k, b), sum) {
			return decodeClaim(b)
		}
	}
	return Claim{}, false
}

func mac(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)
}

func decodeClaim(b []byte) (c Claim, ok bool) {
	if len(b) == 0 || b[0] != tokenFormat {
		return c, false
	}
	b = b[1:]
	for _, s := range []*string{&c.Audience, &c.Shop, &c.Credential, &c.Data} {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return c, false
		}
		*s, b = string(b[w:w+int(n)]), b[w+int(n):]
	}
	var expires int64
	for _, v := range []*int64{&c.Generation, &expires} {
		n, w := binary.Varint(b)
		if w <= 0 {
			return c, false
		}
		*v, b = n, b[w:]
	}
	c.Expires = time.Unix(expires, 0).UTC()
	return c, len(b) == 0
}

// NewUUID makes a random UUID (version 4).
func NewUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewHex24 makes 12 random bytes in hexadecimal, as ids of documents in some
// systems look.
func NewHex24() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
