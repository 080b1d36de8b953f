package promotion

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/order"
)

// Catalogue is what promotions need of what a shop sells.
type Catalogue interface {
	// Offers says of each SKU, in their sequence, how a store sells it.
	Offers(ctx context.Context, shop, store string, skus []string) ([]Offer, error)
	// Stores are the stores of a shop, each once.
	Stores(ctx context.Context, shop string) ([]string, error)
}

// Offer is how a store sells a SKU.
type Offer struct {
	Known  bool
	Active bool
	Price  order.Money // the regular one; not set: unknown
}

// Store keeps promotions. Safe for concurrent use.
type Store interface {
	// Change runs f in a transaction of its own, which is undone if f returns
	// an error. f may run again: it must set anew whatever it hands out.
	Change(ctx context.Context, f func(tx Tx) error) error
	// Look runs f in a reading transaction.
	Look(ctx context.Context, f func(l Lookup) error) error
	// Now is the store's clock.
	Now() time.Time
}

// Lookup is a store's open transaction, as far as it reads promotions. Rows
// that are not there are nil.
type Lookup interface {
	// FindSame returns the first open job of a request.
	FindSame(shop string, digest []byte) (*JobRow, error)
	// FirstOpen returns the open job with the lowest number.
	FirstOpen(shop string) (*JobRow, error)
	// Jobs returns the jobs of numbers, in any sequence.
	Jobs(shop string, numbers []int64) ([]JobRow, error)
	// Piece returns a piece of a job's request.
	Piece(shop string, job, piece int64) ([]byte, error)
	// Results returns what came of a job's pieces, in their sequence.
	Results(shop string, job int64) ([][]byte, error)

	// StoreBlocks returns a layer's rows of stores from a place on.
	StoreBlocks(shop string, layer, from int64, limit int) ([]StoreRow, error)
	// Layers returns how many layers a promotion has, and its newest one; 0:
	// none.
	Layers(shop string, promotion int64) (count int, newest int64, err error)
	// Candidates returns, for each place that is asked about, rows of SKUs
	// that may hold: those with the latest starts, of equal starts the newest
	// layers, at most limit each, in any sequence.
	Candidates(shop string, q Candidacy, limit int) ([]Candidate, error)
	// LayersOf returns those of layers that count, each once, in any sequence;
	// hash is of the store whose row of stores is asked for.
	LayersOf(shop string, layers []LayerAsk, hash int64) ([]LayerRow, error)

	FindPromotion(shop string, print []byte) (*PromotionRow, error)
	// Promotions returns those of ids, in any sequence.
	Promotions(shop string, ids []int64) ([]PromotionRow, error)
	// ListPromotions returns those below an id, the highest first.
	ListPromotions(shop string, before int64, limit int) ([]PromotionRow, error)
	// FirstDue returns when something is to be done with a promotion next.
	FirstDue(shop string) (at int64, ok bool, err error)
	// Due returns promotions with which something is to be done by a moment,
	// the earliest first.
	Due(shop string, by int64, limit int) ([]PromotionRow, error)

	// Head returns the shop's counters.
	Head(shop string) (Head, error)
	// Changes returns changes after a version, by version.
	Changes(shop string, after int64, limit int) ([]ChangeRow, error)
	// Left returns jobs that are over, or were never whole, and have pieces.
	Left(shop string, limit int) ([]LeftRow, error)
	// OldJobs returns the numbers of jobs that are over since before a moment.
	OldJobs(shop string, before int64, limit int) ([]int64, error)
}

