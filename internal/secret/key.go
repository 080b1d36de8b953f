package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keySize is the length of a key: 256 bits.
const keySize = 32

// Key is a 256-bit key. It prints nothing.
type Key struct{ text Text }

// NewKey makes a random key.
func NewKey() Key {
	b := make([]byte, keySize)
	rand.Read(b)
	return keyOf(b)
}

func keyOf(b []byte) Key { return Key{New(string(b))} }

// ParseKey reads a key of 32 bytes written as 64 hexadecimal digits or in
// base64 (either alphabet, with or without padding). White space around it is
// dropped.
func ParseKey(text Text) (Key, error) {
	s := strings.TrimSpace(text.Reveal())
	if s == "" {
		return Key{}, errors.New("key is empty")
	}
	if b, err := hex.DecodeString(s); err == nil && len(b) == keySize {
		return keyOf(b), nil
	}
	plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "=")
	if b, err := base64.RawStdEncoding.DecodeString(plain); err == nil && len(b) == keySize {
		return keyOf(b), nil
	}
	return Key{}, fmt.Errorf("key is not %d bytes in hexadecimal or base64", keySize)
}

// LoadKey reads a key from a file.
func LoadKey(path string) (Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	k, err := ParseKey(New(string(b)))
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// LoadOrCreateKey reads a key from a file, which it makes, readable by its
// owner alone, where there is none. Of several callers that find none, one
// makes it and all read the same.
func LoadOrCreateKey(path string) (Key, error) {
	k, err := LoadKey(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := createKey(path, NewKey()); err != nil && !errors.Is(err, fs.ErrExist) {
		return Key{}, fmt.Errorf("make key: %w", err)
	}
	return LoadKey(path)
}

// createKey writes a key file whole and on disk, or not at all: what it seals
// is lost with it.
func createKey(path string, k Key) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString(hex.EncodeToString(k.bytes()) + "\n"); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // fails if there is one by now
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Set reports whether there is a key at all.
func (k Key) Set() bool { return k.text.Set() }

// Derive returns a key for one purpose. Keys of different purposes say nothing
// about each other.
func (k Key) Derive(purpose string) Key {
	b, err := hkdf.Key(sha256.New, k.bytes(), nil, "ordermux "+purpose, keySize)
	if err != nil {
		panic(err) // only for lengths that are not ours
	}
	return keyOf(b)
}

// Mac returns the HMAC-SHA256 of b under the key.
func (k Key) Mac(b []byte) []byte { return mac(k.bytes(), b) }

func (k Key) bytes() []byte { return []byte(k.text.Reveal()) }

func (k Key) String() string { return Hidden }
