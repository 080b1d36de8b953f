package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestGatheredLinesKeepTheirSequence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := NewLog(&out, slog.LevelInfo, "text")
		log.LogAttrs(context.Background(), slog.LevelInfo, summary, slog.Int("n", 1))
		if out.Len() > 0 {
			t.Errorf("written at once: %s", out.String())
		}
		log.Info("something else")
		if lines := strings.Split(out.String(), "\n"); len(lines) != 3 || !strings.Contains(lines[0], "n=1") {
			t.Errorf("with the next line: %q", lines)
		}
		out.Reset()
		log.LogAttrs(context.Background(), slog.LevelWarn, summary, slog.Int("n", 2))
		if !strings.Contains(out.String(), "n=2") {
			t.Error("a warning waits")
		}
		out.Reset()
		log.LogAttrs(context.Background(), slog.LevelInfo, summary, slog.Int("n", 3))
		time.Sleep(gatherFor)
		synctest.Wait()
		if !strings.Contains(out.String(), "n=3") {
			t.Error("a lone line is never written")
		}
		for i := range 1000 {
			log.LogAttrs(context.Background(), slog.LevelInfo, summary, slog.Int("n", i))
		}
		if out.Len() < gatherBytes {
			t.Error("gathers without bounds")
		}
	})
}
