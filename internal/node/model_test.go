package node_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ordermux/ordermux/internal/node"
)

// TestModel lets nodes come and go, die, freeze and lose their way to the
// database in any sequence. At no moment two nodes that may deliver have the
// same shop (world.check); when it is quiet again the living ones have all shops
// evenly.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 25).Draw(rt, "steps")
		shops := rapid.IntRange(0, 20).Draw(rt, "shops")
		r := &recorder{TB: t}
		synctest.Test(t, func(*testing.T) {
			w := newWorld(r, shops)
			defer w.end()
			m := model{world: w, dead: map[*host]bool{}}
			for _, s := range steps {
				m.do(s)
			}
			m.settle()
		})
		if r.wrong != "" {
			rt.Fatal(r.wrong)
		}
	})
}

// recorder keeps the first complaint, for rapid to find fewer steps to it.
type recorder struct {
	testing.TB
	mu    sync.Mutex
	wrong string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong == "" {
		r.wrong = fmt.Sprintf(format, args...)
	}
}

type step struct {
	Do    string
	Host  int
	For   time.Duration
	Pause time.Duration
}

func drawStep(rt *rapid.T) step {
	ms := func(list ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(list).Draw(rt, "ms")) * time.Millisecond
	}
	return step{
		Do:    rapid.SampledFrom([]string{"start", "start", "kill", "stop", "cut", "freeze", "outage", "clock", "deaf", "slow", "shop"}).Draw(rt, "do"),
		Host:  rapid.IntRange(0, 4).Draw(rt, "host"),
		For:   ms(500, 1700, 3000, 4600, 5500, 6500, 9000, 20000),
		Pause: ms(0, 10, 100, 900, 2500, 8000),
	}
}

type model struct {
	*world
	dead map[*host]bool
	slow atomic.Int64 // how long shops need to yield
}

func (m *model) living() (list []*host) {
	for _, h := range m.hosts {
		if !m.dead[h] {
			list = append(list, h)
		}
	}
	return list
}

func (m *model) do(s step) {
	list := m.living()
	if s.Do == "start" && len(list) < 5 || len(list) == 0 {
		m.start(fmt.Sprintf("host-%d", len(m.hosts)), func(_ *node.Options, e *engine) {
			e.slow = func(string) time.Duration { return time.Duration(m.slow.Load()) }
			e.sticky = 1500 * time.Millisecond
		})
		m.pass(s.Pause)
		return
	}
	h := list[s.Host%len(list)]
	switch s.Do {
	case "kill":
		m.kill(h)
		m.dead[h] = true
	case "stop":
		h.stop()
		m.dead[h] = true
	case "cut":
		m.set(h, func(p *port) { p.cut = true })
		m.pass(s.For)
		m.set(h, func(p *port) { p.cut = false })
	case "freeze":
		m.set(h, func(p *port) { p.late = s.For })
		m.pass(min(s.For, time.Second+s.Pause))
		// Answers that are on their way arrive; whether more do is another step.
		m.set(h, func(p *port) { p.late, p.cut = 0, true })
		m.pass(s.For)
		m.set(h, func(p *port) { p.cut = false })
	case "outage":
		m.outage(s.For)
	case "clock":
		m.base.mu.Lock()
		m.base.skew += []time.Duration{time.Minute, -time.Minute, 2 * time.Second, -2 * time.Second}[s.Host%4]
		m.base.mu.Unlock()
	case "deaf":
		m.set(h, func(p *port) { p.deaf = !p.deaf })
	case "slow":
		m.slow.Store(int64(s.For / 4))
	case "shop":
		m.shops = append(m.shops, fmt.Sprintf("new-%d", len(m.shops)))
		for _, h := range list {
			h.SetShops(m.shops)
			m.pass(10 * time.Millisecond)
		}
	}
	m.pass(s.Pause)
}

// settle waits until all is as it should be.
func (m *model) settle() {
	m.slow.Store(0)
	list := m.living()
	if len(list) == 0 {
		list = append(list, m.start("last"))
	}
	m.pass(15 * time.Second) // who is dead is known
	even := m.even(list...)
	for begun := time.Now(); !even(); m.pass(50 * time.Millisecond) {
		if time.Since(begun) > 3*time.Minute {
			m.Errorf("the spread is not even: %v", m.base.counts())
			return
		}
	}
	epochs := fmt.Sprint(m.base.epochs())
	m.pass(20 * time.Second)
	if epochs != fmt.Sprint(m.base.epochs()) {
		m.Errorf("shops still move")
	}
}