// Tx is an open writing transaction.
type Tx interface {
	Lookup
	// LockPromotions lets nobody else lock them until the transaction ends,
	// and returns the shop's counters. Nobody locks a job before it.
	LockPromotions(shop string) (Head, error)
	KeepHead(shop string, h Head) error
	// LockJob returns the job as it stands, if it is in progress and the
	// attempt is still the given one, and lets nobody else write it.
	LockJob(shop string, number, attempt int64) (*JobRow, error)
	// KeepJob writes a job, new or in place of the one with its number.
	KeepJob(shop string, j *JobRow) error
	// KeepClean notes that a job has no pieces any more.
	KeepClean(shop string, job int64) error
	// KeepPieces writes pieces of a job's request, the first one numbered
	// from.
	KeepPieces(shop string, job, from int64, pieces [][]byte) error
	// KeepResult writes what came of a piece.
	KeepResult(shop string, job, piece int64, result []byte) error
	// KeepStores and KeepSKUs write new rows of a layer.
	KeepStores(shop string, layer int64, rows []StoreRow) error
	KeepSKUs(shop string, layer int64, s Span, rows []SKURow) error
	// KeepLayer puts a layer on a promotion: its rows count from now on.
	KeepLayer(shop string, layer, promotion, levels int64) error
	// KeepPromotion writes a promotion, new or in place of the one with its id.
	KeepPromotion(shop string, p *PromotionRow) error
	// DropPromotion removes a promotion.
	DropPromotion(shop string, id int64) error
	AddChanges(shop string, rows []ChangeRow) error

	// The rest removes at most so many rows and returns how many there were.
	DropPieces(shop string, job int64, limit int) (int, error)
	DropSKUs(shop string, layer int64, limit int) (int, error)
	DropStores(shop string, layer int64, limit int) (int, error)
	DropLayer(shop string, layer int64) error
	DropJob(shop string, number int64) error
	// DropChanges removes the oldest changes from before a moment.
	DropChanges(shop string, before int64, limit int) (int, error)
}

// Head are the counters of a shop's promotions.
type Head struct {
	Number  int64 // of the newest job
	Version int64 // of the newest change
}

// The states of jobs in their rows. Open are those below completed but for
// receiving, whose request is not whole yet.
const (
	RowReceiving  = 0
	RowQueued     = 1
	RowInProgress = 2
	RowCompleted  = 3
	RowFailed     = 4
	RowDuplicate  = 5
)

// JobRow is a job as the stores' tables hold it. Times are microseconds.
type JobRow struct {
	Number  int64
	ID      string
	State   int64
	Digest  []byte // of the request
	Of      string // of a duplicate
	Attempt int64  // of how many runners
	Crashes int64  // runners in sequence that came no further
	Until   int64  // that the attempt has it
	Created int64
	Updated int64
	Pieces  int64 // there are; 0 once they are removed
	Done    int64 // pieces
	Body    []byte
	Result  []byte
}

// LeftRow is a job with something to be removed.
type LeftRow struct {
	Number  int64
	State   int64
	Updated int64
	Layer   bool // its layer counts
}

// StoreRow is a row of a layer's stores.
type StoreRow struct {
	Bucket int64
	Body   []byte
}

// Span says when and where a layer holds, in each row of its SKUs.
type Span struct {
	Start, End int64
	Stores     int64 // mask; below 0: everywhere
}

// SKURow is a row of a layer's SKUs.
type SKURow struct {
	Key  int64
	SKUs int64 // mask; below 0: some store refused something of the row
	Body []byte
}

// Candidacy asks for what may be shown in a store at a moment.
type Candidacy struct {
	At     int64
	Store  int64 // mask
	Places []Place
}

// Place is where the rows of a SKU go on: those before (Start, Layer).
type Place struct {
	Key   int64
	SKU   int64 // mask
	Start int64
	Layer int64
}

// Candidate is a row of SKUs that may hold.
type Candidate struct {
	Place  int // in the list that was asked
	Start  int64
	Layer  int64
	Stores int64  // mask of the layer's; below 0: everywhere
	SKUs   int64  // mask of the row's; below 0: some store refused something of it
	Body   []byte // the block
}

// LayerAsk asks for a layer.
type LayerAsk struct {
	Layer  int64
	Stores bool // with the row of stores that the store would be in
}

// LayerRow is a layer that counts, with its promotion.
type LayerRow struct {
	Layer     int64
	Promotion int64
	State     int64 // the promotion's, as the others
	Created   int64
	Changed   int64
	Header    []byte
	Stores    []byte // nil: not asked for, or there is no such row
}

// The states of promotions in their rows.
const (
	RowPlanned     = 0
	RowRunning     = 1
	RowEnded       = 2
	RowDeactivated = 3
)

// PromotionRow is a promotion as the stores' tables hold it. Its number is that
// of the job that made it. Times are microseconds.
type PromotionRow struct {
	ID      int64
	Print   []byte // of what it is known by
	State   int64
	Start   int64
	End     int64
	Due     int64 // when something is to be done with it
	Created int64
	Changed int64
	Body    []byte // JSON: promotionBody
}

// ChangeRow is a numbered change.
type ChangeRow struct {
	Version   int64
	At        int64
	Kind      string
	Promotion int64 // 0: none
	Job       int64 // 0: none
}
