package cli

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// progress is one line on a terminal that says how far a file is read.
type progress struct {
	w     io.Writer // nil: nothing is shown
	total int64     // bytes; 0: unknown
	read  atomic.Int64
	shown time.Time
}

func newProgress(env *Env, total int64) *progress {
	p := &progress{total: total}
	if env.Terminal {
		p.w = env.Err
	}
	return p
}

// reader counts what is read of r.
func (p *progress) reader(r io.Reader) io.Reader { return &countingReader{r: r, n: &p.read} }

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n.Add(int64(n))
	return n, err
}

const barWidth = 30

// show draws the bar, at most ten times a second.
func (p *progress) show(n int, thing string) {
	if p.w == nil || time.Since(p.shown) < 100*time.Millisecond {
		return
	}
	p.shown = time.Now()
	fmt.Fprintf(p.w, "\r%s %s", p.bar(), count(n, thing))
}

func (p *progress) bar() string {
	if p.total <= 0 {
		return fmt.Sprintf("%d KB", p.read.Load()>>10)
	}
	part := min(p.read.Load(), p.total)
	filled := int(part * barWidth / p.total)
	return fmt.Sprintf("[%s%s] %3d%%", strings.Repeat("#", filled), strings.Repeat(".", barWidth-filled), part*100/p.total)
}

// clear removes the bar, so that other lines can be printed.
func (p *progress) clear() {
	if p.w != nil && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
