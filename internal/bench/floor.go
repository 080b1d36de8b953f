package bench

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/ordermux/ordermux/internal/json"
	"github.com/ordermux/ordermux/internal/order"
)

// floor is the least that a durable hub can do: the same HTTP server, the same
// body decoded with the same JSON library, its bytes appended to one file,
// brought to the disk together with those of the other callers, a fixed
// answer. What the hub takes longer is what it does for it.
type floor struct {
	file *os.File

	mu      sync.Mutex
	waiting [][]byte
	wake    chan struct{}
	callers []chan error
}

// floorBody is a CitrusAd request as far as the door reads it too.
type floorBody struct {
	Orders []struct {
		ID         string      `json:"id"`
		CustomerID string      `json:"customerId"`
		SessionID  string      `json:"sessionId"`
		CatalogID  string      `json:"catalogId"`
		OrderDate  string      `json:"orderDate"`
		AdIDs      []string    `json:"adIds"`
		Items      []floorItem `json:"orderItems"`
	} `json:"orders"`
}

type floorItem struct {
	GTIN      string    `json:"gtin"`
	Quantity  order.Raw `json:"quantity"`
	UnitPrice order.Raw `json:"regularUnitPrice"`
	Total     order.Raw `json:"totalOrderItemPriceAfterDiscounts"`
	SellerID  string    `json:"sellerId"`
	AdID      string    `json:"adId"`
}

func runFloor(spec childSpec, in io.Reader, out io.Writer) error {
	file, err := os.OpenFile(filepath.Join(spec.Dir, "floor"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f := &floor{file: file, wake: make(chan struct{}, 1)}
	committed := make(chan struct{})
	go func() { f.commit(); close(committed) }()
	mux := http.NewServeMux()
	mux.Handle("POST /v1/orders", f)
	server := &http.Server{Handler: mux}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	if err := stdjson.NewEncoder(out).Encode(hello{l.Addr().String()}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return err
	}
	// Handlers first: what they handed over is still being synced.
	err = server.Shutdown(context.Background())
	if end := <-failed; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	close(f.wake)
	<-committed
	return err
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var b floorBody
	if err := json.Unmarshal(raw, &b); err != nil || len(b.Orders) == 0 {
		http.Error(w, "no orders", http.StatusBadRequest)
		return
	}
	if err := f.append(raw); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"orders":[]}`)
}

// append returns when raw is on the disk.
func (f *floor) append(raw []byte) error {
	done := make(chan error, 1)
	f.mu.Lock()
	f.waiting = append(f.waiting, raw)
	f.callers = append(f.callers, done)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
	return <-done
}

// commit writes and syncs what has come since it did so last, until wake is
// closed.
func (f *floor) commit() {
	var all []byte
	for range f.wake {
		f.mu.Lock()
		waiting, callers := f.waiting, f.callers
		f.waiting, f.callers = nil, nil
		f.mu.Unlock()
		all = all[:0]
		for _, raw := range waiting {
			all = append(all, raw...)
		}
		_, err := f.file.Write(all)
		if err == nil {
			err = dataSync(f.file)
		}
		for _, c := range callers {
			c <- err
		}
	}
}
