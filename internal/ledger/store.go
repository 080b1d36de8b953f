package ledger

import "context"

// Store is what the ledger needs of a store; see store/sqlite. Several shops
// share one, each with a log of its own.
type Store interface {
	// Append runs the call in the next writing transaction, by
	// Batch.Decide, and returns when it is on disk. Errors: those of Decide,
	// order.ErrBusy, order.ErrReadOnly, the context's if it ended before the
	// call was taken up; anything else means that the result is unknown.
	Append(ctx context.Context, c *Call) error
	// Key returns the shop's key: 32 random bytes, made and kept when the
	// shop is first heard of.
	Key(ctx context.Context, shop string) ([]byte, error)
	// Read runs f on the shop's ledger as it is after every append that was
	// answered. f must be short: it decodes nothing that can wait.
	Read(ctx context.Context, shop string, f func(Reader) error) error
	// Shops lists the shops that have a ledger, sorted.
	Shops(ctx context.Context) ([]string, error)
	// Cut removes the beginning of a shop's log, and all that the store holds of
	// the orders that begin there, in one transaction. Errors: order.ErrChanged
	// if the log begins elsewhere by now; ErrNeeded; those of Append but
	// ErrConflict.
	Cut(ctx context.Context, c *Cut) error
	// Erased makes sure that nothing of what erasing calls overwrote is left
	// in files of the store; what a store can not reach, its own comment
	// says. It waits for readers.
	Erased(ctx context.Context) error
}

// Reader reads one shop's ledger at one moment.
type Reader interface {
	// Head returns the zero Head where nothing was appended.
	Head() (Head, error)
	// RowsByNumber and RowsByKey return the order rows in the sequence asked;
	// nil where there is none.
	RowsByNumber(numbers []int64) ([]*IndexRow, error)
	RowsByKey(keys []Key) ([]*IndexRow, error)
	// Events returns the events of these seqs in the sequence asked, personal
	// parts joined; nil where there is none.
	Events(seqs []int64) ([]*Stored, error)
	// After returns the events after a seq, ascending, at most limit and at
	// least one if there is one, but stops when it has some megabytes.
	After(seq int64, limit int) ([]*Stored, error)
	// At returns the accepted_at of one event in microseconds; 0: none.
	At(seq int64) (int64, error)
	// Later returns for each number the seqs of the subject's events after
	// its first one, ascending.
	Later(numbers []int64) ([][]int64, error)
	// Happenings returns the stored digests of a subject's happenings by seq.
	Happenings(number int64) (map[int64]Print, error)
	// Resolve returns the number of the order that a source told a reference
	// of; 0: none.
	Resolve(source, value string) (int64, error)
	// Sources returns the names of the shop's sources that begin with prefix.
	Sources(prefix string) ([]string, error)
	// Checkpoint returns where the log begins.
	Checkpoint() (Checkpoint, error)
	// RowsAfter returns the rows with a number behind after, up to to, ascending.
	RowsAfter(after, to int64) ([]*IndexRow, error)
	// Needed returns the first event behind after, up to to, that another part
	// of the store still needs: one that a route has not read, or the first one
	// of an order with a delivery that is not settled.
	Needed(after, to int64) (Need, error)
	// CountQuiet counts the subjects with no event behind a seq: those that were
	// not erased, and all. It reads all rows of the shop.
	CountQuiet(seq int64) (kept, all int64, err error)
	// Stated returns the rows of orders below a number that hold a layer of
	// the source, newest first, at most limit.
	Stated(source string, below int64, limit int) ([]*IndexRow, error)
}

// Head is the end of a shop's log.
type Head struct {
	Seq   int64
	Hash  Hash
	At    int64 // accepted_at of the newest event, microseconds since 1970
	Epoch int64 // of the shop's owner; a changed one refuses the write
}

// Stored is one event as it stands in the store.
type Stored struct {
	Seq      int64
	At       int64 // microseconds since 1970
	Personal int64 // seq of the personal part that it holds; 0: none
	Hash     Hash
	Header   []byte
	Body     []byte
	// The personal part; nil if there is none or it was erased.
	Salt, PersonalBody []byte
}

// Key finds a subject.
type Key struct {
	Kind, ID string
	// Hash is a digest of kind and id under the shop's key, for stores that
	// index it instead of the text; equal ones are told apart by the text.
	Hash int64
}
