package cli

import "errors"

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Seal everything anew with a new seal key."`
}

type keyRotateCmd struct{}

// Run fails and says why, so that no script takes the key for a new one: no
// partner of this version keeps a secret in the store.
func (keyRotateCmd) Run() error {
	return errors.New("nothing is sealed in the store yet, so there is nothing to seal anew: the seal key stays as it is")
}
