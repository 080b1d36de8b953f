package partnertest

import (
	"bytes"
	"context"
	"io"
	"time"
)

// File is what a side wrote for its partner to fetch.
type File struct {
	Content []byte
	Written time.Time
	Fetched time.Time
}

// File returns what a side wrote under the name; nil if nothing.
func (h *Hub) File(name string) *File {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.files[name]
}

// Fetch records that the partner fetched the file.
func (h *Hub) Fetch(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.files[name].Fetched = h.now()
}

type files struct{ h *Hub }

func (f files) Write(_ context.Context, name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	old := f.h.files[name]
	if old == nil {
		old = &File{}
		f.h.files[name] = old
	}
	old.Content, old.Written = b.Bytes(), f.h.now()
	return nil
}

func (f files) Fetched(_ context.Context, name string) (time.Time, error) {
	f.h.mu.Lock()
	defer f.h.mu.Unlock()
	if file := f.h.files[name]; file != nil {
		return file.Fetched, nil
	}
	return time.Time{}, nil
}
