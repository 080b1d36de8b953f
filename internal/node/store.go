package node

import (
	"context"
	"errors"
	"time"
)

// ErrEnded is the error of a beat of a node whose row has been marked ended or
// is gone: others may own its shops.
var ErrEnded = errors.New("the node has been declared dead")

// Store is what nodes need of the database. Safe for concurrent use. No method
// repeats what it did after an error: the caller looks again.
type Store interface {
	Members
	Owners
	Hints
	Commands
	// Close closes the connections of the part. Safe to call twice.
	Close() error
}

// Members keeps the nodes' heartbeat rows.
type Members interface {
	// Join adds the row of a node that begins now, and removes those that
	// ended longer than an hour ago.
	Join(ctx context.Context, m Member) error
	// Beat renews a node's row and returns what all rows look like afterwards.
	// It uses a connection of its own, so that a full pool does not stop it;
	// a lost connection is replaced by the next Beat. ErrEnded.
	Beat(ctx context.Context, p Pulse) (View, error)
	// End marks a node as dead if it has not beaten since it was seen with this
	// number of beats, and reports whether it is marked now.
	End(ctx context.Context, id string, beats int64) (bool, error)
	// Leave removes a node's row.
	Leave(ctx context.Context, id string) error
	// Members returns all rows with their totals, by name and start; Told is 0.
	Members(ctx context.Context) (View, error)
	// Tell raises the counters (View.Told) of nodes: there is something to look
	// at.
	Tell(ctx context.Context, ids []string) error
}

// Member is the row of a node. Times are the database's.
type Member struct {
	ID            string // one run of a node: 16 hexadecimal digits
	Name, Version string
	Lease         time.Duration
	Started       time.Time
	Beat          time.Time // the last heartbeat
	Beats         int64     // how many there were
	Leaving       bool      // it hands its shops over and takes none
	Ended         time.Time // when it was declared dead; zero: it lives
	Shops         int       // that it delivers for
	Set           string    // a digest of the names of the shops that it knows
	Config        string    // Report.Config
	Totals        []byte    // Report.Totals; only in what Members.Members returns
}

// Report is what a node tells about itself.
type Report struct {
	Config string // a digest of its configuration
	Totals []byte // JSON, at most 64 KiB; for summed metrics
}

// Pulse is one heartbeat.
type Pulse struct {
	ID      string
	Leaving bool
	Shops   int
	Set     string
	Config  string
	Totals  []byte // nil: as before
}

// View is what a heartbeat saw.
type View struct {
	Now   time.Time // of the database
	Told  int64     // the node's counter
	Nodes []Member  // all rows, this node's as well
}

// Owners keeps who delivers for which shop.
type Owners interface {
	// AddShops makes the rows of shops that have none.
	AddShops(ctx context.Context, shops []string) error
	// Look returns all rows of owners, and the nodes' rows as they were a
	// moment later.
	Look(ctx context.Context) ([]Owner, []Member, error)
	// Move gives shops to nodes, each in a transaction of its own, and raises
	// their epoch by one; those whose epoch is not in force stay. It reports
	// which have moved. After an error any of them may have.
	Move(ctx context.Context, moves []Move) ([]bool, error)
	// Heads returns the ends of the logs of the shops that a node owns and that
	// were moved after a time of the database.
	Heads(ctx context.Context, id string, after time.Time) ([]Head, error)
}

// Owner says whose a shop is.
type Owner struct {
	Shop, Node string // Node "": nobody's
	Epoch      int64
}

// Move gives a shop, whose epoch is Epoch, to the node To ("": to nobody).
type Move struct {
	Shop, To string
	Epoch    int64
}

// Head is the end of a shop's log.
type Head struct {
	Shop string
	Head int64
}

// Hints are words between nodes that may be lost.
type Hints interface {
	// Hint sends texts to nodes; the text has at most 7900 bytes.
	Hint(ctx context.Context, hints []Hint) error
	// Listen calls heard for each text for a node, on a connection of its own,
	// until ctx ends or the connection is lost; ready is called when it hears.
	Listen(ctx context.Context, id string, ready func(), heard func(text string)) error
}

// Hint is one text for one node.
type Hint struct{ Node, Text string }

// Commands keeps what a node asks of others. Rows are short-lived: they may
// name orders.
type Commands interface {
	// Put adds commands. Expires is counted from now.
	Put(ctx context.Context, commands []Command) error
	// Waiting returns commands that nobody has taken, without args, oldest
	// first, at most 1000; and deletes those that expired more than a minute
	// ago.
	Waiting(ctx context.Context) ([]Command, error)
	// Take marks a command as taken by a node if nobody has taken it, it has
	// not expired, and the node is the one that is asked: Node, or if that is
	// "" the shop's owner under this epoch. It returns its args; false: not so.
	Take(ctx context.Context, c Command, node string, epoch int64) ([]byte, bool, error)
	// Return gives a command back that nothing was done for.
	Return(ctx context.Context, c Command, node string) error
	// Finish writes what came of a command that this node took.
	Finish(ctx context.Context, c Command, node string, answer []byte) error
	// Collect returns how a command stands; one that is done is deleted.
	Collect(ctx context.Context, c Command) (Standing, error)
	// Withdraw deletes a command that nobody has taken, and reports whether it
	// did.
	Withdraw(ctx context.Context, c Command) (bool, error)
}

// Command is one thing to do.
type Command struct {
	Shop, ID string // ID: unique
	Node     string // who shall do it; "": the shop's owner
	Asker    string // the node that waits
	Kind     string
	Args     []byte
	Within   time.Duration // it is not taken later than this
	Keep     time.Duration // and deleted after this, whatever came of it
}

// Standing is how a command stands.
type Standing struct {
	Known  bool
	Taken  string // the node that took it
	Done   bool
	Answer []byte
}
