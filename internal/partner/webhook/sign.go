package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/secret"
)

// The headers of a signed message (Standard Webhooks, "Webhook Headers",
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md,
// seen 2026).
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far a message's time may be from the receiver's: what the
// reference libraries take.
const Tolerance = 5 * time.Minute

// The errors of Signer.Verify.
var (
	ErrHeaders   = errors.New("webhook headers are missing or malformed")
	ErrTimestamp = errors.New("webhook timestamp is too far from now")
	ErrSignature = errors.New("webhook signature does not match")
)

// Signer signs and verifies messages as Standard Webhooks. Safe for concurrent
// use.
type Signer struct{ keys []*key }

// key is a secret with its ready-made hashes.
type key struct{ hashes sync.Pool }

const (
	secretPrefix    = "whsec_"
	signatureLength = 44 // of base64
	signatureScheme = "v1,"
)

// NewSigner makes a signer that puts one signature per secret into a message,
// so that a receiver can change its secret at any moment of a rotation.
// Secrets that are not set are left out. A secret is either "whsec_" and
// base64, or the raw key itself.
func NewSigner(secrets ...secret.Text) (*Signer, error) {
	s := &Signer{}
	for _, t := range secrets {
		if !t.Set() {
			continue
		}
		raw, err := keyBytes(t)
		if err != nil {
			return nil, err
		}
		k := &key{}
		k.hashes.New = func() any { return hmac.New(sha256.New, raw) }
		s.keys = append(s.keys, k)
	}
	if len(s.keys) == 0 {
		return nil, errors.New("secret is required")
	}
	return s, nil
}

// keyBytes reads a secret in either form.
func keyBytes(t secret.Text) ([]byte, error) {
	encoded, ok := strings.CutPrefix(t.Reveal(), secretPrefix)
	if !ok {
		return []byte(t.Reveal()), nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || len(raw) == 0 {
		return nil, errors.New("secret begins with whsec_ but is no base64 behind it")
	}
	return raw, nil
}

// Sign returns the value of the signature header: a signature per secret, with
// blanks between.
func (s *Signer) Sign(id string, at time.Time, body []byte) string {
	return s.sign(id, strconv.FormatInt(at.Unix(), 10), body)
}

func (s *Signer) sign(id, timestamp string, body []byte) string {
	b := make([]byte, 0, len(s.keys)*(len(signatureScheme)+signatureLength+1))
	for i, k := range s.keys {
		if i > 0 {
			b = append(b, ' ')
		}
		b = k.append(append(b, signatureScheme...), id, timestamp, body)
	}
	return string(b)
}

// append appends the signature of one key in base64.
func (k *key) append(b []byte, id, timestamp string, body []byte) []byte {
	h := k.hashes.Get().(hash.Hash)
	defer k.hashes.Put(h)
	h.Reset()
	var room [128]byte
	head := append(append(append(append(room[:0], id...), '.'), timestamp...), '.')
	h.Write(head)
	h.Write(body)
	var sum [sha256.Size]byte
	return base64.StdEncoding.AppendEncode(b, h.Sum(sum[:0]))
}

// SignHeader sets the three headers of a message.
func (s *Signer) SignHeader(h http.Header, id string, at time.Time, body []byte) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	values := [3]string{id, timestamp, s.sign(id, timestamp, body)}
	h[HeaderID], h[HeaderTimestamp], h[HeaderSignature] = values[0:1:1], values[1:2:2], values[2:3:3]
}

// Verify is the receiver's side: it reports whether one of the message's
// signatures is by one of the secrets, in constant time, and the message not
// older or newer than Tolerance. Errors: ErrHeaders, ErrTimestamp,
// ErrSignature.
func (s *Signer) Verify(h http.Header, body []byte, now time.Time) error {
	id, timestamp, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || signatures == "" || err != nil {
		return ErrHeaders
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > Tolerance || d < -Tolerance {
		return ErrTimestamp
	}
	for _, k := range s.keys {
		var room [signatureLength]byte
		want := k.append(room[:0], id, timestamp, body)
		for one := range strings.FieldsSeq(signatures) {
			got, ok := strings.CutPrefix(one, signatureScheme)
			if ok && hmac.Equal(want, []byte(got)) {
				return nil
			}
		}
	}
	return ErrSignature
}

// Sign signs one message with one secret: what alerts need. The error is that
// of a malformed secret.
func Sign(h http.Header, key secret.Text, id string, at time.Time, body []byte) error {
	s, err := NewSigner(key)
	if err != nil {
		return err
	}
	s.SignHeader(h, id, at, body)
	return nil
}
