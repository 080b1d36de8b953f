package cli

import "fmt"

type keyCmd struct {
	Rotate keyRotateCmd `cmd:"" help:"Seal everything anew with a new seal key."`
}

type keyRotateCmd struct{}

// Run says that there is nothing to do: no partner of this version keeps a
// secret in the store.
func (keyRotateCmd) Run(env *Env) error {
	_, err := fmt.Fprintln(env.Out, "nothing is sealed in the store yet, so there is nothing to seal anew: the seal key stays as it is")
	return err
}
