// Package tool finds the outside programs that some tests need.
package tool

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the path of an outside program. Where it is missing the test
// is skipped, naming it; under CI (the environment has CI) it fails.
func Need(t testing.TB, name, purpose string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; it is needed for %s", name, purpose)
	}
	t.Skipf("%s is not installed; it is needed for %s", name, purpose)
	return ""
}
