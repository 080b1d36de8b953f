package user

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// usersKey is where all users stand.
const usersKey = "users"

// attempts bounds how often a change is tried anew because another one came
// between.
const attempts = 20

// List returns all users by name.
func (b *Book) List(ctx context.Context) ([]User, error) {
	list, _, err := b.read(ctx)
	out := make([]User, len(list))
	for i := range list {
		out[i] = list[i].User
	}
	return out, err
}

// Find returns a user. Error: order.ErrNotFound.
func (b *Book) Find(ctx context.Context, name string) (User, error) {
	list, _, err := b.read(ctx)
	if err != nil {
		return User{}, err
	}
	if r := of(list, name); r != nil {
		return r.User, nil
	}
	return User{}, order.ErrNotFound
}

// SetRole changes what a user may do; he is signed out. Errors:
// order.ErrNotFound, ErrLastAdmin, *order.Invalid.
func (b *Book) SetRole(ctx context.Context, name string, role Role) error {
	if !role.known() {
		return order.Refuse("role", order.Malformed, "must be viewer, operator or admin")
	}
	return b.edit(ctx, name, func(r *record) {
		if r.Role != role {
			r.Role, r.Generation = role, r.Generation+1
		}
	})
}

// SetLanguage keeps in which language a user wants to read; "": his browser's.
func (b *Book) SetLanguage(ctx context.Context, name, language string) error {
	return b.edit(ctx, name, func(r *record) { r.Language = language })
}

// Disable signs a user out and lets him sign in no more, or again. Errors:
// order.ErrNotFound, ErrLastAdmin.
func (b *Book) Disable(ctx context.Context, name string, disabled bool) error {
	return b.edit(ctx, name, func(r *record) {
		if r.Disabled != disabled {
			r.Disabled, r.Generation = disabled, r.Generation+1
		}
	})
}

// Remove removes a user. Errors: order.ErrNotFound, ErrLastAdmin.
func (b *Book) Remove(ctx context.Context, name string) error {
	return b.change(ctx, func(list []record) ([]record, error) {
		n := len(list)
		list = slices.DeleteFunc(list, func(r record) bool { return r.Name == name })
		if len(list) == n {
			return nil, order.ErrNotFound
		}
		return list, nil
	})
}

// read returns all users by name, and the value as it stands.
func (b *Book) read(ctx context.Context) (list []record, raw []byte, err error) {
	raw, ok, err := b.kv.Get(ctx, usersKey)
	if err != nil || !ok {
		return nil, nil, err
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, nil, fmt.Errorf("read users: %w", err)
	}
	return list, raw, nil
}

func of(list []record, name string) *record {
	i, ok := slices.BinarySearchFunc(list, name, func(r record, name string) int { return strings.Compare(r.Name, name) })
	if !ok {
		return nil
	}
	return &list[i]
}

// edit changes one user.
func (b *Book) edit(ctx context.Context, name string, do func(*record)) error {
	return b.change(ctx, func(list []record) ([]record, error) {
		r := of(list, name)
		if r == nil {
			return nil, order.ErrNotFound
		}
		do(r)
		return list, nil
	})
}

// change changes the users; do is called again if somebody else changed them
// meanwhile.
func (b *Book) change(ctx context.Context, do func([]record) ([]record, error)) error {
	for range attempts {
		list, raw, err := b.read(ctx)
		if err != nil {
			return err
		}
		had := admins(list)
		if list, err = do(list); err != nil {
			return err
		}
		if had && !admins(list) {
			return ErrLastAdmin
		}
		value, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if ok, err := b.kv.Swap(ctx, usersKey, raw, value, 0); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("change users: %w", order.ErrBusy)
}

// admins reports whether an admin can sign in.
func admins(list []record) bool {
	return slices.ContainsFunc(list, func(r record) bool { return r.Role == Admin && !r.Disabled && r.Hash != "" })
}

// with returns the users with one more. Error: order.ErrConflict, *order.Invalid.
func with(list []record, r record) ([]record, error) {
	if len(list) >= MostUsers {
		return nil, order.Refuse("name", order.TooLarge, fmt.Sprintf("a hub has at most %d users", MostUsers))
	}
	if of(list, r.Name) != nil {
		return nil, fmt.Errorf("a user of that name: %w", order.ErrConflict)
	}
	list = append(list, r)
	slices.SortFunc(list, func(a, b record) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
