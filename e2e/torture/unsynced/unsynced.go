//go:build linux

package unsynced

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed preload/unsynced.c
var source []byte

// Build compiles the library into dir and returns its path. Error: cc is
// missing or refuses.
func Build(ctx context.Context, dir string) (string, error) {
	c, lib := filepath.Join(dir, "unsynced.c"), filepath.Join(dir, "unsynced.so")
	if err := os.WriteFile(c, source, 0o600); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", lib, c, "-ldl", "-lpthread")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile unsynced.c: %w\n%s", err, out)
	}
	return lib, nil
}

// Layer is the library over one data folder.
type Layer struct {
	Library string // from Build
	Data    string // the folder watched; absolute
	Log     string // where the notes go; on the same file system, outside of Data
	Lie     bool   // syncs make nothing final, as on a disk that lies
	// Slow is how much longer each sync takes; more kills then fall between a
	// change and its sync.
	Slow time.Duration
}

// Env returns what the environment of the process needs.
func (l Layer) Env() []string {
	env := []string{"LD_PRELOAD=" + l.Library, "UNSYNCED_DIR=" + l.Data, "UNSYNCED_LOG=" + l.Log}
	if l.Slow > 0 {
		env = append(env, fmt.Sprintf("UNSYNCED_SLOW=%d", l.Slow.Microseconds()))
	}
	if l.Lie {
		env = append(env, "UNSYNCED_LIE=1")
	}
	return env
}
