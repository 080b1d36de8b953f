package node

import "sync"

// crew does work with a bounded number of goroutines; none while there is none.
type crew struct {
	mu    sync.Mutex
	limit int
	busy  int
	queue []func()
}

func newCrew(limit int) *crew { return &crew{limit: limit} }

// do queues a piece of work. It never blocks.
func (c *crew) do(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, f)
	if c.busy < c.limit {
		c.busy++
		go c.run()
	}
}

func (c *crew) run() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.busy--
			c.queue = nil
			c.mu.Unlock()
			return
		}
		f := c.queue[0]
		c.queue[0] = nil
		c.queue = c.queue[1:]
		c.mu.Unlock()
		f()
	}
}
