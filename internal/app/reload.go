package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/partner"
)

// errNoReload is Reload's error for what can not change while the hub runs.
var errNoReload = errors.New("can not change while the hub runs; restart it")

// Reload replaces the configuration, whole or not at all.
func (a *App) Reload(ctx context.Context, cfg *config.Config) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	before := a.current.Load()
	if err := unchanged(before.config, cfg); err != nil {
		return err
	}
	next, err := a.generate(ctx, cfg, before)
	if err != nil {
		return err
	}
	if cfg.TLS != nil && *cfg.TLS != *before.config.TLS {
		if _, err := newCertificate(*cfg.TLS, a.log); err != nil {
			return err
		}
	}
	// Credentials and rules first: a route must not run by new rules while
	// its door still takes by old credentials, nor the other way round; both
	// change within the same moment for every request that comes after it.
	a.current.Store(next)
	if err := a.setRoutes(ctx, next); err != nil {
		a.current.Store(before)
		return errors.Join(err, a.setRoutes(ctx, before))
	}
	if a.certificate != nil {
		a.certificate.use(*cfg.TLS)
	}
	a.watcher.Use(next.channels...)
	if a.node == nil {
		a.watcher.Keep(cfg.ShopOrder...)
	}
	a.watcher.Nudge()
	a.retire(before, next)
	giveBack(next)
	a.log.Info("configuration reloaded", "shops", len(cfg.Shops), "routes", len(next.delivered))
	return nil
}

// retire closes the unused connections of routes that are gone or changed.
func (a *App) retire(before, next *generation) {
	for key, r := range before.routes {
		if now := next.routes[key]; now == nil || now.client != r.client {
			r.client.CloseIdle()
		}
	}
}

// unchanged refuses a configuration that needs a restart.
func unchanged(old, new *config.Config) error {
	var what []string
	if old.Listen != new.Listen {
		what = append(what, "listen")
	}
	if old.Data != new.Data {
		what = append(what, "data")
	}
	if old.Database != new.Database {
		what = append(what, "database")
	}
	if (old.TLS == nil) != (new.TLS == nil) {
		what = append(what, "tls")
	}
	if !old.SealKey.Equal(new.SealKey) {
		what = append(what, "seal_key")
	}
	if (old.SFTP == nil) != (new.SFTP == nil) || old.SFTP != nil && *old.SFTP != *new.SFTP {
		what = append(what, "sftp")
	}
	what = append(what, changedDoors(old.Doors, new.Doors)...)
	if len(what) > 0 {
		return fmt.Errorf("%s %w", strings.Join(what, ", "), errNoReload)
	}
	return nil
}

// changedDoors returns the keys of what is said otherwise of whole doors, as
// the file has them: shops have doors, too.
func changedDoors(old, new map[string]config.DoorAddress) (keys []string) {
	for _, name := range keysOfBoth(old, new) {
		a, b := old[name], new[name]
		if a.Listen != b.Listen {
			keys = append(keys, "doors."+name+".listen")
		}
		for _, field := range keysOfBoth(a.Settings, b.Settings) {
			if !sameValue(a.Settings[field], b.Settings[field]) {
				keys = append(keys, "doors."+name+"."+field)
			}
		}
	}
	return keys
}

func keysOfBoth[M ~map[string]V, V any](a, b M) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

func sameValue(a, b partner.Value) bool {
	return a.Text == b.Text && slices.Equal(a.List, b.List) && a.Secret.Equal(b.Secret)
}

// doReload is what nodes ask each other for.
const doReload = "reload"

// reloadFiles reloads what Options.Load reads, on all nodes: each its own file.
func (a *App) reloadFiles(ctx context.Context) ([]api.NodeReload, error) {
	if a.node == nil {
		return nil, a.reloadFile(ctx)
	}
	answers, err := a.node.AskAll(ctx, doReload, nil)
	if err != nil {
		return nil, err
	}
	out := make([]api.NodeReload, len(answers))
	for i, n := range answers {
		out[i] = api.NodeReload{ID: n.Node.ID, Name: n.Node.Name, Done: n.Err == nil}
		var said reloadSaid
		if n.Err == nil {
			n.Err = json.Unmarshal(n.Answer, &said)
		}
		switch {
		case n.Err != nil:
			out[i].Done, out[i].Error = false, n.Err.Error()
		case said.Error != "":
			out[i].Done, out[i].Error = false, said.Error
		}
	}
	return out, nil
}

// reloadSaid is a node's answer: what is wrong with its file is for people, and
// must arrive word for word.
type reloadSaid struct {
	Error string `json:"error,omitzero"`
}

// reloadHere answers another node.
func (a *App) reloadHere(ctx context.Context, _ string, _ []byte) ([]byte, error) {
	var said reloadSaid
	if err := a.reloadFile(ctx); err != nil {
		a.log.Error("configuration not reloaded, the node goes on as it was", "error", err)
		said.Error = err.Error()
	}
	return json.Marshal(said)
}

// reloadFile reloads what Options.Load reads, on this node.
func (a *App) reloadFile(ctx context.Context) error {
	cfg, err := a.opts.Load()
	if err != nil {
		return err
	}
	return a.Reload(ctx, cfg)
}
