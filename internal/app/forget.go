package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/capture"
	"github.com/ordermux/ordermux/internal/delivery"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// erase removes the person from an order everywhere, on whichever node that can
// be done.
func (a *App) erase(ctx context.Context, shop, id string) error {
	_, err := relayTo[struct{}](ctx, a.node, shop, doErase, errand{Order: id})
	return err
}

// eraseHere removes the person from an order of a shop that this node owns:
// from what was listened to, while it can still be read who he is; from ledger,
// deliveries and evidence in one transaction; then from the links of its review
// forms and the files that partners fetch. Partners that can be told to forget
// him too are told afterwards, from what their sides keep before.
func (a *App) eraseHere(ctx context.Context, shop, id string) error {
	if _, ours := a.files.epoch(ctx, shop); !ours {
		return delivery.ErrElsewhere
	}
	if err := a.tellSides(ctx, shop, id); err != nil {
		return err
	}
	if err := a.forgetHeard(ctx, shop, id); err != nil {
		return err
	}
	err := a.ledger.Erase(ctx, shop, id)
	// Once the ledger forgot, the others must, even if nobody waits any more.
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, a.book.EndLinks(ctx, shop, id), a.files.forget(ctx, shop, []string{id}, a.rewrite))
}

// forgetHeard takes an order out of what was listened to.
func (a *App) forgetHeard(ctx context.Context, shop, id string) error {
	if err := a.captures.Forget(ctx, shop, func() (capture.Traces, error) { return a.tracesOf(ctx, shop, id) }); err != nil {
		return fmt.Errorf("erase in captures: %w", err)
	}
	return nil
}

// tellSides tells the sides that sent an order, or may have, that it is about
// to be erased; of a door its callback, whether it sent anything or not.
func (a *App) tellSides(ctx context.Context, shop, id string) error {
	var told map[string]func(context.Context, *order.Order) error
	var doors []func(context.Context, *order.Order) error
	for key, r := range a.current.Load().routes {
		if forget := r.delivery.Side.Forget; key.shop == shop && forget != nil {
			if r.delivery.Door != "" {
				doors = append(doors, forget)
				continue
			}
			if told == nil {
				told = map[string]func(context.Context, *order.Order) error{}
			}
			told[key.name] = forget
		}
	}
	if told == nil && doors == nil {
		return nil
	}
	rows, _, err := a.engine.OfOrder(ctx, shop, id)
	if err != nil {
		return fmt.Errorf("erase at partners: %w", err)
	}
	merged, err := a.ledger.Merged(ctx, shop, []string{id})
	if err != nil || merged[0] == nil {
		return err
	}
	for _, forget := range doors {
		if err := forget(a.keeper.asOwner(ctx, shop), merged[0]); err != nil {
			return fmt.Errorf("erase at doors: %w", err)
		}
	}
	for i := range rows {
		forget := told[rows[i].Route]
		if forget == nil || rows[i].Attempt == 0 && !rows[i].State.InFlight() {
			continue
		}
		delete(told, rows[i].Route)
		if err := forget(a.keeper.asOwner(ctx, shop), merged[0]); err != nil {
			return fmt.Errorf("erase at partners: %w", err)
		}
	}
	return nil
}

// rewrite writes the files of a route anew. False: the route does not know how.
func (a *App) rewrite(ctx context.Context, shop, name string) (bool, error) {
	r := a.current.Load().routes[routeKey{shop, name}]
	if r == nil || r.delivery.Side.Rewrite == nil {
		return false, nil
	}
	return true, r.delivery.Side.Rewrite(a.keeper.asOwner(ctx, shop))
}

// forget sees to it that no file of a shop shows what the ledger no longer
// says of orders. A file that speaks of one is replaced at once by what its
// route writes now. Where that is not possible it is withdrawn: who fetches it
// is told to come again, until the route writes it. Only the shop's owner may
// forget: its routes are the only ones that write.
func (f *files) forget(ctx context.Context, shop string, ids []string, rewrite func(ctx context.Context, shop, route string) (bool, error)) error {
	return f.replace(ctx, shop, rewrite, func(info store.FileInfo, name store.FileName) bool { return f.speaks(ctx, name, ids) })
}

