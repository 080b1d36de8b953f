package process_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ordermux/ordermux/internal/process"
)

// TestMain lets the test program play the process: PLAY says how.
func TestMain(m *testing.M) {
	switch os.Getenv("PLAY") {
	case "":
		os.Exit(m.Run())
	case "refuse":
		os.Stderr.WriteString("port taken\n")
		os.Exit(3)
	case "serve":
		err := http.ListenAndServe(os.Getenv("ADDR"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		panic(err)
	}
}

func start(t *testing.T, play string) *process.Process {
	t.Helper()
	addr, err := process.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	p, err := process.Start(t.Context(), process.Options{
		Command: []string{os.Args[0]}, Env: []string{"PLAY=" + play, "ADDR=" + addr},
		Log: filepath.Join(t.TempDir(), "log"), Addr: addr,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Kill() })
	return p
}

func TestReadyAndStop(t *testing.T) {
	t.Parallel()
	p := start(t, "serve")
	if err := p.Ready(t.Context(), 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("this program dies of the signal: %v", err)
	}
}

func TestReadyShowsTheLog(t *testing.T) {
	t.Parallel()
	err := start(t, "refuse").Ready(t.Context(), 20*time.Second)
	if err == nil || !strings.Contains(err.Error(), "port taken") {
		t.Errorf("error %v", err)
	}
}
