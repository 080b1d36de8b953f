package sqlite

import (
	"testing"
	"testing/synctest"
)

// TestQueueBehindGivenUpTasks: a full group of tasks that nobody waits for any
// more must not leave the ones behind it waiting for the next wake.
func TestQueueBehindGivenUpTasks(t *testing.T) {
	t.Parallel()
	for _, shut := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { // in which a wait for ever fails
			var q queue
			q.init(Options{})
			for range groupOthers {
				given := &task{do: func(*Tx) error { return nil }}
				given.state.Store(taskGivenUp)
				if err := q.addOther(t.Context(), given); err != nil {
					t.Fatal(err)
				}
			}
			waiting := &task{do: func(*Tx) error { return nil }}
			if err := q.addOther(t.Context(), waiting); err != nil {
				t.Fatal(err)
			}
			if shut {
				q.close()
			}
			<-q.wake // an earlier take had it
			group, open := q.take(nil)
			if !open || len(group) != 1 || group[0] != waiting {
				t.Errorf("shut %t: took %d tasks, open %t", shut, len(group), open)
			}
		})
	}
}
