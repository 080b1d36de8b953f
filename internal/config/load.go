package config

import (
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata" // time zones are checked on machines that have none installed

	"github.com/ordermux/ordermux/internal/partner"
)

// Options are what the reading of a file needs to know.
type Options struct {
	// Partners are those whose doors and routes may be configured.
	Partners []partner.Partner
	// CompileRule checks an expression; kind is "when" or "lines". Nil: the
	// texts are taken as they are.
	CompileRule func(kind, text string) error
	// Getenv looks an environment variable up; nil: os.LookupEnv.
	Getenv func(name string) (string, bool)
	// Dir is the folder that relative paths in the file start at; Load takes
	// the file's own.
	Dir string
	// File is the name that complaints carry; Load takes the path.
	File string
}

// Load reads and checks the file at path. Its error is an *Error with every
// complaint at once, unless the file can not be read at all.
func Load(path string, opts Options) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	if opts.Dir == "" {
		opts.Dir = filepath.Dir(path)
	}
	if opts.File == "" {
		opts.File = path
	}
	return Parse(data, opts)
}

// Parse does so for a file's content.
func Parse(data []byte, opts Options) (*Config, error) {
	if opts.Getenv == nil {
		opts.Getenv = os.LookupEnv
	}
	if opts.File == "" {
		opts.File = "configuration"
	}
	c := &checker{opts: opts, visited: map[string]bool{}, lines: map[string]int{}, credentials: map[string]string{}}
	cfg := Default()
	if root, ok := c.document(data); ok {
		c.readHub(root, cfg)
		c.checkListeners(cfg)
	}
	cfg.File, cfg.lines = opts.File, c.lines
	if list := c.sorted(); len(list) > 0 {
		return nil, &Error{File: opts.File, Complaints: list}
	}
	return cfg, nil
}

// path makes a path of the file absolute to the file's own folder.
func (c *checker) path(p string) string {
	if p == "" || filepath.IsAbs(p) || c.opts.Dir == "" {
		return p
	}
	return filepath.Join(c.opts.Dir, p)
}
