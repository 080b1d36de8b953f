package sftp

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/ordermux/ordermux/internal/secret"
)

// NewHostKey makes a key by which clients know the server again: Ed25519, PEM.
func NewHostKey() (secret.Text, error) {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return secret.Text{}, err
	}
	block, err := ssh.MarshalPrivateKey(key, "ordermux")
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(string(pem.EncodeToMemory(block))), nil
}

// LoadOrCreateHostKey reads the key from a file, which is made with mode 0600
// if there is none.
func LoadOrCreateHostKey(path string) (secret.Text, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return secret.New(string(text)), err
	}
	key, err := NewHostKey()
	if err == nil {
		err = createFile(path, key.Reveal())
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return secret.Text{}, fmt.Errorf("make host key: %w", err)
	}
	text, err = os.ReadFile(path)
	return secret.New(string(text)), err
}

// createFile writes a file whole, or not at all: clients would refuse another
// key later.
func createFile(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Link(f.Name(), path) // fails if there is one by now
}

// Fingerprint returns how clients show the key of a host: "SHA256:…".
func Fingerprint(key secret.Text) (string, error) {
	s, err := ssh.ParsePrivateKey([]byte(key.Reveal()))
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(s.PublicKey()), nil
}

// CheckKey says what is wrong with a user's public key, as a line of an
// authorized_keys file or of a .pub file; empty: nothing.
func CheckKey(line string) string {
	_, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return "is no public key such as ssh-ed25519 AAAA…, as ssh-keygen writes it into its .pub file"
	case len(options) > 0:
		return "carries options, which are not understood; give the key alone"
	case len(rest) > 0:
		return "holds several keys; give each as an element of its own"
	}
	return ""
}
