package trustpilot_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/trustpilot"
)

// fakeIntake takes everything and keeps nothing.
type fakeIntake struct{}

func (fakeIntake) Append(context.Context, string, []order.Entry) ([]order.Receipt, error) {
	return nil, nil
}

const benchBody = `{"consumerEmail":"eva@kund.example","consumerName":"Eva Lind","referenceNumber":"SO-10042","locale":"sv-SE","senderName":"Nordljus Kaffe",` +
	`"replyTo":"hej@nordljus.example","serviceReviewInvitation":{"templateId":"529c0abfefb96008b894ad02","preferredSendTime":"2030-01-15T09:00:00",` +
	`"redirectUri":"https://nordljus.example/tack","tags":["region-north","carrier.x"]}}`

// BenchmarkInvitation is all that the door does for an invitation but the
// ledger's part: what a look into the store for an earlier call costs is not
// among it.
func BenchmarkInvitation(b *testing.B) {
	t := newBench(b, map[string]string{"require_user": "false"})
	token := t.token("grant_type=client_credentials")["access_token"]
	deps := t.hub.Deps(trustpilot.Partner)
	deps.Intake = fakeIntake{}
	side, err := trustpilot.Partner.Door(deps)
	if err != nil {
		b.Fatal(err)
	}
	reader := bytes.NewReader(nil)
	r := httptest.NewRequest("POST", invite, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	r.Body, r.ContentLength = io.NopCloser(reader), int64(len(benchBody))
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset([]byte(benchBody))
		w := answer{header: http.Header{}}
		side.Handler.ServeHTTP(&w, r)
		if w.status != http.StatusAccepted {
			b.Fatal(w.status)
		}
	}
}

// answer is an http.ResponseWriter that keeps nothing.
type answer struct {
	header http.Header
	status int
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return len(b), nil }
