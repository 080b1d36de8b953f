package demo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/partner/webhook"
	"github.com/ordermux/ordermux/internal/secret"
)

// maxMessage bounds one message; an order of the order book has 60 KB.
const maxMessage = 16 << 20

// Receiver is somebody else's program at the end of a webhook: it checks
// signatures, keeps what it got in memory and tells it to whoever asks.
//
//	POST /in        takes a message
//	GET  /received  lists what it took, a Message per line
type Receiver struct {
	signer *webhook.Signer
	// Drop names an order that it answers well for and loses: a planted loss.
	drop string

	mu       sync.Mutex
	messages []Message
	at       map[string]int // by id: a repeat replaces
}

// Message is what the receiver took.
type Message struct {
	ID      string           `json:"id"`
	Type    string           `json:"type"`
	OrderID string           `json:"order_id"`
	At      time.Time        `json:"received_at"`
	Repeats int              `json:"repeats,omitzero"`
	Order   *order.Order     `json:"order,omitzero"`
	Event   *order.Happening `json:"happening,omitzero"`
}

// NewReceiver makes a receiver of messages signed with key. drop is the order
// that it loses; "": none.
func NewReceiver(key secret.Text, drop string) (*Receiver, error) {
	signer, err := webhook.NewSigner(key)
	if err != nil {
		return nil, err
	}
	return &Receiver{signer: signer, drop: drop, at: map[string]int{}}, nil
}

var _ http.Handler = (*Receiver)(nil)

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch req.Method + " " + req.URL.Path {
	case "POST /in":
		if err := r.take(req); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case "GET /received":
		w.Header().Set("Content-Type", "application/x-ndjson")
		r.mu.Lock()
		defer r.mu.Unlock()
		out := json.NewEncoder(w)
		for i := range r.messages {
			if err := json.MarshalEncode(out, &r.messages[i]); err != nil {
				return // the asker is gone
			}
		}
	default:
		http.NotFound(w, req)
	}
}

// take checks and keeps one message.
func (r *Receiver) take(req *http.Request) error {
	body, err := json.ReadAll(req.Body, maxMessage)
	if err != nil {
		return err
	}
	now := time.Now()
	if err := r.signer.Verify(req.Header, body, now); err != nil {
		return err
	}
	var in struct {
		ID      string `json:"id"`
		Type    string `json:"type"`
		OrderID string `json:"order_id"`
		Data    struct {
			Order     *order.Order     `json:"order"`
			Happening *order.Happening `json:"happening"`
		} `json:"data"`
	}
	if err := json.UnmarshalInput(body, &in); err != nil {
		return err
	}
	if in.ID == "" {
		return errors.New("id: is missing")
	}
	if r.drop != "" && in.OrderID == r.drop {
		return nil
	}
	r.keep(Message{ID: in.ID, Type: in.Type, OrderID: in.OrderID, At: now.UTC(), Order: in.Data.Order, Event: in.Data.Happening})
	return nil
}

func (r *Receiver) keep(m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, again := r.at[m.ID]; again {
		m.Repeats = r.messages[i].Repeats + 1
		r.messages[i] = m
		return
	}
	r.at[m.ID] = len(r.messages)
	r.messages = append(r.messages, m)
}

// Received asks a receiver at an address what it took.
func Received(ctx context.Context, url string) ([]Message, error) {
	body, err := get(ctx, url+"/received", "")
	if err != nil {
		return nil, err
	}
	var out []Message
	for d := json.NewDecoder(body); ; {
		value, err := d.ReadValue()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, json.Explain(err)
		}
		var m Message
		if err := json.Unmarshal(value, &m); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
}
