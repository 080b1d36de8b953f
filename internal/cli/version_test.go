package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/ordermux/ordermux/internal/cli"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	command, flag := run(t, "", "version"), run(t, "", "--version")
	if flag != command || flag.code != 0 || !strings.HasPrefix(flag.out, "ordermux 1.2.3 (go") {
		t.Errorf("%+v, %+v", command, flag)
	}
	// Without a release's version, something is said all the same.
	var out bytes.Buffer
	code := cli.Run(context.Background(), []string{"--version"}, cli.Env{Out: &out, Err: &out})
	if code != 0 || strings.HasPrefix(out.String(), "ordermux  ") {
		t.Errorf("%d %q", code, out.String())
	}
}
