// Package browser drives a headless Chromium for tests, and looks at pages as
// people do who do not see them well: with axe, by the accessibility tree, at the
// width of a telephone.
//
// It needs Chromium, and npm for axe (package-lock.json); .ci/setup installs
// them.
package browser

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Browser is a running Chromium.
type Browser struct {
	ctx context.Context
	axe func() (string, error) // the library's source; see loadAxe
}

// Start starts a headless Chromium that finds these hosts at other addresses,
// and no hosts else but 127.0.0.1. It ends with the test.
func Start(t *testing.T, hosts map[string]string) *Browser {
	t.Helper()
	path := find(t, "chromium", "chromium-browser", "google-chrome")
	rules := []string{"MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"}
	for host, address := range hosts {
		rules = append([]string{"MAP " + host + " " + address}, rules...)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root
		opts = append(opts, chromedp.NoSandbox)
	}
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	dir := t.TempDir()
	return &Browser{ctx: ctx, axe: sync.OnceValues(func() (string, error) { return loadAxe(ctx, dir) })}
}

// find returns the first program of these that there is.
func find(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %v is installed; .ci/setup installs what the tests need", names)
	return ""
}

//go:embed package.json package-lock.json .npmrc
var packages embed.FS

// loadAxe installs axe in an empty folder and returns its source.
func loadAxe(ctx context.Context, dir string) (string, error) {
	if err := os.CopyFS(dir, packages); err != nil {
		return "", err
	}
	install := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci (.ci/setup installs npm): %w\n%s", err, out)
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules/axe-core/axe.min.js"))
	return fmt.Sprintf("if (!window.axe) { %s }", source), err
}
