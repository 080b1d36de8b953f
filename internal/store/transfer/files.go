package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// copyFiles makes the target's files of routes the same.
func (m *Move) copyFiles(ctx context.Context) error {
	if m.opts.Files == nil {
		return nil
	}
	shops := map[string]bool{}
	for _, t := range []string{"shops", "routes"} {
		if err := m.from.shops(ctx, table(t), shops); err != nil {
			return err
		}
	}
	for _, shop := range slices.Sorted(maps.Keys(shops)) {
		routes, err := m.opts.Files.From.FileRoutes(ctx, shop)
		if err != nil {
			return fmt.Errorf("list files: %w", err)
		}
		for _, route := range routes {
			n, err := m.opts.Files.copyRoute(ctx, shop, route)
			if err != nil {
				return fmt.Errorf("copy files of shop %s, route %s: %w", shop, route, err)
			}
			m.written.Add(n)
			m.observe(Step{Table: "files"})
		}
	}
	return nil
}

func (f *Files) copyRoute(ctx context.Context, shop, route string) (copied int64, err error) {
	list, err := f.From.ListFiles(ctx, shop, route)
	if err != nil {
		return 0, err
	}
	for _, info := range list {
		name := store.FileName{Shop: shop, Route: route, Name: info.Name}
		done := false
		if info.Withdrawn {
			done, err = f.withdraw(ctx, name)
		} else {
			done, err = f.copyFile(ctx, name)
		}
		if err != nil {
			return copied, err
		}
		if done {
			copied++
		}
	}
	return copied, nil
}

// copyFile copies a file unless the target's is the same.
func (f *Files) copyFile(ctx context.Context, name store.FileName) (copied bool, err error) {
	from, err := f.From.OpenFile(ctx, name)
	if errors.Is(err, order.ErrNotFound) {
		return false, nil // withdrawn meanwhile: the next pass sees it
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if same, err := f.same(ctx, name, from); same || err != nil {
		return false, err
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	err = f.To.WriteFile(ctx, name, 0, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
	return err == nil, err
}

func (f *Files) same(ctx context.Context, name store.FileName, from store.File) (same bool, err error) {
	to, err := f.To.OpenFile(ctx, name)
	if errors.Is(err, order.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if from.Info().Bytes != to.Info().Bytes {
		return false, nil
	}
	return sameBytes(from, to)
}

func sameBytes(a, b io.Reader) (bool, error) {
	const room = 64 << 10
	x, y := make([]byte, room), make([]byte, room)
	for {
		n, err := io.ReadFull(a, x)
		k, errB := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:k]) {
			return false, nil
		}
		if err != nil || errB != nil {
			over := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			if over(err) && over(errB) {
				return true, nil
			}
			return false, errors.Join(err, errB)
		}
	}
}

// withdraw marks a file as withdrawn, for which there has to be one.
func (f *Files) withdraw(ctx context.Context, name store.FileName) (bool, error) {
	if done, err := f.To.Withdrawn(ctx, name); done || err != nil {
		return false, err
	}
	if err := f.To.WriteFile(ctx, name, 0, func(io.Writer) error { return nil }); err != nil {
		return false, err
	}
	list, err := f.To.ListFiles(ctx, name.Shop, name.Route)
	if err != nil {
		return false, err
	}
	list = slices.DeleteFunc(list, func(i store.FileInfo) bool { return i.Name != name.Name })
	return true, f.To.WithdrawFiles(ctx, name.Shop, name.Route, list)
}
