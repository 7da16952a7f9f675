package apply

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"accord/schema"
	"accord/state"
)

// slow is a store whose writes take as long as the test wants.
type slow struct {
	state.Store
	let    chan error
	writes []*state.Write
}

func (s *slow) Write(_ context.Context, _ state.Lease, serial uint64, w *state.Write) (state.Meta, error) {
	s.writes = append(s.writes, w)
	if err := <-s.let; err != nil {
		return state.Meta{}, err
	}
	return state.Meta{Serial: serial + 1}, nil
}

func ref(i int) schema.Ref { return schema.Ref{Kind: schema.KindList, Name: fmt.Sprint(i)} }

func TestWritesThatWaitGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{let: make(chan error)}
		j := newJournal(s, state.Lease{}, state.Meta{Serial: 7})
		var all sync.WaitGroup
		begin := func(w *state.Write) {
			all.Go(func() {
				if err := j.write(w); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		begin(&state.Write{Delete: []schema.Ref{ref(0)}})
		for i := range 300 {
			begin(&state.Write{
				Put: []state.Record{{Ref: ref(i)}}, PutIntents: []state.Intent{{Ref: ref(i)}}, DeleteIntents: []state.Intent{{Ref: ref(i + 1000)}},
			})
		}
		begin(&state.Write{Run: &state.Run{Outcome: state.Done}})
		for range 3 {
			s.let <- nil
			synctest.Wait()
		}
		all.Wait()
		j.close()
		if len(s.writes) != 3 {
			t.Fatalf("%d writes", len(s.writes))
		}
		first, second, third := s.writes[0], s.writes[1], s.writes[2]
		if len(first.Delete) != 1 || len(first.Put) != 0 || len(second.Put) != 256 || len(second.PutIntents) != 256 {
			t.Errorf("the first deletes %d, the second puts %d", len(first.Delete), len(second.Put))
		}
		if len(third.Put) != 300-256 || len(third.DeleteIntents) != 300-256 || third.Run == nil {
			t.Errorf("the third puts %d, with the run %v", len(third.Put), third.Run)
		}
		if j.serial() != 10 {
			t.Errorf("serial %d", j.serial())
		}
	})
}

// Everyone in a group that fails hears of it, and so does everyone after.
func TestFailedWriteIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		s := &slow{let: make(chan error)}
		j := newJournal(s, state.Lease{}, state.Meta{})
		errs := make(chan error, 6)
		for i := range 5 {
			go func() { errs <- j.write(&state.Write{Delete: []schema.Ref{ref(i)}}) }()
			synctest.Wait()
		}
		s.let <- nil
		s.let <- broken
		synctest.Wait()
		go func() { errs <- j.write(&state.Write{}) }()
		synctest.Wait()
		j.close()
		failed := 0
		for range 6 {
			if err := <-errs; errors.Is(err, broken) {
				failed++
			}
		}
		if failed != 5 || len(s.writes) != 2 || !errors.Is(j.err(), broken) || j.serial() != 1 {
			t.Errorf("%d failed in %d writes, serial %d", failed, len(s.writes), j.serial())
		}
	})
}
