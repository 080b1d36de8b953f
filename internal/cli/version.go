package cli

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
)

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(env *Env) error {
	_, err := fmt.Fprintln(env.Out, env.versionLine())
	return err
}

// versionFlag prints the version wherever it stands, and ends the program.
type versionFlag bool

func (versionFlag) BeforeReset(app *kong.Kong, env *Env) error {
	err := versionCmd{}.Run(env)
	app.Exit(ExitOK)
	return err
}

func (env *Env) versionLine() string {
	return fmt.Sprintf("ordermux %s (%s, %s/%s)", env.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// unreleased is the version of a build that was given none.
const unreleased = "dev"

// versionOf returns the version that was set for a release, else what the Go
// toolchain wrote into the program: a tag, or one made of the time and hash of
// the commit. A program without either (go run) stays "dev".
func versionOf(set string) string {
	if set != "" && set != unreleased {
		return set
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unreleased
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = unreleased + "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return cmp.Or(revision, unreleased)
}
