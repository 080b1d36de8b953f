package app

import (
	"io"
	"sync"
	"time"
)

// The summary lines of calls are the only ones that come in thousands a
// second; a write to the system for each would be a twentieth of the whole
// work. They are gathered for a moment. Every other line is written at once,
// with what was gathered before it.
const (
	gatherFor   = 100 * time.Millisecond
	gatherBytes = 32 << 10
)

// gather is a writer that puts lines together.
type gather struct {
	mu    sync.Mutex
	w     io.Writer
	lines []byte
	armed bool
}

// Write keeps a line, for gatherFor at most.
func (g *gather) Write(line []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines = append(g.lines, line...)
	if len(g.lines) >= gatherBytes {
		return len(line), g.write()
	}
	if !g.armed {
		g.armed = true
		time.AfterFunc(gatherFor, g.late)
	}
	return len(line), nil
}

func (g *gather) late() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.armed = false
	_ = g.write() // a log that can not be written has nowhere to say so
}

// flush writes what is kept.
func (g *gather) flush() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.write()
}

func (g *gather) write() error {
	if len(g.lines) == 0 {
		return nil
	}
	_, err := g.w.Write(g.lines)
	g.lines = g.lines[:0]
	return err
}
