package cli

import (
	"fmt"
	"runtime"
)

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(env *Env) error {
	_, err := fmt.Fprintf(env.Out, "ordermux %s (%s, %s/%s)\n", env.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
