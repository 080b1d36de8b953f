package webhook_test

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/ordermux/ordermux/internal/partner/webhook"
	"github.com/ordermux/ordermux/internal/secret"
)

// whsec is the sample secret of the specification's test data.
const whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func signer(t testing.TB, secrets ...string) *webhook.Signer {
	t.Helper()
	var texts []secret.Text
	for _, s := range secrets {
		texts = append(texts, secret.New(s))
	}
	s, err := webhook.NewSigner(texts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The vector of the reference libraries' own tests
// (libraries/go/webhook_test.go, "TestWebhookSign", v0.0.1, seen 2026).
func TestKnownVector(t *testing.T) {
	t.Parallel()
	got := signer(t, whsec).Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSecretForms(t *testing.T) {
	t.Parallel()
	at, body := time.Unix(1614265330, 0), []byte("{}")
	want := signer(t, whsec).Sign("id", at, body)
	for _, same := range []string{whsec + "=", whsec + "=="} {
		if got := signer(t, same).Sign("id", at, body); got != want {
			t.Errorf("%s: %s", same, got)
		}
	}
	if signer(t, strings.TrimPrefix(whsec, "whsec_")).Sign("id", at, body) == want {
		t.Error("a raw secret was taken for base64")
	}
	if got := signer(t, whsec, "").Sign("id", at, body); got != want {
		t.Errorf("without a previous secret: %s", got)
	}
	if got := signer(t, whsec, "raw").Sign("id", at, body); got != want+" "+signer(t, "raw").Sign("id", at, body) {
		t.Errorf("two secrets: %s", got)
	}
	if _, err := webhook.NewSigner(); err == nil {
		t.Error("no secret")
	}
	if err := webhook.Sign(http.Header{}, secret.New("whsec_?"), "id", at, body); err == nil || strings.Contains(err.Error(), "?") {
		t.Errorf("malformed secret: %v", err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now, body := time.Unix(1614265330, 0), []byte(`{"a":1}`)
	s := signer(t, whsec)
	signed := func() http.Header {
		h := http.Header{}
		s.SignHeader(h, "msg-1", now, body)
		return h
	}
	f := func(want error, change func(http.Header), body []byte, at time.Time) {
		t.Helper()
		h := signed()
		if change != nil {
			change(h)
		}
		if err := s.Verify(h, body, at); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	f(nil, nil, body, now)
	f(nil, nil, body, now.Add(webhook.Tolerance))
	f(nil, nil, body, now.Add(-webhook.Tolerance))
	f(nil, func(h http.Header) {
		h.Set("webhook-signature", "v1a,xyz v1,AAAA "+h.Get("webhook-signature")+" v2,x")
	}, body, now)
	// Too old, too new.
	f(webhook.ErrTimestamp, nil, body, now.Add(webhook.Tolerance+time.Second))
	f(webhook.ErrTimestamp, nil, body, now.Add(-webhook.Tolerance-time.Second))
	// Tampered with: body, id, time, signature, scheme.
	f(webhook.ErrSignature, nil, []byte(`{"a":2}`), now)
	f(webhook.ErrSignature, nil, nil, now)
	f(webhook.ErrSignature, func(h http.Header) { h.Set("webhook-id", "msg-2") }, body, now)
	f(webhook.ErrSignature, func(h http.Header) { h.Set("webhook-timestamp", strconv.FormatInt(now.Unix()+1, 10)) }, body, now)
	f(webhook.ErrSignature, func(h http.Header) { h.Set("webhook-signature", h.Get("webhook-signature")[:30]) }, body, now)
	f(webhook.ErrSignature, func(h http.Header) {
		h.Set("webhook-signature", strings.Replace(h.Get("webhook-signature"), "v1,", "v2,", 1))
	}, body, now)
	f(webhook.ErrSignature, func(h http.Header) { h.Set("webhook-signature", "v1,") }, body, now)
	// Missing or malformed headers.
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		f(webhook.ErrHeaders, func(h http.Header) { h.Del(name) }, body, now)
	}
	f(webhook.ErrHeaders, func(h http.Header) { h.Set("webhook-timestamp", "yesterday") }, body, now)
	// Another secret.
	if err := signer(t, "other").Verify(signed(), body, now); !errors.Is(err, webhook.ErrSignature) {
		t.Errorf("another secret: %v", err)
	}
	if err := signer(t, "other", whsec).Verify(signed(), body, now); err != nil {
		t.Errorf("one of two secrets: %v", err)
	}
}

// What the reference library signs, we verify.
func TestReferenceLibrarySigns(t *testing.T) {
	t.Parallel()
	wh, err := standardwebhooks.NewWebhook(whsec)
	if err != nil {
		t.Fatal(err)
	}
	at, body := time.Unix(1700000000, 0), []byte(`{"x":"y"}`)
	signature, err := wh.Sign("msg-1", at, body)
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	h.Set("webhook-id", "msg-1")
	h.Set("webhook-timestamp", "1700000000")
	h.Set("webhook-signature", signature)
	if err := signer(t, whsec).Verify(h, body, at); err != nil {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	s := signer(f, whsec)
	f.Add("id", "1", "v1,x", []byte("{}"))
	f.Add("", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
		if s.Verify(h, body, time.Unix(1, 0)) == nil {
			t.Errorf("forged %q %q %q", id, timestamp, signature)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	s, body := signer(b, whsec), bytes.Repeat([]byte("a"), 700)
	at := time.Unix(1700000000, 0)
	h := http.Header{}
	s.SignHeader(h, "msg-1", at, body)
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.SignHeader(h, "msg-1", at, body)
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if s.Verify(h, body, at) != nil {
				b.Fatal("signature")
			}
		}
	})
	b.Run("render", func(b *testing.B) {
		side, task := route(b, "https://hook.example", nil), sampleTask("k-1")
		b.ReportAllocs()
		for b.Loop() {
			if _, err := side.Render(task); err != nil {
				b.Fatal(err)
			}
		}
	})
}