// replace lets the files of a shop go that which names: each is written anew, and
// withdrawn where that did not replace it.
func (f *files) replace(ctx context.Context, shop string, rewrite func(ctx context.Context, shop, route string) (bool, error), which func(store.FileInfo, store.FileName) bool) error {
	routes, err := f.place.FileRoutes(ctx, shop)
	if err != nil {
		return fmt.Errorf("erase in files: %w", err)
	}
	var failed error
	for _, route := range routes {
		old, err := f.standing(ctx, shop, route, which)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("erase in files: %w", err))
		}
		if len(old) == 0 {
			continue
		}
		if _, err := rewrite(ctx, shop, route); err != nil {
			f.log.ErrorContext(ctx, "a file could not be written anew after erasing", "shop", shop, "route", route, "error", err)
		}
		if err := f.withdraw(ctx, shop, route, old); err != nil {
			failed = errors.Join(failed, fmt.Errorf("erase in files: %w", err))
		}
	}
	return failed
}

// standing returns the files of a route that which names, and removes what a
// killed hub left half written. It waits for a file that is being
// written: that may have read the ledger before the order was erased.
func (f *files) standing(ctx context.Context, shop, route string, which func(store.FileInfo, store.FileName) bool) ([]store.FileInfo, error) {
	defer f.lock(shop, route)()
	failed := f.place.DiscardUnfinished(ctx, shop, route)
	list, err := f.place.ListFiles(ctx, shop, route)
	if err != nil {
		return nil, errors.Join(failed, err)
	}
	var found []store.FileInfo
	for _, info := range list {
		if !info.Withdrawn && which(info, store.FileName{Shop: shop, Route: route, Name: info.Name}) {
			found = append(found, info)
		}
	}
	return found, failed
}

// withdraw takes those of a route's files away that are still the old ones.
func (f *files) withdraw(ctx context.Context, shop, route string, old []store.FileInfo) error {
	defer f.lock(shop, route)()
	return f.place.WithdrawFiles(ctx, shop, route, old)
}

// speaks reports whether one of the orders stands in a file. One that can not be
// read might speak of it.
func (f *files) speaks(ctx context.Context, name store.FileName, ids []string) bool {
	file, err := f.place.OpenFile(ctx, name)
	if err != nil {
		return !errors.Is(err, order.ErrNotFound)
	}
	defer file.Close()
	return speaksOf(file, strings.HasSuffix(name.Name, ".gz"), ids)
}

// speaksOf reports whether a file, packed or not, holds the id of one of the
// orders as a whole field.
func speaksOf(r io.Reader, packed bool, ids []string) bool {
	if packed {
		z, err := gzip.NewReader(r)
		if err != nil {
			return true
		}
		r = z
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	fields := make([][]byte, len(ids))
	for i, id := range ids {
		fields[i] = []byte(inFile(id))
	}
	for lines.Scan() {
		line := lines.Bytes()
		if slices.ContainsFunc(fields, func(field []byte) bool { return hasField(line, field) }) {
			return true
		}
	}
	return lines.Err() != nil
}

// longestLine bounds what is held of a file; more than that is not read.
const longestLine = 16 << 20

// inFile is an id as partners' files have it: without what would end a field.
func inFile(id string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, id)
}

// hasField reports whether a field stands in a line: from one separator to the
// next. Quotes around it are none of it.
func hasField(line, field []byte) bool {
	for from := 0; from <= len(line)-len(field); {
		i := bytes.Index(line[from:], field)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(field)
		if (i == 0 || separates(line[i-1])) && (end == len(line) || separates(line[end])) {
			return true
		}
		from = i + 1
	}
	return false
}

func separates(c byte) bool { return strings.IndexByte("\t,;|\"\r", c) >= 0 }
