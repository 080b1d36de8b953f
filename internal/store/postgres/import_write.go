package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store/transfer"
)

// Write implements transfer.Target: one round trip. If two orders turn out to
// have the same digest, it is written once more with the orders one by one.
func (i *Import) Write(ctx context.Context, shop string, list ...transfer.Changes) error {
	write := func(careful bool) error {
		return i.s.do(ctx, func(tx *Tx) error {
			b := &pgx.Batch{}
			for k := range list {
				queueChanges(b, shop, &list[k], careful)
			}
			return tx.last(b)
		})
	}
	err := write(false)
	if errors.Is(err, ErrDuplicate) {
		err = write(true)
	}
	if errors.Is(err, errUnknownCommit) {
		// Whatever became of it: the next pass sees what is there.
		err = fmt.Errorf("%w: %w", order.ErrBusy, err)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", list[0].Table.Name, err)
	}
	return nil
}

func queueChanges(b *pgx.Batch, shop string, c *transfer.Changes, careful bool) {
	t := c.Table
	key, all := arrayed(t, t.Key), arrayed(t, t.All())
	skip := len(t.All()) - len(all)
	if len(c.Gone) > 0 {
		args := columnArrays(key, len(c.Gone), func(row, column int) any { return c.Gone[row][column+skip] })
		b.Queue(removeRows(t), scoped(t, shop, args)...)
	}
	for _, rows := range [...][]transfer.Row{c.Old, c.New} {
		some := len(rows)
		if careful && t.Twin {
			some = 1
		}
		for len(rows) > 0 {
			page := rows[:min(some, len(rows))]
			rows = rows[len(page):]
			args := columnArrays(all, len(page), func(row, column int) any { return page[row][column+skip] })
			b.Queue(putRows(t, careful), scoped(t, shop, args)...)
		}
	}
}

// arrayed are the columns that are handed over as arrays: the shop is one value
// for all rows, and names where a distributed table keeps them.
func arrayed(t *transfer.Table, columns []transfer.Column) []transfer.Column {
	if t.Reference {
		return columns
	}
	return columns[1:]
}

func scoped(t *transfer.Table, shop string, args []any) []any {
	if t.Reference {
		return args
	}
	return append([]any{shop}, args...)
}

// columnArrays makes an array per column.
func columnArrays(columns []transfer.Column, rows int, at func(row, column int) any) []any {
	args := make([]any, len(columns))
	for k, c := range columns {
		switch c.Kind {
		case transfer.Int:
			args[k] = optional[int64](rows, k, at)
			if !c.Null {
				args[k] = array[int64](rows, k, at)
			}
		case transfer.Bool:
			list := make([]bool, rows)
			for row := range list {
				list[row] = at(row, k) == int64(1)
			}
			args[k] = list
		case transfer.Bytes:
			args[k] = array[[]byte](rows, k, at)
		case transfer.Text, transfer.Numbers:
			args[k] = array[string](rows, k, at)
		}
	}
	return args
}

// array takes the zero value for NULL: of []byte that is NULL again.
func array[T any](rows, column int, at func(row, column int) any) []T {
	list := make([]T, rows)
	for row := range list {
		list[row], _ = at(row, column).(T)
	}
	return list
}

func optional[T any](rows, column int, at func(row, column int) any) []*T {
	list := make([]*T, rows)
	for row := range list {
		if v, ok := at(row, column).(T); ok {
			list[row] = &v
		}
	}
	return list
}

// arrayTypes are the types in which arrays of a kind are handed over.
var arrayTypes = map[transfer.Kind]string{
	transfer.Int: "bigint[]", transfer.Bool: "boolean[]", transfer.Text: "text[]", transfer.Bytes: "bytea[]",
	transfer.Numbers: "text[]",
}

// unnested is the table that the arrays of columns make, as u; from is the
// number of the first parameter.
func unnested(columns []transfer.Column, from int) string {
	arrays, names := make([]string, len(columns)), make([]string, len(columns))
	for k, c := range columns {
		arrays[k], names[k] = fmt.Sprintf("$%d::%s", from+k, arrayTypes[c.Kind]), c.Name
	}
	return fmt.Sprintf("unnest(%s) AS u (%s)", strings.Join(arrays, ", "), strings.Join(names, ", "))
}

// putRows inserts rows or gives those that are there their values.
func putRows(t *transfer.Table, careful bool) string {
	var names, values, key, set []string
	from := 1
	if !t.Reference {
		names, values, key, from = []string{"shop"}, []string{"$1::text"}, []string{"shop"}, 2
	}
	for _, c := range arrayed(t, t.All()) {
		names, values = append(names, c.Name), append(values, "u."+c.Name+castOf(c))
	}
	for _, c := range arrayed(t, t.Key) {
		key = append(key, c.Name)
	}
	for _, c := range t.Columns {
		set = append(set, c.Name+" = excluded."+c.Name)
	}
	if careful && t.Twin {
		// The rows that it must differ from are those written before.
		names = append(names, "twin")
		values = append(values, "(SELECT coalesce(max(o.twin) + 1, 0) FROM orders o WHERE o.shop = $1 AND o.hash = u.hash AND o.number != u.number)")
	}
	conflict := "DO NOTHING"
	if len(set) > 0 {
		conflict = "DO UPDATE SET " + strings.Join(set, ", ")
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s ON CONFLICT (%s) %s", t.Name, strings.Join(names, ", "),
		strings.Join(values, ", "), unnested(arrayed(t, t.All()), from), strings.Join(key, ", "), conflict)
}

func castOf(c transfer.Column) string {
	if c.Kind == transfer.Numbers {
		return "::bigint[]"
	}
	return ""
}

// removeRows removes rows by their keys.
func removeRows(t *transfer.Table) string {
	from, conditions := 1, []string{}
	if !t.Reference {
		from, conditions = 2, []string{"t.shop = $1::text"}
	}
	key := arrayed(t, t.Key)
	for _, c := range key {
		conditions = append(conditions, "t."+c.Name+" = u."+c.Name)
	}
	if len(key) == 0 {
		return fmt.Sprintf("DELETE FROM %s t WHERE %s", t.Name, conditions[0])
	}
	return fmt.Sprintf("DELETE FROM %s t USING %s WHERE %s", t.Name, unnested(key, from), strings.Join(conditions, " AND "))
}
