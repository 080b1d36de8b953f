package config

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
)

// SFTP is where partners' files are uploaded.
type SFTP struct {
	Listen  string
	HostKey string // file; empty: the hub makes a key and keeps it
	Folder  string // of all users
}

// sftpFolder is where users' folders stand in the data folder.
const sftpFolder = "sftp"

// readSFTP reads the block after the store's keys: the folder's default depends
// on them.
func (c *checker) readSFTP(m *mapping, cfg *Config) {
	v, ok := m.take("sftp")
	if !ok {
		return
	}
	s, ok := v.mapping()
	if !ok {
		return
	}
	cfg.SFTP = &SFTP{}
	s.address("listen", &cfg.SFTP.Listen)
	if key, ok := s.text("host_key", &cfg.SFTP.HostKey); ok {
		cfg.SFTP.HostKey = c.path(cfg.SFTP.HostKey)
		if !isPrivateKey(cfg.SFTP.HostKey) {
			key.complain("the file can not be read or holds no private key in PEM; make one with `ssh-keygen -t ed25519 -N '' -f FILE`, or remove the key and one is made")
		}
	}
	s.text("folder", &cfg.SFTP.Folder)
	_, named := s.take("folder")
	s.done()
	if _, ok := s.take("listen"); !ok {
		v.complain("listen is missing; give the address that takes files, such as :2022")
	}
	_, database := m.take("database")
	switch {
	case named:
		cfg.SFTP.Folder = c.path(cfg.SFTP.Folder)
	case database:
		v.complain("folder is missing; with database: there is no data folder to put files in, so name one that all nodes share or that is this node's own")
	default:
		cfg.SFTP.Folder = filepath.Join(cfg.Data, sftpFolder)
	}
}

// isPrivateKey reports whether a file looks like a private key. Whether it is
// one shows when the hub starts.
func isPrivateKey(file string) bool {
	text, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(text)
	return block != nil && strings.HasSuffix(block.Type, "PRIVATE KEY")
}
