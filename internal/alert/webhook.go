package alert

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/config"
	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/outbound"
	"github.com/ordermux/ordermux/internal/partner/webhook"
)

// Webhook tells by HTTP, signed as Standard Webhooks.
type Webhook struct {
	to   config.AlertWebhook
	http *outbound.Client
	now  func() time.Time
}

// NewWebhook makes a channel that posts to an address.
func NewWebhook(to config.AlertWebhook, client *outbound.Client, now func() time.Time) *Webhook {
	return &Webhook{to: to, http: client, now: now}
}

// Name implements Channel.
func (w *Webhook) Name() string { return "webhook" }

// message is the body: the shape that the Standard Webhooks specification
// recommends (github.com/standard-webhooks/standard-webhooks, seen 2026).
type message struct {
	Type      string    `json:"type"` // "alert.raised", "alert.ended"
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		Trouble
		Since time.Time `json:"since"`
	} `json:"data"`
}

// Tell implements Channel: any 2xx is heard.
func (w *Webhook) Tell(ctx context.Context, n Notice) error {
	m := message{Type: "alert." + string(n.Phase), Timestamp: n.At}
	m.Data.Trouble, m.Data.Since = n.Trouble, n.Since
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if w.to.Secret.Set() {
		if err := webhook.Sign(header, w.to.Secret, n.ID, w.now(), body); err != nil {
			return fmt.Errorf("sign: %w", err)
		}
	}
	reply, err := w.http.Do(ctx, outbound.Request{Method: http.MethodPost, URL: w.to.URL, Header: header, Body: body})
	if err != nil {
		return err
	}
	if reply.Status < 200 || reply.Status > 299 {
		return fmt.Errorf("answered %d", reply.Status)
	}
	return nil
}
