package cli

import "errors"

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Seal everything anew with a new seal key."`
}

type keyRotateCmd struct{}

// Run fails and says why, so that no script takes the key for a new one.
func (keyRotateCmd) Run() error {
	return errors.New("this version can not seal anew what is sealed in the store (credentials of doors that were made while the hub ran, what partners' sides keep), so the seal key can not be exchanged: it stays as it is")
}
