package app

import (
	"context"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/chore"
)

// choreScope is where the chores of all shops stand in the state of _hub, so
// that every node finds those that run with one look.
const choreScope = "chores"

// choreImport is the kind of chores that read a file in.
const choreImport = "import"

// chores are what people began and takes a while.
type chores struct {
	app    *App
	book   *chore.Book
	runner *chore.Runner
	engine api.Engine // as the API has it: what only a shop's owner can do is done there
}

func (a *App) newChores(engine api.Engine) *chores {
	c := &chores{app: a, engine: engine, book: chore.NewBook(a.store.State(hubShop, choreScope), a.now)}
	c.runner = chore.NewRunner(chore.Options{
		Book: c.book, Node: a.ids.word, Alone: a.database == nil, Log: a.log.With("part", "chores"), Over: c.over,
		Do: map[string]chore.Do{choreImport: c.readFile, api.CheckMissing: c.lookForMissing, api.CheckBackfill: c.backfill},
	})
	return c
}

// over hears of a chore that ended: its file is kept no longer.
func (c *chores) over(ctx context.Context, done chore.Chore) {
	if done.Kind != choreImport {
		return
	}
	if err := c.files(done.Shop).Delete(ctx, fileOf(done.ID)); err != nil {
		c.app.log.WarnContext(ctx, "a file that was read in could not be removed; it ends by itself", "shop", done.Shop, "import", done.ID, "error", err)
	}
}
