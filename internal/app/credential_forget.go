package app

import (
	"context"
	"time"

	"github.com/ordermux/ordermux/internal/json"
)

const (
	// doForget is the errand of looking at a credential anew.
	doForget = "credential"
	// forgetTime bounds how long the other nodes are waited for.
	forgetTime = 5 * time.Second
)

// forgetting names the credential.
type forgetting struct {
	Partner string `json:"partner"`
	Of      string `json:"of,omitzero"`
	Shop    string `json:"shop"`
	Name    string `json:"name"`
}

// forgetEverywhere lets every node look at a credential anew that was changed,
// before whoever changed it hears that it is: what is revoked opens nothing from
// then on. A node that can not be asked finds out within credentialFresh.
func (a *App) forgetEverywhere(ctx context.Context, id credentialID) {
	a.grants.forget(id)
	if a.node == nil {
		return
	}
	args, err := json.Marshal(forgetting{id.partner, id.of, id.shop, id.name})
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetTime)
		defer cancel()
		_, err = a.node.AskAll(ctx, doForget, args)
	}
	if err != nil {
		a.log.WarnContext(ctx, "the other nodes could not be told of a changed credential at once", "shop", id.shop, "partner", id.partner, "error", err)
	}
}

// forgetHere is what a node does then.
func (a *App) forgetHere(_ context.Context, _ string, args []byte) ([]byte, error) {
	var f forgetting
	if err := json.Unmarshal(args, &f); err != nil {
		return nil, err
	}
	a.grants.forget(credentialID{f.Partner, f.Of, f.Shop, f.Name})
	return nil, nil
}
