package node

// EventKind is what happened.
type EventKind string

// The kinds of events, and which fields they have.
const (
	Joined    EventKind = "joined"     // Node: this one's new id
	LeaseLost EventKind = "lease_lost" // Err; all shops are dropped
	Declared  EventKind = "node_dead"  // Node: another one's name
	Took      EventKind = "took"       // Shops
	Gave      EventKind = "gave"       // Shops, Node: the other one's name
	Stuck     EventKind = "stuck"      // Shop, Err: the engine can not open it; it is tried on
	Trouble   EventKind = "trouble"    // Part, Err: nil when it is over
)

// Event is something that happened to a node, for logs and metrics.
type Event struct {
	Kind  EventKind
	Node  string
	Shop  string
	Shops int
	Part  string // "beat", "look", "poll", "listen", "hint", "commands"
	Err   error
}

// trouble tells that a part of the work fails, once, and once that it goes on.
func (n *Node) trouble(part string, err error) {
	n.mu.Lock()
	was := n.failing[part]
	n.failing[part] = err != nil
	n.mu.Unlock()
	if was != (err != nil) {
		n.opts.Observe(Event{Kind: Trouble, Part: part, Err: err})
	}
}
