package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ordermux/ordermux/internal/ledger"
	"github.com/ordermux/ordermux/internal/order"
	"github.com/ordermux/ordermux/internal/store"
)

// change changes keys of the scope "keys": each edit is key, old, new; "-" is
// nothing.
func (d *drawer) change(want bool, edits ...[3]string) {
	d.Helper()
	value := func(s string) []byte {
		if s == "-" {
			return nil
		}
		return []byte(s)
	}
	var list []store.Edit
	for _, e := range edits {
		list = append(list, store.Edit{Key: e[0], Old: value(e[1]), New: value(e[2])})
	}
	if done, err := d.store.Change(d.Context(), shop, "keys", list); err != nil || done != want {
		d.Errorf("change %v: %v %v", edits, done, err)
	}
}

// All keys of a change are written, or none.
func testChange(d *drawer) {
	d.change(true, [3]string{"b", "-", "1"}, [3]string{"a", "-", "1"})
	d.holds("keys", "a", "1")
	d.holds("keys", "b", "1")
	d.change(false, [3]string{"c", "-", "1"}, [3]string{"a", "-", "2"}) // there is one
	d.change(false, [3]string{"c", "-", "1"}, [3]string{"a", "2", "3"}) // it is another
	d.change(false, [3]string{"b", "1", "2"}, [3]string{"c", "1", "2"}) // there is none
	d.change(false, [3]string{"b", "1", "2"}, [3]string{"a", "2", "-"})
	d.holds("keys", "a", "1")
	d.holds("keys", "b", "1")
	d.holds("keys", "c", "-")
	d.change(true, [3]string{"a", "1", "-"}, [3]string{"b", "1", "2"}, [3]string{"c", "-", ""})
	d.holds("keys", "a", "-")
	d.holds("keys", "b", "2")
	d.holds("keys", "c", "")
	d.holds("other", "b", "-")
	d.change(true, [3]string{"c", "", "3"})
	// What has expired is not there.
	d.put("keys", "short", "old", time.Minute)
	d.clock.move(time.Minute)
	d.change(false, [3]string{"short", "old", "new"})
	d.change(true, [3]string{"short", "-", "new"})
	d.clock.move(time.Hour)
	d.holds("keys", "short", "new")
	// What is written can expire, too.
	for _, old := range [][]byte{nil, []byte("1")} {
		edit := store.Edit{Key: "brief", Old: old, New: []byte("1"), TTL: time.Minute}
		if done, err := d.store.Change(d.Context(), shop, "keys", []store.Edit{edit}); err != nil || !done {
			d.Errorf("change: %v %v", done, err)
		}
		d.clock.move(time.Minute - time.Second)
		d.holds("keys", "brief", "1")
	}
	d.clock.move(time.Second)
	d.holds("keys", "brief", "-")
}

// Of several that change the same keys at a time, each sees the others'.
func testChangeRace(d *drawer) {
	d.put("keys", "x", "0", 0)
	d.put("keys", "y", "0", 0)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for done := false; !done; {
				old, _, err := d.store.State(shop, "keys").Get(d.Context(), "x")
				if err != nil {
					d.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(old))
				raised := fmt.Append(nil, n+1)
				edits := []store.Edit{{Key: "x", Old: old, New: raised}, {Key: "y", Old: old, New: raised}}
				if i%2 == 0 {
					edits[0], edits[1] = edits[1], edits[0]
				}
				if done, err = d.store.Change(d.Context(), shop, "keys", edits); err != nil {
					d.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	d.holds("keys", "x", "6")
	d.holds("keys", "y", "6")
}

// Numbers an order with what stands under a key, and raises that, in one
// transaction: nobody gets a number twice, none is left out, and what was
// refused changed nothing. Of equal orders with one number the second is known,
// and its effects are not applied.
func testChanging(d *drawer) {
	l := ledger.New(d.store, ledger.Options{})
	state := d.store.State(shop, "door:idosell")
	place := func(id string, edits ...store.Edit) (known bool, err error) {
		e := statement(door, sale(id))
		e.Effects = []order.Effect{state.Changing(edits...)}
		receipts, err := l.Append(d.Context(), shop, []order.Entry{e})
		return err == nil && receipts[0].Known, err
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for done := 0; done < 3; {
				old, _, err := state.Get(d.Context(), "number")
				if err != nil {
					d.Error(err)
					return
				}
				n, _ := strconv.Atoi(string(old))
				id := fmt.Sprint("sklep-", n+1)
				known, err := place(id, store.Edit{Key: "number", Old: old, New: fmt.Append(nil, n+1)}, store.Edit{Key: "of/" + id, New: []byte("x")})
				switch {
				case known:
				case err == nil:
					done++
				case !errors.Is(err, order.ErrChanged):
					d.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	d.holds("door:idosell", "number", "12")
	if head, err := l.Head(d.Context(), shop); err != nil || head != 12 {
		d.Errorf("head %d %v", head, err)
	}
	for i := range 12 {
		d.holds("door:idosell", fmt.Sprint("of/sklep-", i+1), "x")
	}
	_, err := place("sklep-13", store.Edit{Key: "number", Old: []byte("12"), New: []byte("13")}, store.Edit{Key: "of/sklep-12", New: []byte("y")})
	if !errors.Is(err, order.ErrChanged) {
		d.Error(err)
	}
	d.holds("door:idosell", "number", "12")
	if done, err := state.Change(d.Context(), store.Edit{Key: "number", Old: []byte("12")}, store.Edit{Key: "z", New: []byte("1")}); err != nil || !done {
		d.Error(done, err)
	}
	d.holds("door:idosell", "number", "-")
	if done, err := state.Change(d.Context(), store.Edit{Key: "z", Old: []byte("2"), New: []byte("3")}); err != nil || done {
		d.Error(done, err)
	}
}
