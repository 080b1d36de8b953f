package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// ErrSealed is the error for what no key of ours opens: another key, another
// context, or changed bytes.
var ErrSealed = errors.New("sealed value can not be opened")

// Sealer seals what we must be able to read again: partner secrets, sealed
// into the store. Safe for concurrent use.
//
// A sealed value is: format (1 byte), id of the key (4 bytes), then nonce,
// ciphertext and tag of AES-256-GCM. The context is bound to it: what was
// sealed for one place opens in no other.
type Sealer struct{ keys []sealKey } // the first one seals, all open

type sealKey struct {
	id   [4]byte
	aead cipher.AEAD
}

const (
	sealFormat = 1
	sealHead   = 1 + 4
)

// NewSealer makes a sealer that seals with key and also opens what older keys
// sealed.
func NewSealer(key Key, older ...Key) (*Sealer, error) {
	s := &Sealer{}
	for _, k := range append([]Key{key}, older...) {
		if !k.Set() {
			return nil, errors.New("sealing without a key")
		}
		block, err := aes.NewCipher(k.Derive("seal").bytes())
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, sealKey{id: [4]byte(k.Derive("seal id").bytes()), aead: aead})
	}
	return s, nil
}

// Seal encrypts plain for a context, such as "state/nordlys/ads/token".
func (s *Sealer) Seal(plain []byte, context string) []byte {
	k := &s.keys[0]
	out := make([]byte, 0, sealHead+len(plain)+k.aead.Overhead())
	out = append(append(out, sealFormat), k.id[:]...)
	return k.aead.Seal(out, nil, plain, bound(out, context))
}

// Open decrypts what Seal made for the same context. The error is ErrSealed.
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	k := s.keyOf(sealed)
	if k == nil {
		return nil, ErrSealed
	}
	plain, err := k.aead.Open(nil, nil, sealed[sealHead:], bound(sealed[:sealHead], context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Stale reports whether the value was sealed with another than the first key:
// `key rotate` opens and seals it again.
func (s *Sealer) Stale(sealed []byte) bool { return s.keyOf(sealed) != &s.keys[0] }

func (s *Sealer) keyOf(sealed []byte) *sealKey {
	if len(sealed) < sealHead || sealed[0] != sealFormat {
		return nil
	}
	for i := range s.keys {
		if s.keys[i].id == [4]byte(sealed[1:sealHead]) {
			return &s.keys[i]
		}
	}
	return nil
}

// bound is the data that is authenticated but not encrypted.
func bound(head []byte, context string) []byte {
	return append(append(make([]byte, 0, len(head)+len(context)), head...), context...)
}
