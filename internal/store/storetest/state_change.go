package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"time"

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
