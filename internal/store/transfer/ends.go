package transfer

import (
	"context"
	"fmt"
	"strings"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/store"
)

// Reader runs queries on one side.
type Reader interface {
	// Query hands the values of each row to f until f returns false. The slice
	// is used again; what is in it is not. Whole numbers come as any integer
	// type or bool, texts as string, bytes as []byte, NULL as nil. A query
	// sees one moment, after every commit before it.
	Query(ctx context.Context, sql string, args []any, f func(values []any) bool) error
}

// Source is the data folder that is moved.
type Source interface {
	Reader
	// ID names the folder's move: the same one after an interruption.
	ID() string
	// Lock keeps the hub out of the folder; false: it is running.
	Lock() (bool, error)
	// MarkMoved makes the folder one that no hub opens any more. Until then a
	// hub that is started again goes on as if nothing had been copied.
	MarkMoved(ctx context.Context, to string) error
}

// Target is the database that is filled.
type Target interface {
	Reader
	// Begin takes the database for the move of this id. Errors: *Occupied,
	// *Finished.
	Begin(ctx context.Context, id string) error
	// Write writes changes of one shop ("": of a reference table) in one
	// transaction, in their sequence.
	Write(ctx context.Context, shop string, list ...Changes) error
	// Settle lets the engine look at what was written: statistics, and which
	// pages every transaction sees.
	Settle(ctx context.Context, tables []*Table) error
	// Ledger is the ledger's store.
	Ledger() ledger.Store
	// Finish lets nodes use the database.
	Finish(ctx context.Context, id string) error
	// Address names the database without its password.
	Address() string
}

// Changes are what makes a part of a table the same.
type Changes struct {
	Table *Table
	Gone  []Key // rows to be removed, first
	Old   []Row // rows that are there and get these values, then
	New   []Row // rows that are not there
}

func (c *Changes) size() int { return len(c.Gone) + len(c.Old) + len(c.New) }

// byShop splits changes by the first value of their keys.
func (c *Changes) byShop() map[string]*Changes {
	all := map[string]*Changes{}
	of := func(shop any) *Changes {
		name := shop.(string)
		if all[name] == nil {
			all[name] = &Changes{Table: c.Table}
		}
		return all[name]
	}
	for _, k := range c.Gone {
		s := of(k[0])
		s.Gone = append(s.Gone, k)
	}
	for _, r := range c.Old {
		s := of(r[0])
		s.Old = append(s.Old, r)
	}
	for _, r := range c.New {
		s := of(r[0])
		s.New = append(s.New, r)
	}
	return all
}

// Occupied is the error of a target that holds something else.
type Occupied struct{ What string }

func (e *Occupied) Error() string {
	return "the database is not empty: it holds " + e.What + "; give one that is new, or that this move began to fill"
}

// Finished is the error of a move that is over.
type Finished struct{ When string }

func (e *Finished) Error() string {
	return "this folder was moved into this database, finished at " + e.When + "; nodes may have gone on from there, so nothing is copied"
}

// Files are both sides' files that partners fetch.
type Files struct{ From, To store.Files }

// cell makes a value of a query what a Row holds; erased ones as the target
// keeps them.
func (c Column) cell(v any, from dialect) (any, error) {
	switch v := v.(type) {
	case nil:
		if !c.Null {
			return nil, fmt.Errorf("column %s has no value", c.Name)
		}
		return nil, nil
	case string:
		return c.text(v, from)
	case []byte:
		if c.Kind == Text {
			return c.text(string(v), from)
		}
		return c.bytes(v, from), nil
	}
	if c.Kind != Int && c.Kind != Bool {
		return nil, fmt.Errorf("column %s has a value of another kind", c.Name)
	}
	return number(v)
}

func (c Column) text(v string, from dialect) (any, error) {
	switch {
	case c.Kind == Bytes:
		return c.bytes([]byte(v), from), nil
	case c.Kind == Numbers && from == ofSQLite:
		return "{" + strings.NewReplacer("-", ",", " ", ",").Replace(v) + "}", nil
	case c.Kind != Text && c.Kind != Numbers:
		return nil, fmt.Errorf("column %s has a value of another kind", c.Name)
	}
	return storable(v), nil
}

// storable is a text as PostgreSQL takes it. What partners answered may be no
// UTF-8; what was erased is all NUL.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func (c Column) bytes(v []byte, from dialect) any {
	if from == ofSQLite && c.Erased && zeros(v) {
		if c.Null {
			return nil
		}
		return []byte{}
	}
	return v
}

func zeros(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

func number(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	}
	return nil, fmt.Errorf("%T is no number", v)
}

// row makes a Row of the values of a query.
func (t *Table) row(values []any, from dialect) (Row, error) {
	r := make(Row, len(values))
	for i, v := range values {
		c := &t.list[i]
		x, err := c.cell(v, from)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Name, err)
		}
		if i < len(t.Key) && c.Kind == Text && x != v {
			return nil, fmt.Errorf("%s: a key in column %s holds what PostgreSQL can not keep", t.Name, c.Name)
		}
		r[i] = x
	}
	return r, nil
}
