package delivery

import (
	"container/heap"
	"sync"
	"time"
)

// timers wakes routes at their time: one heap and one timer for the engine.
type timers struct {
	now   func() time.Time
	mu    sync.Mutex
	heap  alarms
	timer *time.Timer
	set   time.Time // when timer fires; zero: never
	ended bool
}

// alarm is a route's next waking; it is in the heap at most once.
type alarm struct {
	r     *runner
	at    time.Time
	index int // in the heap; -1: not in it
}

// at wakes the route at t, in place of the time set before; zero: never.
func (s *timers) at(a *alarm, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return
	case t.IsZero():
		if a.index >= 0 {
			heap.Remove(&s.heap, a.index)
		}
		return
	case a.index < 0:
		a.at = t
		heap.Push(&s.heap, a)
	case a.at.Equal(t):
		return
	default:
		a.at = t
		heap.Fix(&s.heap, a.index)
	}
	s.arm()
}

// arm sets the timer to the first alarm. An alarm that moved away leaves the
// timer: it fires for nothing once.
func (s *timers) arm() {
	if len(s.heap) == 0 {
		return
	}
	first := s.heap[0].at
	if !s.set.IsZero() && !first.Before(s.set) {
		return
	}
	s.set = first
	wait := max(first.Sub(s.now()), 0)
	if s.timer == nil {
		s.timer = time.AfterFunc(wait, s.fire)
	} else {
		s.timer.Reset(wait)
	}
}

func (s *timers) fire() {
	for _, r := range s.due() {
		r.wake()
	}
}

func (s *timers) due() []*runner {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = time.Time{}
	now := s.now()
	var due []*runner
	for len(s.heap) > 0 && !s.heap[0].at.After(now) {
		due = append(due, heap.Pop(&s.heap).(*alarm).r)
	}
	s.arm()
	return due
}

func (s *timers) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heap, s.ended = nil, true
	if s.timer != nil {
		s.timer.Stop()
	}
}

// alarms is a heap by time.
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *alarms) Push(x any) {
	a := x.(*alarm)
	a.index = len(*h)
	*h = append(*h, a)
}

func (h *alarms) Pop() any {
	old := *h
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	a.index = -1
	return a
}
