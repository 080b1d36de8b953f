package api

import "context"

type asKey struct{}

// As returns a context whose calls of the API, within this process, are made by
// whom the grant names, without a token: the console's, for its users.
func As(ctx context.Context, g Grant) context.Context { return context.WithValue(ctx, asKey{}, g) }

func as(ctx context.Context) (Grant, bool) {
	g, ok := ctx.Value(asKey{}).(Grant)
	return g, ok
}
