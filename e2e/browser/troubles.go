package browser

import (
	"fmt"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// troubles is what a tab complains of.
type troubles struct {
	mu   sync.Mutex
	list []string
}

func (s *troubles) add(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, fmt.Sprintf(format, args...))
}

// hear gathers what the tab complains of from now on.
func (b *Tab) hear(t *testing.T) {
	t.Helper()
	err := chromedp.Listen(b.ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == "error" {
				b.troubles.add("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			b.troubles.add("%s at %s:%d", e.ExceptionDetails.Text, e.ExceptionDetails.URL, e.ExceptionDetails.LineNumber)
		case *page.EventJavascriptDialogOpening:
			b.troubles.add("a page says %q", e.Message)
			go func() { _ = chromedp.Do(b.ctx, chromedp.Func(closeDialog)) }() // the page stands still until then
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Troubles are what the tab complained of since they were asked for last: what
// the Content-Security-Policy refused, faults of scripts, what could not be
// loaded, and scripts of strangers that say something.
func (b *Tab) Troubles() []string {
	b.troubles.mu.Lock()
	defer b.troubles.mu.Unlock()
	list := b.troubles.list
	b.troubles.list = nil
	return list
}
